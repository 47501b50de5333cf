"""All standing layers of a brand, drawn to one RGBA picture: the plate. Pillow only, no rows, no storage.

PlateSpec (canvas, ImageLayer | TextLayer, ...) -- digest() --> the name under which its pixels can be kept
    |
    +-- draw(spec, open_image) --> Plate (picture, x, y), cropped to what is not transparent
"""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache

from PIL import Image, ImageChops

from brands import lettering
from brands.layouts import Box, Canvas, even, image_box, safe_area, text_box, text_room
from brands.lettering import text_shaping
from jobs.media import picture
from jobs.media.errors import fail

__all__ = ["ImageLayer", "Plate", "PlateSpec", "TextLayer", "draw", "read_image", "text_shaping"]

ARTWORK_VERSION = 1  # to be raised whenever the same spec is drawn with other pixels
LEGIBLE_PERCENT = 1.7  # of the shorter side: 12 pixels at 720

OpenImage = Callable[[str], bytes]
OpenFont = Callable[[str], bytes]


@dataclass(frozen=True)
class ImageLayer:
    """A picture, named by the hash of its bytes. `x`, `y` (centre) and `width` are percent of the canvas, `rotation` is
    degrees clockwise. `shape` (circle, square) is cut from the middle. A full frame has neither turn nor shape.
    """

    sha256: str
    x: float
    y: float
    width: float
    opacity: float = 1.0
    full_frame: bool = False
    rotation: float = 0.0
    shape: str = ""


@dataclass(frozen=True)
class TextLayer:
    """A text. `x`, `y` and `width` are percent of the canvas, `size_percent` of its shorter side, colours #rrggbb.

    `font` is the sha256 of a font file that was taken in; without one it is the studio's own.
    """

    text: str
    x: float
    y: float
    width: float
    opacity: float = 1.0
    size_percent: float = 4.5
    colour: str = "#ffffff"
    box_colour: str = "#000000"
    box_opacity: float = 0.0
    rotation: float = 0.0
    font: str = ""


Layer = ImageLayer | TextLayer


@dataclass(frozen=True)
class PlateSpec:
    """Layers from back to front on one canvas."""

    canvas: Canvas
    layers: tuple[Layer, ...]

    def digest(self) -> str:
        """A hash of everything that shapes the pixels: equal digests, equal plates, on every machine."""
        layers = [{"kind": type(layer).__name__, **_plain(asdict(layer))} for layer in self.layers]
        facts = [ARTWORK_VERSION, self.canvas.width, self.canvas.height, layers]
        if any(isinstance(layer, TextLayer) for layer in self.layers):
            facts += [font_digest(), text_shaping()]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _plain(values: dict[str, object]) -> dict[str, object]:
    """15 and 15.0 are one value, and so is what differs only far behind the point."""
    return {
        name: round(float(value), 4) if isinstance(value, int | float) and not isinstance(value, bool) else value
        for name, value in values.items()
    }


@cache
def font_digest() -> str:
    return hashlib.sha256(lettering.FONT.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Plate:
    """The picture (RGBA, not premultiplied) and its place on the canvas. Place and size are even numbers."""

    image: Image.Image
    x: int
    y: int


def no_font(sha256: str) -> bytes:
    """For specs whose texts have no font of their own."""
    raise fail("font_missing")


def draw(spec: PlateSpec, open_image: OpenImage, open_font: OpenFont = no_font) -> Plate | None:
    """The plate of a spec; None when nothing on it can be seen. The two functions give the bytes behind a sha256."""
    plate = Image.new("RGBA", (spec.canvas.width, spec.canvas.height))
    for layer in spec.layers:
        if isinstance(layer, ImageLayer):
            _draw_image(plate, spec.canvas, layer, read_image(open_image(layer.sha256)))
        else:
            _draw_text(plate, spec.canvas, layer)
    opaque = plate.getchannel("A").getbbox()
    if not opaque:
        return None
    left, top, right, bottom = opaque
    # On an odd offset the overlay's chroma would land half a pixel beside its luma.
    box = even(Box(left, top, right - left, bottom - top))
    return Plate(plate.crop((box.x, box.y, box.right, box.bottom)), box.x, box.y)


def _draw_image(plate: Image.Image, canvas: Canvas, layer: ImageLayer, image: Image.Image) -> None:
    aspect = image.width / image.height
    box = image_box(canvas, layer.x, layer.y, layer.width, aspect, layer.full_frame)
    seen = box.crop(canvas.box)
    if not seen.width or not seen.height:
        return
    # Only the part in sight is scaled, so that a width of 200 percent needs no more memory than one of 100.
    columns, rows = image.width / box.width, image.height / box.height
    part = (
        (seen.x - box.x) * columns,
        (seen.y - box.y) * rows,
        (seen.right - box.x) * columns,
        (seen.bottom - box.y) * rows,
    )
    # For RGBA, Pillow resizes premultiplied colours: transparent pixels leave no dark fringe on the edges.
    scaled = image.resize((seen.width, seen.height), Image.Resampling.LANCZOS, box=part, reducing_gap=3.0)
    plate.alpha_composite(_faded(scaled, layer.opacity), (seen.x, seen.y))


def _draw_text(plate: Image.Image, canvas: Canvas, layer: TextLayer) -> None:
    text = lettering.clean(layer.text)
    if not text:
        return
    width, height = text_room(canvas, layer.width)
    short = canvas.short_side
    room = lettering.Room(width, safe_area(canvas).width, height, max(1, round(short * LEGIBLE_PERCENT / 100)))
    size = max(1, round(short * layer.size_percent / 100))
    block = lettering.fit(text, size, room, boxed=layer.box_opacity > 0)
    box = text_box(canvas, layer.x, layer.y, block.width, block.height)
    letters, behind = lettering.masks(block, box.width, box.height)
    drawn = _coloured(letters, layer.colour)
    if behind:
        ground = _faded(_coloured(behind, layer.box_colour), layer.box_opacity)
        ground.alpha_composite(drawn)
        drawn = ground
    plate.alpha_composite(_faded(drawn, layer.opacity), (box.x, box.y))


def _coloured(mask: Image.Image, colour: str) -> Image.Image:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    image = Image.new("RGBA", mask.size, (red, green, blue, 0))
    image.putalpha(mask)
    return image


def _faded(image: Image.Image, opacity: float) -> Image.Image:
    if opacity < 1:
        alpha = image.getchannel("A")
        image.putalpha(ImageChops.multiply(alpha, Image.new("L", alpha.size, round(255 * max(0.0, opacity)))))
    return image


def read_image(data: bytes) -> Image.Image:
    """A picture that was rebuilt when it was taken in: RGBA in sRGB. Strangers' pictures are not decoded here.

    Raises `artwork_unreadable`, with the reason as detail, for anything else.
    """
    if picture.dimensions(io.BytesIO(data)) is None:
        raise fail("artwork_unreadable", "this file was not made here: upload the picture again")
    try:
        image = Image.open(io.BytesIO(data), formats=("PNG",))
        image.load()
    except (OSError, ValueError, SyntaxError) as error:
        raise fail("artwork_unreadable", f"damaged or cut off ({error})") from None
    return image
