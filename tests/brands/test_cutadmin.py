"""What may be cut from a picture, in the forms and beforehand."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from brands.artwork import read_image
from brands.models import Artwork
from tests.brands.pictures import encoded
from tests.brands.test_admin import ADD, ADD_ARTWORK, _plain_http, new_brand, with_logo  # noqa: F401  a fixture

CUTOUT = reverse("admin:brands_artwork_cutout")
pytestmark = pytest.mark.django_db


def on_black():
    """A white bar, 160 x 100, on black."""
    image = Image.new("RGB", (300, 200))
    image.paste((255, 255, 255), (100, 50, 260, 150))
    return encoded(image)


def test_a_logo_is_cut_out_on_the_page_of_its_brand(admin_client, storage):
    cuts = {"artwork-0-ground": "dark", "artwork-0-strength": "60", "artwork-0-trim": "on"}
    response = admin_client.post(ADD, new_brand(**with_logo(on_black()), **cuts))
    assert response.status_code == 302, response.context["errors"]
    artwork = Artwork.objects.get()
    assert (artwork.width, artwork.height) == (160, 100)
    with storage.open(artwork.file.name) as file:
        assert read_image(file.read()).getcolors() == [(160 * 100, (255, 255, 255, 255))]
    page = admin_client.get(reverse("admin:brands_artwork_change", args=[artwork.pk])).content.decode()
    assert f'data-cutout="{CUTOUT}"' in page
    assert "wtfsite/cutout.js" in page


def test_what_is_kept_cannot_be_cut_later(admin_client, storage, add_artwork):
    artwork = add_artwork(None)
    answer = admin_client.post(
        reverse("admin:brands_artwork_change", args=[artwork.pk]),
        {"brand": "", "kind": "logo", "variant": "", "ground": "light", "strength": "60"},
    )
    assert "Choose the file again: only what is uploaded now can be cut." in answer.content.decode()


def test_a_picture_of_which_nothing_would_be_left_is_refused(admin_client, storage):
    form = {"kind": "logo", "ground": "auto", "file": SimpleUploadedFile("a.png", encoded(Image.new("RGB", (50, 50))))}
    page = admin_client.post(ADD_ARTWORK, form).content.decode()
    assert "Less than one percent of the picture can be seen (0.00 %). Lower the strength" in page
    assert not Artwork.objects.exists()


def test_the_preview_shows_on_checks_what_would_be_kept(admin_client):
    form = {"kind": "logo", "ground": "dark", "strength": "60", "file": SimpleUploadedFile("a.png", on_black())}
    answer = admin_client.post(CUTOUT, form)
    assert answer["Content-Type"] == "image/png"
    shown = Image.open(io.BytesIO(answer.content))
    assert (shown.size, shown.getpixel((180, 100))) == ((300, 200), (255, 255, 255))
    assert {shown.getpixel((2, 2)), shown.getpixel((14, 2))} == {(150, 150, 150), (200, 200, 200)}
    assert not Artwork.objects.exists()


def test_the_preview_says_what_is_wrong(admin_client):
    answer = admin_client.post(CUTOUT, {"ground": "light", "file": SimpleUploadedFile("a.png", on_black())})
    assert answer.status_code == 422
    assert "its border is not light" in answer.content.decode()
    assert admin_client.post(CUTOUT, {"ground": "dark"}).status_code == 400


def test_nothing_is_decoded_for_those_who_may_not_upload(viewer_client):
    answer = viewer_client.post(CUTOUT, {"file": SimpleUploadedFile("a.png", on_black())})
    assert answer.status_code == 403
