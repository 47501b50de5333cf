"""The commands of the recipe `brand`: an order in, words for the runner out. Nothing is run.

A timeline is what cells have in common that are joined to the same films. The one without films, and those with
nothing in front of the video, share its decoding; each intro needs a reading of its own, since its video begins later.
Frames that others do not want yet would otherwise pile up in memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count
from pathlib import Path

import ffmpeg

from jobs.media import encode, formats, graph, joining, overlays
from jobs.media.graph import Stream
from jobs.media.joining import Segment
from jobs.media.overlays import Window
from jobs.media.probe import Probe, VideoFacts
from jobs.media.tools import Tools
from jobs.pipelines.order import BrandSpec, Cell, Clip, Overlay

AAC_FRAME_US = 1024 * 1_000_000 // encode.AUDIO_RATE
# `-map_metadata -1` and its like: no place, name or chapter of the source goes out.
CLEAN: dict[str, str | int | None] = {"map_metadata": -1, "map_chapters": -1, "sn": None, "dn": None}
STILL: dict[str, str | int] = {"f": "image2", "update": 1, "fps_mode": "passthrough", "q:v": 3, "map_metadata": -1}
# `faststart` puts the index first, so that players can start before they have the whole file; `bitexact` leaves out
# the name of the library and the time, so that the same order gives the same bytes.
MUXER = "f=mp4:fflags=+bitexact:movflags=+faststart"
FRAME_FILE = "frame.png"
CANVAS_FILE = "canvas.yuv"


# Files


def encoded(spec: BrandSpec, tools: Tools) -> list[str]:
    """One process for all cells: their films and their posters, in the current folder."""
    outputs = _Pass(spec, tools).outputs()
    return [*_start_of(tools), "-filter_complex_threads", "1", *ffmpeg.merge_outputs(*outputs).get_args()]


def copy(spec: BrandSpec, cell: Cell, tools: Tools) -> list[str]:
    """For a cell that is the source as it is."""
    maps = ["-map", f"0:{_video(spec.probe).index}"]
    if spec.probe.audio:
        maps += ["-map", f"0:{spec.probe.audio.index}"]
    seconds = _seconds(spec.duration_us)
    source = [*formats.arguments(tools.formats), "-t", seconds, "-i", f"file:{spec.source.absolute()}"]
    clean = [word for key, value in CLEAN.items() for word in (f"-{key}", *([] if value is None else [str(value)]))]
    muxer = ["-fflags", "+bitexact", "-movflags", "+faststart", "-f", "mp4"]
    return [*_start_of(tools), *source, *maps, "-c", "copy", *clean, *muxer, "-t", seconds, f"{cell.name}.mp4"]


@dataclass(frozen=True)
class _Timeline:
    intro: Clip | None
    outro: Clip | None
    cells: tuple[Cell, ...]

    @property
    def plain(self) -> bool:
        return not (self.intro or self.outro)


def _timelines(cells: Sequence[Cell]) -> list[_Timeline]:
    found: dict[tuple[Clip | None, Clip | None], list[Cell]] = {}
    for cell in cells:
        found.setdefault((cell.intro, cell.outro), []).append(cell)
    return [_Timeline(*films, tuple(each)) for films, each in found.items()]


class _Pass:
    """The graph of one process."""

    def __init__(self, spec: BrandSpec, tools: Tools) -> None:
        self.spec, self.tools = spec, tools
        self.source = ffmpeg.input(**_source(spec, tools))
        self.numbers = count(1)  # of inputs beside the source and the plates
        self.plates = _plates(spec)

    def outputs(self) -> list[Stream]:
        lines = _timelines(self.spec.cells)
        bases = self._bases(lines)
        movies, stills = [], []
        for line in lines:
            branded = [self._branded(cell, bases[cell.name]) for cell in line.cells]
            pictures, sound = self._joined(line, branded)
            seen = [graph.copies(picture, 2) for picture in pictures]
            stills += [self._still(cell, each[1]) for cell, each in zip(line.cells, seen, strict=True)]
            movies.append(self._movie(line, [each[0] for each in seen], sound))
        return [*movies, *stills]

    def _bases(self, lines: Sequence[_Timeline]) -> dict[str, Stream]:
        """The video on the canvas, for each cell by its name."""
        sharing = [cell for line in lines if not line.intro for cell in line.cells]
        bases = self._canvases(self.source, sharing)
        for line in lines:
            if line.intro:
                bases |= self._canvases(self._again(), line.cells)
        return bases

    def _canvases(self, source: Stream, cells: Sequence[Cell]) -> dict[str, Stream]:
        if not cells:
            return {}
        canvas = _normalised(source, self.spec)
        return {cell.name: base for cell, base in zip(cells, graph.copies(canvas, len(cells)), strict=True)}

    def _again(self) -> Stream:
        """The source, read once more."""
        return ffmpeg.input(**_source(self.spec, self.tools), thread_queue_size=graph.QUEUE + next(self.numbers))

    def _branded(self, cell: Cell, base: Stream) -> Stream:
        for number, overlay in enumerate(cell.overlays):
            base = self._laid(base, overlay, self.plates.get((cell.name, number)))
        return base

    def _laid(self, base: Stream, overlay: Overlay, plate: Stream | None) -> Stream:
        when = window(overlay, self.spec)
        if overlay.probe is None:
            return _plated(base, overlay, plate, when, self.spec.rate)
        if not when.frames:
            return base
        return overlays.during(base, self._mark(overlay, overlay.probe, when), overlay.x, overlay.y, when)

    def _mark(self, overlay: Overlay, probe: Probe, when: Window) -> Stream:
        size, rate = (overlay.width, overlay.height), self.spec.rate
        again = overlays.reread(probe, *size, when, rate)
        taken = self.tools.formats
        read = overlays.mark_input(overlay.path, probe, taken, repeated=again, number=next(self.numbers))
        return overlays.mark(read, probe, *size, overlay.opacity, when, rate)

    def _joined(self, line: _Timeline, branded: list[Stream]) -> tuple[list[Stream], Stream | None]:
        """Pictures and sound with the films around them."""
        if line.plain:
            return branded, _sound(self.source, self.spec.probe)
        heard = self.spec.has_sound(line.cells[0])
        main = Segment(branded, self._main_sound() if heard else None)
        films = [self._film(clip, len(branded), heard=heard) if clip else None for clip in (line.intro, line.outro)]
        return joining.joined([each for each in (films[0], main, films[1]) if each], self.spec.rate)

    def _film(self, clip: Clip, wide: int, *, heard: bool) -> Segment:
        spec, frames = self.spec, self.spec.film_frames(clip)
        read = joining.film_input(clip.path, clip.probe, self.tools.formats, next(self.numbers))
        picture = joining.film(read, clip.probe, spec.width, spec.height, spec.rate, frames)
        sound = joining.sound(read, clip.probe.audio, frames, spec.rate, next(self.numbers)) if heard else None
        return Segment(graph.copies(picture, wide), sound)

    def _main_sound(self) -> Stream:
        spec = self.spec
        read = self._again() if spec.probe.audio else self.source
        return joining.main_sound(read, spec.probe.audio, spec.frames, spec.rate, next(self.numbers))

    def _still(self, cell: Cell, picture: Stream) -> Stream:
        every, times = _poster_frames(self.spec, cell)
        return ffmpeg.output(graph.stills(picture, every), f"{cell.name}.jpg", **STILL, **{"frames:v": times})

    def _movie(self, line: _Timeline, pictures: Sequence[Stream], sound: Stream | None) -> Stream:
        sounds = [] if sound is None else [sound]
        seconds = _seconds(self.spec.duration_of(line.cells[0]))
        return ffmpeg.output(*pictures, *sounds, _tee(line.cells), **_movie_options(self.spec, line), t=seconds)


# Overlays


def window(overlay: Overlay, spec: BrandSpec) -> Window:
    """The frames of the video on which an overlay is seen."""
    return overlays.window(overlay.start_us, overlay.end_us, overlay.fade_us, spec.rate, spec.frames)


def _plates(spec: BrandSpec) -> dict[tuple[str, int], Stream]:
    """The plate of each overlay, by cell and number. Where two share one file, that is one input, split."""
    users: dict[Path, list[tuple[str, int]]] = {}
    for cell in spec.cells:
        for number, overlay in enumerate(cell.overlays):
            if not overlay.moving and window(overlay, spec).frames:
                users.setdefault(overlay.path, []).append((cell.name, number))
    plates: dict[tuple[str, int], Stream] = {}
    for path, names in users.items():
        plates |= zip(names, graph.copies(graph.plate(path), len(names)), strict=True)
    return plates


def _plated(base: Stream, overlay: Overlay, plate: Stream | None, when: Window, rate: Fraction) -> Stream:
    if plate is None:
        return base
    if overlay.start_us is None and overlay.end_us is None:
        return graph.over(base, plate, overlay.x, overlay.y)
    return overlays.shown(base, plate, overlay.x, overlay.y, when, rate)


# One frame


def frame(spec: BrandSpec, tools: Tools, at_us: int, *, seek: bool = True) -> list[str]:
    """The frame of the first cell's finished film that is seen at a time, before it is encoded: FRAME_FILE, a PNG.

    The same filters as in `encoded`, only that one frame goes through them. `seek` jumps to the last key frame before
    it, which needs an index: see `seekable`.
    """
    cell = spec.cells[0]
    number = max(0, min(int(Fraction(at_us, 1_000_000) * spec.rate), spec.frames_of(cell) - 1))
    before, behind = spec.film_frames(cell.intro), spec.film_frames(cell.intro) + spec.frames
    if cell.intro and number < before:
        picture = _film_frame(cell.intro, spec, tools, number, seek=seek)
    elif cell.outro and number >= behind:
        picture = _film_frame(cell.outro, spec, tools, number - behind, seek=seek)
    else:
        picture = _main_frame(cell, spec, tools, number - before, seek=seek)
    output = ffmpeg.output(graph.rgb(picture), FRAME_FILE, f="image2", update=1, map_metadata=-1, **{"frames:v": 1})
    return [*_start_of(tools), "-filter_complex_threads", "1", *output.get_args()]


def seekable(probe: Probe) -> bool:
    """Whether a jump surely ends before its aim. Elsewhere an index may be missing, or wrong."""
    return probe.container in ("mov", "matroska")


def canvas(spec: BrandSpec, tools: Tools, at_us: int, *, seek: bool = True) -> list[str]:
    """The first step of `frame` alone, of the video without intro and outro: what lies under all overlays at a time.
    CANVAS_FILE: the planes of one frame as the overlays get them.
    """
    picture = _canvas_frame(spec, tools, frame_number(spec, at_us), seek=seek)
    output = ffmpeg.output(picture, CANVAS_FILE, f="rawvideo", **{"frames:v": 1})
    return [*_start_of(tools), "-filter_complex_threads", "1", *output.get_args()]


def dressed(spec: BrandSpec, tools: Tools, at_us: int, planes: Path) -> list[str]:
    """The second step: the overlays of the first cell on what `canvas` gave for that time. FRAME_FILE, as `frame`."""
    cell, number = spec.cells[0], frame_number(spec, at_us)
    # At the rate of the film: its frames are counted in what the overlays count in.
    raw = {"f": "rawvideo", "video_size": (spec.width, spec.height), "pixel_format": "yuv420p", "framerate": spec.rate}
    read = ffmpeg.input(f"file:{planes.absolute()}", **raw, protocol_whitelist="file")
    base = graph.tagged(read).filter("setsar", 1)
    build = _Pass(replace(spec, cells=(cell,)), tools)
    picture = graph.rgb(build._branded(cell, graph.moved(base, number)))
    output = ffmpeg.output(picture, FRAME_FILE, f="image2", update=1, map_metadata=-1, **{"frames:v": 1})
    return [*_start_of(tools), "-filter_complex_threads", "1", *output.get_args()]


def frame_number(spec: BrandSpec, at_us: int) -> int:
    """Which frame of the video itself is seen at a time: never one before the first or behind the last."""
    return max(0, min(int(Fraction(at_us, 1_000_000) * spec.rate), spec.frames - 1))


def _main_frame(cell: Cell, spec: BrandSpec, tools: Tools, number: int, *, seek: bool) -> Stream:
    build = _Pass(replace(spec, cells=(cell,)), tools)
    return build._branded(cell, graph.moved(_canvas_frame(spec, tools, number, seek=seek), number))


def _canvas_frame(spec: BrandSpec, tools: Tools, number: int, *, seek: bool) -> Stream:
    source = ffmpeg.input(**_source(spec, tools), **_jump(spec.probe, number, spec.rate, seek=seek))
    single = graph.single(source[str(_video(spec.probe).index)], spec.probe, spec.rate, number)
    probe = graph.progressive(spec.probe)
    return graph.normalise(single, probe, spec.width, spec.height, spec.rate, spec.frame)


def _film_frame(clip: Clip, spec: BrandSpec, tools: Tools, number: int, *, seek: bool) -> Stream:
    words = {**formats.safe_input(tools.formats), "threads": 1, **_jump(clip.probe, number, spec.rate, seek=seek)}
    source = ffmpeg.input(f"file:{clip.path.absolute()}", **words)
    single = graph.single(source[str(_video(clip.probe).index)], clip.probe, spec.rate, number)
    probe = graph.progressive(clip.probe)
    canvas = graph.normalise(single, probe, spec.width, spec.height, spec.rate, joining.FILM_FRAME)
    return graph.moved(canvas, number)


def _jump(probe: Probe, number: int, rate: Fraction, *, seek: bool) -> dict[str, str | int | None]:
    """Options that begin at a key frame half a second or more before the frame, with times as they are. What is seen
    at a time may have begun long before: from the key frame on nothing is dropped.
    """
    seconds = float(number / rate) - 0.5
    if not seek or seconds <= 0 or not seekable(probe):
        return {}
    return {"noaccurate_seek": None, "copyts": None, "start_at_zero": None, "ss": f"{seconds:.6f}"}


# Words


def _source(spec: BrandSpec, tools: Tools) -> dict[str, str | int]:
    seconds = _seconds(spec.duration_us)
    options = {**formats.safe_input(tools.formats), "threads": 1, "t": seconds}
    return {"filename": f"file:{spec.source.absolute()}", **options}


def _normalised(source: Stream, spec: BrandSpec) -> Stream:
    picture = source[str(_video(spec.probe).index)]
    return graph.normalise(picture, spec.probe, spec.width, spec.height, spec.rate, spec.frame)


def _tee(cells: Sequence[Cell]) -> str:
    """One file for each picture, all with the one sound; without sound `a` simply matches nothing."""
    return "|".join(f"[select=\\'v:{number},a\\':{MUXER}]{cell.name}.mp4" for number, cell in enumerate(cells))


def _movie_options(spec: BrandSpec, line: _Timeline) -> dict[str, str | int | float | None]:
    options: dict[str, str | int | float | None] = {**encode.video(spec.profile, spec.rate), **CLEAN}
    if spec.has_sound(line.cells[0]):
        options |= {"c:a": "copy"} if line.plain and keeps_sound(spec.probe) else encode.audio()
    # mp4 wants the codecs' headers in the file's; tee does not pass that wish on
    return options | {"flags": "+global_header+bitexact", "f": "tee"}


def _poster_frames(spec: BrandSpec, cell: Cell) -> tuple[int, int]:
    """Every how many frames a poster is written, and how often; the last one stays. It shows the end of the first
    second of the video itself.

    Why not that frame alone: until an output has its first frame, ffmpeg keeps all frames of the others in memory, 30
    of them for each cell. Measured with 8 cells at 720: 990 MB that way, 850 MB this way.
    """
    second = min(round(spec.rate), spec.frames // 2)
    every = max(1, second // 3)
    return every, (spec.film_frames(cell.intro) + second) // every + 1


def _sound(source: Stream, probe: Probe) -> Stream | None:
    if probe.audio is None:
        return None
    stream = source[str(probe.audio.index)]
    return stream if keeps_sound(probe) else graph.sound(stream, probe.audio.channels)


def keeps_sound(probe: Probe) -> bool:
    """Whether the sound is already what it is to be, and begins with the picture: a second encoding only costs.

    From MP4 only: other containers keep AAC in other wrappings, or times too coarse for it.
    """
    video, audio = probe.video, probe.audio
    return (
        probe.container == "mov"
        and video is not None
        and audio is not None
        and encode.is_ours(audio)
        and audio.profile == "LC"
        and abs(audio.start_us - video.start_us) <= AAC_FRAME_US
        and video.start_us == 0
    )


def _start_of(tools: Tools) -> list[str]:
    words = "-nostdin -hide_banner -loglevel error -y -progress pipe:1 -stats_period 0.5"
    return [tools.ffmpeg, *words.split()]


def _seconds(duration_us: int) -> str:
    """The claimed length, as input and output limit: a few frames that claim 30 hours must not become 30 hours."""
    return f"{duration_us / 1_000_000:.6f}"


def _video(probe: Probe) -> VideoFacts:
    assert probe.video is not None, "the gate lets no file without a picture through"
    return probe.video
