"""What lies over the picture for a time, and what moves there. As `graph`: filters as data, no text enters one.

plate -> shown in a window of frames, or faded in and out there
mark  -> scaled, with its alpha, repeated over its window
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

import ffmpeg

from jobs.media import formats, graph
from jobs.media.graph import Stream
from jobs.media.probe import Probe, VideoFacts

LOOP_BYTES = 64_000_000  # a mark of more than that (scaled, all frames) is read again for each round


@dataclass(frozen=True)
class Window:
    """The frames `first` to `end` (not included); fading takes `fade` of them at each end. One that is `open` lasts
    as long as the video, which may have a frame more than it says.
    """

    first: int
    end: int
    fade: int = 0
    open: bool = False

    @property
    def frames(self) -> int:
        return self.end - self.first


def window(start_us: int | None, end_us: int | None, fade_us: int, rate: Fraction, frames: int) -> Window:
    """The frames that begin at or after the start and before the end."""
    first = 0 if start_us is None else min(frames, ceil(Fraction(start_us, 1_000_000) * rate))
    end = frames if end_us is None else min(frames, ceil(Fraction(end_us, 1_000_000) * rate))
    fade = round(Fraction(fade_us, 1_000_000) * rate)
    return Window(first, max(first, end), min(fade, max(0, end - first) // 2), open=end == frames)


def shown(base: Stream, picture: Stream, x: int, y: int, when: Window, rate: Fraction) -> Stream:
    """Lay a plate on the canvas within its window."""
    return during(base, timed(picture, when, rate), x, y, when)


def during(base: Stream, picture: Stream, x: int, y: int, when: Window) -> Stream:
    """Lay pictures with times of their own on the canvas. Before the first and after the last one, the video passes as
    it is and costs nothing. (`enable` would do the same, but 5.1 asks it about the frames of both inputs.)
    """
    end = "repeat" if when.open and not when.fade else "pass"
    return ffmpeg.filter([base, picture], "overlay", x, y, format="yuv420", eof_action=end)


def timed(plate: Stream, when: Window, rate: Fraction) -> Stream:
    """The few frames that differ, at their times: `overlay` holds each until the next one. So a long window costs no
    more than a short one.
    """
    if not when.fade:
        count, times = min(2, when.frames), f"{when.first}+N*{when.frames - 1}"
        return _at(_repeated(plate, count), times, rate)
    length = when.fade
    plate = _fading(_repeated(plate, 2 * length), length, 2 * length)
    return _at(plate, f"if(lte(N,{length}),{when.first},{when.end - 2 * length})+N", rate)


def _repeated(stream: Stream, count: int) -> Stream:
    return stream.filter("loop", loop=count - 1, size=1) if count > 1 else stream


def _fading(stream: Stream, length: int, frames: int) -> Stream:
    """In with the first frames, from nothing on, and out with the last of them, down to almost nothing."""
    return stream.filter("fade", type="in", start_frame=0, nb_frames=length, alpha=1).filter(
        "fade", type="out", start_frame=frames - length, nb_frames=length, alpha=1
    )


def _at(stream: Stream, times: str, rate: Fraction) -> Stream:
    """`times` counts frames; N is the number of a frame within the stream."""
    return stream.filter("settb", f"{rate.denominator}/{rate.numerator}").filter("setpts", times)


def mark_input(path: Path, probe: Probe, taken: Iterable[str], *, repeated: bool, number: int) -> Stream:
    """A mark's picture as it is decoded. `number` keeps two readings of one file apart (see `graph.reading`)."""
    video = _video(probe)
    options: dict[str, str | int] = {**graph.reading(taken, number), "threads": 1}
    if decoder := formats.ALPHA_DECODERS.get(video.codec):
        options |= {"c:v": decoder, "codec_whitelist": f"{options['codec_whitelist']},{decoder}"}
    if repeated:
        options["stream_loop"] = -1
    return ffmpeg.input(f"file:{path.absolute()}", **options)[str(video.index)]


def reread(probe: Probe, width: int, height: int, when: Window, rate: Fraction) -> bool:
    """Whether a mark is to be read again for each round: it is shown longer than it lasts, and too large to be kept."""
    return rounds(probe, when, rate) > 1 and loop_bytes(probe, width, height, rate) > LOOP_BYTES


def rounds(probe: Probe, when: Window, rate: Fraction) -> int:
    return ceil(Fraction(when.frames, _cycle(probe, rate)))


def loop_bytes(probe: Probe, width: int, height: int, rate: Fraction) -> int:
    """What all frames of a mark take in memory, once they are scaled."""
    return _cycle(probe, rate) * width * height * 5 // 2


def mark(stream: Stream, probe: Probe, width: int, height: int, opacity: float, when: Window, rate: Fraction) -> Stream:
    """From a mark as it is decoded to frames with alpha at the times of its window, repeated as often as it takes."""
    video = _video(probe)
    if video.rate > rate:
        stream = graph.constant(stream, rate)
    stream = _scaled(stream, video, width, height)
    if opacity < 1:
        stream = stream.filter("lut", a=f"val*{opacity:.4f}")
    if video.rate <= rate:
        stream = graph.constant(stream, rate)
    if rounds(probe, when, rate) > 1 and not reread(probe, width, height, when, rate):
        size = _cycle(probe, rate)
        stream = stream.filter("trim", end_frame=size).filter("loop", loop=-1, size=size)
    stream = stream.filter("trim", end_frame=when.frames)
    if when.fade:
        stream = _fading(stream, when.fade, when.frames)
    return _at(stream, f"{when.first}+N", rate)


def _scaled(stream: Stream, video: VideoFacts, width: int, height: int) -> Stream:
    """To the box, as BT.709 with alpha. What is transparent has some colour, mostly black: scaled as it is, it would
    become a dark rim. Multiplied by its alpha before, it weighs nothing.
    """
    given: dict[str, str] = {}
    if not video.pix_fmt.startswith(graph.RGB):
        name = graph.matrix(video)
        given = {"in_color_matrix": SCALERS.get(name, name), "in_range": "pc" if video.full_range else "tv"}
    colours = {**given, **graph.TO_709, "flags": "bicubic+accurate_rnd"}
    if (video.width, video.height) == (width, height):
        stream = stream.filter("scale", width, height, **colours)
    else:
        stream = stream.filter("scale", **colours).filter("format", "yuva444p")
        stream = stream.filter("premultiply", inplace=1).filter("scale", width, height, flags="bicubic+accurate_rnd")
        stream = stream.filter("unpremultiply", inplace=1)
    return stream.filter("format", "yuva420p").filter("setsar", 1)


SCALERS = {"bt470bg": "bt470", "bt2020ncl": "bt2020"}  # what the scaler calls them


def _cycle(probe: Probe, rate: Fraction) -> int:
    """How many frames one round of a mark takes."""
    return max(1, round(Fraction(probe.duration_us, 1_000_000) * rate))


def _video(probe: Probe) -> VideoFacts:
    assert probe.video is not None, "the gate lets no mark without a picture through"
    return probe.video
