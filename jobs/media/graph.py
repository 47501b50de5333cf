"""The filters between a source and its canvas, as ffmpeg-python graphs. Nothing is run, no text enters a filter.

source -> deinterlace -> crop -> scale (and BT.709) -> tone map -> 8 bit -> bars -> constant rate -> tags
plate  -> BT.709 with alpha -> over the picture
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from jobs.media import formats
from jobs.media.encode import AUDIO_RATE
from jobs.media.probe import Probe, VideoFacts

Stream = Any  # ffmpeg-python has no types

FITS = ("fill", "fit", "blur")
POSTER_WIDTH = 360


@dataclass(frozen=True)
class Box:
    """A rectangle in even pixels."""

    x: int
    y: int
    width: int
    height: int


def even(value: Fraction | float) -> int:
    """The nearest even number, at least 2: colour is kept for blocks of two by two pixels."""
    return max(2, 2 * int(value / 2 + Fraction(1, 2)))


def turned(video: VideoFacts) -> tuple[int, int, Fraction]:
    """Width, height and pixel shape after ffmpeg has turned the picture upright, which it does by itself."""
    if video.rotation in (90, 270):
        return video.height, video.width, 1 / video.sar
    return video.width, video.height, video.sar


def crop_box(video: VideoFacts, width: int, height: int) -> Box:
    """The largest part in the middle of the (turned) picture that has the canvas's shape, in the source's pixels."""
    full_width, full_height, pixel = turned(video)
    widest, highest = full_width - full_width % 2, full_height - full_height % 2
    wanted = Fraction(width, height) / pixel
    inner_width, inner_height = min(even(highest * wanted), widest), min(even(widest / wanted), highest)
    return Box(_middle(full_width, inner_width), _middle(full_height, inner_height), inner_width, inner_height)


def inner_box(video: VideoFacts, width: int, height: int) -> Box:
    """Where the whole picture lies when it is fitted into the canvas."""
    full_width, full_height, pixel = turned(video)
    shape = full_width * pixel / full_height
    inner_width = min(width, even(height * shape))
    inner_height = min(height, even(width / shape))
    return Box(_middle(width, inner_width), _middle(height, inner_height), inner_width, inner_height)


def _middle(outer: int, inner: int) -> int:
    return (outer - inner) // 4 * 2


def normalise(stream: Stream, probe: Probe, width: int, height: int, rate: Fraction, fit: str) -> Stream:
    """The source's picture on the canvas: progressive, 8-bit BT.709 in video range, square pixels, constant rate."""
    video = probe.video
    assert video is not None, "the gate lets no file without a picture through"
    if video.interlaced:
        stream = stream.filter("bwdif", mode="send_frame")
    if fit == "fill":
        stream = paced(crop(stream, video, width, height), width, height, probe, rate)
    else:
        box = inner_box(video, width, height)
        stream = boxed(paced(stream, box.width, box.height, probe, rate), box, width, height, blurred=fit == "blur")
    return tagged(stream.filter("setsar", 1))


def paced(stream: Stream, width: int, height: int, probe: Probe, rate: Fraction) -> Stream:
    """To SDR at the constant rate. Frames are dropped before the work on them, and repeated after it."""
    assert probe.video is not None
    if probe.video.rate > rate:
        return to_sdr(constant(stream, rate), width, height, probe)
    return constant(to_sdr(stream, width, height, probe), rate)


def constant(stream: Stream, rate: Fraction) -> Stream:
    """Frames at a constant rate from time 0: without `start_time` a late first frame would shift the sound."""
    return stream.filter("fps", fps=f"{rate.numerator}/{rate.denominator}", start_time=0)


def crop(stream: Stream, video: VideoFacts, width: int, height: int) -> Stream:
    """Cut to the canvas's shape before scaling: what falls off is not scaled."""
    box = crop_box(video, width, height)
    if (box.width, box.height) == turned(video)[:2]:
        return stream
    return stream.filter("crop", box.width, box.height, box.x, box.y)


def boxed(stream: Stream, box: Box, width: int, height: int, *, blurred: bool) -> Stream:
    """The picture in its box, with bars that are black or a blurred copy of it."""
    if (box.width, box.height) == (width, height):
        return stream
    if not blurred:
        return stream.filter("pad", width, height, box.x, box.y, color="black")
    sharp, soft = copies(stream, 2)
    return ffmpeg.filter([blur(soft, box, width, height), sharp], "overlay", box.x, box.y, format="yuv420")


def blur(stream: Stream, box: Box, width: int, height: int) -> Stream:
    """A soft picture of the canvas's size. Blurring an eighth of each side and enlarging it costs next to nothing."""
    shape = Fraction(width, height)
    inner_width, inner_height = min(box.width, even(box.height * shape)), min(box.height, even(box.width / shape))
    return (
        stream.filter("crop", inner_width, inner_height)
        .filter("scale", even(width / 8), even(height / 8), flags="bilinear")
        .filter("gblur", sigma=4)
        .filter("scale", width, height, flags="bicubic")
    )


def to_sdr(stream: Stream, width: int, height: int, probe: Probe) -> Stream:
    """Scale, and bring any colour to 8-bit BT.709 in video range. HDR is scaled first: tone mapping works in floats."""
    video = probe.video
    assert video is not None
    if probe.hdr or video.primaries == "bt2020":
        stream = wide_tags(stream.filter("scale", width, height, flags=SCALER), video)
        stream = tone_map(stream) if probe.hdr else stream.filter("zscale", p="bt709", t="bt709", m="bt709", r="tv")
        return stream.filter("format", "yuv420p")
    if video.pix_fmt.startswith(RGB):  # no matrix comes in
        return stream.filter("scale", width, height, flags=SCALER, **TO_709).filter("format", "yuv420p")
    given = "pc" if video.full_range else "tv"
    stream = stream.filter("scale", width, height, flags=SCALER, in_range=given, out_range="tv")
    return to_709(stream.filter("format", "yuv420p"), matrix(video))


SCALER = "bicubic"
RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "pal")
TO_709 = {"out_color_matrix": "bt709", "out_range": "tv"}
MATRICES = {name: name for name in ("bt709", "smpte170m", "bt470bg", "fcc", "smpte240m")} | {"bt2020nc": "bt2020ncl"}


def to_709(stream: Stream, name: str) -> Stream:
    """From another matrix. Exact and nearly free here; inside the scaler it costs 5 ms a frame and is off by one."""
    if name == "bt709":
        return stream
    kept = {f"{side}{key}": "bt709" for side in ("i", "") for key in ("primaries", "trc")}  # the matrix, nothing else
    return stream.filter("colorspace", ispace=name, space="bt709", irange="tv", range="tv", **kept)


def matrix(video: VideoFacts) -> str:
    """The matrix that comes in. Untagged pictures are BT.601 up to the size of PAL, as players take it."""
    by_size = "bt709" if max(video.width, video.height) >= 1280 or video.height > 576 else "smpte170m"
    return MATRICES.get(video.matrix, by_size)


def wide_tags(stream: Stream, video: VideoFacts) -> Stream:
    """Say what the colours are: zscale fails on untagged frames ("no path between colorspaces")."""
    return stream.filter(
        "setparams",
        range="pc" if video.full_range else "tv",
        color_primaries=video.primaries or "bt2020",
        color_trc=video.transfer or "bt709",
        colorspace=video.matrix or "bt2020nc",
    )


def tone_map(stream: Stream) -> Stream:
    """HLG or PQ to SDR."""
    return (
        stream.filter("zscale", t="linear", npl=100)
        .filter("format", "gbrpf32le")
        .filter("zscale", p="bt709")
        .filter("tonemap", "hable", desat=0)
        .filter("zscale", t="bt709", m="bt709", r="tv")
    )


def tagged(stream: Stream) -> Stream:
    """Tags by filter: later versions ignore them as output options."""
    return stream.filter("setparams", range="tv", color_primaries="bt709", color_trc="bt709", colorspace="bt709")


QUEUE = 8  # packets that ffmpeg reads ahead of an input when there are several


def reading(taken: Iterable[str], number: int) -> dict[str, Any]:
    """Options of an input that is read beside the source: `taken` are formats, `number` counts such inputs.

    The library makes equal inputs one, which is then read for two purposes at two times: it stands in memory in
    between. A queue that is longer by the number tells them apart, and changes nothing else.
    """
    return {**formats.safe_input(taken), "thread_queue_size": QUEUE + number}


def plate(path: Path) -> Stream:
    """A plate as an input, converted once to the picture's own format: any other is paid for in each frame.

    It gives one frame, which `overlay` repeats. `png_pipe` takes the file's name as it is; `image2` would read `%03d`
    in it as a pattern.
    """
    picture = ffmpeg.input(f"file:{path.absolute()}", f="png_pipe", protocol_whitelist="file")
    flags = "bicubic+accurate_rnd+full_chroma_inp"
    return picture.filter("scale", out_color_matrix="bt709", out_range="tv", flags=flags).filter("format", "yuva420p")


def over(base: Stream, picture: Stream, x: int, y: int) -> Stream:
    """Lay a plate on the canvas."""
    return ffmpeg.filter([base, picture], "overlay", x, y, format="yuv420")


def rgb(stream: Stream) -> Stream:
    """A canvas as a picture for screens, all of its colour kept."""
    flags = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
    return stream.filter("scale", in_color_matrix="bt709", in_range="tv", out_range="pc", flags=flags).filter(
        "format", "rgb24"
    )


def single(stream: Stream, probe: Probe, rate: Fraction, number: int) -> Stream:
    """Of the source's picture only what becomes frame `number`, at time 0, to be normalised as `progressive`.

    Frames are chosen before the work on them, by the filter that chooses them in a render too, so it is the same one.
    """
    assert probe.video is not None
    if probe.video.interlaced:
        stream = stream.filter("bwdif", mode="send_frame")
    stream = constant(stream, rate).filter("tpad", stop=2, stop_mode="clone")  # a source may end a frame early
    return stream.filter("trim", start_frame=number, end_frame=number + 1).filter("setpts", "0")


def progressive(probe: Probe) -> Probe:
    """The same, as if its picture had never been interlaced."""
    assert probe.video is not None
    return replace(probe, video=replace(probe.video, interlaced=False))


def moved(stream: Stream, number: int) -> Stream:
    """A single frame to its place: what lies over it depends on the time."""
    return stream.filter("trim", end_frame=1).filter("setpts", str(number))


def stills(stream: Stream, every: int) -> Stream:
    """Each `every`th frame from the first on, small, in the colours of a JPEG (BT.601, full range)."""
    return (
        stream.filter("select", f"not(mod(n,{every}))")
        .filter(
            "scale", POSTER_WIDTH, -2, in_color_matrix="bt709", out_color_matrix="bt601", in_range="tv", out_range="pc"
        )
        .filter("format", "yuvj420p")
    )


def sound(stream: Stream, channels: int) -> Stream:
    """48 kHz stereo from time 0; gaps in the timestamps become silence, else all that follows would come early."""
    stream = stream.filter("aresample", AUDIO_RATE, **{"async": 1}, first_pts=0)
    if channels == 1:  # at its own level on both sides; the resampler would take 3 dB off
        stream = stream.filter("channelmap", map="0-0|0-1", channel_layout="stereo")
    return stream.filter("aformat", sample_fmts="fltp", channel_layouts="stereo")


def copies(stream: Stream, count: int) -> Sequence[Stream]:
    """The stream, `count` times."""
    if count == 1:
        return [stream]
    split = stream.filter_multi_output("split", count)
    return [split.stream(number) for number in range(count)]
