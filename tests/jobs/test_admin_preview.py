"""Previews as pages ask for them."""

import io
import json
import re
from fractions import Fraction
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from PIL import Image

from brands import layoutjson
from brands.layouts import SHAPES
from jobs.admin import preview as pages
from jobs.models import Asset, AssetState, Output
from jobs.services import assets, preview
from jobs.services.options import BrandOptions
from tests.conftest import grant
from tests.jobs import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def asset(one_second):
    return assets.from_path(one_second)[0]


@pytest.fixture
def brand(two_brands):
    return two_brands[0]


@pytest.fixture
def ask(viewer_client, asset, brand):
    """Asks as somebody who may look; `client` is another one."""

    def ask(client=viewer_client, headers=None, **values):
        usual = {"asset": asset.uuid, "brand": brand.pk, "variant": "square", "at_ms": 500, "pixels": 720}
        return client.get(reverse("jobs:preview"), {**usual, **values}, headers=headers)

    return ask


@pytest.fixture
def post(viewer_client, asset, brand):
    def post(client=viewer_client, **values):
        usual = {"asset": str(asset.uuid), "brand": brand.pk, "variant": "square", "at_ms": 500, "pixels": 720}
        return client.post(reverse("jobs:preview"), json.dumps({**usual, **values}), content_type="application/json")

    return post


def opened(response):
    assert response.status_code == 200, response.content
    return Image.open(io.BytesIO(response.content))


def told(response, status):
    assert response.status_code == status, response.content
    return response.json()["error"]


def test_a_saved_brand_is_shown_and_kept_by_the_browser(ask):
    response = ask()
    assert opened(response).size == (540, 540)
    assert response["Content-Type"] == "image/jpeg"
    assert response["Cache-Control"] == "private, no-cache"
    again = ask(headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_brand_that_changed_is_another_picture(ask, brand):
    before = ask()
    brand.layers.update(text="49% OFF")
    after = ask(headers={"If-None-Match": before["ETag"]})
    assert opened(after) != opened(before)


def test_in_the_size_of_the_render_it_is_exact(ask):
    response = ask(size=720)
    assert opened(response).size == (720, 720)
    assert response["Content-Type"] == "image/png"


def test_a_layout_that_is_not_saved_is_shown_and_stays_so(post, brand):
    document = layoutjson.read(brand)
    saved = post(layout=document)
    document["layers"][0]["place"]["y"] = 20
    assert opened(post(layout=document)) != opened(saved)
    assert opened(saved) == opened(post())
    assert brand.layers.get().y == 80


def test_without_the_brand_it_is_the_video(ask, post, brand):
    bare = opened(ask(without=1))
    assert bare != opened(ask())
    brand.layers.all().delete()
    assert opened(ask()) == bare == opened(post(without=True)) == opened(ask(brand=""))


def test_a_page_must_be_ours_to_send_a_layout(viewer, post):
    client = Client(enforce_csrf_checks=True)
    client.force_login(viewer)
    assert post(client).status_code == 403


def test_only_what_somebody_may_see_is_shown(ask, staff):
    client = Client()
    assert ask(client).status_code == 302
    client.force_login(grant(staff, "view_brand"))
    assert told(ask(client), 403) == "You may not look at videos."
    client.force_login(grant(staff, "view_asset"))
    assert opened(ask(client))
    staff.user_permissions.clear()
    client.force_login(grant(staff, "view_asset"))
    assert told(ask(client), 404) == told(ask(client, without=1), 404) == "There is no such brand."
    assert opened(ask(client, brand=""))


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"asset": "x"}, "asset"),
        ({"brand": "x"}, "brand"),
        ({"variant": "round"}, "variant"),
        ({"at_ms": -1}, "at_ms"),
        ({"size": 100_000}, "size"),
        ({"pixels": 5}, "pixels"),
        ({"fit": "stretch"}, "fit"),
    ],
)
def test_values_that_are_none_are_named(values, name, ask, post):
    for response in (ask(**values), post(**values)):
        assert told(response, 400).startswith(f"{name}: ")
        assert [problem["path"] for problem in response.json()["problems"]] == [name]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 100_000, b'"x"', b"\xff"])
def test_what_is_no_question_is_refused(body, viewer_client):
    response = viewer_client.post(reverse("jobs:preview"), body, content_type="application/json")
    assert "send a JSON object" in told(response, 400)


def test_a_layout_with_mistakes_is_told_place_by_place(post, brand):
    document = layoutjson.read(brand)
    document["layers"][0]["place"]["x"] = 500
    response = post(layout=document)
    assert told(response, 400) == "Write a number from 0 to 100."
    assert response.json()["problems"][0]["path"] == "layers[0].place.x"


def test_a_layout_too_large_to_be_one_is_refused(post):
    assert told(post(layout="x" * 600_000), 413)


def test_artwork_that_is_missing_is_told_with_what_to_do(ask, brand):
    brand.layers.create(name="corner", artwork_kind="logo")
    sentence = told(ask(), 422)
    assert "corner" in sentence
    assert "Upload" in sentence or "upload" in sentence


def test_a_video_without_its_file_is_told(ask):
    Asset.objects.update(state=AssetState.EXPIRED, file="")
    assert told(ask(), 409).startswith("The file of this video is not here.")


def test_when_all_places_are_taken_it_says_when_to_come_again(ask):
    for _number in range(preview.AT_ONCE):
        assert preview.places.acquire(blocking=False)
    try:
        response = ask()
    finally:
        preview.places.release(preview.AT_ONCE)
    assert told(response, 503).startswith("Other previews are being made")
    assert response["Retry-After"] == "2"
    assert opened(ask())


# --- on other pages --------------------------------------------------------------------------------------------------


@pytest.fixture
def output(asset, brand):
    made = rows.done(rows.job("done", source=asset).outputs.get())
    Output.objects.update(brand=brand, job=made.job)
    return made


def test_the_page_of_an_output_shows_it_without_and_with_its_brand(viewer_client, output):
    page = viewer_client.get(reverse("admin:jobs_output_change", args=[output.pk]))
    shown = page.context["compare"]
    assert shown["caption"] == "Selected for output: the brand as it is saved."
    assert shown["before"].replace("&", "&amp;") in page.content.decode()
    before, after = (opened(viewer_client.get(shown[name])) for name in ("before", "after"))
    assert before.size == after.size == (405, 720)
    assert before != after


def test_the_page_of_a_stale_output_says_so(viewer_client, output):
    Output.objects.update(stale_since=output.created_at)
    page = viewer_client.get(reverse("admin:jobs_output_change", args=[output.pk]))
    assert page.context["compare"]["caption"].startswith("The brand was changed since")


def test_an_output_whose_video_is_gone_has_nothing_to_compare(viewer_client, output):
    Asset.objects.update(state=AssetState.EXPIRED, file="")
    page = viewer_client.get(reverse("admin:jobs_output_change", args=[output.pk]))
    assert page.context["compare"] is None


def test_the_order_shows_each_brand_and_shape_on_the_first_video_that_is_here(asset, two_brands):
    away = rows.asset("Away", state=AssetState.EXPIRED)
    found = pages.looks([away, asset], two_brands, ["vertical", "square"], BrandOptions(fit="blur"))
    assert [look["label"] for look in found] == [
        "A · vertical 9:16",
        "A · square 1:1",
        "B · vertical 9:16",
        "B · square 1:1",
    ]
    assert all(str(asset.uuid) in look["address"] and "fit=blur" in look["address"] for look in found)
    assert pages.looks([away], two_brands, ["vertical"], BrandOptions()) == []


def test_the_order_page_has_them(client, viewer, asset, brand):
    client.force_login(grant(viewer, "add_job"))
    page = client.get(reverse("admin:jobs_asset_brand"), {"ids": asset.pk})
    addresses = [look["address"] for look in page.context["plan"]["looks"]]
    assert len(addresses) == 4
    assert opened(client.get(addresses[0])).size == (180, 320)
    assert addresses[0].replace("&", "&amp;") in page.content.decode()


def test_the_style_sheet_knows_the_proportions_of_each_shape():
    sheet = Path(finders.find("wtfsite/studio.css")).read_text(encoding="utf-8")
    found = dict(re.findall(r"\.ws-in-(\w+) \{ aspect-ratio: ([\d/ ]+); \}", sheet))
    assert {name: Fraction(ratio.replace(" ", "")) for name, ratio in found.items()} == SHAPES
