from fractions import Fraction

import ffmpeg
import pytest

from jobs.media import graph
from jobs.media.reframe import Frame
from tests.media.clips import facts, probe

TAGS = "setsar=1,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"
TO_709 = "in_range=tv:out_range=tv"


def chain(stream) -> str:
    """The graph as one line, links between single filters left out."""
    text = ffmpeg.output(stream, "out.mp4").get_args()[3]
    return ",".join(part.split("]", 1)[1].rsplit("[", 1)[0] for part in text.split(";"))


def normalised(width=720, height=1280, rate=30, fit="fill", frame=None, **changes) -> str:
    source = ffmpeg.input("in.mp4")["0"]
    return chain(graph.normalise(source, probe(**changes), width, height, Fraction(rate), frame or Frame(fit)))


def test_a_plain_source_is_only_scaled():
    assert normalised() == f"scale=720:1280:flags=bicubic:{TO_709},format=yuv420p,fps=fps=30/1:start_time=0,{TAGS}"


def test_it_crops_before_it_scales():
    assert normalised(width=720, height=720).startswith("crop=1080:1080:0:420,scale=720:720")


def test_it_drops_frames_before_the_work_on_them():
    assert normalised(rate=25).startswith("fps=fps=25/1:start_time=0,scale")


def test_it_deinterlaces_first():
    assert normalised(width=720, height=720, interlaced=True).startswith("bwdif=mode=send_frame,crop")


def test_it_tone_maps_after_scaling():
    made = normalised(transfer="arib-std-b67", primaries="bt2020", matrix="bt2020nc", pix_fmt="yuv420p10le")

    assert made.startswith(
        "scale=720:1280:flags=bicubic,"
        "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc:range=tv,"
        "zscale=npl=100:t=linear,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
        "zscale=m=bt709:r=tv:t=bt709,format=yuv420p,fps"
    )


def test_black_bars_are_padding():
    made = normalised(width=720, height=720, fit="fit")

    assert made.startswith(f"scale=406:720:flags=bicubic:{TO_709},format=yuv420p,fps=fps=30/1:start_time=0,pad=720:720")
    assert "color=black" in made


def test_no_bars_are_made_when_the_shape_fits():
    assert normalised(fit="fit") == normalised(fit="blur") == normalised(fit="fill")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"matrix": "smpte170m"},
            "in_range=tv:out_range=tv,format=yuv420p,colorspace=iprimaries=bt709:irange=tv:ispace=smp",
        ),
        ({"matrix": "bt470bg"}, "ispace=bt470bg"),
        ({"matrix": "bt2020nc"}, "ispace=bt2020ncl"),
        ({"full_range": True}, "scale=720:1280:flags=bicubic:in_range=pc:out_range=tv,format=yuv420p,fps"),
        ({"matrix": "gbr", "pix_fmt": "gbrp"}, "flags=bicubic:out_color_matrix=bt709:out_range=tv,format=yuv420p,fps"),
        ({"matrix": "bt2020nc", "primaries": "bt2020"}, "zscale=m=bt709:p=bt709:r=tv:t=bt709,format=yuv420p"),
    ],
)
def test_it_converts_the_colours_that_come_in(changes, expected):
    assert expected in normalised(**changes)


@pytest.mark.parametrize(
    ("size", "name"),
    [((640, 480), "smpte170m"), ((720, 576), "smpte170m"), ((720, 1280), "bt709"), ((1280, 544), "bt709")],
)
def test_it_guesses_untagged_colours_by_size(size, name):
    assert graph.matrix(facts(matrix="", width=size[0], height=size[1])) == name


@pytest.mark.parametrize(
    ("turn", "mirror", "filters"),
    [
        (0, True, "hflip"),
        (90, False, "transpose=clock"),
        (90, True, "transpose=cclock_flip"),
        (180, False, "hflip,vflip"),
        (180, True, "vflip"),
        (270, False, "transpose=cclock"),
        (270, True, "transpose=clock_flip"),
    ],
)
def test_it_turns_what_is_scaled_already(turn, mirror, filters):
    made = normalised(width=1280, height=720, frame=Frame(turn=turn, mirror=mirror))

    assert f",format=yuv420p,{filters},fps=" in made
    assert ("scale=720:1280" in made) is (turn in (90, 270))


def test_what_is_panned_away_is_not_scaled():
    made = normalised(frame=Frame(zoom=2, pan=(0, 1)))

    assert made.startswith("crop=540:960:0:960,scale=720:1280")


def test_a_picture_that_is_made_smaller_is_placed():
    made = normalised(frame=Frame(zoom=0.5, pan=(1, 0)))

    assert made.startswith("scale=360:640")
    assert "pad=720:1280:360:0:color=black" in made


SCALED = "flags=bicubic:in_range=tv:out_range=tv,format=yuv420p,fps=fps=30/1:start_time=0"
FILL = f"crop=1080:1080:0:420,scale=720:720:{SCALED},{TAGS}"
FIT = f"scale=406:720:{SCALED},pad=720:720:156:0:color=black,{TAGS}"
SOFT = "crop=406:406,scale=90:90:flags=bilinear,gblur=sigma=4,scale=720:720:flags=bicubic"
BLUR = f"scale=406:720:{SCALED},split=2[s3],{SOFT},[s3]overlay=156:0:format=yuv420,{TAGS}"


@pytest.mark.parametrize(("fit", "command"), [("fill", FILL), ("fit", FIT), ("blur", BLUR)])
def test_a_fit_alone_is_laid_out_as_ever(fit, command):
    assert normalised(width=720, height=720, fit=fit) == command


def test_mono_keeps_its_level():
    source = ffmpeg.input("in.mp4")["1"]

    assert "channelmap" in chain(graph.sound(source, 1))
    assert chain(graph.sound(source, 6)) == (
        "aresample=48000:async=1:first_pts=0,aformat=channel_layouts=stereo:sample_fmts=fltp"
    )
