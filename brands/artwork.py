"""All standing layers of a brand, drawn to one RGBA picture: the plate. Pillow only, no rows, no storage.

PlateSpec (canvas, ImageLayer | TextLayer, ...) -- digest() --> the name under which its pixels can be kept
    |
    +-- draw(spec, open_image, open_font) --> Plate (picture, x, y), cropped to what is not transparent
"""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from math import cos, radians, sin

from PIL import Image, ImageChops

from brands import lettering, typefaces
from brands.layouts import Box, Canvas, aspect, even, image_box, safe_area, text_box, text_room, turned
from brands.typefaces import text_shaping
from jobs.media import picture
from jobs.media.errors import fail

__all__ = [
    "ImageLayer",
    "Plate",
    "PlateSpec",
    "TextLayer",
    "draw",
    "layer_box",
    "missing_glyphs",
    "read_image",
    "text_shaping",
]

ARTWORK_VERSION = 2  # to be raised whenever the same spec is drawn with other pixels
EDGE = 2  # pixels
QUARTERS = {90.0: Image.Transpose.ROTATE_270, 180.0: Image.Transpose.ROTATE_180, 270.0: Image.Transpose.ROTATE_90}
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
        facts = [ARTWORK_VERSION, *self.values()]
        if texts := [layer.text for layer in self.layers if isinstance(layer, TextLayer)]:
            facts += [text_shaping(), *lettering.fonts_used("\n".join(texts))]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def values(self) -> list[object]:
        """Everything that somebody chose and that can be seen, and nothing of what draws it."""
        layers = [{"kind": type(layer).__name__, **_plain(asdict(_seen(layer)))} for layer in self.layers]
        return [self.canvas.width, self.canvas.height, layers]


def _seen(layer: Layer) -> Layer:
    """The same layer with what does not count for it put to one value."""
    layer = replace(layer, rotation=layer.rotation % 360)
    if isinstance(layer, ImageLayer):
        return replace(layer, x=50, y=50, rotation=0, shape="") if layer.full_frame else layer
    return replace(layer, text=lettering.clean(layer.text), box_colour=layer.box_colour if layer.box_opacity else "")


def _plain(values: dict[str, object]) -> dict[str, object]:
    """15 and 15.0 are one value, and so is what differs only far behind the point."""
    return {
        name: round(float(value), 4) if isinstance(value, int | float) and not isinstance(value, bool) else value
        for name, value in values.items()
    }


@dataclass(frozen=True)
class Plate:
    """The picture (RGBA, not premultiplied) and its place on the canvas. Place and size are even numbers."""

    image: Image.Image
    x: int
    y: int


def no_image(sha256: str) -> bytes:
    """For specs without pictures."""
    raise fail("artwork_missing")


def no_font(sha256: str) -> bytes:
    """For specs whose texts have no font of their own."""
    raise fail("font_missing")


def draw(spec: PlateSpec, open_image: OpenImage, open_font: OpenFont = no_font) -> Plate | None:
    """The plate of a spec; None when nothing on it can be seen. The two functions give the bytes behind a sha256."""
    plate = Image.new("RGBA", (spec.canvas.width, spec.canvas.height))
    for layer in spec.layers:
        if part := _drawn(spec.canvas, layer, open_image, open_font):
            plate.alpha_composite(_faded(part.image, layer.opacity), (part.x, part.y))
    opaque = plate.getchannel("A").getbbox()
    if not opaque:
        return None
    left, top, right, bottom = opaque
    # On an odd offset the overlay's chroma would land half a pixel beside its luma.
    box = even(Box(left, top, right - left, bottom - top))
    return Plate(plate.crop((box.x, box.y, box.right, box.bottom)), box.x, box.y)


def layer_box(canvas: Canvas, layer: Layer, open_image: OpenImage, open_font: OpenFont = no_font) -> Box | None:
    """Where a layer goes, upright: turn it about its centre. None when there is nothing to see.

    A full frame's may be larger than the canvas.
    """
    if isinstance(layer, ImageLayer):
        return _image_box(canvas, layer, read_image(open_image(layer.sha256)))
    block = _block(canvas, layer, open_font)
    return _text_box(canvas, layer, block) if block else None


def missing_glyphs(spec: PlateSpec, open_font: OpenFont = no_font) -> str:
    """The characters of all texts that no font has, each once: they are left out."""
    texts = [layer for layer in spec.layers if isinstance(layer, TextLayer)]
    found = (lettering.missing_glyphs(layer.text, open_font(layer.font) if layer.font else b"") for layer in texts)
    return "".join(dict.fromkeys("".join(found)))


def _drawn(canvas: Canvas, layer: Layer, open_image: OpenImage, open_font: OpenFont) -> Plate | None:
    """A layer by itself, opaque as it came."""
    if isinstance(layer, TextLayer):
        return _drawn_text(canvas, layer, open_font)
    image = read_image(open_image(layer.sha256))
    box = _image_box(canvas, layer, image)
    if layer.full_frame:
        seen = box.crop(canvas.box)
        return Plate(_scaled(image, box, seen), seen.x, seen.y) if seen.width and seen.height else None
    return _turned(_cut(image, layer.shape, box), box, layer.rotation)


# --- pictures -------------------------------------------------------------------------------------------------------


def _image_box(canvas: Canvas, layer: ImageLayer, image: Image.Image) -> Box:
    ratio = aspect(image.width, image.height, "" if layer.full_frame else layer.shape)
    return image_box(canvas, layer.x, layer.y, layer.width, ratio, layer.full_frame, layer.rotation)


def _scaled(image: Image.Image, box: Box, seen: Box) -> Image.Image:
    """Only the part in sight is scaled, so that a width of 200 percent needs no more memory than one of 100."""
    columns, rows = image.width / box.width, image.height / box.height
    part = (
        (seen.x - box.x) * columns,
        (seen.y - box.y) * rows,
        (seen.right - box.x) * columns,
        (seen.bottom - box.y) * rows,
    )
    # For RGBA, Pillow resizes premultiplied colours: transparent pixels leave no dark fringe on the edges.
    return image.resize((seen.width, seen.height), Image.Resampling.LANCZOS, box=part, reducing_gap=3.0)


def _cut(image: Image.Image, shape: str, box: Box) -> Image.Image:
    """The picture, or what its shape leaves of it, in the size of the box."""
    side = min(image.width, image.height)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    part = (left, top, left + side, top + side) if shape else (0, 0, *image.size)
    scaled = image.resize((box.width, box.height), Image.Resampling.LANCZOS, box=part, reducing_gap=3.0)
    if shape == "circle":
        disc = lettering.rounded(box.width, box.height, min(box.width, box.height) // 2)
        scaled.putalpha(ImageChops.multiply(scaled.getchannel("A"), disc))
    return scaled


def _turned(image: Image.Image, box: Box, rotation: float) -> Plate:
    """The picture of an upright box, turned clockwise about its centre."""
    seen = turned(box, rotation)
    if quarters := QUARTERS.get(rotation % 360):
        whole = Image.new("RGBA", (seen.width, seen.height))
        whole.paste(image.transpose(quarters))
        return Plate(whole, seen.x, seen.y)
    return Plate(_slanted(image, seen, rotation) if rotation % 360 else image, seen.x, seen.y)


def _slanted(image: Image.Image, seen: Box, rotation: float) -> Image.Image:
    # The pixels at the edge need something transparent to fade into. For RGBA, Pillow turns premultiplied colours.
    wide = Image.new("RGBA", (image.width + 2 * EDGE, image.height + 2 * EDGE))
    wide.paste(image, (EDGE, EDGE))
    across, along = cos(radians(rotation)), sin(radians(rotation))
    x, y = seen.width / 2, seen.height / 2
    # Where a pixel of the new picture comes from: turned back about the one middle, and moved to the other.
    matrix = (
        *(across, along, wide.width / 2 - across * x - along * y),
        *(-along, across, wide.height / 2 + along * x - across * y),
    )
    return wide.transform((seen.width, seen.height), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


# --- texts ----------------------------------------------------------------------------------------------------------


def _block(canvas: Canvas, layer: TextLayer, open_font: OpenFont) -> lettering.Block | None:
    text = lettering.clean(layer.text)
    if not text:
        return None
    width, height = text_room(canvas, layer.width)
    short = canvas.short_side
    room = lettering.Room(width, safe_area(canvas).width, height, max(1, round(short * LEGIBLE_PERCENT / 100)))
    size = max(1, round(short * layer.size_percent / 100))
    own = typefaces.own(open_font(layer.font)) if layer.font else None
    with _readable_font():
        block = lettering.fit(text, size, room, layer.box_opacity > 0, own)
    return block if block.visible else None


@contextmanager
def _readable_font() -> Iterator[None]:
    """Letters are read when they are needed. One may claim to be larger than anything that can be drawn."""
    try:
        yield
    except OSError as error:
        raise fail("font_unreadable", str(error)) from None


def _drawn_text(canvas: Canvas, layer: TextLayer, open_font: OpenFont) -> Plate | None:
    block = _block(canvas, layer, open_font)
    if block is None:
        return None
    box = _text_box(canvas, layer, block)
    with _readable_font():
        letters, signs, behind = lettering.pictures(block, box.width, box.height)
    drawn = _coloured(letters, layer.colour)
    if signs:
        drawn.alpha_composite(signs)
    front = _turned(drawn, box, layer.rotation)
    if behind is None:
        return front
    # Turned while it is solid: sharp scaling overshoots at edges, which would be a rim around a see-through box.
    ground = _turned(_coloured(behind, layer.box_colour), box, layer.rotation)
    _faded(ground.image, layer.box_opacity).alpha_composite(front.image)
    return ground


def _text_box(canvas: Canvas, layer: TextLayer, block: lettering.Block) -> Box:
    return text_box(canvas, layer.x, layer.y, block.width, block.height, layer.rotation)


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
