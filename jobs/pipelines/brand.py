"""The recipe `brand`: one source, one canvas, many brands, in one pass.

    source --decode, normalise--> split --+-- plate c0 --> encoder --> c0.mp4, c0.jpg
                                          +-- plate c1 --> encoder --> c1.mp4, c1.jpg
    sound  --48 kHz stereo, encoded once--+-- into each of them (tee)

A source that is already what is ordered is copied for cells without a plate. One bad plate blocks its own cell before
anything starts. When the process fails, cells whose file verifies are kept and the others run once more, one by one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from jobs.media import encode, errors, mp4, poster, reframe
from jobs.media.errors import MediaError, ResourceError, SourceError
from jobs.media.probe import Probe, VideoFacts, read_output
from jobs.media.progress import FfmpegMeter, Progress
from jobs.media.tools import Tools
from jobs.pipelines import command
from jobs.pipelines.command import keeps_sound
from jobs.pipelines.order import BrandSpec, Cell, Clip, Overlay
from wtfsite.lib import process

__all__ = ["BrandSpec", "Broken", "Cell", "Clip", "Overlay", "Rendered", "Result", "compile", "keeps_sound", "run"]

PIPELINE_VERSION = 2
STALL_SECONDS = 60.0


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
        return command.copy(spec, spec.cells[0], tools)
    return command.encoded(spec, tools)


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
        """Cells with an unusable plate. ffmpeg would leave such a plate out and end with 0."""
        found: dict[str, Result] = {}
        for cell in self.spec.cells:
            try:
                check_overlays(cell)
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
        words = command.encoded(spec, self.tools)
        started = self.tools.clock.monotonic()
        failure = self._start(words, spec)
        share = (self.tools.clock.monotonic() - started) / len(cells)
        return {cell.name: self._judge(cell, words, share, failure) for cell in cells}, failure

    def _copy(self, cell: Cell) -> Result:
        words = command.copy(self.spec, cell, self.tools)
        started = self.tools.clock.monotonic()
        failure = self._start(words, replace(self.spec, cells=(cell,)))
        if failure is None:
            failure = self._still(cell)
        return self._judge(cell, words, self.tools.clock.monotonic() - started, failure)

    def _still(self, cell: Cell) -> MediaError | None:
        try:
            picture = poster.take(self.spec.source, self.spec.probe, self.tools, self.work)
        except MediaError as error:
            return error
        picture.rename(_still_file(self.work, cell))
        return None

    def _start(self, words: Sequence[str], spec: BrandSpec) -> MediaError | None:
        """Run one command. `process.Cancelled` rises; whatever else goes wrong is returned.

        A disk that fills up while the tee muxer closes its files is only told of in the log: ffmpeg ends with 0.
        """
        files = [path for cell in spec.cells for path in cell.files]
        try:
            finished = self.tools.run(
                words,
                work=self.work,
                reads=[spec.source, *dict.fromkeys(files)],
                limits=process.Limits(file_size=size_cap(spec), growth=size_cap(spec) * (1 + len(spec.cells))),
                timeout=longest(spec),
                stall=STALL_SECONDS,
                meter=FfmpegMeter(longest_us(spec), self.on_progress, self.tools.clock.monotonic),
                keep_going=self._going,
            )
        except process.Cancelled:
            raise
        except process.ProcessError as error:
            return errors.translate(error)
        suspicion = errors.classify(finished)
        return suspicion if isinstance(suspicion, ResourceError) else None

    def _judge(self, cell: Cell, words: Sequence[str], seconds: float, failure: MediaError | None) -> Result:
        path, still = _file(self.work, cell), _still_file(self.work, cell)
        try:
            made = verify(path, self.spec, cell, self.tools, self.work)
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
            command=tuple(words),
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
    frames = spec.frames + sum(map(_work, (spec,) * len(spec.cells), spec.cells))
    return 120 + frames * max(0.2, megapixels) * 0.25


def _work(spec: BrandSpec, cell: Cell) -> int:
    """The frames that go into a cell: encoded, and decoded for it alone."""
    marks = sum(command.window(overlay, spec).frames for overlay in cell.overlays if overlay.moving)
    films = sum(map(spec.film_frames, cell.films))
    return spec.frames_of(cell) + films + marks + (spec.frames if cell.intro else 0)


def longest_us(spec: BrandSpec) -> int:
    """How long the longest of the files will be."""
    return max((spec.duration_of(cell) for cell in spec.cells), default=spec.duration_us)


def size_cap(spec: BrandSpec) -> int:
    """Bytes no single file of the run may pass: 2 bits for each pixel, four times what noise takes."""
    frames = max((spec.frames_of(cell) for cell in spec.cells), default=spec.frames)
    return 64_000_000 + max(frames * spec.width * spec.height // 4, spec.probe.bytes)


# Files


def _file(work: Path, cell: Cell) -> Path:
    return work / f"{cell.name}.mp4"


def _still_file(work: Path, cell: Cell) -> Path:
    return work / f"{cell.name}.jpg"


# Judgement


COPIED_PROFILES = frozenset({"High", "Main", "Constrained Baseline"})


def copyable(spec: BrandSpec, cell: Cell) -> bool:
    """Whether the source is already what this cell is to be. `Baseline` may hold what players do not take."""
    video, audio = spec.probe.video, spec.probe.audio
    return (
        cell.untouched
        and video is not None
        and video.profile in COPIED_PROFILES
        and _conforms(video, spec)
        and reframe.place(video, spec.width, spec.height, spec.frame).untouched
        and video.rate == video.base_rate == spec.rate
        and not video.interlaced
        and video.start_us == 0
        and (audio is None or (encode.is_ours(audio) and audio.profile == "LC"))
    )


def check_overlays(cell: Cell) -> None:
    """Decode each plate once, and see that the clips are there; raises `artwork_missing` or `artwork_unreadable`."""
    for overlay in cell.overlays:
        if not overlay.moving:
            _check_plate(overlay.path)
    if not all(path.is_file() for path in cell.files):
        raise errors.fail("artwork_missing")


def _check_plate(path: Path) -> None:
    from PIL import Image

    try:
        with Image.open(path, formats=["PNG"]) as picture:
            picture.load()
    except FileNotFoundError as error:
        raise errors.fail("artwork_missing") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise errors.fail("artwork_unreadable", str(error)) from error


def verify(path: Path, spec: BrandSpec, cell: Cell, tools: Tools, work: Path) -> Probe:
    """Probe a finished file and compare it with the order; raises what is wrong with it."""
    if not path.is_file():
        raise errors.fail("wrong_result", "no file")
    try:
        made = read_output(path, tools, work)
    except SourceError as error:
        raise errors.fail("wrong_result", f"{error.code} {error.detail}".strip(), error.tail) from error
    if made.video is None or not _conforms(made.video, spec) or not _near(made.video.rate, spec.rate):
        raise errors.fail("wrong_result", made.summary())
    _verify_sound(made, spec.has_sound(cell))
    _verify_length(made, spec, cell)
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


def _verify_sound(made: Probe, heard: bool) -> None:
    if heard and made.audio is None:
        raise errors.fail("missing_sound")
    if made.audio and (not heard or not encode.is_ours(made.audio)):
        raise errors.fail("wrong_result", made.summary())


def _verify_length(made: Probe, spec: BrandSpec, cell: Cell) -> None:
    """A source that ends early makes ffmpeg end with 0 all the same: only its length tells."""
    wanted = spec.duration_of(cell)
    missing = wanted - made.duration_us
    detail = f"{made.duration_us / 1e6:.2f} of {wanted / 1e6:.2f} seconds"
    if missing > tolerance_us(spec):
        raise errors.fail("truncated", detail)
    if -missing > tolerance_us(spec):
        raise errors.fail("wrong_length", detail)


def tolerance_us(spec: BrandSpec) -> int:
    """A tenth of a second or two frames; more where only the whole file's length is known: its sound may be longer."""
    video = spec.probe.video
    assert video is not None, "the gate lets no file without a picture through"
    slowest = min(spec.rate, video.rate or spec.rate)
    unsure = 0 if video.duration_us else max(500_000, spec.duration_us // 20)
    return max(100_000, round(2_000_000 / slowest), unsure)
