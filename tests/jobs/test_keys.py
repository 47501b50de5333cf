"""What shapes a file is in its key, and nothing else: for every field of every row that has to do with it.

A field that is new must be put into one of the two lists: the tests fail until it is.
"""

from dataclasses import fields
from typing import Any

import pytest
from django.core.validators import BaseValidator, MaxValueValidator, MinValueValidator
from django.db import models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brands.models import Artwork, Brand, BrandClip, Font, Layer
from jobs.media.tools import Tools
from jobs.models import Asset, Brightness, Output, Reframe
from jobs.services import brightness, cells
from jobs.services.options import BrandOptions
from tests.brands.pictures import encoded, keep_artwork, logo
from tests.jobs import rows

TOOLS = Tools("ffmpeg", "ffprobe", "one build")
# What makes the value count, where it is not in use by itself; and one other value, where a random one may do nothing.
NEEDS: dict[str, dict[str, Any]] = {
    "text": {"kind": "text", "text": "Words"},
    "text_size": {"kind": "text", "text": "Words"},
    "text_colour": {"kind": "text", "text": "Words"},
    "box_colour": {"kind": "text", "text": "Words"},
    "box_opacity": {"kind": "text", "text": "Words"},
    "font": {"kind": "text", "text": "Words"},
    "kind": {"text": "Words"},
    "opacity_low": {"adaptive": True},
    "opacity_high": {"adaptive": True},
    "start_ms": {"timing": "between"},
    "length_ms": {"timing": "between"},
    "fade_ms": {"timing": "between"},
}
LAYER = {
    *("variant", "order", "visible", "kind", "artwork_kind", "text", "full_frame", "x", "y", "width", "opacity"),
    *("adaptive", "opacity_low", "opacity_high", "rotation", "shape", "timing", "start_ms", "length_ms", "fade_ms"),
    *("font", "text_size", "text_colour", "box_colour", "box_opacity"),
}
SHAPING: dict[type[models.Model], set[str]] = {
    Layer: LAYER,
    Brand: set(),
    Artwork: {"brand", "kind", "variant", "sha256"},
    BrandClip: {"brand", "kind", "variant", "active", "sha256", "facts"},
    Font: {"sha256"},
    Reframe: {
        *("asset", "variant", "fit", "turn", "mirror", "crop_left", "crop_top", "crop_width", "crop_height"),
        *("zoom", "pan_x", "pan_y"),
    },
    Asset: {"sha256", "facts", "title", "author", "origin_url"},
}
OTHER: dict[type[models.Model], set[str]] = {
    Layer: {"id", "brand", "name", "locked"},
    Brand: {"id", "name", "slug", "handle", "active", "locked", "created_at", "updated_at"},
    # Width and height are those of the picture: another size is another hash.
    Artwork: {"id", "uuid", "file", "original_name", "image_format", "width", "height", "created_at"},
    BrandClip: {"id", "uuid", "file", "container", "original_name", "created_at"},
    Font: {"id", "uuid", "brand", "name", "file", "font_format", "original_name", "created_at"},
    Reframe: {"id", "updated_at"},
    Asset: {
        *("id", "uuid", "kind", "state", "file", "bytes", "duration_us", "width", "height", "poster", "platform"),
        *("licence_note", "original_name", "error_code", "error_tail", "owner", "created_at", "used_at", "keep"),
        "removed_at",
    },
}
OPTIONS = {"size", "profile", "fit", "fps"}


@pytest.mark.parametrize("model", SHAPING)
def test_every_field_is_known_to_shape_the_file_or_not(model):
    known = SHAPING[model] | OTHER[model]
    assert {field.name for field in model._meta.concrete_fields} == known, "say whether a new field shapes the file"
    assert not SHAPING[model] & OTHER[model]


def test_every_option_is_known():
    assert {field.name for field in fields(BrandOptions)} == OPTIONS | {"version"}


@pytest.fixture
def cell(db) -> Output:
    """A logo, and behind it a line that every change must not touch."""
    brand = Brand.objects.create(name="A", slug="a")
    keep_artwork(brand, encoded(logo()))
    keep_artwork(brand, encoded(logo(colour=(1, 2, 3))), kind="watermark")
    Layer.objects.create(brand=brand, name="back", kind="text", text="Line", x=50, y=20, width=60, order=5)
    Layer.objects.create(brand=brand, name="logo", artwork_kind="logo", x=40, y=60, width=20, order=7)
    source = rows.asset()
    common = cells.shape(source, "square", BrandOptions())
    Brightness.objects.create(asset=source, shape=brightness.digest(common), columns=1, rows=1, luma=bytes([128]))
    return Output(source=source, brand=brand, variant="square")


def key(cell: Output, options: BrandOptions | None = None) -> tuple[str, str]:
    """The key, and the look."""
    fresh = Output(
        source=Asset.objects.get(pk=cell.source_id), brand=Brand.objects.get(pk=cell.brand_id), variant=cell.variant
    )
    made = cells.recipe(fresh, cells.shape(fresh.source, fresh.variant, options or BrandOptions()), TOOLS)
    return made.key, made.look


def values(field: models.Field) -> st.SearchStrategy[Any]:
    """Any value that the field takes."""
    if field.choices:
        return st.sampled_from([value for value, _label in field.choices])
    if isinstance(field, models.BooleanField):
        return st.booleans()
    if isinstance(field, models.FloatField):
        limits = {type(check): check.limit_value for check in field.validators if isinstance(check, BaseValidator)}
        low, high = limits.get(MinValueValidator, 0.0), limits.get(MaxValueValidator, 1.0)
        return st.floats(low, high, allow_nan=False).map(lambda value: round(value, 3))
    if isinstance(field, models.PositiveSmallIntegerField | models.PositiveIntegerField):
        return st.integers(0, 30_000)
    if "colour" in field.name:
        return st.integers(0, 0xFFFFFF).map("#{:06x}".format)
    return st.text(st.characters(min_codepoint=33, max_codepoint=0x24F), min_size=1, max_size=20)


SLOW = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# An order among others, and a kind or a picture that is there: these three have a test of their own below.
DRAWN = sorted(LAYER - {"font", "variant", "order", "kind", "artwork_kind"})


@pytest.mark.parametrize("name", DRAWN)
@SLOW
@given(data=st.data())
def test_a_value_of_a_layer_changes_the_key(name, cell, data):
    layer = Layer.objects.get(name="logo")
    field = Layer._meta.get_field(name)
    Layer.objects.filter(pk=layer.pk).update(**{**BEFORE, **NEEDS.get(name, {})})
    held, other = Layer.objects.filter(pk=layer.pk).values_list(name, flat=True).get(), data.draw(values(field))
    before = key(cell)
    Layer.objects.filter(pk=layer.pk).update(**{name: other})
    after = key(cell)
    assert (before != after) == (other != held), (held, other)
    assert (before[0] == after[0]) == (before[1] == after[1]), "key and look go together"


BEFORE = {
    field.attname: field.get_default()
    for field in Layer._meta.concrete_fields
    if field.name in LAYER - {"font", "variant", "order", "artwork_kind", "kind", "width", "x", "y"}
} | {"kind": "image", "artwork_kind": "logo", "width": 20, "x": 40, "y": 60, "text": "Words", "length_ms": 3000}


@pytest.mark.parametrize(
    "change",
    [{"order": 1}, {"kind": "text", "text": "Words"}, {"artwork_kind": "watermark"}, {"variant": "vertical"}],
    ids=lambda change: next(iter(change)),
)
def test_what_a_layer_is_changes_the_key(change, cell):
    before = key(cell)
    Layer.objects.filter(name="logo").update(**change)
    assert key(cell) != before


@pytest.mark.parametrize("model", [Layer, Brand, Artwork, Asset], ids=lambda model: model.__name__)
@SLOW
@given(data=st.data())
def test_what_shapes_nothing_changes_no_key(model, cell, data):
    free = sorted(OTHER[model] - FIXED)
    row, name = model.objects.order_by("-pk").first(), data.draw(st.sampled_from(free))
    before = key(cell)
    model.objects.filter(pk=row.pk).update(**{name: data.draw(values(model._meta.get_field(name)))})
    assert key(cell) == before


# What the database or Django gives, and what points at other rows.
FIXED = {"id", "uuid", "brand", "owner", "created_at", "updated_at", "used_at", "removed_at"}


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_an_option_changes_the_key(name, cell):
    landscape = {**rows.PROBE, "video": {**rows.PROBE["video"], "width": 1920, "height": 1080}}
    Asset.objects.filter(pk=cell.source_id).update(facts=landscape)
    other = {"size": 720, "profile": "draft", "fit": "blur", "fps": "25"}[name]
    assert key(cell, BrandOptions(**{name: other}))[0] != key(cell)[0]


def test_a_frame_changes_the_key_and_the_same_one_does_not(cell):
    before = key(cell)
    row = Reframe.objects.create(asset=cell.source, variant="square")
    assert key(cell) == before
    Reframe.objects.filter(pk=row.pk).update(pan_y=0.25)
    assert key(cell) != before
