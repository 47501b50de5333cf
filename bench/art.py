"""Artwork of as many brands as a bench asks for: a watermark over the whole frame and a logo in the corner.

Greys only. The two ways turn colours into BT.709 differently; here only speed, size and sharpness are compared.
"""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from brands.artwork import ImageLayer, PlateSpec, draw
from brands.layouts import Canvas
from jobs.pipelines.brand import Overlay

FONT = Path(__file__).parent.parent / "brands" / "fonts" / "Inter-SemiBold.otf"
WATERMARK = (1080, 1920)
LOGO = (400, 200)
COVER_PERCENT = 115
OPACITY = 0.4
LOGO_PERCENT = 15


@dataclass(frozen=True)
class Art:
    """One brand's pictures as PNG bytes."""

    watermark: bytes
    logo: bytes


def make(number: int) -> Art:
    name = f"BRAND {number + 1}"
    return Art(_png(_watermark(name, number)), _png(_logo(name)))


def overlay(art: Art, canvas: Canvas, path: Path) -> Overlay:
    """The plate that a brand with these two pictures gets, drawn as it always is."""
    pictures = {hashlib.sha256(data).hexdigest(): data for data in (art.watermark, art.logo)}
    watermark, logo = pictures
    layers = (
        ImageLayer(watermark, 50, 50, COVER_PERCENT, opacity=OPACITY, full_frame=True),
        ImageLayer(logo, 100, 100, LOGO_PERCENT),
    )
    plate = draw(PlateSpec(canvas, layers), pictures.__getitem__)
    assert plate is not None
    plate.image.save(path, compress_level=3)
    return Overlay(path, plate.x, plate.y)


def _watermark(name: str, number: int) -> Image.Image:
    """The name three times, slanting, over the frame; a little lower for each brand. Most of it is empty."""
    watermark = Image.new("RGBA", WATERMARK)
    font = ImageFont.truetype(str(FONT), 84)
    for x, y in ((300, 420), (560, 960), (800, 1500)):
        row = Image.new("RGBA", (520, 120))
        ImageDraw.Draw(row).text((260, 60), name, font=font, anchor="mm", fill=(255, 255, 255, 255))
        row = row.rotate(30, Image.Resampling.BICUBIC, expand=True)
        watermark.alpha_composite(row, (x - row.width // 2, y - row.height // 2 + 17 * number))
    return watermark


def _logo(name: str) -> Image.Image:
    """Dark grey, not black: the sequential way makes black transparent."""
    logo = Image.new("RGBA", LOGO)
    pen, font = ImageDraw.Draw(logo), ImageFont.truetype(str(FONT), 66)
    pen.rounded_rectangle((0, 0, LOGO[0] - 1, LOGO[1] - 1), 50, fill=(96, 96, 96, 255))
    pen.text((LOGO[0] / 2, LOGO[1] / 2), name, font=font, anchor="mm", fill=(255, 255, 255, 255))
    return logo


def _png(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()
