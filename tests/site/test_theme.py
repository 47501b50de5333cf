import pytest
from django.contrib import admin

from brands.admin import BrandAdmin
from brands.models import Brand
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
