"""Where the editor draws things is where the render puts them."""

import io
from importlib import import_module

import pytest
from django.apps import apps
from PIL import Image

from brands import layouts, plates, stage
from brands.artwork import draw
from brands.models import SafeZone
from tests.brands.pictures import encoded, keep_artwork

pytestmark = pytest.mark.django_db
VARIANTS = ["vertical", "landscape"]


@pytest.fixture
def pictured(brand):
    """A brand with a logo that fills its picture, 2:1."""
    keep_artwork(brand, encoded(Image.new("RGBA", (200, 100), "#c8553d")))
    return brand


def one(brand, variant="vertical", **values):
    row = brand.layers.model(brand=brand, name="logo", artwork_kind="logo", **values)
    return stage.shown(brand, [row], variant)[0]


def drawn(brand, shown, variant):
    """The box around what the render draws of a layer by itself."""
    canvas = layouts.canvas(variant, stage.SIZE)
    content = stage.resolved(brand, shown.row, canvas, variant)
    plate = draw(plates.PlateSpec(canvas, (content,)), plates.open_artwork, plates.open_font)
    return layouts.Box(plate.x, plate.y, plate.image.width, plate.image.height)


def near(one, other, pixels=3):
    return all(
        abs(a - b) <= pixels
        for a, b in zip(
            (one.x, one.y, one.right, one.bottom), (other.x, other.y, other.right, other.bottom), strict=True
        )
    )


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    "values",
    [
        {"x": 50, "y": 50, "width": 30},
        {"x": 100, "y": 0, "width": 15},
        {"x": 20, "y": 80, "width": 200},
        {"x": 70, "y": 30, "width": 40, "rotation": 30},
        {"x": 70, "y": 30, "width": 40, "shape": "square", "rotation": -90},
        {"kind": "text", "text": "50% OFF", "x": 50, "y": 50, "box_opacity": 1.0, "width": 60},
        {"kind": "text", "text": "50% OFF", "x": 3, "y": 99, "box_opacity": 1.0, "width": 60, "rotation": 20},
        {"kind": "credit", "text": "{author} on {site}", "x": 50, "y": 99, "box_opacity": 1.0, "width": 90},
    ],
    ids=["middle", "corner", "large", "turned", "square", "text", "turned text", "credit"],
)
def test_a_layer_is_shown_where_it_is_drawn(pictured, variant, values):
    shown = one(pictured, variant, **values)
    assert not shown.problem
    assert near(layouts.turned(shown.box, shown.rotation), drawn(pictured, shown, variant))


def test_a_full_frame_covers_it_and_is_not_turned(pictured):
    shown = one(pictured, full_frame=True, width=115, rotation=45, shape="circle")
    assert shown.full
    assert shown.rotation == 0
    assert near(shown.box.crop(layouts.canvas("vertical", stage.SIZE).box), drawn(pictured, shown, "vertical"))


def test_what_is_missing_is_said_and_still_has_a_place(brand):
    shown = one(brand, x=50, y=50, width=40)
    assert "no such picture" in shown.problem
    assert (shown.box.width, shown.box.height) == (432, 216)
    assert "no such clip" in one(brand, kind="clip").problem


def test_a_text_is_drawn_as_large_as_its_box(brand):
    row = brand.layers.model(
        brand=brand, name="hi", kind="text", text="gj It's live", x=90, y=90, width=70, box_opacity=0.5, rotation=0
    )
    shown = stage.shown(brand, [row], "square")[0]
    picture = Image.open(io.BytesIO(stage.text_png(brand, row, "square")))
    assert picture.size == (shown.box.width, shown.box.height)
    assert picture.getchannel("A").getextrema()[1] == 255


def test_the_pixels_of_a_text_are_those_of_the_plate(brand):
    row = brand.layers.model(brand=brand, name="hi", kind="text", text="50% OFF", x=50, y=50, width=70, box_opacity=0)
    shown, canvas = stage.shown(brand, [row], "square")[0], layouts.canvas("square", stage.SIZE)
    whole = Image.new("RGBA", (canvas.width, canvas.height))
    whole.paste(Image.open(io.BytesIO(stage.text_png(brand, row, "square"))), (shown.box.x, shown.box.y))
    plate = draw(plates.PlateSpec(canvas, (stage.resolved(brand, row, canvas, "square"),)), plates.open_artwork)
    expected = Image.new("RGBA", whole.size)
    expected.paste(plate.image, (plate.x, plate.y))
    assert whole.tobytes() == expected.tobytes()


def test_an_adapting_layer_is_shown_half_way(brand):
    assert stage.opacity(
        one(brand, opacity=0.9, adaptive=True, opacity_low=0.2, opacity_high=0.4).row
    ) == pytest.approx(0.3)
    assert stage.opacity(one(brand, opacity=0.9).row) == 0.9


# --- notes ----------------------------------------------------------------------------------------------------------


def noted(brand, *zones, **values):
    return stage.notes([one(brand, **values)], "vertical", zones)


def reels(**sides):
    return SafeZone(
        name="Reels", platform="r", variant="vertical", **{"top": 14, "right": 6, "bottom": 35, "left": 6, **sides}
    )


def test_nothing_is_said_of_a_good_place(pictured):
    assert noted(pictured, reels(), x=50, y=40, width=30) == []


def test_what_the_render_moves_is_said_with_its_place(pictured):
    (note,) = noted(pictured, x=97, y=50, width=30)
    assert note.tone == "info"
    assert note.sentence == "logo would leave the safe area. The render keeps it inside, at 79.4 / 50.0 %."
    assert note.fix == {"x": 79.444, "y": 50.0}
    assert noted(pictured, **{"x": 97, "y": 50, "width": 30, **note.fix}) == []


def test_a_pinned_layer_is_said_to_be_pinned(pictured):
    (note,) = noted(pictured, x=100, y=50, width=30)
    assert note.sentence == "logo is pinned to the edge of the safe area: on this shape at 79.4 / 50.0 %."


def test_what_the_render_makes_smaller_is_said(pictured):
    (note,) = noted(pictured, x=50, y=50, width=120)
    assert note.sentence == "logo does not fit at 120 % width. The render makes it 88.9 % wide."
    assert noted(pictured, **{"x": 50, "y": 50, **note.fix}) == []


@pytest.mark.parametrize("rotation", [0, 30])
@pytest.mark.parametrize(("x", "y"), [(50, 90), (80, 50), (20, 8), (80, 80)])
def test_what_a_platform_covers_is_said_and_put_right(pictured, x, y, rotation):
    notes = noted(pictured, reels(), x=x, y=y, width=30, rotation=rotation)
    assert [note.tone for note in notes] == ["warn"]
    assert "logo reaches under what Reels shows" in notes[0].sentence
    after = {"x": x, "y": y, "width": 30, "rotation": rotation, **notes[0].fix}
    assert noted(pictured, reels(), **after) == []


def test_a_warning_names_the_sides(pictured):
    (note,) = noted(pictured, reels(), x=50, y=64, width=30)
    assert note.sentence == "logo reaches under what Reels shows: 3.2 % at the bottom."


@pytest.mark.parametrize("kind", ["image", "text"])
def test_what_is_too_large_for_the_free_area_is_offered_smaller(pictured, kind):
    values = {"x": 50, "y": 50, "width": 88, "kind": kind, "text": "A long line of text for a narrow place"}
    zone = reels(left=30, right=30)
    notes = noted(pictured, zone, **values)
    assert "width" in notes[0].fix
    assert noted(pictured, zone, **{**values, **notes[0].fix}) == []


def test_what_is_offered_is_free_of_all_zones(pictured):
    other = SafeZone(name="Other", platform="o", variant="vertical", left=40)
    notes = noted(pictured, reels(), other, x=20, y=90, width=30)
    assert len(notes) == 2
    assert notes[0].fix == notes[1].fix
    assert noted(pictured, reels(), other, **{"width": 30, **notes[0].fix}) == []


def test_full_frames_may_be_covered(pictured):
    assert noted(pictured, reels(), full_frame=True, width=100) == []


def test_the_first_zones_say_where_they_are_from():
    migration = import_module("brands.migrations.0003_zones")
    SafeZone.objects.all().delete()
    migration.add(apps, None)
    zones = {zone.platform: zone for zone in SafeZone.objects.all()}
    found = zones["instagram_reels"]
    assert (found.top, found.right, found.bottom, found.left) == (14, 6, 35, 6)
    assert all(zone.source for zone in zones.values())
    assert found.checked_on
    assert not zones["tiktok"].checked_on


def test_the_first_zones_can_be_taken_back_unless_corrected():
    migration = import_module("brands.migrations.0003_zones")
    SafeZone.objects.all().delete()
    migration.add(apps, None)
    SafeZone.objects.filter(platform="tiktok").update(bottom=22)
    migration.remove(apps, None)
    assert [zone.platform for zone in SafeZone.objects.all()] == ["tiktok"]
