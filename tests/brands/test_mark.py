"""A watermark drawn from the logo."""

import pytest
from django.urls import reverse
from PIL import Image

from brands import changes
from brands.artwork import read_image
from brands.mark import mark
from brands.models import Artwork
from jobs.media.errors import ArtworkError
from tests.brands.pictures import encoded, logo
from tests.brands.test_admin import _plain_http  # noqa: F401  a fixture

NIGHT = (12, 16, 60)


def colours(picture):
    data = picture.tobytes()
    return {tuple(data[at : at + 3]) for at in range(0, len(data), 4) if data[at + 3]}


def test_a_logo_of_one_colour_becomes_white_in_its_shape():
    picture = logo(colour=NIGHT)
    drawn = mark(picture)
    assert colours(drawn) == {(255, 255, 255)}
    assert drawn.getchannel("A").tobytes() == picture.getchannel("A").tobytes()


def test_several_colours_become_light_greys():
    picture = logo(colour=NIGHT)
    picture.paste((255, 255, 255, 255), (60, 40, 140, 60))
    drawn = mark(picture)
    assert drawn.getpixel((100, 50)) == (255, 255, 255, 255)
    assert drawn.getpixel((100, 20)) == (150, 150, 150, 255)


def test_a_logo_on_a_ground_is_cut_out_first():
    picture = Image.new("RGBA", (300, 200), (255, 255, 255, 255))
    picture.paste((*NIGHT, 255), (100, 50, 260, 150))
    assert mark(picture).size == (160, 100)
    with pytest.raises(ArtworkError):
        mark(Image.new("RGBA", (50, 50), (255, 255, 255, 255)))


def test_the_name_stands_below():
    plain, named = mark(logo()), mark(logo(), "Northshore")
    assert named.height > plain.height + 10
    left = (named.width - plain.width) // 2
    assert named.crop((left, 0, left + plain.width, plain.height)).tobytes() == plain.tobytes()
    assert named.crop((0, plain.height + 5, *named.size)).getchannel("A").getextrema()[1] == 255


@pytest.fixture
def heard():
    """The brands of which it was said that they changed."""
    brands = []
    changes.on_change(brands.append)
    yield brands
    changes._handlers.remove(brands.append)


def test_the_page_of_a_brand_draws_one(admin_client, brand, add_artwork, heard):
    add_artwork(brand, data=encoded(logo(colour=NIGHT)))
    page = reverse("admin:brands_brand_change", args=[brand.pk])
    draw = reverse("admin:brands_brand_watermark", args=[brand.pk])
    assert draw in admin_client.get(page).content.decode()
    answer = admin_client.post(draw, follow=True).content.decode()
    assert "A watermark was drawn from the logo." in answer
    assert draw not in answer, "it has one now"
    artwork = Artwork.objects.get(kind="watermark")
    with artwork.file.open("rb") as file:
        assert colours(read_image(file.read())) == {(255, 255, 255)}
    assert (artwork.variant, artwork.original_name) == ("", "northshore-watermark.png")
    assert frozenset([brand.pk]) in heard
    assert admin_client.post(draw).status_code == 403


def test_a_brand_that_is_protected_gets_none(admin_client, brand, add_artwork):
    add_artwork(brand)
    brand.locked = True
    brand.save()
    draw = reverse("admin:brands_brand_watermark", args=[brand.pk])
    assert draw not in admin_client.get(reverse("admin:brands_brand_change", args=[brand.pk])).content.decode()
    assert admin_client.post(draw).status_code == 403
    assert not Artwork.objects.filter(kind="watermark").exists()


def test_who_may_only_look_draws_none(viewer_client, brand, add_artwork):
    add_artwork(brand)
    assert viewer_client.post(reverse("admin:brands_brand_watermark", args=[brand.pk])).status_code in (403, 404)
