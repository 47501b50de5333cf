"""What the editor draws: where each layer of a brand stands on one variant, with the geometry of the render.

Rows, saved or not, in; boxes in pixels of the canvas out, and notes on what reaches out of a safe area.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

from django.db import models
from django.utils.translation import gettext as _
from PIL import Image

from brands import layouts, plates
from brands.artwork import ImageLayer, PlateSpec, TextLayer, draw, layer_box
from brands.design import MarkPart, PlatePart
from brands.layouts import Box, Canvas, Sides
from brands.models import Artwork, Brand, Layer, LayerKind, SafeZone
from jobs.media import errors
from jobs.media.errors import MediaError

SIZE = 1080  # of the canvas that boxes are counted on
TEXTS = (LayerKind.TEXT, LayerKind.CREDIT)
NO_PICTURE = Fraction(2, 1)  # the shape of the frame that stands for a picture that is not there
Content = ImageLayer | TextLayer | MarkPart
SMALLEST_ROOM = 0.15  # of a side; zones that leave less together are looked at one by one


@dataclass(frozen=True)
class Shown:
    """A visible layer: its upright box, which is turned clockwise about its middle; `problem` says what is missing."""

    row: Layer
    box: Box
    rotation: float = 0.0
    problem: str = ""
    artwork: Artwork | None = None

    @property
    def full(self) -> bool:
        return self.row.full_frame and self.row.kind not in TEXTS


@dataclass(frozen=True)
class Note:
    """What somebody may want to know of a layer's place, with the values that would put it right, if there are any.

    `tone` is warn when a platform covers the layer, info when the render places it elsewhere than it was asked to.
    """

    layer: str
    tone: str
    sentence: str
    fix: dict[str, float] = field(default_factory=dict)


# --- places ---------------------------------------------------------------------------------------------------------


def shown(brand: Brand, rows: Iterable[Layer], variant: str) -> list[Shown]:
    """The visible layers on a variant, from back to front."""
    models.prefetch_related_objects([brand], "artwork", "clips")
    canvas = layouts.canvas(variant, SIZE)
    return [_shown(brand, row, canvas, variant) for row in plates.visible_layers(rows, variant)]


def _shown(brand: Brand, row: Layer, canvas: Canvas, variant: str) -> Shown:
    rotation = row.rotation if _turns(row) else 0.0
    try:
        content, artwork = resolved(brand, row, canvas, variant), None
        if isinstance(content, ImageLayer):
            artwork = plates.find_artwork(brand, row.artwork_kind, variant)
        box = _box(canvas, content, artwork)
    except MediaError as error:
        return Shown(row, _empty_box(canvas, row), rotation, told(error))
    if box is None:
        return Shown(row, _empty_box(canvas, row), rotation, _("There is nothing to show."))
    return Shown(row, box, rotation, "", artwork)


def _turns(row: Layer) -> bool:
    """Marks and full frames stay upright."""
    return row.kind in TEXTS or (row.kind == LayerKind.IMAGE and not row.full_frame)


def resolved(brand: Brand, row: Layer, canvas: Canvas, variant: str) -> Content | None:
    """What the render would be given for this layer; None when there is nothing to show. Raises MediaError."""
    parts = plates.design(brand, canvas, variant, layers=[row]).parts
    part = parts[0] if parts else None
    return part.plate.layers[0] if isinstance(part, PlatePart) else part


def _box(canvas: Canvas, content: Content | None, artwork: Artwork | None) -> Box | None:
    if isinstance(content, MarkPart):
        return content.box
    if isinstance(content, ImageLayer) and artwork and artwork.width:  # its size is known: no need to open it
        shape = "" if content.full_frame else content.shape
        ratio = layouts.aspect(artwork.width, artwork.height, shape)
        place = (content.x, content.y, content.width, ratio, content.full_frame, content.rotation)
        return layouts.image_box(canvas, *place)
    return layer_box(canvas, content, plates.open_artwork, plates.open_font) if content else None


def _empty_box(canvas: Canvas, row: Layer) -> Box:
    return layouts.image_box(canvas, row.x, row.y, row.width, NO_PICTURE, row.full_frame, row.rotation)


def opacity(row: Layer) -> float:
    """As pictures of a brand without a video show it: an adapting layer half way between dark and bright."""
    return (row.opacity_low + row.opacity_high) / 2 if row.adaptive else row.opacity


def text_png(brand: Brand, row: Layer, variant: str) -> bytes:
    """A text by itself, upright and opaque, just as large as its box when it is not turned. Raises MediaError."""
    canvas = layouts.canvas(variant, SIZE)
    content = resolved(brand, row, canvas, variant)
    picture = Image.new("RGBA", (1, 1))
    if isinstance(content, TextLayer):
        picture = _upright(canvas, replace(content, x=50, y=50, opacity=1, rotation=0))
    target = io.BytesIO()
    picture.save(target, "PNG", compress_level=3)
    return target.getvalue()


def _upright(canvas: Canvas, layer: TextLayer) -> Image.Image:
    box = layer_box(canvas, layer, plates.open_artwork, plates.open_font) or Box(0, 0, 1, 1)
    picture = Image.new("RGBA", (box.width, box.height))
    if plate := draw(PlateSpec(canvas, (layer,)), plates.open_artwork, plates.open_font):
        picture.paste(plate.image, (plate.x - box.x, plate.y - box.y))
    return picture


def told(error: MediaError) -> str:
    """What happened, the detail, what to do."""
    return errors.told(_(error.sentence), error.detail and _(error.detail), _(error.remedy))


# --- notes ----------------------------------------------------------------------------------------------------------


def notes(layers: Iterable[Shown], variant: str, zones: Iterable[SafeZone] = ()) -> list[Note]:
    """On every layer that is not where it was asked to be, or under something of a platform. Full frames may be."""
    canvas, zones = layouts.canvas(variant, SIZE), list(zones)
    placed = [layer for layer in layers if not layer.full and not layer.problem]
    # What is under a platform's signs gets one offer, which puts everything right.
    return [note for layer in placed for note in list(_covered(canvas, layer, zones)) or _asked(canvas, layer)]


def _asked(canvas: Canvas, layer: Shown) -> Iterator[Note]:
    """Whether the render keeps the layer inside the safe area, which every layer is asked to respect."""
    row, (x, y) = layer.row, layouts.centre(canvas, layer.box)
    pinned = row.x in (0, 100) or row.y in (0, 100)
    moved = max(abs(row.x - x) * canvas.width, abs(row.y - y) * canvas.height) > 150  # a pixel and a half
    width = 100 * layer.box.width / canvas.width
    smaller = row.kind not in TEXTS and (row.width - width) * canvas.width > 150
    if smaller:
        words = {"layer": row.name, "asked": f"{row.width:g}", "width": f"{width:.1f}"}
        sentence = _("%(layer)s does not fit at %(asked)s %% width. The render makes it %(width)s %% wide.") % words
        yield Note(row.name, "info", sentence, _values(x=x, y=y, width=width))
    elif moved:
        words = {"layer": row.name, "x": f"{x:.1f}", "y": f"{y:.1f}"}
        sentence = (
            _("%(layer)s is pinned to the edge of the safe area: on this shape at %(x)s / %(y)s %%.")
            if pinned
            else _("%(layer)s would leave the safe area. The render keeps it inside, at %(x)s / %(y)s %%.")
        )
        yield Note(row.name, "info", sentence % words, _values(x=x, y=y))


def _covered(canvas: Canvas, layer: Shown, zones: list[SafeZone]) -> Iterator[Note]:
    together = _room(canvas, zones)
    for zone in zones:
        free = _free(canvas, zone)
        if over := layouts.violation(layer.box, free, layer.rotation):
            room = together or free.crop(layouts.safe_area(canvas))
            words = {"layer": layer.row.name, "zone": zone.name, "sides": _sides(over, canvas)}
            sentence = _("%(layer)s reaches under what %(zone)s shows: %(sides)s.") % words
            yield Note(layer.row.name, "warn", sentence, _moved(canvas, layer, room))


def _free(canvas: Canvas, zone: SafeZone) -> Box:
    return layouts.free_area(canvas, Sides(zone.top, zone.right, zone.bottom, zone.left))


def _room(canvas: Canvas, zones: list[SafeZone]) -> Box | None:
    """What all zones and our own margin leave free; None when that is next to nothing."""
    room = layouts.safe_area(canvas)
    for zone in zones:
        room = room.crop(_free(canvas, zone))
    enough = room.width > canvas.width * SMALLEST_ROOM and room.height > canvas.height * SMALLEST_ROOM
    return room if enough else None


def _sides(over: Sides, canvas: Canvas) -> str:
    found = [
        (_("%(percent)s %% at the top"), over.top / canvas.height),
        (_("%(percent)s %% at the right"), over.right / canvas.width),
        (_("%(percent)s %% at the bottom"), over.bottom / canvas.height),
        (_("%(percent)s %% at the left"), over.left / canvas.width),
    ]
    return ", ".join(words % {"percent": f"{100 * share:.1f}"} for words, share in found if share)


def _moved(canvas: Canvas, layer: Shown, room: Box) -> dict[str, float]:
    """The nearest place inside the room, and the size that fits there."""
    box = layouts.clamped(layer.box, room, layer.rotation)
    x, y = layouts.centre(canvas, box)
    scale = box.width / layer.box.width
    if scale >= 1:
        return _values(x=x, y=y)
    if layer.row.kind in TEXTS:
        return _values(x=x, y=y, width=max(1, layer.row.width * scale), text_size=max(0.5, layer.row.text_size * scale))
    return _values(x=x, y=y, width=max(1, 100 * box.width / canvas.width))


def _values(**values: float) -> dict[str, float]:
    return {name: round(value, 3) for name, value in values.items()}
