"""The recipe `brand`: one source, one canvas, many brands, in one pass.

    source --decode, normalise--> split --+-- plate c0 --> encoder --> c0.mp4, c0.jpg
                                          +-- plate c1 --> encoder --> c1.mp4, c1.jpg
    sound  --48 kHz stereo, encoded once--+-- into each of them (tee)

A source that is already what is ordered is copied for cells without a plate. One bad plate blocks its own cell before
anything starts. When the process fails, cells whose file verifies are kept and the others run once more, one by one.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import ffmpeg

from jobs.media import encode, errors, formats, graph, mp4, poster
from jobs.media.encode import Profile
from jobs.media.errors import MediaError, ResourceError, SourceError
from jobs.media.probe import AudioFacts, Probe, VideoFacts, read_output
from jobs.media.progress import FfmpegMeter, Progress
from jobs.media.tools import Tools
from wtfsite.lib import process

PIPELINE_VERSION = 1
STALL_SECONDS = 60.0


@dataclass(frozen=True)
class Overlay:
    """A plate (RGBA png, cropped to what is drawn) and where its corner lies on the canvas; x and y are even."""

    path: Path
    x: int
    y: int


@dataclass(frozen=True)
class Cell:
    """One output of the pass: `name` is ours ("c0"), never a user's."""

    name: str
    overlay: Overlay | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9]*", self.name):  # it becomes a file name inside tee's own syntax
            raise ValueError(f"not a cell name: {self.name!r}")


@dataclass(frozen=True)
class BrandSpec:
    """All that shapes the files. `fit` is "fill" (crop), "fit" (black bars) or "blur" (blurred bars)."""

    source: Path
    probe: Probe
    width: int
    height: int
    rate: Fraction
    fit: str
    profile: Profile
    cells: tuple[Cell, ...]

    @property
    def duration_us(self) -> int:
        return self.probe.duration_us

    @property
    def frames(self) -> int:
        """How many frames each file should have, give or take one."""
        return round(Fraction(self.duration_us, 1_000_000) * self.rate)


@dataclass(frozen=True)
class Rendered:
    """A verified file. `seconds` is its share of the wall time, `command` what made it."""

    name: str
    path: Path
    poster: Path
    width: int
    height: int
    rate: Fraction
    frames: int
    bytes: int
    seconds: float
    command: tuple[str, ...]


@dataclass(frozen=True)
class Broken:
    """A cell that could not be made."""

    name: str
    error: MediaError


Result = Rendered | Broken


def compile(spec: BrandSpec, tools: Tools, work: Path) -> list[str]:  # noqa: A001 - `brand.compile` reads as it should
    """The command for all cells of the spec, to be run with `work` as the current folder."""
    if spec.cells and all(copyable(spec, cell) for cell in spec.cells):
        return _copy_command(spec, spec.cells[0], tools)
    return _encode_command(spec, tools)


def run(
    spec: BrandSpec,
    tools: Tools,
    work: Path,
    on_progress: Callable[[Progress], None] | None = None,
    keep_going: Callable[[], bool] | None = None,
    wanted: Callable[[], set[str]] | None = None,
) -> list[Result]:
    """Make all cells; their results come in the order of the cells.

    `keep_going` stops everything and `wanted` names the cells somebody still waits for: both are asked about once a
    second, and when the first says no or nothing is wanted any more, `process.Cancelled` rises. A cell that is not
    wanted at the end ends as Broken with "cancelled". Files and posters lie in `work`.
    """
    makers = _Run(spec, tools, work, on_progress, keep_going, wanted)
    results = makers.blocked()
    results |= makers.copied([cell for cell in spec.cells if cell.name not in results])
    results |= makers.encoded([cell for cell in spec.cells if cell.name not in results])
    return [makers.delivered(results[cell.name]) for cell in spec.cells]


@dataclass(frozen=True)
class _Run:
    spec: BrandSpec
    tools: Tools
    work: Path
    on_progress: Callable[[Progress], None] | None
    keep_going: Callable[[], bool] | None
    wanted: Callable[[], set[str]] | None

    def blocked(self) -> dict[str, Result]:
        """Cells whose plate is unusable. ffmpeg would leave such a plate out and end with 0."""
        found: dict[str, Result] = {}
        for cell in self.spec.cells:
            try:
                check_plate(cell.overlay)
            except MediaError as error:
                found[cell.name] = Broken(cell.name, error)
        return found

    def copied(self, cells: Sequence[Cell]) -> dict[str, Result]:
        """Cells that needed no encoder. One whose copy does not verify is left for the encoders."""
        results = {cell.name: self._copy(cell) for cell in cells if copyable(self.spec, cell)}
        return {name: result for name, result in results.items() if isinstance(result, Rendered)}

    def encoded(self, cells: Sequence[Cell]) -> dict[str, Result]:
        """All cells in one process; if it fails, the unfinished ones once more, each alone."""
        if not cells:
            return {}
        results, failure = self._encode(cells)
        if failure is None or isinstance(failure, SourceError):  # a damaged source fails again
            return results
        for cell in cells:
            if isinstance(results[cell.name], Broken) and self._wants(cell.name):
                again, _ = self._encode([cell])
                results |= again
        return results

    def delivered(self, result: Result) -> Result:
        if self._wants(result.name) or isinstance(result, Broken):
            return result
        result.path.unlink(missing_ok=True)
        result.poster.unlink(missing_ok=True)
        return Broken(result.name, errors.fail("cancelled"))

    def _encode(self, cells: Sequence[Cell]) -> tuple[dict[str, Result], MediaError | None]:
        """Results of one process, and the error it ended with. Files are judged by what they are."""
        spec = replace(self.spec, cells=tuple(cells))
        command = _encode_command(spec, self.tools)
        started = self.tools.clock.monotonic()
        failure = self._start(command, spec)
        share = (self.tools.clock.monotonic() - started) / len(cells)
        return {cell.name: self._judge(cell, command, share, failure) for cell in cells}, failure

    def _copy(self, cell: Cell) -> Result:
        command = _copy_command(self.spec, cell, self.tools)
        started = self.tools.clock.monotonic()
        failure = self._start(command, replace(self.spec, cells=(cell,)))
        if failure is None:
            failure = self._still(cell)
        return self._judge(cell, command, self.tools.clock.monotonic() - started, failure)

    def _still(self, cell: Cell) -> MediaError | None:
        try:
            picture = poster.take(self.spec.source, self.spec.probe, self.tools, self.work)
        except MediaError as error:
            return error
        picture.rename(_still_file(self.work, cell))
        return None

    def _start(self, command: Sequence[str], spec: BrandSpec) -> MediaError | None:
        """Run one command. `process.Cancelled` rises; whatever else goes wrong is returned.

        A disk that fills up while the tee muxer closes its files is only told of in the log: ffmpeg ends with 0.
        """
        plates = [cell.overlay.path for cell in spec.cells if cell.overlay]
        try:
            finished = self.tools.run(
                command,
                work=self.work,
                reads=[spec.source, *plates],
                limits=process.Limits(file_size=size_cap(spec), growth=size_cap(spec) * (1 + len(spec.cells))),
                timeout=longest(spec),
                stall=STALL_SECONDS,
                meter=FfmpegMeter(spec.duration_us, self.on_progress, self.tools.clock.monotonic),
                keep_going=self._going,
            )
        except process.Cancelled:
            raise
        except process.ProcessError as error:
            return errors.translate(error)
        suspicion = errors.classify(finished)
        return suspicion if isinstance(suspicion, ResourceError) else None

    def _judge(self, cell: Cell, command: Sequence[str], seconds: float, failure: MediaError | None) -> Result:
        path, still = _file(self.work, cell), _still_file(self.work, cell)
        try:
            made = verify(path, self.spec, self.tools, self.work)
            if not still.is_file() or not still.stat().st_size:
                raise errors.fail("wrong_result", "no poster")
        except MediaError as verdict:
            path.unlink(missing_ok=True)
            still.unlink(missing_ok=True)
            return Broken(cell.name, failure or verdict)
        assert made.video is not None
        return Rendered(
            name=cell.name,
            path=path,
            poster=still,
            width=made.video.width,
            height=made.video.height,
            rate=self.spec.rate,
            frames=made.video.frames,
            bytes=made.bytes,
            seconds=seconds,
            command=tuple(command),
        )

    def _going(self) -> bool:
        if self.keep_going is not None and not self.keep_going():
            return False
        return self.wanted is None or not self.wanted().isdisjoint(cell.name for cell in self.spec.cells)

    def _wants(self, name: str) -> bool:
        return self.wanted is None or name in self.wanted()


# Limits


def longest(spec: BrandSpec) -> float:
    """Seconds after which a run is hopeless: ten times what a slow core needs for the decoding and each encoder."""
    megapixels = spec.width * spec.height / 1e6
    return 120 + spec.frames * (1 + len(spec.cells)) * max(0.2, megapixels) * 0.25


def size_cap(spec: BrandSpec) -> int:
    """Bytes no single file of the run may pass: 2 bits for each pixel, four times what noise takes."""
    return 64_000_000 + max(spec.frames * spec.width * spec.height // 4, spec.probe.bytes)


# Commands


def _encode_command(spec: BrandSpec, tools: Tools) -> list[str]:
    video = _video(spec)
    seconds = _seconds(spec)
    source = ffmpeg.input(f"file:{spec.source.absolute()}", **formats.safe_input(tools.formats), threads=1, t=seconds)
    canvas = graph.normalise(source[str(video.index)], spec.probe, spec.width, spec.height, spec.rate, spec.fit)
    every, count = _poster_frames(spec)
    pictures, stills = [], []
    plates = _plates(spec.cells)
    for cell, base in zip(spec.cells, graph.copies(canvas, len(spec.cells)), strict=True):
        branded = graph.over(base, plates[cell.name], cell.overlay.x, cell.overlay.y) if cell.overlay else base
        picture, still = graph.copies(branded, 2)
        pictures.append(picture)
        stills.append(ffmpeg.output(graph.stills(still, every), f"{cell.name}.jpg", **STILL, **{"frames:v": count}))
    sounds = [_sound(source, spec.probe)] if spec.probe.audio else []
    movies = ffmpeg.output(*pictures, *sounds, _tee(spec.cells), **_movie_options(spec), t=seconds)
    return [*_start_of(tools), "-filter_complex_threads", "1", *ffmpeg.merge_outputs(movies, *stills).get_args()]


# `-map_metadata -1` and its like: no place, name or chapter of the source goes out.
CLEAN: dict[str, str | int | None] = {"map_metadata": -1, "map_chapters": -1, "sn": None, "dn": None}
STILL: dict[str, str | int] = {"f": "image2", "update": 1, "fps_mode": "passthrough", "q:v": 3, "map_metadata": -1}
# `faststart` puts the index first, so that players can start before they have the whole file; `bitexact` leaves out
# the name of the library and the time, so that the same order gives the same bytes.
MUXER = "f=mp4:fflags=+bitexact:movflags=+faststart"


def _plates(cells: Sequence[Cell]) -> dict[str, graph.Stream]:
    """The plate of each cell by its name. Two cells may share one file: that is one input, split."""
    users: dict[Path, list[str]] = {}
    for cell in cells:
        if cell.overlay:
            users.setdefault(cell.overlay.path, []).append(cell.name)
    plates: dict[str, graph.Stream] = {}
    for path, names in users.items():
        plates |= zip(names, graph.copies(graph.plate(path), len(names)), strict=True)
    return plates


def _tee(cells: Sequence[Cell]) -> str:
    """One file for each picture, all with the one sound; without sound `a` simply matches nothing."""
    return "|".join(f"[select=\\'v:{number},a\\':{MUXER}]{cell.name}.mp4" for number, cell in enumerate(cells))


def _movie_options(spec: BrandSpec) -> dict[str, str | int | float | None]:
    options: dict[str, str | int | float | None] = {**encode.video(spec.profile, spec.rate), **CLEAN}
    if spec.probe.audio:
        options |= {"c:a": "copy"} if keeps_sound(spec.probe) else encode.audio()
    # mp4 wants the codecs' headers in the file's; tee does not pass that wish on
    return options | {"flags": "+global_header+bitexact", "f": "tee"}


def _poster_frames(spec: BrandSpec) -> tuple[int, int]:
    """Every how many frames a poster is written, and how often; the last one stays. It shows the first second's end.

    Why not that frame alone: until an output has its first frame, ffmpeg keeps all frames of the others in memory, 30
    of them for each cell. Measured with 8 cells at 720: 990 MB that way, 850 MB this way.
    """
    wanted = min(round(spec.rate), spec.frames // 2)
    every = max(1, wanted // 3)
    return every, wanted // every + 1


def _sound(source: graph.Stream, probe: Probe) -> graph.Stream:
    assert probe.audio is not None
    stream = source[str(probe.audio.index)]
    return stream if keeps_sound(probe) else graph.sound(stream, probe.audio.channels)


def _copy_command(spec: BrandSpec, cell: Cell, tools: Tools) -> list[str]:
    maps = ["-map", f"0:{_video(spec).index}"]
    if spec.probe.audio:
        maps += ["-map", f"0:{spec.probe.audio.index}"]
    source = [*formats.arguments(tools.formats), "-t", _seconds(spec), "-i", f"file:{spec.source.absolute()}"]
    clean = [word for key, value in CLEAN.items() for word in (f"-{key}", *([] if value is None else [str(value)]))]
    muxer = ["-fflags", "+bitexact", "-movflags", "+faststart", "-f", "mp4"]
    return [*_start_of(tools), *source, *maps, "-c", "copy", *clean, *muxer, "-t", _seconds(spec), f"{cell.name}.mp4"]


def _start_of(tools: Tools) -> list[str]:
    words = "-nostdin -hide_banner -loglevel error -y -progress pipe:1 -stats_period 0.5"
    return [tools.ffmpeg, *words.split()]


def _seconds(spec: BrandSpec) -> str:
    """The claimed length, as input and output limit: a few frames that claim 30 hours must not become 30 hours."""
    return f"{spec.duration_us / 1_000_000:.6f}"


def _video(spec: BrandSpec) -> VideoFacts:
    assert spec.probe.video is not None, "the gate lets no file without a picture through"
    return spec.probe.video


def _file(work: Path, cell: Cell) -> Path:
    return work / f"{cell.name}.mp4"


def _still_file(work: Path, cell: Cell) -> Path:
    return work / f"{cell.name}.jpg"


# Judgement


AAC_FRAME_US = 1024 * 1_000_000 // encode.AUDIO_RATE
COPIED_PROFILES = frozenset({"High", "Main", "Constrained Baseline"})


def copyable(spec: BrandSpec, cell: Cell) -> bool:
    """Whether the source is already what this cell is to be. `Baseline` may hold what players do not take."""
    video, audio = spec.probe.video, spec.probe.audio
    return (
        cell.overlay is None
        and video is not None
        and video.profile in COPIED_PROFILES
        and _conforms(video, spec)
        and video.rate == video.base_rate == spec.rate
        and not video.interlaced
        and video.start_us == 0
        and (audio is None or (_is_ours(audio) and audio.profile == "LC"))
    )


def keeps_sound(probe: Probe) -> bool:
    """Whether the sound is already what it is to be, and begins with the picture: a second encoding only costs.

    From MP4 only: other containers keep AAC in other wrappings, or times too coarse for it.
    """
    video, audio = probe.video, probe.audio
    return (
        probe.container == "mov"
        and video is not None
        and audio is not None
        and _is_ours(audio)
        and audio.profile == "LC"
        and abs(audio.start_us - video.start_us) <= AAC_FRAME_US
        and video.start_us == 0
    )


def check_plate(overlay: Overlay | None) -> None:
    """Decode the plate once; raises `artwork_missing` or `artwork_unreadable`."""
    if overlay is None:
        return
    from PIL import Image

    try:
        with Image.open(overlay.path, formats=["PNG"]) as picture:
            picture.load()
    except FileNotFoundError as error:
        raise errors.fail("artwork_missing") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise errors.fail("artwork_unreadable", str(error)) from error


def verify(path: Path, spec: BrandSpec, tools: Tools, work: Path) -> Probe:
    """Probe a finished file and compare it with the order; raises what is wrong with it."""
    if not path.is_file():
        raise errors.fail("wrong_result", "no file")
    try:
        made = read_output(path, tools, work)
    except SourceError as error:
        raise errors.fail("wrong_result", f"{error.code} {error.detail}".strip(), error.tail) from error
    if made.video is None or not _conforms(made.video, spec) or not _near(made.video.rate, spec.rate):
        raise errors.fail("wrong_result", made.summary())
    _verify_sound(made, spec)
    _verify_length(made, spec)
    if not mp4.index_first(path):
        raise errors.fail("wrong_result", "the index is not at the front")
    return made


def _conforms(video: VideoFacts, spec: BrandSpec) -> bool:
    """8-bit H.264 in BT.709 on exactly this canvas."""
    return (
        video.codec == "h264"
        and (video.width, video.height) == (spec.width, spec.height)
        and (video.pix_fmt, video.full_range) == ("yuv420p", False)
        and (video.primaries, video.transfer, video.matrix) == ("bt709", "bt709", "bt709")
        and (video.sar, video.rotation) == (Fraction(1), 0)
    )


def _near(rate: Fraction, wanted: Fraction) -> bool:
    return abs(rate - wanted) <= wanted / 1000


def _is_ours(audio: AudioFacts) -> bool:
    return (audio.codec, audio.sample_rate, audio.channels) == ("aac", encode.AUDIO_RATE, 2)


def _verify_sound(made: Probe, spec: BrandSpec) -> None:
    if spec.probe.audio and made.audio is None:
        raise errors.fail("missing_sound")
    if made.audio and (not spec.probe.audio or not _is_ours(made.audio)):
        raise errors.fail("wrong_result", made.summary())


def _verify_length(made: Probe, spec: BrandSpec) -> None:
    """A source that ends early makes ffmpeg end with 0 all the same: only its length tells."""
    missing = spec.duration_us - made.duration_us
    detail = f"{made.duration_us / 1e6:.2f} of {spec.duration_us / 1e6:.2f} seconds"
    if missing > tolerance_us(spec):
        raise errors.fail("truncated", detail)
    if -missing > tolerance_us(spec):
        raise errors.fail("wrong_length", detail)


def tolerance_us(spec: BrandSpec) -> int:
    """A tenth of a second or two frames; more where only the whole file's length is known: its sound may be longer."""
    video = _video(spec)
    slowest = min(spec.rate, video.rate or spec.rate)
    unsure = 0 if video.duration_us else max(500_000, spec.duration_us // 20)
    return max(100_000, round(2_000_000 / slowest), unsure)
