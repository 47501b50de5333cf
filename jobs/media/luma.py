"""How bright a video is, place by place: frames on the canvas, averaged onto a small grid."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import ffmpeg

from jobs.media import errors, formats, graph
from jobs.media.probe import Probe
from jobs.media.reframe import Frame
from jobs.media.tools import Tools
from wtfsite.lib import process

SHORT_SIDE = 36  # cells
EVERY = 2.0  # seconds
MOST = 20  # frames
LIMITS = process.Limits(cpu_seconds=120)
TIMEOUT = 300.0  # seconds
BLACK, WHITE = 16, 235  # of video range


@dataclass(frozen=True)
class Grid:
    """Mean luma, one byte for each cell (0 black, 255 white), row by row."""

    columns: int
    rows: int
    values: bytes

    def mean(self, left: float, top: float, right: float, bottom: float) -> float | None:
        """Of an area given in shares of the canvas, 0 to 1; None when nothing of it is inside."""
        across = _weights(left * self.columns, right * self.columns, self.columns)
        down = _weights(top * self.rows, bottom * self.rows, self.rows)
        whole = sum(across.values()) * sum(down.values())
        if whole <= 0:
            return None
        total = sum(
            self.values[row * self.columns + column] * high * wide
            for row, high in down.items()
            for column, wide in across.items()
        )
        return total / whole / 255


def _weights(start: float, end: float, count: int) -> dict[int, float]:
    """How much of each cell lies between two places."""
    start, end = max(0.0, start), min(float(count), end)
    return {cell: min(cell + 1, end) - max(cell, start) for cell in range(floor(start), ceil(end))}


def cells(width: int, height: int) -> tuple[int, int]:
    """Columns and rows for a canvas: square cells, as far as they go."""
    edge = Fraction(min(width, height), SHORT_SIDE)
    return round(width / edge), round(height / edge)


def command(source: Path, probe: Probe, width: int, height: int, frame: Frame, tools: Tools) -> list[str]:
    """Prints the luma of the sampled frames, each a grid of bytes in video range."""
    assert probe.video is not None, "the gate lets no file without a picture through"
    columns, rows = cells(width, height)
    seconds = f"{min(probe.duration_us / 1e6, EVERY * MOST):.6f}"
    options = {**formats.safe_input(tools.formats), "threads": 1, "t": seconds}
    read = ffmpeg.input(f"file:{source.absolute()}", **options)[str(probe.video.index)]
    # the first frame, and then each that comes two seconds (or next to nothing less) after the one before
    picked = read.filter("select", f"isnan(prev_selected_t)+gte(t-prev_selected_t,{EVERY - 0.01})")
    canvas = graph.laid(picked, probe, width, height, frame)
    # bytes in, bytes out: a grey picture counts as full range, and one from a video would be stretched to it
    kept = {"in_range": "pc", "out_range": "pc", "flags": "area+accurate_rnd"}
    small = canvas.filter("extractplanes", "y").filter("scale", columns, rows, **kept)
    output = ffmpeg.output(small, "pipe:1", f="rawvideo", fps_mode="passthrough", **{"frames:v": MOST})
    return [tools.ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", *output.get_args()]


def measure(
    source: Path,
    probe: Probe,
    width: int,
    height: int,
    frame: Frame,
    tools: Tools,
    work: Path,
    keep_going: Callable[[], bool] | None = None,
) -> Grid:
    """The mean of frames every two seconds, 20 at most, on a canvas of that size. Raises MediaError, and
    process.Cancelled when `keep_going`, which is asked about once a second, says no.
    """
    words = command(source, probe, width, height, frame, tools)
    columns, rows = cells(width, height)
    try:
        made = tools.run(words, work=work, reads=[source], timeout=TIMEOUT, limits=LIMITS, keep_going=keep_going)
    except process.Cancelled:
        raise
    except process.ProcessError as error:
        raise errors.translate(error) from error
    frames = _frames(made.stdout, columns * rows)
    if not frames:
        raise errors.fail("corrupt_media", detail="no picture could be decoded")
    return Grid(columns, rows, bytes(_full_range(sum(values) / len(frames)) for values in zip(*frames, strict=True)))


def _frames(data: bytes, size: int) -> Sequence[bytes]:
    return [data[start : start + size] for start in range(0, len(data) - size + 1, size)]


def _full_range(luma: float) -> int:
    return round(255 * min(max((luma - BLACK) / (WHITE - BLACK), 0), 1))
