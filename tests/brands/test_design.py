import pytest
from hypothesis import given
from hypothesis import strategies as st

from brands import plates
from brands.artwork import ImageLayer, PlateSpec, TextLayer
from brands.design import ALWAYS, Design, Film, MarkPart, PlatePart, Span, credit
from brands.layouts import Box, canvas
from brands.models import BrandClip
from brands.plates import Video
from jobs.media.errors import ArtworkError
from tests.media.clips import probe

FRAME = canvas("vertical", 720)
KNOWN = {"author": "Ann", "title": "Dawn", "site": "example.com"}


# --- spans ---


@pytest.mark.parametrize(
    ("span", "window"),
    [
        (ALWAYS, (0, 10_000_000)),
        (Span("first", length_ms=3000), (0, 3_000_000)),
        (Span("last", length_ms=3000), (7_000_000, 10_000_000)),
        (Span("between", 2000, 3000), (2_000_000, 5_000_000)),
        (Span("between", 8000, 3000), (8_000_000, 10_000_000)),
        (Span("between", 12000, 3000), (10_000_000, 10_000_000)),
        (Span("first", length_ms=30_000), (0, 10_000_000)),
        (Span("last", length_ms=30_000), (0, 10_000_000)),
    ],
)
def test_a_span_is_a_window_on_the_video(span, window):
    assert span.window(10_000_000) == window


# --- credits ---


@pytest.mark.parametrize(
    ("text", "missing", "wanted"),
    [
        ("© {author}", "", "© Ann"),
        ("© {author}", "author", ""),
        ("by {author} on {site}", "author", "on example.com"),
        ("by {author} on {site}", "site", "by Ann"),
        ("Video: {title} ({site})", "site", "Video: Dawn"),
        ("({author}, {site})", "site", "Ann"),
        ("{author}/{site}", "author", "example.com"),
        ("{author} · {title} · {site}", "title", "Ann · example.com"),
        ("Credit\n{author}\nvia {site}", "author", "Credit\nvia example.com"),
        ("Credit\n{author}", "author", ""),
        ("“{title}” by {author}", "title", "by Ann"),
        ("{AUTHOR} { author } {licence} {", "", "Ann Ann"),
        ("All rights reserved", "author", "All rights reserved"),
    ],
)
def test_a_credit_drops_what_belongs_to_an_empty_fact(text, missing, wanted):
    assert credit(text, {**KNOWN, missing: ""}) == wanted


@given(st.text("ab {}()·\n", max_size=40), st.sets(st.sampled_from(sorted(KNOWN))))
def test_a_credit_never_shows_braces(text, missing):
    shown = credit(text + "{author} {site}" + text, {**KNOWN, **dict.fromkeys(missing, "")})
    assert not set("{}") & set(shown)


# --- digests ---


def words(text="hello", **values):
    return TextLayer(text, 50, 50, 40, **values)


def part(*layers, span=ALWAYS):
    return PlatePart(PlateSpec(FRAME, layers), span)


MARK = MarkPart("a" * 64, probe(), Box(0, 0, 100, 100))
DESIGN = Design(FRAME, (part(words()), MARK), Film("b" * 64, probe()), None)


@pytest.mark.parametrize(
    "other",
    [
        Design(FRAME),
        Design(canvas("square", 720), DESIGN.parts, DESIGN.intro),
        Design(FRAME, DESIGN.parts[::-1], DESIGN.intro),
        Design(FRAME, (part(words("other")), MARK), DESIGN.intro),
        Design(FRAME, (part(words(), span=Span("first", 0, 1000)), MARK), DESIGN.intro),
        Design(FRAME, (part(words()), MarkPart("c" * 64, probe(), MARK.box)), DESIGN.intro),
        Design(FRAME, (part(words()), MarkPart(MARK.sha256, probe(), Box(2, 0, 100, 100))), DESIGN.intro),
        Design(FRAME, (part(words()), MarkPart(MARK.sha256, probe(), MARK.box, 0.5)), DESIGN.intro),
        Design(FRAME, DESIGN.parts),
        Design(FRAME, DESIGN.parts, None, DESIGN.intro),
        Design(FRAME, DESIGN.parts, DESIGN.intro, DESIGN.intro),
    ],
)
def test_whatever_shapes_the_film_changes_the_digest(other):
    assert other.digest() != DESIGN.digest()


def test_what_is_only_told_changes_no_digest():
    told = Design(FRAME, DESIGN.parts, DESIGN.intro, opacities=(("logo", 0.2),))
    assert told.digest() == DESIGN.digest()


# --- rows to designs ---


def add_layer(brand, name="logo", **values):
    return brand.layers.create(**{"name": name, "artwork_kind": "logo", **values})


def add_clip(brand, kind="mark", **values):
    facts = probe(width=200, height=100).to_dict()
    return BrandClip.objects.create(**{"brand": brand, "kind": kind, "sha256": kind[0] * 64, "facts": facts, **values})


def made(brand, video=None, variant="vertical", **more):
    return plates.design(type(brand).objects.get(pk=brand.pk), canvas(variant, 720), variant, video, **more)


def texts(design):
    return [[layer.text for layer in part.plate.layers] for part in design.parts if isinstance(part, PlatePart)]


def test_neighbours_of_one_span_are_one_plate(brand):
    first = {"kind": "text", "timing": "first", "length_ms": 2000}
    for order, (name, values) in enumerate(
        {"a": {}, "b": {}, "c": first, "d": {**first, "start_ms": 900}, "e": {**first, "fade_ms": 100}, "f": {}}.items()
    ):
        add_layer(brand, name, order=order, **{"kind": "text", "text": name, **values})
    design = made(brand)
    assert texts(design) == [["a", "b"], ["c", "d"], ["e"], ["f"]]
    assert [part.span.kind for part in design.parts] == ["always", "first", "first", "always"]


def test_the_standing_plate_leaves_out_what_comes_and_goes(brand):
    add_clip(brand)
    add_layer(brand, "a", kind="text", text="stands")
    add_layer(brand, "b", kind="text", text="bug", timing="first", length_ms=2000)
    add_layer(brand, "c", kind="clip")
    assert [layer.text for layer in plates.spec(brand, FRAME, "vertical").layers] == ["stands"]


def test_a_mark_has_its_own_shape_and_an_even_box(brand):
    add_clip(brand)
    add_layer(brand, "under", kind="text", text="under", order=0)
    add_layer(brand, "spin", kind="clip", order=1, width=25, x=50, y=50, opacity=0.5, timing="between", start_ms=400)
    add_layer(brand, "over", kind="text", text="over", order=2)
    under, mark, over = made(brand).parts
    assert (under.plate.layers[0].text, over.plate.layers[0].text) == ("under", "over")
    assert mark.box == Box(270, 594, 180, 92)
    assert (mark.sha256, mark.opacity, mark.span) == ("m" * 64, 0.5, Span("between", 400, 3000))


def test_a_layer_without_its_clip_is_named(brand):
    add_clip(brand, active=False)
    add_layer(brand, "spin", kind="clip")
    with pytest.raises(ArtworkError) as caught:
        made(brand)
    assert (caught.value.code, caught.value.detail) == ("clip_missing", "spin")


def test_films_are_chosen_by_variant_and_only_in_use(brand):
    add_clip(brand, "intro", sha256="1" * 64)
    add_clip(brand, "intro", sha256="2" * 64, variant="portrait")
    add_clip(brand, "outro", active=False)
    assert (made(brand).intro.sha256, made(brand, variant="square").intro.sha256) == ("2" * 64, "1" * 64)
    assert made(brand).outro is None


def test_a_credit_takes_its_words_from_the_video(brand):
    add_layer(brand, "credit", kind="credit", text="by {author} on {site}")
    assert texts(made(brand, Video(author="Ann", site="example.com"))) == [["by Ann on example.com"]]
    assert texts(made(brand, Video(author="Ann"))) == [["by Ann"]]
    assert made(brand, Video()).parts == ()
    assert texts(made(brand)) == [["by Author on example.com"]]


def test_layers_may_be_given_instead_of_the_brands_own(brand):
    add_layer(brand, "a", kind="text", text="saved")
    unsaved = [brand.layers.model(brand=brand, name="a", kind="text", text="unsaved")]
    assert texts(made(brand, layers=unsaved)) == [["unsaved"]]
    assert made(brand, layers=[]).empty


@pytest.mark.parametrize(
    ("luma", "opacity"), [(0.0, 0.2), (1.0, 0.1), (0.5, 0.15), (0.25, 0.175), (-3.0, 0.2), (7.0, 0.1), (None, 0.4)]
)
def test_a_layer_adapts_to_what_lies_under_it(luma, opacity, brand, add_artwork):
    add_artwork(brand)
    add_layer(brand, opacity=0.8, adaptive=True)
    design = made(brand, Video(luma=lambda box: luma))
    assert design.parts[0].plate.layers[0].opacity == pytest.approx(opacity)
    assert dict(design.opacities) == {"logo": pytest.approx(opacity)}


def test_without_a_video_an_adaptive_layer_is_in_the_middle(brand, add_artwork):
    add_artwork(brand)
    add_layer(brand, opacity=0.8, adaptive=True)
    assert made(brand).opacities == (("logo", 0.15),)
    assert made(brand, Video()).opacities == (("logo", 0.4),)


def test_brightness_is_asked_for_under_the_layer(brand, add_artwork):
    artwork = add_artwork(brand)
    artwork.width, artwork.height = 200, 100
    artwork.save()
    add_clip(brand)
    add_layer(brand, "a", order=0, x=50, y=50, width=20, adaptive=True)
    add_layer(brand, "b", order=1, x=50, y=50, width=20, rotation=90, adaptive=True)
    add_layer(brand, "c", order=2, width=200, full_frame=True, adaptive=True)
    add_layer(brand, "d", order=3, kind="clip", x=50, y=50, width=20, adaptive=True)
    add_layer(brand, "e", order=4, kind="text", text="x", x=50, y=50, width=60, box_opacity=1.0, adaptive=True)
    asked = []
    made(brand, Video(luma=asked.append))
    assert asked[0] == Box(288, 604, 144, 72)
    assert (asked[1].width, asked[1].height) == (72, 144)
    assert asked[2] == FRAME.box
    assert asked[3] == Box(288, 604, 144, 72)
    assert FRAME.box.contains(asked[4])
    assert 20 < asked[4].height < 100


def test_pictures_keep_their_turn_and_shape(brand, add_artwork):
    artwork = add_artwork(brand)
    add_layer(brand, x=1, y=2, width=3, rotation=30, shape="circle")
    assert made(brand).parts[0].plate.layers == (
        ImageLayer(artwork.sha256, 1, 2, 3, rotation=30, shape="circle"),
    )  # fmt: skip
