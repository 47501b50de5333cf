"""Fonts of brands, from the upload to the plate."""

import hashlib

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from brands import changes, fontintake, plates, typefaces
from brands.fontadmin import FontAdmin
from brands.layouts import canvas
from brands.models import Font
from jobs.media.errors import ArtworkError, MediaError
from wtfsite.lib import process

ADD = reverse("admin:brands_font_add")
LIST = reverse("admin:brands_font_changelist")
INTER = (typefaces.INTER.parent / "Inter-Regular.otf").read_bytes()
SQUARE = canvas("square", 720)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _plain_http(settings):
    settings.SECURE_SSL_REDIRECT = False
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def upload(data=INTER, name="Kettle Sans.otf"):
    return SimpleUploadedFile(name, data)


@pytest.fixture
def font(storage):
    """As if it had been rebuilt before."""
    row = Font(name="Kettle Sans", sha256=hashlib.sha256(INTER).hexdigest(), font_format="otf")
    row.file.save("font.otf", ContentFile(INTER))
    return row


def headline(brand, **values):
    return brand.layers.create(**{"name": "headline", "kind": "text", "text": "Hello", "x": 50, "y": 50, **values})


def spec(brand):
    return plates.spec(type(brand).objects.get(pk=brand.pk), SQUARE, "square")


# --- taking in ---


def test_the_font_that_is_kept_is_the_rebuilt_one(storage):
    font = Font(name="Kettle Sans")
    fontintake.take_in(font, upload())
    font.save()
    with storage.open(font.file.name) as file:
        kept = file.read()
    assert (font.sha256, font.font_format) == (hashlib.sha256(kept).hexdigest(), "otf")
    assert kept != INTER
    assert font.original_name == "Kettle Sans.otf"
    assert font.file.name == f"fonts/{font.uuid.hex[:2]}/{font.uuid}.otf"


@pytest.mark.parametrize("data", [b"", b"hello", INTER[:5000]], ids=["none", "text", "cut"])
def test_it_refuses_what_is_no_font_and_leaves_the_row_alone(data, folders):
    row = Font(sha256="before", file="before.otf")
    with pytest.raises(ArtworkError):
        fontintake.take_in(row, upload(data))
    assert (row.sha256, row.file.name) == ("before", "before.otf")
    assert list((folders.temp / "work").iterdir()) == []


def test_it_refuses_a_font_that_cannot_be_drawn_with(folders):
    data = bytearray(INTER)
    head = data.index(b"\x5f\x0f\x3c\xf5") - 12
    data[head + 18 : head + 20] = (16).to_bytes(2, "big")  # units in a letter's height: 2048 before
    with pytest.raises(ArtworkError) as caught:
        fontintake.take_in(Font(), upload(bytes(data)))
    assert caught.value.code == "font_unreadable"


def test_it_refuses_a_large_file_without_reading_it(folders):
    file = upload(b"")
    file.size = 20_000_001
    with pytest.raises(ArtworkError, match="20 MB"):
        fontintake.take_in(Font(), file)
    assert not (folders.temp / "work").exists()


def test_a_failure_that_does_not_lie_in_the_font_is_logged(caplog, folders):
    def run(*command, **options):
        raise process.NotStarted("the sandbox does not let it start")

    with pytest.raises(MediaError) as caught:
        fontintake.take_in(Font(), upload(), run)
    assert caught.value.code == "sandbox_refused"
    assert "could not be rebuilt" in caplog.text


# --- on plates ---


def test_a_text_is_drawn_with_its_font(brand, font, storage):
    headline(brand)
    plain = plates.load(spec(brand)).image.tobytes()
    brand.layers.update(font=font)
    assert spec(brand).layers[0].font == font.sha256
    assert plates.load(spec(brand)).image.tobytes() != plain


def test_a_font_whose_file_is_gone_is_missing(brand, font):
    headline(brand, font=font)
    font.file.delete(save=False)
    with pytest.raises(ArtworkError) as caught:
        plates.load(spec(brand))
    assert caught.value.code == "font_missing"


def test_a_font_that_was_exchanged_is_unreadable(brand, font):
    headline(brand, font=font)
    Font.objects.update(sha256="0" * 64)
    with pytest.raises(ArtworkError) as caught:
        plates.load(spec(brand))
    assert caught.value.code == "font_unreadable"


# --- pages ---


def test_a_font_is_added(admin_client, storage):
    response = admin_client.post(ADD, {"name": " Kettle\u202e Sans ", "brand": "", "file": upload()})
    assert response.status_code == 302, response.context["errors"]
    font = Font.objects.get()
    assert (font.name, font.font_format) == ("Kettle Sans", "otf")
    assert storage.exists(font.file.name)
    for address in (LIST, ADD, reverse("admin:brands_font_change", args=[font.pk])):
        page = admin_client.get(address)
        assert page.status_code == 200
        assert font.file.name not in page.content.decode()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"hello", "The font is of a kind that is not taken (the file is no font). Export it as an OpenType"),
        (INTER[:5000], "The font cannot be used: it is damaged"),
    ],
    ids=["text", "cut"],
)
def test_a_bad_font_is_refused_with_reason_and_remedy(admin_client, storage, data, sentence):
    page = admin_client.post(ADD, {"name": "Kettle", "brand": "", "file": upload(data)})
    assert sentence in page.content.decode()
    assert not Font.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_rebuilt_in_a_transaction(admin_client, storage, monkeypatch):
    seen = []

    def run(*command, **options):
        seen.append(connection.in_atomic_block)
        return process.run(*command, **options)

    monkeypatch.setattr(FontAdmin, "run", staticmethod(run))
    assert admin_client.post(ADD, {"name": "Kettle", "brand": "", "file": upload()}).status_code == 302
    assert seen == [False], "once, and outside"


def test_a_replaced_font_tells_whom_it_changes(
    admin_client, brand, font, storage, django_capture_on_commit_callbacks, monkeypatch
):
    headline(brand, font=font)
    before, told = font.file.name, []
    monkeypatch.setattr(changes, "_handlers", [lambda brands: told.append(brands) or "Two outputs are stale."])
    semibold = upload(typefaces.INTER.read_bytes())
    address = reverse("admin:brands_font_change", args=[font.pk])
    with django_capture_on_commit_callbacks(execute=True):
        page = admin_client.post(address, {"name": "Kettle", "brand": "", "file": semibold}, follow=True)
    assert told == [frozenset({brand.pk})]
    assert "Two outputs are stale." in page.content.decode()
    assert not storage.exists(before)
    told.clear()
    admin_client.post(address, {"name": "Kettle Two", "brand": ""})
    assert not told, "another name draws nothing else"


def test_a_font_in_use_is_not_deleted(admin_client, brand, font, storage):
    headline(brand, font=font)
    admin_client.post(reverse("admin:brands_font_delete", args=[font.pk]), {"post": "yes"})
    assert Font.objects.exists()
    assert storage.exists(font.file.name)


def test_a_deleted_font_takes_its_file_along(admin_client, font, storage, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(reverse("admin:brands_font_delete", args=[font.pk]), {"post": "yes"})
    assert not Font.objects.exists()
    assert not storage.exists(font.file.name)
