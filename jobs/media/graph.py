"""The filters between a source and its canvas, as ffmpeg-python graphs. Nothing is run, no text enters a filter.

source -> deinterlace -> cut -> scale (and BT.709) -> tone map -> 8 bit -> turn -> constant rate -> bars -> tags
plate  -> BT.709 with alpha -> over the picture
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from jobs.media import formats, reframe
from jobs.media.encode import AUDIO_RATE
from jobs.media.probe import Probe, VideoFacts
from jobs.media.reframe import Box, Frame, Placed, even

Stream = Any  # ffmpeg-python has no types

POSTER_WIDTH = 360


def normalise(stream: Stream, probe: Probe, width: int, height: int, rate: Fraction, frame: Frame) -> Stream:
    """The source's picture on the canvas: progressive, 8-bit BT.709 in video range, square pixels, constant rate."""
    video = probe.video
    assert video is not None, "the gate lets no file without a picture through"
    if video.interlaced:
        stream = stream.filter("bwdif", mode="send_frame")
    placed = reframe.place(video, width, height, frame)
    stream = paced(cut(stream, placed), placed, probe, rate)
    return tagged(boxed(stream, placed, width, height).filter("setsar", 1))


def laid(stream: Stream, probe: Probe, width: int, height: int, frame: Frame) -> Stream:
    """As `normalise`, at the times of the frames that come in, and with their fields as they are."""
    assert probe.video is not None, "the gate lets no file without a picture through"
    placed = reframe.place(probe.video, width, height, frame)
    stream = turned(to_sdr(cut(stream, placed), *placed.size, probe), placed)
    return tagged(boxed(stream, placed, width, height).filter("setsar", 1))


def cut(stream: Stream, placed: Placed) -> Stream:
    """Cut before scaling: what falls off is not scaled."""
    box = placed.cut
    return stream if placed.whole else stream.filter("crop", box.width, box.height, box.x, box.y)


def paced(stream: Stream, placed: Placed, probe: Probe, rate: Fraction) -> Stream:
    """To SDR at the constant rate. Frames are dropped before the work on them, and repeated after it."""
    assert probe.video is not None
    if probe.video.rate > rate:
        return turned(to_sdr(constant(stream, rate), *placed.size, probe), placed)
    return constant(turned(to_sdr(stream, *placed.size, probe), placed), rate)


def constant(stream: Stream, rate: Fraction) -> Stream:
    """Frames at a constant rate from time 0: without `start_time` a late first frame would shift the sound."""
    return stream.filter("fps", fps=f"{rate.numerator}/{rate.denominator}", start_time=0)


TURNED: dict[tuple[int, bool], list[tuple[str, ...]]] = {
    (0, True): [("hflip",)],
    (90, False): [("transpose", "clock")],
    (90, True): [("transpose", "cclock_flip")],
    (180, False): [("hflip",), ("vflip",)],
    (180, True): [("vflip",)],
    (270, False): [("transpose", "cclock")],
    (270, True): [("transpose", "clock_flip")],
}


def turned(stream: Stream, placed: Placed) -> Stream:
    """Turned, then mirrored. The picture is in 8 bits by then, and seldom larger than it was."""
    for words in TURNED.get((placed.turn, placed.mirror), []):
        stream = stream.filter(*words)
    return stream


def boxed(stream: Stream, placed: Placed, width: int, height: int) -> Stream:
    """The picture in its box, with bars that are black or a blurred copy of it."""
    if placed.full:
        return stream
    box = placed.box
    if not placed.blurred:
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
    stream = stream.filter("trim", start_frame=number, end_frame=number + 1).filter("setpts", "0")
    return stream.filter("tpad", stop=1, stop_mode="clone")  # or `constant` would drop it: it seems to last for 0 s


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
