"""How many encoders one render process may have: what fits into its memory, and ends in good time.

Memory grows by one encoder per cell over what decoding needs. A further batch costs one more decode and scale, about as
much as one encode, so small batches are cheap and a killed process is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from jobs.media.encode import Profile
from jobs.media.probe import Probe

HEADROOM = 1.15
FULL_HD = 1920 * 1080
# A worker that has been at it for six hours or more is killed (`Q_CLUSTER`). On a machine a few times slower than
# predicted a batch still ends before that.
LONGEST_BATCH = 5400.0  # seconds
SLOWEST = 0.6  # seconds for each second of video and megapixel at 30 frames a second, with the slowest profile

Cell = TypeVar("Cell")


@dataclass(frozen=True)
class Extra:
    """What a cell costs beyond its encoder: memory, and seconds of picture that are made for it alone."""

    mb: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: "Extra") -> "Extra":
        return Extra(self.mb + other.mb, self.seconds + other.seconds)


def intro(film: Probe, source: Probe) -> Extra:
    """The video is decoded once more, since it begins later than for the others."""
    return outro(film) + Extra(_decoder_mb(source), source.duration_us / 1e6)


def outro(film: Probe) -> Extra:
    """Decoded and encoded."""
    return Extra(_decoder_mb(film), 2 * film.duration_us / 1e6)


def mark(probe: Probe, kept_bytes: int, seconds: float) -> Extra:
    """Alpha is a second picture with a decoder of its own. `kept_bytes` are the frames that are kept to repeat them."""
    return Extra(2 * _decoder_mb(probe) + kept_bytes / 1e6, seconds)


def fading(width: int, height: int) -> Extra:
    """A handful of copies of the plate, each of at most the canvas's size, with alpha."""
    return Extra(4 * width * height * 2.5 / 1e6)


def predicted_mb(cells: int, probe: Probe, width: int, height: int, profile: Profile) -> int:
    """Peak resident memory, MB, of a render process with this many encoders."""
    return round(_base_mb(probe, width, height) + cells * profile.bytes_per_px * width * height / 1e6)


def batch_size(budget_mb: int, probe: Probe, width: int, height: int, profile: Profile) -> int:
    """How many cells one process may render within its budget and LONGEST_BATCH, never less than one.

    A prediction may be wrong by its headroom, so that much stays free.
    """
    each = profile.bytes_per_px * width * height / 1e6
    in_memory = (budget_mb / HEADROOM - _base_mb(probe, width, height)) / each
    in_time = LONGEST_BATCH / _encode_seconds(probe, width, height) - 1
    return max(1, int(min(in_memory, in_time)))


def batches(cells: Sequence[Cell], size: int) -> list[list[Cell]]:
    """The cells in order, in as few batches as possible, all of about the same size: 5 by 4 are 3 and 2."""
    count = -(-len(cells) // max(1, size))
    bounds = [len(cells) * number // max(1, count) for number in range(count + 1)]
    return [list(cells[start:end]) for start, end in pairwise(bounds)]


def packed(
    cells: Sequence[Cell],
    extras: Sequence[Extra],
    budget_mb: int,
    probe: Probe,
    width: int,
    height: int,
    profile: Profile,
) -> list[list[Cell]]:
    """The cells in order, in batches that fit as `batch_size` has it, with what each of them costs beside its encoder;
    at least one in each.
    """
    if not any(extra != Extra() for extra in extras):
        return batches(cells, batch_size(budget_mb, probe, width, height, profile))
    room = Extra(budget_mb / HEADROOM - _base_mb(probe, width, height), LONGEST_BATCH)
    each = Extra(profile.bytes_per_px * width * height / 1e6, _encode_seconds(probe, width, height))
    pace = each.seconds / max(1.0, probe.duration_us / 1e6)
    found: list[list[Cell]] = []
    load = room
    for cell, extra in zip(cells, extras, strict=True):
        cost = each + Extra(extra.mb, extra.seconds * pace)
        load += cost
        if not found or load.mb > room.mb or load.seconds > room.seconds:
            found.append([])
            load = cost + Extra(0, each.seconds)  # decoding the video takes about as long as an encoder
        found[-1].append(cell)
    return found


def _encode_seconds(probe: Probe, width: int, height: int) -> float:
    """What one encoder takes, and about what decoding and scaling take together. At least a second."""
    rate = float(probe.video.rate) if probe.video else 0.0
    return max(1.0, probe.duration_us / 1e6 * width * height / 1e6 * SLOWEST * max(1.0, rate / 30))


def _base_mb(probe: Probe, width: int, height: int) -> float:
    """The process, its decoder (it keeps frames of the source's size) and tone mapping, which works in floats."""
    canvas = 25 if width * height > 1280 * 720 else 0
    return 70 + canvas + _decoder_mb(probe) + (75 if probe.hdr else 0)


def _decoder_mb(probe: Probe) -> float:
    if probe.video is None:
        return 0
    deep = "10" in probe.video.pix_fmt or "12" in probe.video.pix_fmt
    return (55 if deep else 35) * max(1.0, probe.video.width * probe.video.height / FULL_HD)
