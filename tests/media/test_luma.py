from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.media import luma, probe
from jobs.media.errors import MediaError
from jobs.media.luma import Grid
from jobs.media.probe import Gate
from jobs.media.reframe import Frame
from jobs.media.tools import Tools
from tests.media.clips import X264, ffmpeg
from tests.media.clips import probe as made_up
from wtfsite.lib import process

GATE = Gate(max_seconds=60, max_bytes=100_000_000)
COVER = Frame()
HALVES = "color=c=black:s=320x180:r=10:d={0}[a];color=c=white:s=160x180:r=10:d={0}[b];[a][b]overlay=160:0"


def measured(graph: str, tools: Tools, work: Path, frame: Frame = COVER) -> Grid:
    source = work / "clip.mp4"
    ffmpeg("-f", "lavfi", "-i", graph, *X264, "-crf", 5, "-pix_fmt", "yuv420p", source)
    return luma.measure(source, probe.read(source, tools, GATE, work), 1280, 720, frame, tools, work)


@pytest.mark.parametrize(("colour", "value"), [("black", 0), ("white", 1), ("0x808080", 0x80 / 255)])
def test_one_colour_is_as_bright_everywhere(colour, value, tmp_path, real_tools):
    grid = measured(f"color=c={colour}:s=320x180:r=10:d=1", real_tools, tmp_path)

    assert (grid.columns, grid.rows) == (64, 36)
    assert grid.mean(0, 0, 1, 1) == pytest.approx(value, abs=1 / 255)
    assert grid.mean(0.9, 0.9, 1, 1) == pytest.approx(value, abs=1 / 255)


def test_halves_are_told_apart_and_follow_the_frame(tmp_path, real_tools):
    grid = measured(HALVES.format(1), real_tools, tmp_path, frame=Frame(mirror=True))

    assert grid.mean(0, 0, 0.4, 1) == pytest.approx(1, abs=1 / 255)
    assert grid.mean(0.6, 0, 1, 1) == pytest.approx(0, abs=1 / 255)
    assert grid.mean(0.25, 0.1, 0.75, 0.9) == pytest.approx(0.5, abs=2 / 255)


def test_frames_count_alike_two_seconds_apart(tmp_path, real_tools):
    """White at 0 s alone, then black: 0, 2 and 4 s are looked at."""
    grid = measured("color=c=black:s=320x180:r=10:d=5.5,drawbox=c=white:t=fill:enable=lt(t\\,1)", real_tools, tmp_path)

    assert grid.mean(0, 0, 1, 1) == pytest.approx(1 / 3, abs=1 / 255)


def test_no_more_than_twenty_frames_are_looked_at(tmp_path, real_tools):
    grid = measured("color=c=black:s=64x36:r=2:d=44,drawbox=c=white:t=fill:enable=gte(t\\,39)", real_tools, tmp_path)

    assert grid.mean(0, 0, 1, 1) == pytest.approx(0, abs=1 / 255)


def test_a_single_frame_is_enough(tmp_path, real_tools):
    assert measured("color=c=white:s=320x180:r=10:d=0.1", real_tools, tmp_path).mean(0, 0, 1, 1) == 1


def test_what_is_no_video_is_an_error(tmp_path, real_tools):
    source = tmp_path / "clip.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=s=64x36:r=10:d=1", *X264, source)
    record = probe.read(source, real_tools, GATE, tmp_path)
    source.write_bytes(b"\0" * 1000)

    with pytest.raises(MediaError):
        luma.measure(source, record, 1280, 720, Frame(), real_tools, tmp_path)


def test_it_stops_when_nobody_wants_it_any_more(tmp_path, real_tools):
    def run(*commands, keep_going=None, **options):
        assert keep_going is not None
        raise process.Cancelled("stopped")

    ask = {"keep_going": lambda: False}
    with pytest.raises(process.Cancelled):
        luma.measure(tmp_path / "x", made_up(), 1280, 720, Frame(), replace(real_tools, run=run), tmp_path, **ask)


GRID = Grid(2, 1, bytes([0, 255]))


@pytest.mark.parametrize(
    ("box", "mean"),
    [((0, 0, 0.5, 1), 0), ((0.25, 0, 0.75, 1), 0.5), ((0.375, 0.2, 0.875, 0.3), 0.75), ((-5, -5, 5, 5), 0.5)],
)
def test_cells_count_by_what_the_box_covers_of_them(box, mean):
    assert GRID.mean(*box) == pytest.approx(mean)


@pytest.mark.parametrize("box", [(2, 0, 3, 1), (0.5, 0.5, 0.5, 1), (0.6, 0, 0.4, 1)])
def test_nothing_has_no_brightness(box):
    assert GRID.mean(*box) is None


@given(st.tuples(*[st.floats(-1, 2)] * 4), st.binary(min_size=12, max_size=12))
def test_a_mean_lies_between_the_darkest_and_the_brightest(box, values):
    mean = Grid(4, 3, values).mean(*box)

    assert mean is None or min(values) / 255 - 1e-9 <= mean <= max(values) / 255 + 1e-9
