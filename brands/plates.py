"""Rows to plates: which layers a brand shows on a variant, their pictures, and the finished plate as a file.

Plates are kept in the default storage under the hash of what shapes them, so a host that has never seen the brand finds
them too. That store is a convenience: whatever is wrong with it, the plate is drawn again.
"""

import hashlib
import io
import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageDraw, PngImagePlugin

from brands import layouts
from brands.artwork import ImageLayer, Plate, PlateSpec, TextLayer, draw, read_image
from brands.layouts import Canvas
from brands.models import Artwork, Brand, Font, Layer, LayerKind, Variant
from jobs.media.errors import ArtworkError, fail

log = logging.getLogger(__name__)

DAMAGED: tuple[type[Exception], ...] = (KeyError, ValueError, SyntaxError)  # what a half-written PNG makes Pillow raise
PLACE_KEY = "place"  # the text chunk of a kept PNG that says "x y"
# A picture made for one upright shape is good enough for the other.
SIBLING = {Variant.VERTICAL: Variant.PORTRAIT, Variant.PORTRAIT: Variant.VERTICAL}


class PlateFile(NamedTuple):
    """A plate on disk and where its top left corner goes on the canvas, in pixels."""

    path: Path
    x: int
    y: int


# --- rows to specs --------------------------------------------------------------------------------------------------


def spec(brand: Brand, canvas: Canvas, variant: str) -> PlateSpec:
    """What the brand shows on this variant. Raises `artwork_missing` with the layer's name when a picture is not there.

    Reads `brand.layers` and `brand.artwork`; prefetch both when asking for many.
    """
    layers = visible_layers(brand.layers.all(), variant)
    return PlateSpec(canvas, tuple(_layer_spec(brand, layer, variant) for layer in layers))


def visible_layers(layers: Iterable[Layer], variant: str) -> list[Layer]:
    """From back to front. A layer made for the variant takes the place of the general one of that name, even to hide
    it."""
    chosen: dict[str, Layer] = {}
    for layer in layers:
        if layer.variant == variant or (not layer.variant and layer.name not in chosen):
            chosen[layer.name] = layer
    return sorted((layer for layer in chosen.values() if layer.visible), key=lambda layer: (layer.order, layer.name))


def _layer_spec(brand: Brand, layer: Layer, variant: str) -> ImageLayer | TextLayer:
    if layer.kind == LayerKind.TEXT:
        return TextLayer(
            text=layer.text,
            x=layer.x,
            y=layer.y,
            width=layer.width,
            opacity=layer.opacity,
            size_percent=layer.text_size,
            colour=layer.text_colour.lower(),
            box_colour=layer.box_colour.lower(),
            box_opacity=layer.box_opacity,
            rotation=layer.rotation,
            font=_font_hash(layer),
        )
    artwork = find_artwork(brand, layer.artwork_kind, variant)
    if artwork is None or not artwork.sha256:
        raise fail("artwork_missing", layer.name)
    return ImageLayer(
        artwork.sha256,
        layer.x,
        layer.y,
        layer.width,
        layer.opacity,
        layer.full_frame,
        rotation=layer.rotation,
        shape=layer.shape,
    )


def _font_hash(layer: Layer) -> str:
    if layer.font is None:
        return ""
    if not layer.font.sha256:
        raise fail("font_missing", layer.name)
    return layer.font.sha256


def find_artwork(brand: Brand, kind: str, variant: str) -> Artwork | None:
    """The brand's own picture for that variant, for one of the same orientation, for all; else so the house's."""
    wanted = [variant, SIBLING.get(Variant(variant), variant), ""]
    own = [artwork for artwork in brand.artwork.all() if artwork.kind == kind]
    return _best(own, wanted) or _best(Artwork.objects.filter(brand=None, kind=kind), wanted)


def _best(pictures: Iterable[Artwork], wanted: list[str]) -> Artwork | None:
    fitting = [artwork for artwork in pictures if artwork.variant in wanted]
    return min(fitting, key=lambda artwork: wanted.index(artwork.variant), default=None)


def open_artwork(sha256: str) -> bytes:
    """The bytes of a picture by their hash, from whichever artwork still has them.

    Raises `artwork_missing`, `artwork_unreadable` when the file changed, or `storage` when it cannot be asked now.
    """
    error = fail("artwork_missing", "the picture was removed")
    for artwork in Artwork.objects.filter(sha256=sha256).order_by("pk"):
        try:
            return _read(artwork)
        except ArtworkError as found:
            error = found
    raise error


def open_font(sha256: str) -> bytes:
    """The bytes of a font by their hash, as `open_artwork`. Raises `font_missing`, `font_unreadable` or `storage`."""
    error = fail("font_missing", "the font was removed")
    for font in Font.objects.filter(sha256=sha256).order_by("pk"):
        try:
            return _read(font, "font")
        except ArtworkError as found:
            error = found
    raise error


def _read(row: Artwork | Font, what: str = "artwork") -> bytes:
    try:
        with row.file.open("rb") as file:
            data = bytes(file.read())
    except FileNotFoundError:
        raise fail(f"{what}_missing", str(row)) from None
    except storage_errors() as error:
        raise fail("storage", f"{row}: {error}") from error
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise fail(f"{what}_unreadable", f"{row}: the file is not the one that was taken in")
    return data


# --- specs to files -------------------------------------------------------------------------------------------------


def write(spec: PlateSpec, work: Path) -> PlateFile | None:
    """The plate as a PNG of ours in the folder `work`; None when there is nothing to lay over.

    Raises MediaError about the artwork; OSError when `work` cannot be written.
    """
    plate = load(spec)
    if plate is None:
        return None
    path = work / f"plate-{spec.digest()[:32]}.png"
    path.write_bytes(_png(plate))
    return PlateFile(path, plate.x, plate.y)


def load(spec: PlateSpec) -> Plate | None:
    """The plate from the store, or drawn and put there."""
    name = kept_name(spec)
    if kept := _kept(name):
        return kept
    plate = draw(spec, open_artwork, open_font)
    if plate is not None:
        _keep(name, plate)
    return plate


def kept_name(spec: PlateSpec) -> str:
    digest = spec.digest()
    return f"plates/{digest[:2]}/{digest}.png"


def _png(plate: Plate) -> bytes:
    note = PngImagePlugin.PngInfo()
    note.add_text(PLACE_KEY, f"{plate.x} {plate.y}")
    target = io.BytesIO()
    plate.image.save(target, "PNG", pnginfo=note, compress_level=3)
    return target.getvalue()


def _kept(name: str) -> Plate | None:
    """None when it is not there, or another writer is half way through it. Its place is in the PNG itself, so that
    picture and place can never be of different writers."""
    try:
        with default_storage.open(name, "rb") as file:
            image = Image.open(io.BytesIO(file.read()), formats=("PNG",))
        image.load()
        x, y = str(image.info[PLACE_KEY]).split()
        return Plate(image, int(x), int(y))
    except DAMAGED + storage_errors():
        return None


def _keep(name: str, plate: Plate) -> None:
    """Keeps the plate if that is possible. A damaged one in its place goes first."""
    try:
        if default_storage.exists(name):
            default_storage.delete(name)
        taken = default_storage.save(name, ContentFile(_png(plate)))
        if taken != name:  # somebody else wrote the same plate meanwhile; storages then save under another name
            default_storage.delete(taken)
    except storage_errors() as error:
        log.warning("The plate %s could not be kept: %s", name, error)


def storage_errors() -> tuple[type[Exception], ...]:
    """What storages raise when they fail. The S3 client's errors have roots of their own and are only there with it."""
    errors: list[type[Exception]] = [OSError]
    for module, name in (
        ("botocore.exceptions", "BotoCoreError"),
        ("botocore.exceptions", "ClientError"),
        ("boto3.exceptions", "Boto3Error"),
    ):
        if module in sys.modules:
            errors.append(getattr(sys.modules[module], name))
    return tuple(errors)


# --- looking at them ------------------------------------------------------------------------------------------------


def preview_png(brand: Brand, variant: str, size: int = 720, background: bool = True) -> bytes:
    """The brand's plate on a neutral picture that shows the safe area, or on nothing. Raises as `spec` and `load`."""
    canvas = layouts.canvas(variant, size)
    return preview(spec(brand, canvas, variant), background=background)


def preview(spec: PlateSpec, background: bool = True, longest: int | None = None) -> bytes:
    """As `preview_png`, from a spec; scaled down so that the longer side has at most `longest` pixels."""
    return _shown(load(spec), spec.canvas, background, longest)


def picture_png(artwork: Artwork, longest: int) -> bytes:
    """An artwork by itself, newly encoded, at most `longest` pixels on a side. Raises as `open_artwork`."""
    picture = read_image(_read(artwork))
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()


def notice_png(sentence: str, canvas: Canvas, longest: int | None = None) -> bytes:
    """What is shown in the place of a preview that cannot be drawn: the reason, as a picture."""
    words = TextLayer(sentence, x=50, y=50, width=80, size_percent=6, box_colour="#7f1d1d", box_opacity=0.9)
    return _shown(draw(PlateSpec(canvas, (words,)), open_artwork), canvas, True, longest)


def _shown(plate: Plate | None, canvas: Canvas, background: bool, longest: int | None) -> bytes:
    picture = _backdrop(canvas) if background else Image.new("RGBA", (canvas.width, canvas.height))
    if plate:
        picture.alpha_composite(plate.image, (plate.x, plate.y))
    if longest:
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    target = io.BytesIO()
    picture.convert("RGB" if background else "RGBA").save(target, "PNG", compress_level=6)
    return target.getvalue()


def _backdrop(canvas: Canvas) -> Image.Image:
    """Mid greys, lighter above: light and dark artwork can both be judged on it."""
    column = Image.linear_gradient("L").point(lambda value: 176 - value // 3)
    picture = column.resize((canvas.width, canvas.height)).convert("RGBA")
    safe = layouts.safe_area(canvas)
    lines = Image.new("RGBA", picture.size)
    outline = (safe.x, safe.y, safe.right - 1, safe.bottom - 1)
    ImageDraw.Draw(lines).rectangle(outline, outline=(255, 255, 255, 90), width=max(1, canvas.short_side // 360))
    picture.alpha_composite(lines)
    return picture
