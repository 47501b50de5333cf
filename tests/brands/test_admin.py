import hashlib
import io

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from PIL import Image

from brands import plates
from brands.artwork import read_image
from brands.layouts import canvas
from brands.models import Artwork, Brand
from jobs.media import errors
from tests.brands.pictures import encoded, logo
from wtfsite.lib import process

LIST = reverse("admin:brands_brand_changelist")
ADD = reverse("admin:brands_brand_add")
ADD_ARTWORK = reverse("admin:brands_artwork_add")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _plain_http(settings):
    settings.SECURE_SSL_REDIRECT = False
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def formsets(**values):
    """The management forms of the inlines, empty unless said otherwise."""
    names, counts = ("artwork", "layers", "grants"), ("TOTAL_FORMS", "INITIAL_FORMS")
    return {**{f"{name}-{count}": 0 for name in names for count in counts}, **values}


def new_brand(**values):
    return formsets(name="Orbit", slug="orbit", handle="@orbit", active="on", **values)


def with_logo(data=None, name="logo.png"):
    file = SimpleUploadedFile(name, encoded(logo()) if data is None else data)
    return {"artwork-TOTAL_FORMS": 1, "artwork-0-kind": "logo", "artwork-0-variant": "", "artwork-0-file": file}


def preview(brand, variant="vertical"):
    return reverse("admin:brands_brand_preview", args=[brand.pk, variant])


def test_a_brand_with_a_logo_gets_a_layer_for_it(admin_client, storage):
    response = admin_client.post(ADD, new_brand(place_logo="on", **with_logo()))
    assert response.status_code == 302, response.context["errors"]
    brand = Brand.objects.get(slug="orbit")
    layer = brand.layers.get()
    assert (layer.artwork_kind, layer.x, layer.y, layer.width) == ("logo", 100, 100, 15)
    artwork = brand.artwork.get()
    assert (artwork.width, artwork.height, artwork.original_name) == (200, 100, "logo.png")
    assert storage.exists(artwork.file.name)


def test_no_layer_is_made_when_it_is_not_wanted(admin_client, storage):
    admin_client.post(ADD, new_brand(**with_logo()))
    assert not Brand.objects.get(slug="orbit").layers.exists()


def test_no_layer_is_made_without_a_logo(admin_client, storage):
    admin_client.post(ADD, new_brand(place_logo="on"))
    assert not Brand.objects.get(slug="orbit").layers.exists()


def test_an_own_layer_stays_the_only_one(admin_client, storage):
    layer = {"layers-TOTAL_FORMS": 1, "layers-0-name": "hello", "layers-0-kind": "text", "layers-0-text": "50% OFF"}
    numbers = {"order": 0, "x": 50, "y": 50, "width": 50, "opacity": 1, "text_size": 5, "box_opacity": 0}
    numbers |= {"rotation": 0, "opacity_low": 0.1, "opacity_high": 0.2, "start_ms": 0, "length_ms": 3000, "fade_ms": 0}
    numbers |= {"timing": "always"}
    colours = {"text_colour": "#ffffff", "box_colour": "#000000"}
    layer |= {f"layers-0-{name}": value for name, value in {**numbers, **colours}.items()} | {"layers-0-visible": "on"}
    response = admin_client.post(ADD, new_brand(place_logo="on", **with_logo(), **layer))
    assert response.status_code == 302, response.context["errors"]
    assert [layer.name for layer in Brand.objects.get(slug="orbit").layers.all()] == ["hello"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello", "not a PNG, JPEG, WebP or GIF picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG is a drawing, not a picture"),
        (encoded(logo())[:150], "damaged or cut off"),
        (encoded(Image.new("1", (9000, 1))), "9000 x 1 pixels"),
        (b"\x89PNG" + bytes(20_000_001), "20 MB"),
    ],
    ids=["text", "svg", "cut", "wide", "heavy"],
)
def test_a_bad_picture_is_refused_with_its_reason(admin_client, storage, data, reason):
    form = {"brand": "", "kind": "logo", "variant": "", "file": SimpleUploadedFile("logo.png", data)}
    response = admin_client.post(ADD_ARTWORK, form)
    assert response.status_code == 200
    assert reason in response.content.decode()
    assert not Artwork.objects.exists()


def test_a_refusal_says_what_to_do(admin_client, storage):
    form = {"brand": "", "kind": "logo", "variant": "", "file": SimpleUploadedFile("logo.svg", b"<svg/>")}
    page = admin_client.post(ADD_ARTWORK, form).content.decode()
    assert (
        "The artwork is of a kind that is not taken (SVG is a drawing, not a picture). Export it as a PNG, JPEG" in page
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", [Brand, Artwork])
def test_nothing_is_decoded_in_a_transaction(admin_client, storage, monkeypatch, model):
    """On SQLite nobody else could write meanwhile."""
    seen = []

    def run(*command, **options):
        seen.append(connection.in_atomic_block)
        return process.run(*command, **options)

    monkeypatch.setattr(admin.site.get_model_admin(model), "run", run)
    forms = {Brand: new_brand(**with_logo()), Artwork: {"kind": "logo", "file": with_logo()["artwork-0-file"]}}
    response = admin_client.post({Brand: ADD, Artwork: ADD_ARTWORK}[model], forms[model])
    assert response.status_code == 302, response.context["errors"]
    assert Artwork.objects.get().width == 200
    assert seen == [False], "once, and outside"


def test_what_is_stored_is_a_png_of_ours(admin_client, storage):
    """A photo that says where it was taken, with a page hanging on to it, comes through the form of a brand."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "48.2082N 16.3738E"
    data = encoded(logo().convert("RGB"), "JPEG", exif=exif) + b"<script>a second life</script>"
    response = admin_client.post(ADD, new_brand(**with_logo(data, "../holiday\u202e.jpg")))
    assert response.status_code == 302, response.context["errors"]
    artwork = Artwork.objects.get()
    with storage.open(artwork.file.name) as file:
        kept = file.read()
    assert artwork.file.name == f"artwork/{artwork.uuid.hex[:2]}/{artwork.uuid}.png"
    assert read_image(kept).size == (artwork.width, artwork.height) == (100, 200)
    assert artwork.sha256 == hashlib.sha256(kept).hexdigest()
    assert b"script" not in kept
    assert b"48.2082N" not in kept
    assert artwork.original_name == "holiday.jpg"
    answer = admin_client.get(reverse("admin:brands_artwork_picture", args=[artwork.pk]))
    assert Image.open(io.BytesIO(answer.content)).size == (100, 200)


def test_opening_the_pages_starts_nothing(admin_client, brand, add_artwork, folders):
    artwork = add_artwork(brand)
    for address in (
        ADD_ARTWORK,
        reverse("admin:brands_brand_change", args=[brand.pk]),
        reverse("admin:brands_artwork_change", args=[artwork.pk]),
        reverse("admin:brands_artwork_picture", args=[artwork.pk]),
    ):
        assert admin_client.get(address).status_code == 200
    assert not (folders.temp / "work").exists()


def test_an_empty_file_is_refused(admin_client, storage):
    form = {"brand": "", "kind": "logo", "variant": "", "file": SimpleUploadedFile("logo.png", b"")}
    assert "empty" in admin_client.post(ADD_ARTWORK, form).content.decode()


def test_a_replaced_picture_leaves_no_old_file(
    admin_client, brand, add_artwork, storage, django_capture_on_commit_callbacks
):
    artwork = add_artwork(brand)
    before = artwork.file.name
    file = SimpleUploadedFile("new.png", encoded(logo(50, 50)))
    form = {"brand": brand.pk, "kind": "logo", "variant": "", "file": file}
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(reverse("admin:brands_artwork_change", args=[artwork.pk]), form)
    artwork.refresh_from_db()
    assert (artwork.width, artwork.original_name) == (50, "new.png")
    assert storage.exists(artwork.file.name)
    assert not storage.exists(before)


def test_a_deleted_brand_takes_its_files_along(
    admin_client, brand, add_artwork, storage, django_capture_on_commit_callbacks
):
    name = add_artwork(brand).file.name
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(reverse("admin:brands_brand_delete", args=[brand.pk]), {"post": "yes"})
    assert not Brand.objects.exists()
    assert not storage.exists(name)


def test_the_pages_open(admin_client, brand, add_artwork):
    artwork = add_artwork(brand)
    brand.layers.create(name="logo", artwork_kind="logo")
    for address in (
        LIST,
        ADD,
        ADD_ARTWORK,
        reverse("admin:brands_artwork_changelist"),
        reverse("admin:brands_brand_change", args=[brand.pk]),
        reverse("admin:brands_artwork_change", args=[artwork.pk]),
    ):
        assert admin_client.get(address).status_code == 200


def test_the_brand_page_shows_every_variant(admin_client, brand, storage):
    page = admin_client.get(reverse("admin:brands_brand_change", args=[brand.pk])).content.decode()
    for variant in ("vertical", "portrait", "square", "landscape"):
        assert preview(brand, variant) in page


def test_no_variant_is_called_all_variants(admin_client):
    for address in (ADD, ADD_ARTWORK):
        assert '<option value="" selected>all variants</option>' in admin_client.get(address).content.decode()


def test_the_brand_page_says_which_picture_is_missing(admin_client, brand, storage):
    brand.layers.create(name="logo", artwork_kind="logo")
    page = admin_client.get(reverse("admin:brands_brand_change", args=[brand.pk])).content.decode()
    assert page.count("no such picture, or its file is gone") == 4
    assert preview(brand) not in page


def test_a_preview_is_sent_once(admin_client, brand, add_artwork):
    add_artwork(brand)
    brand.layers.create(name="logo", artwork_kind="logo")
    first = admin_client.get(preview(brand))
    assert first["Cache-Control"] == "private, no-cache"  # kept, and asked about each time
    assert first["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(first.content)).size == (360, 640)
    assert admin_client.get(preview(brand), headers={"if-none-match": first["ETag"]}).status_code == 304
    brand.layers.update(x=10)
    assert admin_client.get(preview(brand), headers={"if-none-match": first["ETag"]}).status_code == 200


def test_a_small_preview_is_small(admin_client, brand, storage):
    assert Image.open(io.BytesIO(admin_client.get(preview(brand) + "?small=1").content)).size == (81, 144)


@pytest.mark.parametrize(
    "data", [b"no picture", encoded(logo())[:100], encoded(logo(), "WEBP")], ids=["text", "cut", "foreign"]
)
def test_an_unreadable_picture_gives_a_picture_that_says_so(admin_client, brand, add_artwork, data):
    artwork = add_artwork(brand, data=data)
    brand.layers.create(name="logo", artwork_kind="logo")
    for address in (preview(brand), reverse("admin:brands_artwork_picture", args=[artwork.pk])):
        response = admin_client.get(address)
        assert response.status_code == 200
        assert response["Cache-Control"] == "no-store"
        assert Image.open(io.BytesIO(response.content)).format == "PNG"


def test_artwork_that_was_not_made_here_is_asked_for_again(admin_client, brand, add_artwork):
    add_artwork(brand, data=encoded(logo().convert("RGB"), "JPEG"))
    brand.layers.create(name="logo", artwork_kind="logo")
    cause = errors.explain("artwork_unreadable")
    sentence = errors.told(cause.sentence, "this file was not made here: upload the picture again", cause.remedy)
    assert admin_client.get(preview(brand)).content == plates.notice_png(sentence, canvas("vertical", 720), 640)


def test_a_missing_picture_gives_a_picture_that_says_so(admin_client, brand, storage):
    brand.layers.create(name="logo", artwork_kind="logo")
    assert Image.open(io.BytesIO(admin_client.get(preview(brand)).content)).format == "PNG"


def test_an_unknown_preview_is_not_found(admin_client, brand):
    assert admin_client.get(preview(brand, "round")).status_code == 404
    assert admin_client.get(reverse("admin:brands_brand_preview", args=[999, "square"])).status_code == 404


def test_no_page_names_the_file(admin_client, brand, add_artwork):
    artwork = add_artwork(brand)
    page = admin_client.get(reverse("admin:brands_artwork_change", args=[artwork.pk])).content.decode()
    assert artwork.file.name not in page


@pytest.fixture
def staff_client(client, django_user_model):
    user = django_user_model.objects.create_user("sam", password="x", is_staff=True)
    client.force_login(user)
    client.user = user
    return client


def test_previews_need_a_login(client, brand):
    assert client.get(preview(brand)).status_code == 302


def test_previews_need_the_permission(staff_client, brand, add_artwork):
    artwork = add_artwork(brand)
    picture = reverse("admin:brands_artwork_picture", args=[artwork.pk])
    assert {staff_client.get(address).status_code for address in (preview(brand), picture)} <= {403, 404}
    staff_client.user.user_permissions.set(Permission.objects.filter(codename__in=["view_brand", "view_artwork"]))
    assert {staff_client.get(address).status_code for address in (preview(brand), picture)} == {200}


@pytest.mark.parametrize("method", ["get", "head"])
def test_previews_change_nothing(admin_client, brand, storage, method):
    before = Brand.objects.values().get()
    getattr(admin_client, method)(preview(brand))
    assert Brand.objects.values().get() == before


def test_the_list_costs_the_same_for_many_brands(admin_client, django_assert_max_num_queries):
    for number in range(25):
        Brand.objects.create(name=f"Brand {number}", slug=f"brand-{number}")
    with django_assert_max_num_queries(14):
        admin_client.get(LIST)
