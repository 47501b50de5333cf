"""The recipe from end to end: clips of every kind in, files looked at by ffprobe out."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from jobs.media import encode, mp4, probe
from jobs.media.errors import MediaError
from jobs.media.probe import AudioFacts, Gate
from jobs.media.reframe import Frame
from jobs.media.tools import Tools
from jobs.pipelines import brand
from jobs.pipelines.brand import BrandSpec, Broken, Cell, Overlay, Rendered
from tests.media.clips import AAC, SUBTITLES, X264, ffmpeg, pattern, plain, tone
from wtfsite.lib import process

GATE = Gate(max_seconds=60, max_bytes=100_000_000)
VERTICAL, PORTRAIT, SQUARE, LANDSCAPE = (720, 1280), (720, 900), (720, 720), (1280, 720)
SMALL = (180, 320)
RED = (255, 0, 0, 255)
YUV = ("-pix_fmt", "yuv420p")
BARE = Cell("c0")
COVER = Frame()


def plate(work: Path, name: str = "plate.png", color: tuple[int, ...] = RED) -> Overlay:
    Image.new("RGBA", (64, 32), color).save(work / name)
    return Overlay(work / name, 20, 40)


def order(
    source: Path, tools: Tools, work: Path, *cells: Cell, size: tuple[int, int] = SMALL, frame: Frame = COVER
) -> BrandSpec:
    record = probe.read(source, tools, GATE, work)
    rate, profile = encode.target_rate(record), encode.PROFILES["draft"]
    return BrandSpec(source, record, *size, rate, frame, profile, cells or (BARE,))


def rendered(results: list[Rendered | Broken]) -> list[Rendered]:
    broken = [(one.name, str(one.error), one.error.tail) for one in results if isinstance(one, Broken)]
    assert not broken
    return [one for one in results if isinstance(one, Rendered)]


def codes(results: list[Rendered | Broken]) -> list[str]:
    return [one.error.code if isinstance(one, Broken) else "done" for one in results]


def ask(path: Path) -> dict[str, Any]:
    """All that ffprobe says about a file, the streams by their kind."""
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", str(path)]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {**answer["format"], **{stream["codec_type"]: stream for stream in answer["streams"]}}


def pixel(path: Path, x: int, y: int, frame: int = 5) -> tuple[int, int, int]:
    """Y, U and V as they are stored."""
    cut = f"select=eq(n\\,{frame}),crop=2:2:{x}:{y}"
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", cut, "-frames:v", "1", "-f", "rawvideo", *YUV, "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return raw[0], raw[4], raw[5]


def near(found: Any, wanted: tuple[int, int, int], by: int = 3) -> bool:
    return all(abs(one - other) <= by for one, other in zip(found, wanted, strict=True))


RED_709 = (63, 102, 240)


# The kinds of clips. Each maker gets the folder and returns the file.


def hlg(folder: Path) -> Path:
    tags = "colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc:log-level=none"
    path = folder / "hlg.mp4"
    wide = ("-vf", "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc")
    ffmpeg(*pattern("180x320"), *tone(), *wide, "-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-preset", "ultrafast",
           "-x265-params", tags, *AAC, path)  # fmt: skip
    return path


def variable(folder: Path) -> Path:
    path = folder / "vfr.mp4"
    ffmpeg(
        *pattern(), *tone(), "-vf", "select=not(between(mod(n\\,10)\\,3\\,6))", "-vsync", "vfr", *X264, *YUV, *AAC, path
    )
    return path


def turned(folder: Path) -> Path:
    """Lies on its side; a display matrix says to turn it. Later versions of ffmpeg write that by another option."""
    path = folder / "turned.mp4"
    flat = plain(folder / "flat.mp4", size="320x180")
    try:
        ffmpeg("-display_rotation", "90", "-i", flat, "-c", "copy", path)
    except subprocess.CalledProcessError:
        ffmpeg("-i", flat, "-c", "copy", "-metadata:s:v", "rotate=90", path)
    return path


def silent(folder: Path) -> Path:
    path = folder / "silent.mp4"
    ffmpeg(*pattern(), *X264, *YUV, path)
    return path


def mono(folder: Path) -> Path:
    path = folder / "mono.mp4"
    ffmpeg(*pattern(), *tone("mono"), *X264, *YUV, *AAC, path)
    return path


def surround(folder: Path) -> Path:
    path = folder / "surround.mp4"
    ffmpeg(*pattern(), *tone("5.1"), *X264, *YUV, "-c:a", "ac3", path)
    return path


def interlaced(folder: Path) -> Path:
    path = folder / "interlaced.mp4"
    fields = ("-vf", "tinterlace=interleave_top,setfield=tff", "-flags", "+ilme+ildct")
    ffmpeg(*pattern("720x576", 50), *tone(), *fields, *X264, *YUV, "-x264-params", "tff=1", *AAC, path)
    return path


def odd(folder: Path) -> Path:
    path = folder / "odd.mp4"
    ffmpeg(*pattern("853x479"), *tone(), *X264, "-pix_fmt", "yuv444p", *AAC, path)
    return path


def at(rate: str) -> Callable[[Path], Path]:
    return lambda folder: plain(folder / "rate.mp4", rate=rate)


def webm(folder: Path) -> Path:
    path = folder / "clip.webm"
    ffmpeg(
        *pattern(), *tone(), *YUV, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", 8, "-c:a", "libvorbis", path
    )
    return path


def packed_mkv(folder: Path) -> Path:
    """Full-range picture, two kinds of subtitles and a cover."""
    path = folder / "clip.mkv"
    (folder / "s.srt").write_text(SUBTITLES)
    Image.new("RGB", (64, 64)).save(folder / "cover.png")
    ffmpeg(
        *pattern(), *tone(), "-i", folder / "s.srt", "-map", 0, "-map", 1, "-map", 2, "-map", 2, *X264,
        "-pix_fmt", "yuvj420p", *AAC, "-c:s:0", "srt", "-c:s:1", "ass", "-attach", folder / "cover.png",
        "-metadata:s:t", "mimetype=image/png", path,
    )  # fmt: skip
    return path


def subtitled(folder: Path) -> Path:
    path = folder / "subtitled.mp4"
    (folder / "s.srt").write_text(SUBTITLES)
    ffmpeg(*pattern(), *tone(), "-i", folder / "s.srt", *X264, *YUV, *AAC, "-c:s", "mov_text", path)
    return path


def prores(folder: Path) -> Path:
    path = folder / "clip.mov"
    ffmpeg(*pattern(), *tone(), "-c:v", "prores_ks", "-profile:v", 0, "-c:a", "pcm_s16be", path)
    return path


def avi(folder: Path) -> Path:
    path = folder / "clip.avi"
    ffmpeg(*pattern(), *tone(), "-c:v", "mpeg4", "-c:a", "libmp3lame", path)
    return path


@dataclass(frozen=True)
class Case:
    make: Callable[[Path], Path]
    size: tuple[int, int] = SQUARE
    rate: str = "30"
    sound: bool = True


CASES = {
    "hevc 10 bit hlg": Case(hlg, VERTICAL),
    "variable rate": Case(variable),
    "turned by 90": Case(turned, VERTICAL),
    "no sound": Case(silent, PORTRAIT, sound=False),
    "mono": Case(mono),
    "5.1 ac-3": Case(surround, LANDSCAPE),
    "interlaced": Case(interlaced, LANDSCAPE, "25"),
    "853x479": Case(odd, PORTRAIT),
    "10 fps": Case(at("10")),
    "24 fps": Case(at("24"), rate="24"),
    "29.97 fps": Case(at("30000/1001"), rate="30000/1001"),
    "60 fps": Case(at("60"), rate="60"),
    "webm": Case(webm, VERTICAL),
    "mkv with subtitles and cover": Case(packed_mkv),
    "mp4 with subtitles": Case(subtitled, LANDSCAPE),
    "prores": Case(prores, VERTICAL),
    "avi": Case(avi, PORTRAIT),
}


@pytest.mark.parametrize("name", CASES)
def test_it_makes_the_same_kind_of_file_from_every_kind_of_clip(name, tmp_path, real_tools):
    case = CASES[name]
    work = tmp_path / "work"
    work.mkdir()
    spec = order(case.make(tmp_path), real_tools, work, BARE, Cell("c1", (plate(work),)), size=case.size)

    for made in rendered(brand.run(spec, real_tools, work)):
        assert_as_ordered(made, case)
    assert near(pixel(work / "c1.mp4", 40, 50), RED_709)


def assert_as_ordered(made: Rendered, case: Case) -> None:
    found = ask(made.path)
    video = found["video"]
    assert (video["codec_name"], video["profile"], video["pix_fmt"]) == ("h264", "High", "yuv420p")
    assert (video["width"], video["height"]) == case.size
    assert [video[f"color_{key}"] for key in ("range", "space", "transfer", "primaries")] == ["tv", *["bt709"] * 3]
    assert Fraction(video["avg_frame_rate"]) == Fraction(video["r_frame_rate"]) == Fraction(case.rate)
    assert abs(float(video["duration"]) - 1) <= 0.1
    assert abs(float(found["duration"]) - 1) <= 0.1
    assert ("audio" in found) is case.sound
    if case.sound:
        audio = found["audio"]
        assert (audio["codec_name"], audio["sample_rate"], audio["channels"]) == ("aac", "48000", 2)
    assert found["nb_streams"] == 1 + case.sound
    assert mp4.index_first(made.path)
    assert (made.width, made.height, made.rate, made.bytes) == (*case.size, Fraction(case.rate), int(found["size"]))
    with Image.open(made.poster) as poster:
        assert poster.size == (360, round(360 * case.size[1] / case.size[0] / 2) * 2)


# Shape and colour


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain(tmp_path_factory.mktemp("source") / "clip.mp4", size="320x180")


@pytest.fixture(scope="module")
def finished(clip: Path, tmp_path_factory: pytest.TempPathFactory, real_tools: Tools) -> Path:
    """The clip as the pipeline makes it, in SMALL."""
    work = tmp_path_factory.mktemp("finished")
    (made,) = rendered(brand.run(order(clip, real_tools, work), real_tools, work))
    return made.path


@pytest.mark.parametrize(("fit", "dark"), [("fit", True), ("blur", False)])
def test_bars_are_black_or_blurred(fit, dark, clip, tmp_path, real_tools):
    spec = order(clip, real_tools, tmp_path, size=SQUARE, frame=Frame(fit))
    (made,) = rendered(brand.run(spec, real_tools, tmp_path))

    luma = [pixel(made.path, x, 20)[0] for x in range(40, 700, 120)]
    assert all(abs(value - 16) <= 2 for value in luma) is dark
    assert abs(made.frames - 30) <= 1


@pytest.mark.parametrize(("matrix", "tag"), [("bt601", "smpte170m"), ("bt709", "bt709")])
@pytest.mark.parametrize("full", [False, True])
def test_colours_come_out_as_bt709_whatever_they_were(matrix, tag, full, tmp_path, real_tools):
    """0xC02040 is Y 75, U 126, V 197 in BT.709 and video range; read with the wrong matrix Y would be 88."""
    source, scale = tmp_path / "colour.mp4", f"scale=out_color_matrix={matrix}:out_range={'pc' if full else 'tv'}"
    tags = f"setparams=range={'pc' if full else 'tv'}:colorspace={tag}:color_primaries={tag}:color_trc={tag}"
    chain = f"{scale}:flags=accurate_rnd,format={'yuvj420p' if full else 'yuv420p'},{tags}"
    ffmpeg(
        "-f", "lavfi", "-i", "color=c=0xC02040:s=320x240:r=30:d=1,format=gbrp", "-vf", chain, *X264, "-crf", 5, source
    )
    spec = order(source, real_tools, tmp_path, BARE, Cell("c1", (plate(tmp_path),)))

    bare, branded = rendered(brand.run(spec, real_tools, tmp_path))
    assert near(pixel(bare.path, 100, 200), (75, 126, 197), 2)
    assert near(pixel(branded.path, 40, 50), RED_709)
    with Image.open(branded.poster) as poster:
        assert near(poster.convert("RGB").getpixel((100, 100)), (255, 0, 0), 4)
        assert near(poster.convert("RGB").getpixel((200, 400)), (0xC0, 0x20, 0x40), 4)


def test_a_half_transparent_plate_is_mixed_in(tmp_path, real_tools):
    source = tmp_path / "black.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=c=black:s=320x240:r=30:d=1", *X264, *YUV, source)
    half = plate(tmp_path, color=(255, 255, 255, 128))
    spec = order(source, real_tools, tmp_path, Cell("c0", (half,)))

    (made,) = rendered(brand.run(spec, real_tools, tmp_path))
    assert near(pixel(made.path, 40, 50), (126, 128, 128))


def test_two_cells_may_share_one_plate(clip, tmp_path, real_tools):
    shared = plate(tmp_path)
    spec = order(clip, real_tools, tmp_path, Cell("c0", (shared,)), Cell("c1", (replace(shared, y=100),)))

    first, second = rendered(brand.run(spec, real_tools, tmp_path))
    assert near(pixel(first.path, 40, 50), RED_709)
    assert near(pixel(second.path, 40, 116), RED_709, 6)


@pytest.mark.parametrize(("picture", "sound"), [(1, 2), (2, 1)])
def test_sound_of_another_length_does_not_change_the_pictures(picture, sound, tmp_path, real_tools):
    source = tmp_path / "uneven.mp4"
    ffmpeg(*pattern(seconds=picture), *tone(seconds=sound), *X264, *YUV, *AAC, source)
    (made,) = rendered(brand.run(order(source, real_tools, tmp_path), real_tools, tmp_path))

    assert made.frames == picture * 30
    assert abs(float(ask(made.path)["duration"]) - picture) < 0.1


def test_nothing_of_the_sources_metadata_goes_out(tmp_path, real_tools):
    source = tmp_path / "tagged.mp4"
    ffmpeg(*pattern(), *X264, *YUV, "-metadata", "title=SECRET", "-metadata", "location=+52.5+013.4/", source)
    (made,) = rendered(brand.run(order(source, real_tools, tmp_path), real_tools, tmp_path))

    assert b"SECRET" in source.read_bytes()
    assert b"SECRET" not in made.path.read_bytes()
    assert set(ask(made.path).get("tags", {})) <= {"major_brand", "minor_version", "compatible_brands"}


def test_the_same_order_gives_the_same_bytes(clip, tmp_path, real_tools):
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        made += rendered(brand.run(order(clip, real_tools, folder), real_tools, folder))

    assert made[0].path.read_bytes() == made[1].path.read_bytes()


# Copies


def hashes(path: Path) -> bytes:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-f", "framemd5", "-"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def test_a_source_that_conforms_is_copied(finished, tmp_path, real_tools):
    spec = order(finished, real_tools, tmp_path, BARE, Cell("c1", (plate(tmp_path),)))

    copied, branded = rendered(brand.run(spec, real_tools, tmp_path))
    assert "libx264" not in copied.command
    assert "libx264" in branded.command
    assert hashes(copied.path) == hashes(finished)
    assert copied.poster.stat().st_size > 500
    assert brand.compile(replace(spec, cells=(BARE,)), real_tools, tmp_path) == list(copied.command)


def sound_packets(path: Path) -> bytes:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a", "-c", "copy", "-f", "md5", "-"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def test_sound_that_is_as_it_should_be_is_not_encoded_again(finished, tmp_path, real_tools):
    spec = order(finished, real_tools, tmp_path, Cell("c1", (plate(tmp_path),)))
    (branded,) = rendered(brand.run(spec, real_tools, tmp_path))
    assert sound_packets(branded.path) == sound_packets(finished)


@pytest.mark.parametrize(
    "late", [AudioFacts(1, "aac", "LC", 48000, 2, start_us=50_000), AudioFacts(1, "aac", "HE-AAC", 48000, 2)]
)
def test_other_sound_is_encoded(late, finished, tmp_path, real_tools):
    spec = order(finished, real_tools, tmp_path, Cell("c1", (plate(tmp_path),)))
    assert brand.keeps_sound(spec.probe)
    assert not brand.keeps_sound(replace(spec.probe, audio=late))
    assert not brand.keeps_sound(replace(spec.probe, container="matroska"))


@pytest.mark.parametrize("change", [{"width": 182}, {"rate": Fraction(25)}])
def test_a_source_of_another_size_or_rate_is_not_copied(change, finished, tmp_path, real_tools):
    spec = order(finished, real_tools, tmp_path)

    assert brand.copyable(spec, BARE)
    assert not brand.copyable(replace(spec, **change), BARE)


# What goes wrong


def test_one_unreadable_plate_blocks_its_own_cell(clip, tmp_path, real_tools):
    (tmp_path / "bad.png").write_bytes((plate(tmp_path).path).read_bytes()[:60])
    cells = (Cell("c0", (plate(tmp_path),)), Cell("c1", (Overlay(tmp_path / "bad.png", 0, 0),)), Cell("c2"))
    results = brand.run(order(clip, real_tools, tmp_path, *cells), real_tools, tmp_path)

    assert codes(results) == ["done", "artwork_unreadable", "done"]


def test_a_missing_plate_has_its_own_code(clip, tmp_path, real_tools):
    spec = order(clip, real_tools, tmp_path, Cell("c0", (Overlay(tmp_path / "none.png", 0, 0),)))

    assert codes(brand.run(spec, real_tools, tmp_path)) == ["artwork_missing"]


def broken_off(folder: Path, *, index_first: bool) -> Path:
    whole, part = folder / "whole.mp4", folder / "part.mp4"
    flags = ("-movflags", "+faststart") if index_first else ()
    ffmpeg(*pattern(seconds=6), *X264, *YUV, *flags, whole)
    content = whole.read_bytes()
    part.write_bytes(content[: len(content) // 2])
    return part


def test_a_source_that_ends_early_is_called_truncated(tmp_path, real_tools):
    spec = order(broken_off(tmp_path, index_first=True), real_tools, tmp_path, BARE, Cell("c1", (plate(tmp_path),)))
    results = brand.run(spec, real_tools, tmp_path)

    assert codes(results) == ["truncated", "truncated"]
    assert all("of 6.00 seconds" in one.error.detail for one in results if isinstance(one, Broken))
    assert not list(tmp_path.glob("c?.*"))


def test_a_source_without_its_index_is_refused_before_anything_runs(tmp_path, real_tools):
    with pytest.raises(MediaError) as caught:
        order(broken_off(tmp_path, index_first=False), real_tools, tmp_path)

    assert caught.value.code == "corrupt_media"


def kill_ffmpeg() -> None:
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if child.name() == "ffmpeg":
                child.kill()


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain(tmp_path_factory.mktemp("source") / "long.mp4", size="640x360", rate=60, seconds=8)


def test_a_killed_ffmpeg_breaks_the_cells_it_had_not_finished(long_clip, tmp_path, real_tools):
    spec = order(long_clip, real_tools, tmp_path, size=LANDSCAPE)
    results = brand.run(spec, real_tools, tmp_path, on_progress=lambda progress: kill_ffmpeg())

    assert codes(results) == ["killed"]
    assert not list(tmp_path.glob("c?.*"))


def test_a_cell_is_tried_once_more_alone(clip, tmp_path, real_tools):
    """The first run is killed when one file is finished and the other is not."""
    runs: list[list[str]] = []

    def run(command, **options):
        finished = process.run(command, **options)
        if command[0].endswith("ffmpeg"):
            runs.append(command)
            if len(runs) == 1:
                (tmp_path / "c1.mp4").write_bytes(b"half a file")
                raise process.Failed("killed", replace(finished, returncode=-9))
        return finished

    spec = order(clip, real_tools, tmp_path, BARE, Cell("c1", (plate(tmp_path),)))
    first, second = rendered(brand.run(spec, replace(real_tools, run=run), tmp_path))

    assert [sum(word.endswith(".jpg") for word in command) for command in runs] == [2, 1]
    assert first.command == tuple(runs[0])
    assert second.command == tuple(runs[1])


def test_a_damaged_source_is_not_tried_again(clip, tmp_path, real_tools):
    runs: list[object] = []

    def run(command, **options):
        runs.append(command)
        raise process.Failed("no", process.Finished(1, b"", "Invalid data found when processing input", 0, 0, 0))

    spec = order(clip, real_tools, tmp_path)

    assert codes(brand.run(spec, replace(real_tools, run=run), tmp_path)) == ["corrupt_media"]
    assert len(runs) == 1


def test_cancelling_stops_the_process_and_rises(long_clip, tmp_path, real_tools):
    spec = order(long_clip, real_tools, tmp_path, size=LANDSCAPE)

    with pytest.raises(process.Cancelled):
        brand.run(spec, real_tools, tmp_path, keep_going=lambda: False)


def test_it_stops_when_no_cell_is_wanted_any_more(long_clip, tmp_path, real_tools):
    spec = order(long_clip, real_tools, tmp_path, size=LANDSCAPE)

    with pytest.raises(process.Cancelled):
        brand.run(spec, real_tools, tmp_path, wanted=lambda: {"c7"})


def test_a_cell_that_is_not_wanted_any_more_is_dropped_at_the_end(clip, tmp_path, real_tools):
    spec = order(clip, real_tools, tmp_path, BARE, Cell("c1", (plate(tmp_path),)))
    results = brand.run(spec, real_tools, tmp_path, wanted=lambda: {"c0"})

    assert codes(results) == ["done", "cancelled"]
    assert not (tmp_path / "c1.mp4").exists()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small tmpfs is not allowed here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_called_a_full_disk(long_clip, tiny_disk, real_tools):
    spec = order(long_clip, real_tools, tiny_disk, BARE, Cell("c1"))
    results = brand.run(spec, real_tools, tiny_disk)

    assert codes(results) == ["disk_full", "disk_full"]
    assert not list(tiny_disk.glob("c?.*"))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"width": 200}, "wrong_result"),
        ({"rate": Fraction(25)}, "wrong_result"),
        ({"length": 3_000_000}, "truncated"),
        ({"length": 500_000}, "wrong_length"),
    ],
)
def test_a_file_that_is_not_as_ordered_is_found_out(change, code, finished, tmp_path, real_tools):
    spec = order(finished, real_tools, tmp_path)
    length = change.get("length", spec.duration_us)
    others = {key: value for key, value in change.items() if key != "length"}
    spec = replace(spec, **others, probe=replace(spec.probe, duration_us=length))

    with pytest.raises(MediaError) as caught:
        brand.verify(finished, spec, BARE, real_tools, tmp_path)
    assert caught.value.code == code


def test_lost_sound_and_a_late_index_are_found_out(finished, tmp_path, real_tools):
    spec = order(finished, real_tools, tmp_path)
    ffmpeg("-i", finished, "-c", "copy", "-an", tmp_path / "mute.mp4")
    ffmpeg("-i", finished, "-c", "copy", tmp_path / "late.mp4")

    for name, code in (("mute.mp4", "missing_sound"), ("late.mp4", "wrong_result"), ("none.mp4", "wrong_result")):
        with pytest.raises(MediaError) as caught:
            brand.verify(tmp_path / name, spec, BARE, real_tools, tmp_path)
        assert caught.value.code == code


def test_progress_reaches_the_end(clip, tmp_path, real_tools):
    seen: list[float] = []
    spec = order(clip, real_tools, tmp_path)
    brand.run(spec, real_tools, tmp_path, on_progress=lambda progress: seen.append(progress.fraction))

    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_cell_name_cannot_reach_into_the_command():
    with pytest.raises(ValueError, match="not a cell name"):
        Cell("c0.mp4|[f=mp4]/etc/x")


def test_the_command_holds_every_limit(clip, tmp_path, real_tools):
    command = brand.compile(order(clip, real_tools, tmp_path), real_tools, tmp_path)
    text = " ".join(command)

    assert command[0] == real_tools.ffmpeg
    assert text.count("-t 1.000000") == 2
    for words in ("-nostdin", "-protocol_whitelist file", "-format_whitelist mov", "-map_metadata -1", "-sn", "-dn"):
        assert words in text
    assert text.index("-t 1.000000") < text.index(f"-i file:{clip}")
    assert "[select=\\'v:0,a\\':f=mp4:fflags=+bitexact:movflags=+faststart]c0.mp4" in command


def test_every_cell_has_room_on_the_disk_and_no_more(clip, tmp_path, real_tools):
    given: list[process.Limits] = []

    def run(*commands: Any, limits: process.Limits, **options: Any) -> process.Finished:
        if commands[0][0] == real_tools.ffmpeg:
            given.append(limits)
        return process.run(*commands, limits=limits, **options)

    spec = order(clip, real_tools, tmp_path)
    rendered(brand.run(spec, replace(real_tools, run=run), tmp_path))
    assert given == [
        process.Limits(file_size=brand.size_cap(spec), growth=brand.size_cap(spec) * (1 + len(spec.cells)))
    ]
