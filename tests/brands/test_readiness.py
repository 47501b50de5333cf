from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from brands import readiness
from brands.models import Brand, BrandClip, Font, Layer, PublishingProfile, SafeZone, Variant
from tests.brands.pictures import encoded, keep_artwork, logo
from tests.jobs import rows

PICTURE = encoded(logo())
TWO = ("vertical", "square")


def told(brand: Brand, variants: Any = TWO, look: Any = readiness.problems) -> dict[str, list[str]]:
    """Codes by variant, without hints."""
    found: dict[str, list[str]] = {}
    for problem in look(Brand.objects.get(pk=brand.pk), variants):
        if not problem.hint:
            found.setdefault(problem.variant, []).append(problem.code)
    return found


def one(brand: Brand, look: Any = readiness.problems) -> readiness.Problem:
    (found,) = [problem for problem in look(Brand.objects.get(pk=brand.pk), TWO) if not problem.hint]
    return found


def text(brand: Brand, **values: Any) -> Layer:
    made: Layer = brand.layers.create(**{"name": "line", "kind": "text", "text": "Hello", **values})
    return made


def test_a_brand_that_shows_a_text_is_ready(brand):
    text(brand)
    assert told(brand, Variant.values) == {}
    assert told(brand, Variant.values, readiness.closer) == {}


def test_a_brand_without_layers_shows_nothing_and_is_sent_to_its_layout(brand):
    problem = one(brand)
    assert problem.sentence == "Nothing is shown."
    assert problem.url == reverse("admin:brands_brand_layout", args=[brand.pk])


def test_what_is_so_on_some_shapes_only_is_said_of_them(brand):
    text(brand)
    text(brand, variant="square", visible=False)
    assert told(brand) == {"square": ["empty"]}
    (problem,) = readiness.problems(brand, ["square"])[:1]
    assert problem.url.endswith("layout/?variant=square")


def test_a_film_is_something_to_show(brand):
    BrandClip.objects.create(brand=brand, kind="intro", sha256="0" * 64, file="artwork/x.mp4")
    assert told(brand) == {}


def test_a_missing_picture_is_named_with_the_page_to_add_it(brand):
    brand.layers.create(name="mark", artwork_kind="watermark")
    problem = one(brand)
    assert problem.sentence == "mark shows the watermark of the brand, and there is none."
    assert problem.url == f"{reverse('admin:brands_artwork_add')}?brand={brand.pk}&kind=watermark"
    keep_artwork(None, PICTURE, "watermark")
    assert told(brand) == {}  # the house has one


def test_a_missing_mark_and_font_are_named(brand):
    brand.layers.create(name="bug", kind="clip")
    text(brand, font=Font.objects.create(name="Sans", file="artwork/x.ttf"))
    assert told(brand) == {"": ["missing", "missing"]}
    BrandClip.objects.create(brand=brand, kind="mark", sha256="0" * 64, file="artwork/x.webm", active=False)
    assert told(brand) == {"": ["missing", "missing"]}  # it is there, and not in use


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"opacity": 0.02}, "faint"),
        ({"adaptive": True, "opacity_low": 0.01, "opacity_high": 0.04}, "faint"),
        ({"adaptive": True, "opacity_low": 0.2, "opacity_high": 0.2}, "range"),
        ({"text_colour": "#FFFFFF", "box_colour": "#ffffff", "box_opacity": 1.0}, "faint"),
        ({"adaptive": True, "opacity": 0.02}, None),
        ({"text_colour": "#ffffff", "box_colour": "#ffffff", "box_opacity": 0.5}, None),
    ],
)
def test_what_is_hardly_seen_is_told(brand, values, code):
    text(brand, **values)
    assert told(brand) == ({"": [code]} if code else {})


def test_zones_count_for_the_platforms_that_the_brand_posts_to(brand):
    SafeZone.objects.all().delete()
    for platform in ("tiktok", "youtube_shorts"):
        SafeZone.objects.create(name=platform, platform=platform, variant="vertical", bottom=30)
    PublishingProfile.objects.create(brand=brand, platforms=["tiktok"], hashtags=["#a"], caption_ending="Bye")
    keep_artwork(brand, PICTURE)
    brand.layers.create(name="logo", artwork_kind="logo", x=50, y=90)
    (hint,) = [problem for problem in readiness.problems(brand, TWO) if problem.code == "covered"]
    assert (hint.variant, hint.hint) == ("vertical", True)
    assert "tiktok" in hint.sentence


def test_gaps_of_the_profile_are_hints(brand):
    text(brand)
    assert [problem.code for problem in readiness.problems(brand)] == ["profile"] * 3
    PublishingProfile.objects.create(brand=brand, platforms=["tiktok"], hashtags=["#a"], caption_ending="Bye")
    assert readiness.problems(Brand.objects.get(pk=brand.pk)) == []


# --- the closer look


def test_a_file_that_went_or_changed_is_found_by_the_closer_look_only(brand):
    artwork = keep_artwork(brand, PICTURE)
    brand.layers.create(name="logo", artwork_kind="logo")
    assert told(brand, look=readiness.closer) == {}
    default_storage.delete(artwork.file.name)
    assert told(brand) == {}
    problem = one(brand, readiness.closer)
    assert problem.code == "file"
    assert problem.url == reverse("admin:brands_artwork_change", args=[artwork.pk])


def test_a_clip_whose_file_went_is_found(brand):
    text(brand)
    BrandClip.objects.create(brand=brand, kind="outro", sha256="0" * 64, file="artwork/gone.mp4", facts=rows.PROBE)
    assert one(brand, readiness.closer).sentence == "The file of the outro is gone."


def test_characters_that_no_font_has_are_named(brand):
    text(brand, text="Hello \U00017000")
    assert "U+17000" in one(brand, readiness.closer).sentence


# --- pages


def test_the_list_tells_how_many_things_each_brand_lacks_for_a_fixed_price(
    admin_client, brand, django_assert_max_num_queries
):
    for number in range(20):
        Brand.objects.create(name=f"Brand {number}", slug=f"brand-{number}").layers.create(
            name="logo", artwork_kind="logo"
        )
    text(brand)
    with django_assert_max_num_queries(16):
        page = admin_client.get("/admin/brands/brand/").content.decode()
    assert page.count("1 thing</a>") == 20
    assert page.count('ws-good">ready<') == 1


def test_the_page_of_a_brand_tells_what_to_do_and_looks_closer_by_itself(admin_client, brand):
    page = admin_client.get(f"/admin/brands/brand/{brand.pk}/change/").content.decode()
    assert "Add a layer, or make one visible again." in page
    address = reverse("admin:brands_brand_ready", args=[brand.pk])
    assert f'hx-get="{address}"' in page
    fragment = admin_client.get(address).content.decode()
    assert "Nothing is shown." in fragment
    assert "hx-get" not in fragment
