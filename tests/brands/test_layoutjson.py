import copy
import json

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile

from brands import changes, layoutjson, plates
from brands.layouts import canvas
from brands.models import Brand, Font, Layer
from tests.brands.pictures import encoded, keep_artwork, logo

pytestmark = pytest.mark.django_db

FIELDS = [
    (part, name) for part, fields in (("content", layoutjson.CONTENT), ("place", layoutjson.PLACE)) for name in fields
]


@pytest.fixture
def editor(django_user_model):
    user = django_user_model.objects.create_user("eda", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_brand", "change_brand"]))
    return user


@pytest.fixture
def font(brand):
    font = Font(brand=brand, name="Kettle Sans", sha256="ab" * 32)
    font.file.save("a.otf", ContentFile(b"font"), save=True)
    return font


@pytest.fixture
def heard():
    """Which brands were told to have changed."""
    seen = []

    def hear(brands):
        seen.append(brands)
        return "3 outputs are stale now."

    changes.on_change(hear)
    yield seen
    changes._handlers.remove(hear)


def layer(name="logo", variants=None, **values):
    """A layer of a document, with the usual values where nothing else is said."""
    parts = {
        part: {field: values.get(field, about.default) for field, about in fields.items()}
        for part, fields in layoutjson.schema().items()
    }
    parts["content"]["artwork_kind"] = values.get("artwork_kind", "logo")
    return {"name": name, **parts, "variants": variants or {}}


def document(brand, *layers):
    return {"token": layoutjson.read(brand)["token"], "layers": list(layers)}


def refused(data, brand=None):
    with pytest.raises(layoutjson.LayoutError) as caught:
        layoutjson.parse(data, brand)
    return {problem.path: problem.sentence for problem in caught.value.problems}


# --- every control ---------------------------------------------------------------------------------------------------


def other_value(field, font):
    """A value that is allowed and not the usual one."""
    if field.kind == "switch":
        return not field.default
    if field.kind in ("number", "whole"):
        return next(value for value in (0.15, 17, 42, 0.5) if not field.check(value) and value != field.default)
    if field.kind == "choice":
        return next(value for value, _label in field.choices if value not in ("", field.default))
    return {"colour": "#12ab9f", "font": str(font.uuid), "text": "50% OFF\n{author}"}[field.kind]


@pytest.mark.parametrize(("part", "name"), FIELDS, ids=[name for _part, name in FIELDS])
def test_every_control_survives_save_and_reload(brand, editor, font, part, name):
    field = layoutjson.schema()[part][name]
    values = {"text": "hello", "opacity_low": 0.0, "opacity_high": 0.9, "artwork_kind": "logo"}
    values |= {name: other_value(field, font)}
    saved = layoutjson.save(brand, document(brand, layer(**values)), editor)
    again = layoutjson.read(Brand.objects.get(pk=brand.pk))
    assert again["layers"][0][part][name] == values[name] != field.default
    assert again == saved.document
    row = brand.layers.get()
    assert getattr(row, name) == (font if name == "font" else values[name])


TEXT = {"kind": "text", "text": "hello"}
ADAPTING = {"adaptive": True, "opacity_low": 0.0, "opacity_high": 0.9}
# What has to be so for a field to count.
COUNTS_WITH = {
    **dict.fromkeys(("text", "font", "text_colour", "box_colour", "box_opacity", "text_size"), TEXT),
    **dict.fromkeys(("opacity_low", "opacity_high"), ADAPTING),
    **{name: {"timing": "first"} for name in ("length_ms", "fade_ms")},
    "start_ms": {"timing": "between"},
    "kind": {"text": "hello"},
    "artwork_kind": {"artwork_kind": "second_logo"},
}


@pytest.mark.parametrize(("part", "name"), FIELDS, ids=[name for _part, name in FIELDS])
def test_every_control_reaches_the_render(brand, editor, font, part, name):
    """Saved, read again and resolved for a render, each changes what is made, except the lock of the editor."""
    keep_artwork(brand, encoded(logo()))
    keep_artwork(brand, encoded(logo(90, 30)), kind="second_logo")
    usual = COUNTS_WITH.get(name, {})
    unusual = {**usual, name: other_value(layoutjson.schema()[part][name], font)}
    made = []
    for values in (usual, unusual):
        behind = layer("behind", kind="text", text="behind", order=5)
        layoutjson.save(brand, document(brand, behind, layer(**values)), editor)
        made.append(plates.design(Brand.objects.get(pk=brand.pk), canvas("vertical", 720), "vertical").digest())
    assert (made[0] == made[1]) is (name == "locked")


@pytest.mark.parametrize("name", layoutjson.PLACE)
def test_every_place_may_differ_on_one_variant(brand, editor, font, name):
    field = layoutjson.schema()["place"][name]
    values = {"opacity_low": 0.0, "opacity_high": 0.9, name: other_value(field, font)}
    there = layer(**values)["place"]
    layoutjson.save(brand, document(brand, layer(variants={"square": {"place": there}})), editor)
    assert getattr(brand.layers.get(variant="square"), name) == values[name]
    assert getattr(brand.layers.get(variant=""), name) == field.default
    assert layoutjson.read(brand)["layers"][0]["variants"]["square"] == {"place": there, "own": {}}


def test_no_field_of_a_layer_is_forgotten():
    fields = {field.name for field in Layer._meta.get_fields()} - {"id", "brand", "name", "variant"}
    assert fields == set(layoutjson.CONTENT + layoutjson.PLACE)


def test_the_schema_is_json():
    shown = {
        part: {name: field.as_json() for name, field in fields.items()} for part, fields in layoutjson.schema().items()
    }
    assert json.loads(json.dumps(shown))["place"]["x"]["high"] == 100


# --- rows to document and back ---------------------------------------------------------------------------------------


def awkward(brand):
    """Rows as imports and older studios left them."""
    brand.layers.create(name="logo", artwork_kind="logo", order=3, x=100, y=100)
    brand.layers.create(name="logo", artwork_kind="second_logo", order=1, variant="square", shape="circle")
    brand.layers.create(name="only", kind="text", text="Nur hier", variant="landscape", order=1)
    brand.layers.create(name="only", kind="text", text="Und hier", variant="vertical", order=9)
    brand.layers.create(name="mark", artwork_kind="watermark", order=3, full_frame=True, width=115, opacity=0.4)


def test_reading_and_saving_changes_nothing(brand, editor, heard):
    awkward(brand)
    before = list(brand.layers.values())
    saved = layoutjson.save(brand, json.loads(json.dumps(layoutjson.read(brand))), editor)
    assert list(brand.layers.values()) == before
    assert not saved.changed
    assert heard == []


def test_what_differs_on_a_variant_is_kept_apart(brand):
    awkward(brand)
    layers = {layer["name"]: layer for layer in layoutjson.read(brand)["layers"]}
    assert layers["logo"]["variants"]["square"]["own"] == {"artwork_kind": "second_logo", "order": 1, "shape": "circle"}
    assert layers["only"]["place"] is None
    assert layers["only"]["variants"]["landscape"]["own"] == {"text": "Nur hier", "order": 1}


def test_layers_come_from_back_to_front(brand):
    awkward(brand)
    assert [layer["name"] for layer in layoutjson.read(brand)["layers"]] == ["logo", "mark", "only"]


def test_a_reset_place_takes_the_row_away(brand, editor):
    awkward(brand)
    data = layoutjson.read(brand)
    data["layers"][0]["variants"] = {}
    layoutjson.save(brand, data, editor)
    assert list(brand.layers.filter(name="logo").values_list("variant", flat=True)) == [""]


def test_a_renamed_layer_keeps_everything_else(brand, editor):
    awkward(brand)
    data = layoutjson.read(brand)
    data["layers"][0]["name"] = "crest"
    layoutjson.save(brand, data, editor)
    after = layoutjson.read(brand)["layers"]
    assert {"crest", "mark", "only"} == {layer["name"] for layer in after}
    assert after[0] == data["layers"][0]


def test_text_is_cleaned_on_its_way_in(brand, editor):
    data = document(brand, layer(kind="text", text="it\u202e's  live\x00 \ud800"))
    assert layoutjson.save(brand, data, editor).document["layers"][0]["content"]["text"] == "it's live"


def test_what_is_left_out_is_as_usual():
    row = layoutjson.parse({"layers": [{"name": "logo", "content": {"artwork_kind": "logo"}, "place": {"x": 3}}]})[0]
    assert (row.x, row.y, row.width, row.kind) == (3, 92.0, 15.0, "image")


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "name", "value", "sentence"),
    [
        ("place", "x", 101, "Write a number from 0 to 100."),
        ("place", "x", "12", "Write a number from 0 to 100."),
        ("place", "x", True, "Write a number from 0 to 100."),
        ("place", "x", None, "Write a number from 0 to 100."),
        ("place", "y", float("nan"), "Write a number from 0 to 100."),
        ("place", "y", float("inf"), "Write a number from 0 to 100."),
        ("place", "y", 10**400, "Write a number from 0 to 100."),
        ("place", "rotation", -181, "Write a number from -180 to 180."),
        ("place", "opacity", 0, "Write a number from 0.01 to 1."),
        ("place", "visible", 1, "Write true or false."),
        ("content", "order", 1.5, "Write a whole number from 0 to 32767."),
        ("content", "start_ms", -1, "Write a whole number from 0 to 2147483647."),
        ("content", "kind", "video", "Choose one of these: image, text, credit, clip."),
        ("content", "text_colour", "red", "Write a colour as # and six hex digits, for example #ff8800."),
        ("content", "text", "x" * 2001, "Write at most 2000 letters."),
        ("content", "text", ["x"], "Write a text."),
        ("content", "font", "Arial", "This brand has no such font."),
        ("content", "pk", 7, "There is no such value."),
    ],
)
def test_a_wrong_value_is_named_with_its_place(brand, part, name, value, sentence):
    data = document(brand, layer("first"), layer())
    data["layers"][1][part][name] = value
    assert refused(data, brand) == {f"layers[1].{part}.{name}": sentence}


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ([], ""),
        (None, ""),
        ({"layers": {}}, "layers"),
        ({"layers": [7]}, "layers[0]"),
        ({"layers": [{"name": "a b", "content": {"artwork_kind": "logo"}, "place": {}}]}, "layers[0].name"),
        ({"layers": [{"name": None, "content": {"artwork_kind": "logo"}, "place": {}}]}, "layers[0].name"),
        ({"layers": [{"name": "a", "content": {"artwork_kind": "logo"}}]}, "layers[0].place"),
        ({"layers": [{"name": "a", "content": {"kind": "text"}, "place": {}}]}, "layers[0].content.text"),
        ({"layers": [{"name": "a", "content": {}, "place": {}}]}, "layers[0].content.artwork_kind"),
        ({"layers": [{"name": "a", "content": [], "place": {}}]}, "layers[0].content"),
        ({"layers": [], "script": "x"}, "script"),
    ],
)
def test_a_document_of_another_shape_is_refused(data, path):
    assert path in refused(data)


def test_a_wrong_override_is_named_with_its_place(brand):
    strong = {"opacity_low": 0.5, "opacity_high": 0.2}
    overrides = {"square": {"place": strong}, "round": {"place": {}}, "portrait": {"place": {"x": -1}, "own": {"x": 1}}}
    assert refused(document(brand, layer(variants=overrides)), brand) == {
        "layers[0].variants.round": "There is no such value.",
        "layers[0].variants.square.place.opacity_low": "On bright pictures it may not be stronger than on dark ones.",
        "layers[0].variants.portrait.place.x": "Write a number from 0 to 100.",
        "layers[0].variants.portrait.own.x": "There is no such value.",
    }


def test_two_layers_of_one_name_are_refused(brand):
    assert refused(document(brand, layer(), layer()), brand) == {"layers[1].name": "There are two layers of this name."}


def test_too_many_layers_are_refused(brand):
    layers = [layer(f"l{number}") for number in range(layoutjson.MOST_LAYERS + 1)]
    assert refused(document(brand, *layers), brand) == {"layers": "A brand has at most 60 layers."}


def test_the_font_of_another_brand_is_refused(brand, font):
    other = Brand.objects.create(name="Orbit", slug="orbit")
    assert layoutjson.parse(document(brand, layer(font=str(font.uuid))), brand)[0].font == font
    assert "layers[0].content.font" in refused(document(other, layer(font=str(font.uuid))), other)


def test_nothing_is_saved_when_something_is_wrong(brand, editor, heard):
    awkward(brand)
    before = list(brand.layers.values())
    data = layoutjson.read(brand)
    data["layers"][0]["place"]["x"] = 5
    data["layers"][1]["place"]["x"] = 500
    with pytest.raises(layoutjson.LayoutError):
        layoutjson.save(brand, data, editor)
    assert list(brand.layers.values()) == before
    assert heard == []


# --- who, and in which order -----------------------------------------------------------------------------------------


def test_a_change_is_told_and_answered(brand, editor, heard):
    saved = layoutjson.save(brand, document(brand, layer()), editor)
    assert saved.changed
    assert saved.said == ["3 outputs are stale now."]
    assert heard == [frozenset([brand.pk])]


def test_an_older_document_is_refused_with_the_newer_one(brand, editor, heard):
    mine = document(brand, layer(x=10))
    theirs = copy.deepcopy(mine)
    theirs["layers"][0]["place"]["x"] = 90
    newer = layoutjson.save(brand, theirs, editor).document
    with pytest.raises(layoutjson.Outdated) as caught:
        layoutjson.save(brand, mine, editor)
    assert caught.value.document == newer
    assert layoutjson.read(brand) == newer
    assert len(heard) == 1


def test_a_protected_brand_is_not_changed(brand, editor):
    Brand.objects.update(locked=True)
    with pytest.raises(layoutjson.Protected):
        layoutjson.save(brand, document(brand, layer()), editor)
    assert not brand.layers.exists()


@pytest.mark.parametrize("allowed", [[], ["view_brand"]])
def test_who_may_not_change_brands_may_not_save(brand, editor, allowed):
    editor.user_permissions.set(Permission.objects.filter(codename__in=allowed))
    editor = type(editor).objects.get(pk=editor.pk)
    with pytest.raises(PermissionDenied):
        layoutjson.save(brand, document(brand, layer()), editor)
