"""Whose files touch the disk, how much of them, and what the form says about the rest."""

import errno
import io

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db.models import FileField
from django.test import Client

from brands.models import Artwork
from jobs.models import Asset
from tests.brands.pictures import encoded, logo
from tests.conftest import grant
from wtfsite import uploads
from wtfsite.lib import names

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]
ADD = "/admin/jobs/asset/add/"


@pytest.fixture(autouse=True)
def written(monkeypatch):
    """The bytes that went to the disk, of each temporary file that was opened."""
    sizes: list[int] = []
    real = TemporaryUploadedFile.__init__

    def opened(self, *args, **kwargs):
        real(self, *args, **kwargs)
        number, write = len(sizes), self.file.write
        sizes.append(0)

        def counted(data):
            sizes[number] += len(data)
            return write(data)

        self.file.write = counted

    monkeypatch.setattr(TemporaryUploadedFile, "__init__", opened)
    return sizes


def file(size: int = 300_000) -> SimpleUploadedFile:
    return SimpleUploadedFile("clip.mp4", b"0" * size)


def text(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize("page", ["/admin/login/", ADD, "/admin/jobs/job/", "/admin/brands/brand/add/"])
def test_a_strangers_file_never_touches_the_disk(page, written):
    client = Client(enforce_csrf_checks=True)
    client.get("/admin/login/")
    data = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value, "file": file()}
    assert client.post(page, data).status_code in (200, 302, 403, 405)
    assert written == []


def test_a_strangers_request_is_not_read_to_its_end(client):
    class Endless(io.BytesIO):
        left = 50_000_000

        def read(self, size=-1):
            data = super().read(size)
            if not data:
                data = b"0" * min(size, self.left)
                self.left -= len(data)
            return data

    body = Endless(b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n')
    given = {"wsgi.input": body, "CONTENT_LENGTH": str(body.left), "CONTENT_TYPE": "multipart/form-data; boundary=x"}
    strict = Client(enforce_csrf_checks=True)
    assert strict.generic("POST", "/admin/login/", **given).status_code == 403
    assert body.left > 49_000_000


@pytest.mark.parametrize("page", [ADD, "/admin/brands/artwork/add/", "/admin/jobs/asset/order/", "/admin/logout/"])
def test_a_file_of_somebody_who_may_not_send_one_never_touches_the_disk(page, viewer_client, written):
    viewer_client.post(page, {"file": file()})
    assert written == []


def test_a_page_without_files_takes_none(admin_client, written):
    admin_client.post("/admin/jobs/job/", {"file": file()})
    assert written == []


def test_whoever_may_add_videos_may_send_one(staff, staff_client, one_second):
    grant(staff, "add_asset", "view_asset")
    with one_second.open("rb") as clip:
        assert staff_client.post(ADD, {"file": clip}).status_code == 302
    assert Asset.objects.get().title == "one second"


def test_a_file_of_exactly_the_limit_is_taken(admin_client, one_second, settings, written):
    settings.MAX_UPLOAD_SIZE = one_second.stat().st_size
    with one_second.open("rb") as clip:
        assert admin_client.post(ADD, {"file": clip}).status_code == 302
    assert Asset.objects.exists()
    assert written == [settings.MAX_UPLOAD_SIZE]


def test_a_file_over_the_limit_gets_the_forms_own_sentence(admin_client, settings, written, folders):
    settings.MAX_UPLOAD_SIZE = 100_000
    page = text(admin_client.post(ADD, {"file": file(300_000)}))
    assert "The file is larger than allowed." in page
    assert "Export it with a lower bit rate" in page
    assert "more than 100000 bytes" in page
    assert sum(written) <= 100_000
    assert list((folders.temp / "uploads").iterdir()) == []


def test_a_request_announced_as_too_large_is_not_written_at_all(admin_client, settings, written):
    settings.MAX_UPLOAD_SIZE, settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100_000, 10_000
    assert "The file is larger than allowed." in text(admin_client.post(ADD, {"file": file(300_000)}))
    assert sum(written) == 0


def test_the_files_of_one_request_count_together(admin_client, settings, written):
    settings.MAX_UPLOAD_SIZE = 100_000
    admin_client.post(ADD, {f"file{number}": file(40_000) for number in range(10)})
    assert sum(written) <= 100_000


@pytest.mark.parametrize("name", ["write", "seek"])
def test_a_full_disk_gets_a_sentence(admin_client, monkeypatch, folders, name):
    real = TemporaryUploadedFile.__init__

    def opened(self, *args, **kwargs):
        real(self, *args, **kwargs)
        setattr(self.file, name, full)

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(TemporaryUploadedFile, "__init__", opened)
    page = text(admin_client.post(ADD, {"file": file()}))
    assert "The disk is full" in page
    assert "No space left on device" in page
    assert list((folders.temp / "uploads").iterdir()) == []


def test_artwork_over_the_limit_is_refused_in_words(admin_client, settings):
    settings.MAX_UPLOAD_SIZE = 100
    picture = SimpleUploadedFile("logo.png", encoded(logo()))
    data = {"brand": "", "kind": "logo", "variant": "", "file": picture}
    assert "more than 100 bytes" in text(admin_client.post("/admin/brands/artwork/add/", data))
    assert not Artwork.objects.exists()


def test_every_page_with_a_file_field_is_named():
    found = set()
    for model, page in admin.site._registry.items():
        models = [model, *(inline.model for inline in page.inlines)]
        if any(isinstance(field, FileField) and field.editable for one in models for field in one._meta.fields):
            found |= {f"admin:{model._meta.app_label}_{model._meta.model_name}_{verb}" for verb in ("add", "change")}
    found |= {"admin:brands_brand_import", "admin:brands_artwork_cutout"}  # whose forms are no rows
    shown_only = {"admin:jobs_asset_change"} | {name for name in found if "_output_" in name or "_job_" in name}
    assert found - shown_only == set(uploads.PAGES)


@pytest.mark.parametrize(
    "name", ["a." + "é" * 250, "é" * 251 + ".mp4", "-i.mp4", "日" * 255, "a.%2e%2e", "a\u202e.\x00b"]
)
def test_a_temporary_file_has_a_name_of_ours(admin_client, one_second, name):
    data = SimpleUploadedFile("x", one_second.read_bytes())
    data._name = name  # its setter cuts what Django knows of
    assert admin_client.post(ADD, {"file": data}).status_code == 302
    assert Asset.objects.get().original_name == names.clean(name)
