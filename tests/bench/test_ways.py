"""The argument lists of the sequential way, the floor and the comparison; what the clip and the artwork are made of."""

from fractions import Fraction
from pathlib import Path

import pytest

from bench import art, clip, quality, ways
from bench.ways import Order
from brands.layouts import Canvas, canvas
from jobs.media.encode import PROFILES
from jobs.media.probe import Probe, VideoFacts
from jobs.media.tools import Tools
from jobs.pipelines.brand import Overlay

VIDEO = VideoFacts(
    index=0,
    codec="h264",
    profile="High",
    width=1080,
    height=1920,
    sar=Fraction(1),
    rotation=0,
    rate=Fraction(30),
    base_rate=Fraction(30),
    pix_fmt="yuv420p",
)
PROBE = Probe(container="mp4", duration_us=6_000_000, bytes=4_500_000, streams=2, video=VIDEO, audio=None)


def order(size: int = 720) -> Order:
    plates = (Overlay(Path("/work/plate0.png"), 20, 40), Overlay(Path("/work/plate1.png"), 22, 44))
    tools = Tools("/bin/ffmpeg", "/bin/ffprobe", "test")
    frame = canvas("vertical", size)
    return Order(Path("/clip.mp4"), PROBE, frame, Fraction(30), PROFILES["standard"], plates, tools, Path("/work"))


def test_it_normalises_once_into_a_file() -> None:
    assert ways.normalise_command(order())[5:] == [
        *("-y", "-threads", "1", "-i", "/clip.mp4", "-vf"),
        "scale=720:1280:force_original_aspect_ratio=increase,crop=720:1280:(iw-720)/2:(ih-1280)/2",
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-threads", "1", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", "norm.mp4"),
    ]


def test_it_brands_that_file_once_for_each_brand() -> None:
    assert ways.brand_command(order(), 1)[5:] == [
        *("-y", "-i", "norm.mp4", "-filter_complex"),
        (
            "movie='wm1.png',scale=828:1472,format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='0.4*alpha(X,Y)'[w];"
            "[0:v][w]overlay=-54:-96[v1];"
            "movie='logo1.png',scale=108:-1,format=rgba,colorkey=black:0.1:0.1[l];[v1][l]overlay=W-w-40:H-h-40[vout]"
        ),
        *("-threads", "1", "-filter_threads", "1", "-map", "[vout]", "-map", "0:a?"),
        *("-c:v", "libx264", "-crf", "23", "-preset", "veryfast", "-c:a", "copy", "-movflags", "+faststart"),
        "seq1.mp4",
    ]


def test_it_keeps_the_look_at_1080() -> None:
    overlays = ways.sequential_overlays(canvas("vertical", 1080), 0, "0:v")
    assert "scale=1242:2208" in overlays
    assert "overlay=-81:-144" in overlays
    assert "scale=162:-1" in overlays
    assert overlays.endswith("overlay=W-w-60:H-h-60")


def test_it_gives_the_floor_our_own_encoder_settings() -> None:
    command = ways.floor_command(order(), 2)
    text = " ".join(command)
    assert "-f rawvideo -pix_fmt yuv420p -s 720x1280 -r 30 -i pipe:0" in text
    assert "-preset superfast -crf 23.5 -threads 1" in text
    assert "-x264-params mbtree=1:rc-lookahead=10" in text
    assert "-nostdin" not in command
    assert command[-1] == "floor2.mp4"


def test_it_orders_one_cell_for_each_brand() -> None:
    assert [cell.name for cell in order().spec(2).cells] == ["c0", "c1"]


def test_it_compares_with_an_overlay_laid_in_rgb() -> None:
    overlays = ways.sequential_overlays(order().canvas, 0, "base", ":format=gbrp")
    graph = quality.command(order(), "/bin/ffmpeg9", overlays, "seq0.mp4")[-5]
    assert graph.startswith("[1:v:0]scale=720:1280:")
    assert "[base][w]overlay=-54:-96:format=gbrp[v1]" in graph
    assert graph.endswith("[made][ideal]libvmaf=n_subsample=4:n_threads=2:log_fmt=json:log_path=vmaf.json")


def test_it_reads_the_scores(tmp_path: Path) -> None:
    log = tmp_path / "vmaf.json"
    log.write_text('{"pooled_metrics": {"vmaf": {"min": 85.5, "max": 99.0, "mean": 93.25}}}')
    assert quality.read(log) == quality.Score(93.25, 85.5)


def test_it_draws_the_same_look_for_our_way(tmp_path: Path) -> None:
    overlay = art.overlay(art.make(0), Canvas(720, 1280), tmp_path / "plate.png")
    assert (overlay.x % 2, overlay.y % 2) == (0, 0)
    assert 0 < overlay.x < 360
    assert overlay.path.exists()


@pytest.mark.parametrize(
    ("seconds", "times", "limit"),
    [(6.0, "0", []), (60.0, "9", []), (3.0, "0", ["-t", "3"]), (15.0, "2", ["-t", "15"])],
)
def test_it_cuts_a_clip_only_where_it_must(seconds: float, times: str, limit: list[str]) -> None:
    command = clip.lengthen_command("ffmpeg", Path("a.mp4"), 6.0, seconds, Path("b.mp4"))
    start = command.index("-stream_loop")
    assert command[start + 1] == times
    assert command[start + 4 : command.index("-map")] == limit


def test_it_draws_the_same_texture_again() -> None:
    assert clip.noise((40, 60), 3, 4, 5, 0.6).tobytes() == clip.noise((40, 60), 3, 4, 5, 0.6).tobytes()


def test_it_moves_by_fractions_of_a_pixel() -> None:
    grey = clip.coloured(clip.noise((80, 120), 3, 8, 4, 0.7), "#000000", "#808080", "#ffffff")
    way = clip.Way(40, 60, dx=5)
    still, moved = (clip.view(grey, (20, 20), way.place(time), way, time) for time in (0.0, 0.05))
    assert still.tobytes() != moved.tobytes()
