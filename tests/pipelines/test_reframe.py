"""Frames of a render against the same done by Pillow, pixel by pixel."""

from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from jobs.media import encode, probe
from jobs.media.probe import Gate
from jobs.media.reframe import Frame
from jobs.pipelines import command
from jobs.pipelines.order import BrandSpec, Cell
from tests.media.clips import X264, ffmpeg
from wtfsite.lib import process

GATE = Gate(max_seconds=60, max_bytes=100_000_000)
WIDTH, HEIGHT = 320, 180
CANVAS = 180, 240
TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
FRAMES = {
    "fill": Frame(),
    "fit": Frame("fit"),
    "turned": Frame(turn=90),
    "turned over": Frame("fit", turn=180),
    "turned left and mirrored": Frame(turn=270, mirror=True),
    "turned and mirrored": Frame("fit", turn=90, mirror=True),
    "mirrored": Frame(mirror=True, pan=(0, 0.5)),
    "panned": Frame(pan=(1, 0.5)),
    "enlarged": Frame(zoom=2.5, pan=(0.2, 0.9)),
    "made smaller": Frame(zoom=0.5, pan=(1, 0.25)),
    "fitted and enlarged": Frame("fit", zoom=1.5, pan=(0.75, 0)),
    "cut": Frame("fit", crop=(0.25, 0.1, 0.5, 0.6)),
    "all at once": Frame("fit", 270, True, (0.1, 0.3, 0.6, 0.6), 1.4, (0.3, 0.8)),
}


@pytest.fixture(scope="module")
def picture(tmp_path_factory) -> Path:
    """One picture without hard edges, of which no two corners are alike."""
    ramps = [Image.linear_gradient("L").resize((WIDTH, HEIGHT))]
    ramps += [ramps[0].transpose(Image.Transpose.ROTATE_180), Image.radial_gradient("L").resize((WIDTH, HEIGHT))]
    ramps[1] = Image.linear_gradient("L").rotate(90).resize((WIDTH, HEIGHT))
    path = tmp_path_factory.mktemp("picture") / "picture.png"
    Image.merge("RGB", ramps).save(path)
    return path


@pytest.fixture(scope="module")
def clip(picture) -> Path:
    path = picture.with_suffix(".mp4")
    to_709 = "scale=out_color_matrix=bt709:flags=accurate_rnd+full_chroma_int,format=yuv420p"
    tags = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
    loop = ("-loop", 1, "-framerate", 10, "-t", 0.5)
    ffmpeg(*loop, "-i", picture, "-vf", f"{to_709},{tags}", *X264, "-crf", 1, path)
    return path


def by_pillow(picture: Image.Image, frame: Frame) -> Image.Image:
    if frame.turn:
        picture = picture.transpose(TURNS[frame.turn])
    if frame.mirror:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    left, top, width, height = frame.crop
    right, bottom = round((left + width) * picture.width), round((top + height) * picture.height)
    picture = picture.crop((round(left * picture.width), round(top * picture.height), right, bottom))
    ratios = CANVAS[0] / picture.width, CANVAS[1] / picture.height
    scale = (max if frame.fit == "fill" else min)(ratios) * frame.zoom
    picture = picture.resize((round(scale * picture.width), round(scale * picture.height)), Image.Resampling.BICUBIC)
    canvas = Image.new("RGB", CANVAS)
    x, y = (round(p * (c - s)) for p, c, s in zip(frame.pan, CANVAS, picture.size, strict=True))
    canvas.paste(picture, (x, y))
    return canvas


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_is_where_pillow_puts_it(name, picture, clip, tmp_path, real_tools):
    frame = FRAMES[name]
    record = probe.read(clip, real_tools, GATE, tmp_path)
    spec = BrandSpec(clip, record, *CANVAS, Fraction(10), frame, encode.PROFILES["draft"], (Cell("c0"),))
    process.run(command.frame(spec, real_tools, 200_000), work=tmp_path, reads=[clip], timeout=60)

    with Image.open(tmp_path / command.FRAME_FILE) as made, Image.open(picture) as source:
        found, wanted = made.convert("RGB"), by_pillow(source, frame)
    off = ImageChops.difference(found, wanted).convert("L")
    assert mean(off) < 3  # even pixels of the source are up to four of the canvas
    wrong = ImageChops.difference(found, wanted.transpose(Image.Transpose.FLIP_LEFT_RIGHT)).convert("L")
    assert mean(wrong) > 2 * mean(off)


def mean(picture: Image.Image) -> float:
    counts = picture.histogram()
    return sum(level * count for level, count in enumerate(counts)) / sum(counts)
