from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.utils.formats import date_format

from brands.admin import BrandAdmin
from brands.models import Brand
from jobs.models import Asset
from wtfsite.models import User

pytestmark = pytest.mark.django_db


def test_the_theme_cannot_keep_a_request_for_other_threads(rf):
    page = BrandAdmin(Brand, admin.site)
    page.request = rf.get("/")
    assert not hasattr(page, "request")


def test_lists_start_from_the_rows_the_user_may_see(rf):
    Brand.objects.create(name="Orbit", slug="orbit")
    request = rf.get("/")
    page = BrandAdmin(Brand, admin.site)
    request.user = User.objects.create_user("sam", is_staff=True)
    assert page.get_queryset(request).count() == 0
    request.user = User.objects.create_superuser("root")
    assert page.get_queryset(request).count() == 1


def test_a_file_field_does_not_link_to_the_uploaded_bytes():
    from wtfsite.theme import FileWidget

    class Kept:
        url = "/secret"

    assert "/secret" not in FileWidget().render("file", Kept())


def test_names_are_taken_in_as_they_are_seen(admin_client):
    inlines = {
        f"{name}-{count}_FORMS": "0" for name in ("artwork", "layers", "grants") for count in ("TOTAL", "INITIAL")
    }
    brand = {"name": "North\u202e\r\nshore\x00 \x1b[1m", "slug": "northshore", "handle": "@a\tb", **inlines}
    admin_client.post("/admin/brands/brand/add/", brand)
    made = Brand.objects.get()
    assert (made.name, made.handle) == ("North shore [1m", "@a b")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("\u200b\u202e", "This field is required."), ("a" * 81, "Ensure this value has at most 80 characters")],
)
def test_a_name_that_shows_nothing_or_is_too_long_is_refused(admin_client, name, sentence):
    response = admin_client.post("/admin/brands/brand/add/", {"name": name, "slug": "a"})
    assert sentence in response.content.decode()
    assert not Brand.objects.exists()


def test_what_was_typed_keeps_what_can_be_seen(admin_client):
    asset = Asset.objects.create(title="old")
    title = '<b>"L\'été" & 日本 =1+1 {{ x }} 👩‍👩‍👧 %s'
    admin_client.post(f"/admin/jobs/asset/{asset.pk}/change/", {"title": title, "author": "", "licence_note": "\x07"})
    asset.refresh_from_db()
    assert (asset.title, asset.licence_note) == (title, "")


def test_a_whole_list_does_not_offer_to_show_itself(admin_client):
    Brand.objects.create(name="Orbit", slug="orbit")
    whole, found = (admin_client.get(f"/admin/brands/brand/{query}").content.decode() for query in ("", "?q=orbit"))
    assert "Show all" not in whole
    assert "Show all" in found


@pytest.mark.parametrize(
    ("query", "sentence"),
    [("", "No site has been asked yet"), ("?q=orbit", "Nothing here is like that."), ("?last_error=x", "like that.")],
)
def test_an_empty_list_says_why(admin_client, query, sentence):
    page = admin_client.get(f"/admin/jobs/site/{query}").content.decode()
    assert sentence in page
    assert "Create a new item" not in page


def test_days_and_times_are_written_in_one_way():
    at = datetime(2026, 11, 2, 17, 5, tzinfo=UTC)
    written = {name: date_format(at, f"{name}_FORMAT") for name in ("DATE", "SHORT_DATE", "DATETIME", "SHORT_DATETIME")}
    assert {written["DATE"], written["SHORT_DATE"]} == {"2 Nov 2026"}
    assert {written["DATETIME"], written["SHORT_DATETIME"]} == {"2 Nov 2026, 17:05"}
