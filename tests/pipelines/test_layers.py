"""What lies over a video for a time, moves there, or is joined to it: frame by frame, before it is encoded."""

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

from jobs.media import encode, overlays, probe
from jobs.media.probe import Gate
from jobs.media.reframe import Frame
from jobs.media.tools import Tools
from jobs.pipelines import brand, command
from jobs.pipelines.order import BrandSpec, Cell, Clip, Overlay
from tests.media.clips import AAC, X264, ffmpeg, pattern, tone
from tests.pipelines import raw
from tests.pipelines.raw import Film
from tests.pipelines.test_brand import ask, codes, rendered

GATE = Gate(max_seconds=60, max_bytes=100_000_000, min_bytes=10)
YUV = ("-pix_fmt", "yuv420p")
GREY, WHITE, BLACK = 126, 235, 16
FAST_VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", 8)
VP9 = ("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-auto-alt-ref", 0, "-deadline", "realtime", "-cpu-used", 8)
MARK = 15  # frames


@dataclass(frozen=True)
class Stock:
    """Small files of every kind. The mark's left half counts its frames in 8 steps of luma each, the right one is
    transparent; the intro is white and loud, the outro black and without sound.
    """

    folder: Path
    tools: Tools

    def clip(self, name: str) -> Clip:
        return Clip(self.folder / name, self.probe(name))

    def probe(self, name: str) -> probe.Probe:
        return probe.read(self.folder / name, self.tools, GATE, self.folder)

    def spec(self, *cells: Cell, source: str = "grey.mp4") -> BrandSpec:
        about = self.probe(source)
        rate, profile = encode.target_rate(about), encode.PROFILES["draft"]
        return BrandSpec(self.folder / source, about, 180, 320, rate, Frame(), profile, cells)

    def white(self, *times: int | None, x: int = 20, y: int = 40) -> Overlay:
        return Overlay(self.folder / "white.png", x, y, *times)  # type: ignore[arg-type]  # start, end, fade

    def black(self, *times: int | None, x: int = 20, y: int = 40) -> Overlay:
        return replace(self.white(*times, x=x, y=y), path=self.folder / "black.png")

    def mark(self, *times: int | None, side: int = 64, opacity: float = 1.0) -> Overlay:
        about = self.probe("mark.webm")
        shown = replace(self.white(*times), path=self.folder / "mark.webm", probe=about)
        return replace(shown, width=side, height=side, opacity=opacity)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory, real_tools: Tools) -> Stock:
    folder = tmp_path_factory.mktemp("stock")
    grey = ("-f", "lavfi", "-i", "color=c=gray:s=180x320:r=30:d=1")
    ffmpeg(*grey, *tone(), *X264, *YUV, *AAC, folder / "grey.mp4")
    ffmpeg(*grey, *X264, *YUV, folder / "mute.mp4")
    for colour, luma in (("white", 255), ("black", 0)):
        Image.new("RGBA", (64, 32), (luma, luma, luma, 255)).save(folder / f"{colour}.png")
    counting = "geq=lum=16+8*N:cb=128:cr=128:a='if(lt(X,32),255,0)'"
    ffmpeg("-f", "lavfi", "-i", f"color=s=64x64:r=30:d=0.5,format=yuva420p,{counting}", *VP9, folder / "mark.webm")
    loud = ("-f", "lavfi", "-i", "sine=f=1000:d=2,volume=4")
    ffmpeg(*("-f", "lavfi", "-i", "color=c=white:s=320x180:r=25:d=0.4"), *loud, *X264, *YUV, *AAC, folder / "intro.mp4")
    ffmpeg("-f", "lavfi", "-i", "color=c=black:s=180x320:r=60:d=0.3", *YUV, *FAST_VP8, folder / "outro.webm")
    return Stock(folder, real_tools)


def one(stock: Stock, work: Path, *laid: Overlay) -> Film:
    return raw.films(stock.spec(Cell("c0", laid)), stock.tools, work)["c0"]


# Overlays


def test_overlays_lie_in_their_order(stock, tmp_path):
    film = one(stock, tmp_path, stock.white(), stock.black(x=52), stock.white(x=60, y=52))
    assert [film.luma(9, x, 56) for x in (10, 40, 56, 70)] == [GREY, WHITE, BLACK, WHITE]


def test_a_plate_is_there_from_its_first_frame_to_its_last(stock, tmp_path):
    cells = [
        Cell("c0", (stock.white(300_000, 600_000),)),
        Cell("c1", (stock.white(500_000, None),)),
        Cell("c2", (stock.white(None, 40_000),)),
        Cell("c3", (stock.white(500_001, 533_334),)),
        Cell("c4", (stock.white(2_000_000, 3_000_000),)),
        Cell("c5", (stock.white(),)),
        Cell("c6"),
    ]
    films = raw.films(stock.spec(*cells), stock.tools, tmp_path)
    seen = {name: {n for n in range(30) if film.luma(n, 30, 50) == WHITE} for name, film in films.items()}
    wanted = [range(9, 18), range(15, 30), range(2), [16], [], range(30), []]
    assert list(seen.values()) == [set(frames) for frames in wanted]
    for name, film in films.items():
        for number, frame in enumerate(film.frames):
            assert frame == films["c5" if number in seen[name] else "c6"].frames[number]


def test_a_plate_fades_in_and_out_in_even_steps(stock, tmp_path):
    film = one(stock, tmp_path, stock.white(100_000, 900_000, 200_000))
    luma = [film.luma(number, 30, 50) for number in range(30)]
    assert luma[:4] == [*luma[27:], GREY] == [GREY] * 4
    assert luma[3:10] == sorted(set(luma[3:10]))
    assert luma[9:22] == [WHITE] * 13
    assert all(abs(out - back) <= 1 for out, back in zip(luma[21:28], luma[3:10][::-1], strict=True))


def test_a_fade_is_never_longer_than_half_its_window(stock, tmp_path):
    film = one(stock, tmp_path, stock.white(0, 200_000, 900_000))
    luma = [film.luma(number, 30, 50) for number in range(8)]
    assert luma[:4] == sorted(set(luma[:4]))
    assert luma[3:7] == sorted(set(luma[3:7]), reverse=True)
    assert (luma[3], luma[6], luma[7]) == (WHITE, GREY, GREY)


def test_a_plate_that_stands_all_the_time_needs_no_loop(stock, real_tools):
    words = " ".join(command.encoded(stock.spec(Cell("c0", (stock.white(), stock.black()))), real_tools))
    assert not any(word in words for word in ("loop", "fade", "setpts", "enable", "concat"))
    assert words.count("overlay=") == 2


# Marks


def test_a_mark_moves_turns_round_and_lets_the_video_through(stock, tmp_path):
    film = one(stock, tmp_path, stock.mark())
    luma = [film.luma(number, 30, 50) for number in range(30)]
    assert luma[:MARK] == luma[MARK:]
    assert all(abs(value - (16 + 8 * number)) <= 2 for number, value in enumerate(luma[:MARK]))
    assert {film.luma(number, 70, 50) for number in range(30)} == {GREY}


@pytest.mark.parametrize(
    ("name", "encoder"),
    [
        ("mark8.webm", (*FAST_VP8, "-pix_fmt", "yuva420p", "-auto-alt-ref", 0)),
        ("mark.mov", ("-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le")),
    ],
)
def test_other_clips_with_alpha_are_marks_too(name, encoder, stock, tmp_path):
    half = "format=yuva420p,geq=lum=200:cb=128:cr=128:a='if(lt(X,32),255,0)'"
    ffmpeg("-f", "lavfi", "-i", f"color=s=64x64:r=30:d=0.2,{half}", *encoder, stock.folder / name)
    mark = replace(stock.mark(), path=stock.folder / name, probe=stock.probe(name))
    assert mark.probe.video.alpha
    film = one(stock, tmp_path, mark)
    assert {abs(film.luma(number, 30, 50) - 200) <= 3 for number in range(30)} == {True}
    assert {film.luma(number, 70, 50) for number in range(30)} == {GREY}


def test_a_mark_that_is_made_smaller_gets_no_dark_rim(stock, tmp_path):
    """White on the left, black and transparent on the right, over white."""
    half = "format=yuva420p,geq=lum='if(lt(X,32),235,16)':cb=128:cr=128:a='if(lt(X,32),255,0)'"
    ffmpeg("-f", "lavfi", "-i", f"color=s=64x64:r=30:d=0.2,{half}", *VP9, "-crf", 4, stock.folder / "rim.webm")
    mark = replace(stock.mark(side=42), path=stock.folder / "rim.webm", probe=stock.probe("rim.webm"))
    spec = stock.spec(Cell("c0", (mark,)), source="intro.mp4")
    film = raw.films(spec, stock.tools, tmp_path)["c0"]
    assert min(film.luma(2, x, 60) for x in range(20, 62)) >= WHITE - 4


def test_a_large_mark_is_read_again_for_each_round(stock, tmp_path, monkeypatch):
    kept = one(stock, tmp_path, stock.mark())
    monkeypatch.setattr(overlays, "LOOP_BYTES", 0)
    assert overlays.reread(stock.probe("mark.webm"), 64, 64, overlays.Window(0, 30), stock.spec().rate)
    assert one(stock, tmp_path, stock.mark()).frames == kept.frames


def test_a_mark_begins_with_its_window_and_ends_with_it(stock, tmp_path):
    film = one(stock, tmp_path, stock.mark(300_000, 600_000, side=32))
    luma = [film.luma(number, 26, 50) for number in range(30)]
    assert luma[:9] + luma[18:] == [GREY] * 21
    assert luma[9:18] == [film.luma(number, 26, 50) for number in range(9, 18)]
    assert abs(luma[9] - 16) <= 2
    assert film.luma(12, 45, 50) == GREY


def test_a_mark_takes_its_opacity_and_fades(stock, tmp_path):
    full = one(stock, tmp_path, stock.mark())
    half = one(stock, tmp_path, stock.mark(opacity=0.5))
    faded = one(stock, tmp_path, stock.mark(0, 1_000_000, 200_000))
    for number in (0, 7, 14):
        middle = (full.luma(number, 30, 50) + GREY) / 2
        assert abs(half.luma(number, 30, 50) - middle) <= 2
    distance = [abs(faded.luma(number, 30, 50) - GREY) for number in range(6)]
    assert distance[0] == 0
    assert 0 < distance[1] < distance[2]
    assert faded.frames[10] == full.frames[10]


def test_one_mark_may_be_used_by_two_cells_at_two_times(stock, tmp_path):
    cells = Cell("c0", (stock.mark(0, 500_000),)), Cell("c1", (stock.mark(500_000, None),))
    first, second = raw.films(stock.spec(*cells), stock.tools, tmp_path).values()
    assert [first.luma(number, 30, 50) for number in range(15)] == [second.luma(n, 30, 50) for n in range(15, 30)]


# Films


def changes(film: Film, x: int = 90, y: int = 200) -> list[tuple[int, int]]:
    """At which frame which luma begins."""
    luma = [film.luma(number, x, y) for number in range(len(film.frames))]
    return [(number, each) for number, each in enumerate(luma) if number == 0 or abs(each - luma[number - 1]) > 2]


def test_films_are_joined_without_a_gap_and_sound_stays_in_step(stock, tmp_path):
    intro, outro = stock.clip("intro.mp4"), stock.clip("outro.webm")
    cells = [
        Cell("c0", (stock.white(),)),
        Cell("c1", (stock.white(),), intro, outro),
        Cell("c2", (stock.white(),), outro=outro),
        Cell("c3", (stock.black(),), intro, outro),
        Cell("c4", (), outro, intro),
    ]
    spec = stock.spec(*cells)
    films = raw.films(spec, stock.tools, tmp_path)
    assert [len(film.frames) for film in films.values()] == [30, 51, 39, 51, 51]
    assert [len(film.frames) for film in films.values()] == [spec.frames_of(cell) for cell in cells]
    assert changes(films["c0"]) == [(0, GREY)]
    assert changes(films["c1"]) == [(0, WHITE), (12, GREY), (42, BLACK)]
    assert changes(films["c2"]) == [(0, GREY), (30, BLACK)]
    assert changes(films["c4"]) == [(0, BLACK), (9, GREY), (39, WHITE)]
    assert films["c1"].frames[12:42] == films["c0"].frames
    assert changes(films["c3"], 30, 50) == [(0, WHITE), (12, BLACK)]

    sound = films["c1"]
    assert len(sound.sound) == 2 * 48000 * 51 // 30
    assert sound.loud(0.05, 0.39) > 2 * sound.loud(0.41, 1.35) > 0
    assert sound.loud(1.401, 1.7) == 0
    late = films["c4"]
    assert late.loud(0, 0.3) == 0
    assert late.loud(0.35, 1.25) * 2 < late.loud(1.32, 1.65)


@pytest.mark.parametrize(("film", "sound"), [("intro.mp4", True), ("outro.webm", False)])
def test_what_has_no_sound_is_silent_and_no_more(film, sound, stock, tmp_path):
    spec = stock.spec(Cell("c0", (), stock.clip(film)), source="mute.mp4")
    made = raw.films(spec, stock.tools, tmp_path)["c0"]
    assert bool(made.sound) is spec.has_sound(spec.cells[0]) is sound
    if sound:
        assert made.loud(0.05, 0.39) > 1000
        assert made.loud(0.401, 1.4) == 0


def test_files_come_out_whole_and_those_without_films_as_ever(stock, tmp_path, real_tools):
    """In the real sandbox: two cells with films, one with a mark, and one that must not notice them."""
    alone, together = tmp_path / "alone", tmp_path / "together"
    alone.mkdir()
    together.mkdir()
    plain = Cell("c0", (stock.white(),))
    intro, outro = stock.clip("intro.mp4"), stock.clip("outro.webm")
    cells = plain, Cell("c1", (stock.white(),), intro, outro), Cell("c2", (stock.mark(),)), Cell("c3", (), None, outro)
    (before,) = rendered(brand.run(stock.spec(plain), real_tools, alone))
    made = rendered(brand.run(stock.spec(*cells), real_tools, together))

    assert made[0].path.read_bytes() == before.path.read_bytes()
    assert [result.frames for result in made] == [30, 51, 30, 39]
    for result, seconds in zip(made, (1.0, 1.7, 1.0, 1.3), strict=True):
        found = ask(result.path)
        assert float(found["video"]["duration"]) == pytest.approx(seconds, abs=0.001)
        assert float(found["audio"]["duration"]) == pytest.approx(seconds, abs=0.05)
        assert float(found["video"]["start_time"]) == 0
    with Image.open(made[1].poster) as poster:  # of the video, not of the intro
        assert poster.convert("L").getpixel((180, 400)) == pytest.approx(128, abs=6)


def test_a_film_that_is_not_there_blocks_its_own_cell(stock, tmp_path, real_tools):
    gone = replace(stock.clip("intro.mp4"), path=tmp_path / "gone.mp4")
    spec = stock.spec(Cell("c0", (stock.white(),)), Cell("c1", (), gone))
    assert codes(brand.run(spec, real_tools, tmp_path)) == ["done", "artwork_missing"]


def test_limits_grow_with_the_films(stock):
    plain, joined = Cell("c0"), Cell("c0", (), stock.clip("intro.mp4"), stock.clip("outro.webm"))
    bare, more = stock.spec(plain), stock.spec(joined)
    assert (more.duration_of(joined), more.frames_of(joined)) == (1_700_000, 51)
    assert brand.longest(more) > brand.longest(bare)
    assert brand.size_cap(more) >= brand.size_cap(bare)
    assert brand.longest_us(more) == 1_700_000


# One frame


SOURCES = {
    "29.97, B-frames": (*pattern(rate="30000/1001", seconds=2), "-c:v", "libx264", "-g", 15, "-bf", 3, *YUV),
    "variable": (*pattern(seconds=2), "-vf", "select=not(between(mod(n\\,10)\\,3\\,6))", "-vsync", "vfr", *X264, *YUV),
    "10 fps, one key frame": (*pattern(rate=10, seconds=2), *X264, "-g", 250, *YUV),
    "interlaced": (
        *pattern("720x576", 50, 2), "-vf", "tinterlace=interleave_top,setfield=tff", "-flags", "+ilme+ildct", *X264,
        "-g", 10, "-x264-params", "tff=1", *YUV,
    ),
}  # fmt: skip


def shown(spec: BrandSpec, at_us: int, stock: Stock, work: Path) -> Image.Image:
    (work / command.FRAME_FILE).unlink(missing_ok=True)
    words = command.frame(spec, stock.tools, at_us)
    subprocess.run(words, check=True, cwd=work, stdout=subprocess.DEVNULL)
    return Image.open(work / command.FRAME_FILE)


@pytest.mark.parametrize("kind", SOURCES)
def test_one_frame_is_the_frame_of_the_film(kind, stock, tmp_path):
    ffmpeg(*SOURCES[kind], tmp_path / "source.mp4")
    about = probe.read(tmp_path / "source.mp4", stock.tools, GATE, tmp_path)
    laid = stock.white(500_000, 1_500_000, 200_000), stock.mark(), stock.black(0, 300_000, x=100), stock.mark(1_000_000)
    cell = Cell("c0", (*laid[:2], replace(laid[2], y=200), replace(laid[3], x=100)), stock.clip("intro.mp4"))
    cell = replace(cell, outro=stock.clip("outro.webm"))
    spec = replace(stock.spec(cell), source=tmp_path / "source.mp4", probe=about, rate=encode.target_rate(about))
    film = raw.films(spec, stock.tools, tmp_path)["c0"]

    start, end = spec.film_frames(cell.intro), len(film.frames)
    for number in sorted({0, start - 1, start, start + 14, start + 16, start + 40, end - 9, end - 1}):
        at = -(-number * 1_000_000 * spec.rate.denominator // spec.rate.numerator)
        with shown(spec, at, stock, tmp_path) as picture:
            assert picture.tobytes() == raw.rgb(film.frames[number], spec, tmp_path), number


def test_two_steps_give_the_same_frame(stock, tmp_path):
    """What lies under all overlays by itself, and they on it: as previews are made."""
    spec = stock.spec(Cell("c0", (stock.white(300_000, 900_000, 200_000), replace(stock.mark(), x=100))))
    for at in (0, 400_000, 600_000, 850_000, 2_000_000):
        with shown(spec, at, stock, tmp_path) as picture:
            whole = picture.tobytes()
        (tmp_path / command.FRAME_FILE).unlink()
        planes = tmp_path / command.CANVAS_FILE
        for words in (command.canvas(spec, stock.tools, at), command.dressed(spec, stock.tools, at, planes)):
            subprocess.run(words, check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)
        with Image.open(tmp_path / command.FRAME_FILE) as picture:
            assert picture.tobytes() == whole, at


def test_a_time_behind_the_end_shows_the_last_frame(stock, tmp_path):
    spec = stock.spec(Cell("c0", (stock.white(900_000, None),)))
    for at in (990_000, 1_000_000, 99_000_000):
        with shown(spec, at, stock, tmp_path) as picture:
            assert picture.getpixel((30, 50)) == (255, 255, 255)
