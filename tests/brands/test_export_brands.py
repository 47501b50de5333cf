"""What is exported is imported as it was, and the same bytes each time."""

import io
import json
import tempfile
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from brands import clipintake, exporting, fontintake
from brands.importing import state
from brands.importing.applying import fresh
from brands.importing.undoing import undo
from brands.intake import take_in
from brands.models import Artwork, Brand, BrandClip, Font, Layer, PublishingProfile, Variant
from tests.brands.kits import CAPTION, at_once
from tests.brands.pictures import encoded, logo
from tests.brands.test_importing import bring, outcomes, sentences
from wtfsite.lib import process

FONTS = Path(exporting.__file__).parent / "fonts"


def states():
    return [state.state(fresh(brand.pk)) for brand in Brand.objects.order_by("slug")]


def full(brand):
    for kind, variant in (("logo", ""), ("logo", "square"), ("watermark", "vertical"), ("template", "")):
        picture = encoded(logo(30, 20, (len(kind) * 20, len(variant), 7)).convert("RGB"), "WEBP")
        row = Artwork(brand=brand, kind=kind, variant=variant)
        take_in(row, ContentFile(picture, name=f"{kind} ü.webp"), at_once)
        row.save()
    brand.layers.create(name="logo", artwork_kind="logo", x=12.345678, rotation=-33.3, shape="circle", timing="first")
    brand.layers.create(name="logo", artwork_kind="logo", variant="square", visible=False, locked=True)
    brand.layers.create(name="credit", kind="credit", text="© {author}\n🌊 Ünïcode", adaptive=True, opacity_low=0.0)
    profile = {"caption_ending": CAPTION, "hashtags": ["#a"], "cadence_hours": 2.5, "platforms": ["tiktok"]}
    PublishingProfile.objects.create(brand=brand, **profile)
    Brand.objects.update(handle="@north", locked=True, active=False)


def zipped(brands):
    target = io.BytesIO()
    exporting.pack(exporting.export(brands), target)
    return target.getvalue()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["out.zip", "out"])
def test_a_full_brand_comes_back_as_it_was(brand, storage, tmp_path, name):
    full(brand)
    Brand.objects.create(name="Bare", slug="bare")
    before, bytes_before = states(), {row.sha256 for row in Artwork.objects.all()}
    exporting.write(exporting.export(Brand.objects.all()), tmp_path / name)
    Brand.objects.all().delete()
    changes = bring(tmp_path / name)
    assert sentences(changes) == []
    assert outcomes(changes) == {"bare": "new", "northshore": "new"}
    assert before == states() != []
    assert {row.sha256 for row in Artwork.objects.all()} == bytes_before
    Brand.objects.update(locked=False)
    again = bring(tmp_path / name)
    assert [[one.path for one in change.changes] for change in again.brands] == [[], [("locked",)]]


@pytest.mark.django_db(transaction=True)
def test_clips_and_fonts_come_along_those_of_the_house_too(brand, tmp_path, folders, one_second):
    clip = BrandClip(brand=brand, kind="intro", variant="vertical", active=False)
    clipintake.take_in(clip, ContentFile(one_second.read_bytes(), name="hello ü.mp4"))
    clip.save()
    for owner, name in ((None, "House"), (brand, "Own")):
        font = Font(brand=owner, name=name)
        inter = "Inter-Regular.otf" if owner else "Inter-SemiBold.otf"
        fontintake.take_in(font, ContentFile((FONTS / inter).read_bytes(), name=inter))
        font.save()
        brand.layers.create(name=name.lower(), kind="text", text="Hello", font=font)
    before = states()
    exporting.write(exporting.export([brand]), tmp_path / "out.zip")
    brand.delete()
    Font.objects.all().delete()
    changes = bring(tmp_path / "out.zip", run=process.run)
    assert sentences(changes) == []
    assert states() == before
    assert set(Font.objects.values_list("name", "brand__slug")) == {("House", None), ("Own", "northshore")}
    assert BrandClip.objects.get().file.size == one_second.stat().st_size
    assert bring(tmp_path / "out.zip").run is None
    undo(changes.run)
    assert not Font.objects.exists()
    assert not Brand.objects.exists()


@pytest.mark.django_db
def test_twice_the_same_bytes(brand):
    full(brand)
    Brand.objects.create(name="Bare", slug="bare")
    assert zipped(Brand.objects.order_by("name")) == zipped(Brand.objects.order_by("-name"))


@pytest.mark.django_db
def test_an_export_is_all_of_a_brand(brand, add_artwork, tmp_path):
    """What was added since goes, and the dry run says so."""
    brand.layers.create(name="old", kind="text", text="old")
    exporting.write(exporting.export([brand]), tmp_path / "out.zip")
    brand.layers.create(name="new", kind="text", text="new")
    add_artwork(brand)
    changes = bring(tmp_path / "out.zip")
    assert [one.path for one in changes.brands[0].changes] == [("artwork", "logo"), ("layers", "new")]
    assert [layer.name for layer in brand.layers.all()] == ["old"]
    assert not brand.artwork.exists()


@pytest.mark.django_db
def test_a_file_that_is_gone_is_told_and_left_out(brand, add_artwork, tmp_path):
    add_artwork(brand).file.delete(save=False)
    Artwork.objects.update(file="artwork/gone.png")
    exported = exporting.export([brand])
    exporting.write(exported, tmp_path / "out")
    assert exported.missing == ["Northshore: logo"]
    assert json.loads((tmp_path / "out/wtf-brands.json").read_text())["brands"][0]["artwork"] == []


def test_every_column_is_told():
    """A new column of these rows belongs into the export, or is nobody's business there."""
    shared = {"id", "brand", "uuid", "file", "created_at", "kind", "variant", "name"}
    assert {field.name for field in Layer._meta.concrete_fields} - shared == {*state.LAYER, "font"} - shared
    assert {field.name for field in PublishingProfile._meta.concrete_fields} - shared == set(state.PROFILE)
    own = {"id", "created_at", "updated_at"}
    assert {field.name for field in Brand._meta.concrete_fields} - own == set(state.BRAND)
    for model, columns in ((Artwork, state.ARTWORK), (BrandClip, state.CLIP), (Font, state.FONT)):
        assert {field.name for field in model._meta.concrete_fields} - shared == set(columns.values()) - shared


# --- any brand at all ---

lines = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12)
percent = st.floats(0, 100)
share = st.floats(0, 1)
layer_values = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["text", "credit"]),
        "text": st.sampled_from(["Hello", "50% OFF — It's live 🌊", "שלום\nsecond line", "{author}"]),
        "variant": st.sampled_from(["", *Variant.values]),
        "order": st.integers(0, 99),
        "visible": st.booleans(),
        "locked": st.booleans(),
        "full_frame": st.booleans(),
        "x": percent,
        "y": percent,
        "width": st.floats(1, 200),
        "opacity": st.floats(0.01, 1),
        "adaptive": st.booleans(),
        "opacity_low": st.floats(0, 0.4),
        "opacity_high": st.floats(0.4, 1),
        "rotation": st.floats(-180, 180),
        "shape": st.sampled_from(["", "circle", "square"]),
        "timing": st.sampled_from(["always", "first", "last", "between"]),
        "start_ms": st.integers(0, 60_000),
        "length_ms": st.integers(500, 60_000),
        "fade_ms": st.integers(0, 200),
        "text_size": st.floats(0.5, 50),
        "box_opacity": share,
    }
)
profiles = st.fixed_dictionaries(
    {
        "caption_ending": st.sampled_from(["", CAPTION, "two\nlines"]),
        "hashtags": st.lists(lines, max_size=3, unique=True),
        "languages": st.sampled_from([[], ["en"], ["gd", "pt-BR"]]),
        "cadence_hours": st.floats(0, 8760),
        "platforms": st.sampled_from([[], ["tiktok", "reddit"]]),
        "filename_pattern": st.sampled_from(["", "{date}_{brand}.mp4"]),
    }
)


class AnyBrand(TestCase):
    @settings(max_examples=15, deadline=None)
    @given(name=lines, profile=profiles, rows=st.lists(layer_values, max_size=4))
    def test_export_and_import_is_the_identity(self, name, profile, rows):
        brand = Brand(name=f"N{name}", slug="any")
        brand.full_clean()
        brand.save()
        PublishingProfile.objects.create(brand=brand, **profile)
        for number, values in enumerate(rows):
            row = Layer(brand=brand, name=f"l{number}", **values)
            row.full_clean()
            row.save()
        before = states()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "any.zip"
            exporting.write(exporting.export([brand]), path)
            assert outcomes(bring(path)) == {"any": "same"}
            Brand.objects.all().delete()
            changes = bring(path)
        assert sentences(changes) == []
        assert states() == before
