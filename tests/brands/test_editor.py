"""What the layout editor's page asks for."""

import io
import json

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from PIL import Image

from brands import layoutjson
from brands.models import Brand, SafeZone
from tests.brands.pictures import encoded, keep_artwork, logo
from tests.conftest import grant

pytestmark = pytest.mark.django_db


def address(brand, name="", *args):
    return reverse(f"admin:brands_brand_layout{name and '_' + name}", args=[brand.pk, *args])


def post(client, url, data):
    return client.post(url, json.dumps(data) if not isinstance(data, bytes) else data, content_type="application/json")


@pytest.fixture
def laid_out(brand):
    keep_artwork(brand, encoded(logo(200, 100)))
    brand.layers.create(name="logo", artwork_kind="logo", x=50, y=50, width=30)
    brand.layers.create(name="offer", kind="text", text="50% OFF", x=50, y=80, width=80, order=1)
    return brand


@pytest.fixture
def editor_client(client, staff):
    client.force_login(grant(staff, "view_brand", "change_brand"))
    return client


def data_of(response):
    return response.context["data"]


# --- the page -------------------------------------------------------------------------------------------------------


def test_the_page_begins_with_what_is_saved(editor_client, laid_out):
    response = editor_client.get(address(laid_out) + "?variant=square")
    assert response.status_code == 200
    data = data_of(response)
    assert data["document"] == layoutjson.read(laid_out)
    assert (data["variant"], data["editable"]) == ("square", True)
    assert data["urls"]["poster"] == "/jobs/videos/00000000-0000-0000-0000-000000000000/poster"


def test_an_unknown_variant_is_the_first(editor_client, laid_out):
    assert data_of(editor_client.get(address(laid_out) + "?variant=round"))["variant"] == "vertical"


def test_no_text_of_a_brand_becomes_a_script(editor_client, laid_out):
    laid_out.layers.filter(name="offer").update(text="</script><script>alert(1)</script>")
    assert "<script>alert" not in editor_client.get(address(laid_out)).content.decode()


def test_a_viewer_looks_and_does_not_change(viewer_client, laid_out):
    response = viewer_client.get(address(laid_out))
    assert data_of(response)["editable"] is False
    assert "You may look at this layout, not change it." in response.content.decode()
    assert 'data-act="save"' not in response.content.decode()
    assert post(viewer_client, address(laid_out, "boxes"), asked(laid_out)).status_code == 200
    assert post(viewer_client, address(laid_out, "save"), {"document": layoutjson.read(laid_out)}).status_code == 403


def test_a_protected_brand_can_be_looked_at(editor_client, laid_out):
    Brand.objects.update(locked=True)
    response = editor_client.get(address(laid_out))
    assert data_of(response)["editable"] is False
    assert "This brand is protected" in response.content.decode()
    refused = post(editor_client, address(laid_out, "save"), {"document": layoutjson.read(laid_out)})
    assert refused.status_code == 403
    assert "protected" in refused.json()["problems"][0]["sentence"]


def test_who_may_not_see_brands_finds_nothing(staff_client, laid_out):
    artwork = laid_out.artwork.get()
    assert staff_client.get(address(laid_out)).status_code == 404
    assert staff_client.get(address(laid_out, "artwork_picture", artwork.pk)).status_code == 404
    for name in ("save", "boxes", "text"):
        assert post(staff_client, address(laid_out, name), asked(laid_out)).status_code == 404


@pytest.mark.parametrize("name", ["", "save", "boxes", "text"])
def test_strangers_are_asked_to_sign_in(client, laid_out, name):
    assert client.get(address(laid_out, name)).status_code == 302


@pytest.mark.parametrize("name", ["save", "boxes", "text"])
def test_nothing_is_done_by_looking(editor_client, laid_out, name):
    assert editor_client.get(address(laid_out, name)).status_code == 405


def test_the_brand_pages_lead_to_the_editor(admin_client, laid_out):
    for page in (reverse("admin:brands_brand_changelist"), reverse("admin:brands_brand_change", args=[laid_out.pk])):
        assert address(laid_out) in admin_client.get(page).content.decode()


def test_the_brand_page_has_every_field_without_the_editor(admin_client, laid_out):
    page = admin_client.get(reverse("admin:brands_brand_change", args=[laid_out.pk])).content.decode()
    for name in (*layoutjson.CONTENT, *layoutjson.PLACE):
        assert f'name="layers-0-{name}"' in page, name


def test_zones_can_be_corrected(admin_client):
    SafeZone.objects.create(name="Reels", platform="reels", variant="vertical", bottom=35)
    page = admin_client.get(reverse("admin:brands_safezone_changelist")).content.decode()
    assert "Reels" in page
    assert admin_client.get(reverse("admin:brands_safezone_add")).status_code == 200


# --- places ---------------------------------------------------------------------------------------------------------


def asked(brand, variant="vertical", **more):
    return {"document": layoutjson.read(brand), "variant": variant, **more}


def test_places_are_told_for_what_is_not_saved(editor_client, laid_out):
    data = asked(laid_out)
    data["document"]["layers"][0]["place"] |= {"x": 30, "width": 50, "rotation": 90}
    place = post(editor_client, address(laid_out, "boxes"), data).json()["layers"]["logo"]
    assert place["box"] == [54, 825, 540, 270]
    assert place["bounds"] == [189, 690, 270, 540]
    assert place["rotation"] == 90
    assert laid_out.layers.get(name="logo").x == 50


def test_hidden_layers_have_no_place(editor_client, laid_out):
    laid_out.layers.create(name="logo", variant="square", artwork_kind="logo", visible=False)
    assert list(post(editor_client, address(laid_out, "boxes"), asked(laid_out, "square")).json()["layers"]) == [
        "offer"
    ]


def test_chosen_zones_are_looked_at(editor_client, laid_out):
    zone = SafeZone.objects.create(name="Low", platform="low", variant="vertical", bottom=35)
    notes = post(editor_client, address(laid_out, "boxes"), asked(laid_out, zones=[zone.pk])).json()["notes"]
    assert [(note["layer"], note["tone"]) for note in notes] == [("offer", "warn")]
    assert post(editor_client, address(laid_out, "boxes"), asked(laid_out, zones="all")).json()["notes"] == []
    assert (
        post(editor_client, address(laid_out, "boxes"), asked(laid_out, "square", zones=[zone.pk])).json()["notes"]
        == []
    )


def test_a_wrong_document_is_told_with_its_places(editor_client, laid_out):
    data = asked(laid_out)
    data["document"]["layers"][1]["place"]["x"] = 300
    answer = post(editor_client, address(laid_out, "boxes"), data)
    assert answer.status_code == 400
    assert answer.json()["problems"] == [{"path": "layers[1].place.x", "sentence": "Write a number from 0 to 100."}]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"document": 1}', b" " * 600_000])
@pytest.mark.parametrize("name", ["save", "boxes", "text"])
def test_anything_else_is_refused(editor_client, laid_out, body, name):
    assert post(editor_client, address(laid_out, name), body).status_code in (400, 404)


# --- pictures -------------------------------------------------------------------------------------------------------


def test_a_text_is_drawn(editor_client, laid_out):
    layer = layoutjson.read(laid_out)["layers"][1]
    answer = post(editor_client, address(laid_out, "text"), {"document": {"layers": [layer]}, "variant": "square"})
    assert answer["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).width > 100


def test_only_texts_are_drawn_so(editor_client, laid_out):
    layer = layoutjson.read(laid_out)["layers"][0]
    assert (
        post(
            editor_client, address(laid_out, "text"), {"document": {"layers": [layer]}, "variant": "square"}
        ).status_code
        == 404
    )


def test_a_picture_is_sent_once(editor_client, laid_out):
    url = address(laid_out, "artwork_picture", laid_out.artwork.get().pk)
    first = editor_client.get(url)
    assert Image.open(io.BytesIO(first.content)).size == (200, 100)
    assert editor_client.get(url, headers={"if-none-match": first["ETag"]}).status_code == 304


def test_the_pictures_of_other_brands_are_not_sent(editor_client, laid_out):
    other = keep_artwork(Brand.objects.create(name="Orbit", slug="orbit"), encoded(logo()))
    house = keep_artwork(None, encoded(logo()), kind="watermark")
    assert editor_client.get(address(laid_out, "artwork_picture", other.pk)).status_code == 404
    assert editor_client.get(address(laid_out, "artwork_picture", house.pk)).status_code == 200


# --- saving ---------------------------------------------------------------------------------------------------------


def test_a_change_is_saved_and_noted(editor_client, laid_out, staff):
    document = layoutjson.read(laid_out)
    document["layers"][0]["place"]["x"] = 20
    answer = post(editor_client, address(laid_out, "save"), {"document": document})
    assert answer.status_code == 200
    assert answer.json()["sentence"].startswith("Saved.")
    assert answer.json()["document"] == layoutjson.read(laid_out)
    assert laid_out.layers.get(name="logo").x == 20
    assert LogEntry.objects.get().user == staff


def test_saving_the_same_is_no_change(editor_client, laid_out):
    answer = post(editor_client, address(laid_out, "save"), {"document": layoutjson.read(laid_out)})
    assert answer.json()["sentence"] == "Nothing had changed."
    assert not LogEntry.objects.exists()


def test_an_older_document_gets_the_newer_one_back(editor_client, laid_out):
    mine = layoutjson.read(laid_out)
    laid_out.layers.filter(name="logo").update(x=10)
    mine["layers"][0]["place"]["x"] = 90
    answer = post(editor_client, address(laid_out, "save"), {"document": mine})
    assert answer.status_code == 409
    assert answer.json()["document"] == layoutjson.read(laid_out)
    assert laid_out.layers.get(name="logo").x == 10


def test_a_forged_form_is_refused(laid_out, admin_user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert post(client, address(laid_out, "save"), {"document": layoutjson.read(laid_out)}).status_code == 403
