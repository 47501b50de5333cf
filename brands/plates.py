"""Rows to plates: which layers a brand shows on a variant, their pictures, and the finished plate as a file.

Plates are kept in the default storage under the hash of what shapes them, so a host that has never seen the brand finds
them too. That store is a convenience: whatever is wrong with it, the plate is drawn again.
"""

import hashlib
import io
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, TypeVar

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext
from PIL import Image, ImageDraw, PngImagePlugin

from brands import layouts
from brands.artwork import ImageLayer, Plate, PlateSpec, TextLayer, draw, read_image
from brands.design import ALWAYS, Design, Film, MarkPart, Part, PlatePart, Span, credit
from brands.layouts import Box, Canvas
from brands.models import Artwork, Brand, BrandClip, ClipKind, Font, Layer, LayerKind, Timing, Variant
from jobs.media.errors import ArtworkError, fail
from jobs.media.probe import Probe

log = logging.getLogger(__name__)

File = TypeVar("File", Artwork, BrandClip)

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


@dataclass(frozen=True)
class Video:
    """What layers take from the video that they are laid over: the words of credits, and how bright it is.

    `luma` gives the mean under a box, 0 (black) to 1 (white), or None where it was not measured.
    """

    author: str = ""
    title: str = ""
    site: str = ""
    luma: Callable[[Box], float | None] | None = None


def design(
    brand: Brand, canvas: Canvas, variant: str, video: Video | None = None, layers: Iterable[Layer] | None = None
) -> Design:
    """What the brand shows on a video of this variant; without a video on any, with made-up credits.

    `layers` are taken in place of the brand's own (unsaved ones of an editor). Raises `artwork_missing`, `font_missing`
    or `clip_missing` with the layer's name. Reads `brand.layers`, `brand.artwork` and `brand.clips`; prefetch them (and
    the fonts of the layers) when asking for many.
    """
    look = _Look(brand, canvas, variant, video)
    shown = [look.shown(layer) for layer in visible_layers(brand.layers.all() if layers is None else layers, variant)]
    return Design(
        canvas=canvas,
        parts=tuple(_merged(canvas, [each for each in shown if each])),
        intro=look.film(ClipKind.INTRO),
        outro=look.film(ClipKind.OUTRO),
        opacities=tuple(look.opacities),
    )


def spec(brand: Brand, canvas: Canvas, variant: str) -> PlateSpec:
    """The plate of all layers that stand there all the time. Raises and reads as `design`; clips are left out."""
    look = _Look(brand, canvas, variant, None)
    rows = [layer for layer in visible_layers(brand.layers.all(), variant) if layer.kind != LayerKind.CLIP]
    shown = [look.shown(layer) for layer in rows if layer.timing == Timing.ALWAYS]
    return PlateSpec(canvas, tuple(each.content for each in shown if each and not isinstance(each.content, MarkPart)))


class _Shown(NamedTuple):
    """One layer, resolved."""

    content: ImageLayer | TextLayer | MarkPart
    span: Span


class _Look:
    """Resolves the layers of one brand on one canvas, and notes the opacities of those that adapt to the video."""

    def __init__(self, brand: Brand, canvas: Canvas, variant: str, video: Video | None) -> None:
        self.brand, self.canvas, self.variant, self.video = brand, canvas, variant, video
        self.opacities: list[tuple[str, float]] = []

    def shown(self, layer: Layer) -> _Shown | None:
        """None for a credit with nothing to credit."""
        content = self._content(layer)
        if content is None:
            return None
        if layer.adaptive:
            content = replace(content, opacity=self._adapted(layer, content))
            self.opacities.append((layer.name, content.opacity))
        return _Shown(content, span(layer))

    def film(self, kind: str) -> Film | None:
        clip = find_clip(self.brand, kind, self.variant)
        return Film(clip.sha256, Probe.from_dict(clip.facts)) if clip else None

    def _content(self, layer: Layer) -> ImageLayer | TextLayer | MarkPart | None:
        if layer.kind == LayerKind.CLIP:
            return self._mark(layer)
        made = _layer_spec(self.brand, layer, self.variant)
        if isinstance(made, TextLayer) and layer.kind == LayerKind.CREDIT:
            text = credit(made.text, self._facts())
            return replace(made, text=text) if text else None
        return made

    def _facts(self) -> dict[str, str]:
        if self.video is None:
            return {"author": gettext("Author"), "title": gettext("Title of the video"), "site": "example.com"}
        return {"author": self.video.author, "title": self.video.title, "site": self.video.site}

    def _mark(self, layer: Layer) -> MarkPart:
        clip = find_clip(self.brand, ClipKind.MARK, self.variant)
        if clip is None:
            raise fail("clip_missing", layer.name)
        probe = Probe.from_dict(clip.facts)
        aspect = layouts.aspect(probe.display_width, probe.display_height)
        box = layouts.image_box(self.canvas, layer.x, layer.y, layer.width, aspect, layer.full_frame)
        return MarkPart(clip.sha256, probe, layouts.even(box), layer.opacity, span(layer))

    def _adapted(self, layer: Layer, content: ImageLayer | TextLayer | MarkPart) -> float:
        """Between the layer's two opacities by how bright the video is under it; half its own where nobody knows."""
        low, high = layer.opacity_low, layer.opacity_high
        if self.video is None:
            return round((low + high) / 2, 4)
        luma = self.video.luma(self._box(layer, content)) if self.video.luma else None
        if luma is None:
            return round(layer.opacity / 2, 4)
        return round(min(max(high - (high - low) * luma, low), high), 4)

    def _box(self, layer: Layer, content: ImageLayer | TextLayer | MarkPart) -> Box:
        """What the layer covers of the canvas."""
        if isinstance(content, MarkPart):
            return content.box.crop(self.canvas.box)
        if isinstance(content, ImageLayer) and (artwork := find_artwork(self.brand, layer.artwork_kind, self.variant)):
            return self._image_box(content, artwork).crop(self.canvas.box)
        plate = load(PlateSpec(self.canvas, (replace(content, opacity=1.0),)))
        return Box(plate.x, plate.y, plate.image.width, plate.image.height) if plate else self.canvas.box

    def _image_box(self, image: ImageLayer, artwork: Artwork) -> Box:
        shape = "" if image.full_frame else image.shape
        aspect = layouts.aspect(artwork.width or 1, artwork.height or 1, shape)
        if image.full_frame:
            return layouts.image_box(self.canvas, image.x, image.y, image.width, aspect, full_frame=True)
        box = layouts.image_box(self.canvas, image.x, image.y, image.width, aspect, rotation=image.rotation)
        return layouts.turned(box, image.rotation)


def _merged(canvas: Canvas, shown: Iterable[_Shown]) -> Iterator[Part]:
    """Marks by themselves; neighbouring layers of one span as one plate, which costs no more than a single layer."""
    for (when, moving), group in groupby(shown, lambda each: (each.span, isinstance(each.content, MarkPart))):
        contents = [each.content for each in group]
        if moving:
            yield from (each for each in contents if isinstance(each, MarkPart))
        else:
            yield PlatePart(PlateSpec(canvas, tuple(e for e in contents if not isinstance(e, MarkPart))), when)


def span(layer: Layer) -> Span:
    """When a layer is shown. What does not count for its kind of timing is 0, so that it changes nothing."""
    if layer.timing == Timing.ALWAYS:
        return ALWAYS
    start = layer.start_ms if layer.timing == Timing.BETWEEN else 0
    return Span(layer.timing, start, layer.length_ms, layer.fade_ms)


def visible_layers(layers: Iterable[Layer], variant: str) -> list[Layer]:
    """From back to front. A layer made for the variant takes the place of the general one of that name, even to hide
    it."""
    chosen: dict[str, Layer] = {}
    for layer in layers:
        if layer.variant == variant or (not layer.variant and layer.name not in chosen):
            chosen[layer.name] = layer
    return sorted((layer for layer in chosen.values() if layer.visible), key=lambda layer: (layer.order, layer.name))


def _layer_spec(brand: Brand, layer: Layer, variant: str) -> ImageLayer | TextLayer:
    if layer.kind in (LayerKind.TEXT, LayerKind.CREDIT):
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


def find_artwork(brand: Brand, kind: str, variant: str, house: Iterable[Artwork] | None = None) -> Artwork | None:
    """The brand's own picture for that variant, for one of the same orientation, for all; else so the house's, which
    are asked for unless they are given.
    """
    wanted = [variant, SIBLING.get(Variant(variant), variant), ""]
    own = [artwork for artwork in brand.artwork.all() if artwork.kind == kind]
    if house is None:
        house = Artwork.objects.filter(brand=None, kind=kind)
    return _best(own, wanted) or _best([artwork for artwork in house if artwork.kind == kind], wanted)


def find_clip(brand: Brand, kind: str, variant: str) -> BrandClip | None:
    """The brand's clip of that kind that is in use (`best_clip`)."""
    return best_clip(brand.clips.all(), kind, variant)


def best_clip(clips: Iterable[BrandClip], kind: str, variant: str) -> BrandClip | None:
    """Of one brand's clips the one of that kind in use: for that variant, for one of the same orientation, for all."""
    wanted = [variant, SIBLING.get(Variant(variant), variant), ""]
    return _best([clip for clip in clips if clip.kind == kind and clip.active and clip.sha256], wanted)


def _best(rows: Iterable[File], wanted: list[str]) -> File | None:
    fitting = [row for row in rows if row.variant in wanted]
    return min(fitting, key=lambda row: wanted.index(row.variant), default=None)


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
    data = _kept(spec) or _drawn(spec)[1]
    if not data:
        return None
    path = work / f"plate-{spec.digest()[:32]}.png"
    path.write_bytes(data)
    return PlateFile(path, *_place(data))


def load(spec: PlateSpec) -> Plate | None:
    """The plate from the store, or drawn and put there."""
    data = _kept(spec)
    return _decoded(data) if data else _drawn(spec)[0]


def _drawn(spec: PlateSpec) -> tuple[Plate | None, bytes]:
    plate = draw(spec, open_artwork, open_font)
    data = _png(plate) if plate else b""
    if data:
        _keep(kept_name(spec), data)
    return plate, data


def kept_name(spec: PlateSpec) -> str:
    digest = spec.digest()
    return f"plates/{digest[:2]}/{digest}.png"


def _png(plate: Plate) -> bytes:
    note = PngImagePlugin.PngInfo()
    note.add_text(PLACE_KEY, f"{plate.x} {plate.y}")
    target = io.BytesIO()
    plate.image.save(target, "PNG", pnginfo=note, compress_level=3)
    return target.getvalue()


def _kept(spec: PlateSpec) -> bytes:
    """Empty when it is not there, or another writer is half way through it. Its place is in the PNG itself, so that
    picture and place can never be of different writers."""
    try:
        with default_storage.open(kept_name(spec), "rb") as file:
            data = bytes(file.read())
        _place(data)
        return data
    except DAMAGED + storage_errors():
        return b""


def _place(data: bytes) -> tuple[int, int]:
    """Where a kept plate goes. Its checksums are looked at, its pixels are not."""
    image = Image.open(io.BytesIO(data), formats=("PNG",))
    image.verify()
    x, y = str(image.info[PLACE_KEY]).split()
    return int(x), int(y)


def _decoded(data: bytes) -> Plate:
    image = Image.open(io.BytesIO(data), formats=("PNG",))
    image.load()
    return Plate(image, *_place(data))


def _keep(name: str, data: bytes) -> None:
    """Keeps the plate if that is possible. A damaged one in its place goes first."""
    try:
        if default_storage.exists(name):
            default_storage.delete(name)
        taken = default_storage.save(name, ContentFile(data))
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
