"""Shared by all tests: people, folders under tmp_path, and the option that takes screenshots."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.storage import Storage, storages
from django.test import Client

from tests.clips import clip
from wtfsite.models import User
from wtfsite.storage import storage_setting


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shots", action="store_true", help="screenshots of the browser tests, into var/shots")


@dataclass(frozen=True)
class Folders:
    """Where this test's files lie: `media` is the storage, `temp` the workspace."""

    media: Path
    temp: Path


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, settings: Any) -> Folders:
    """Every test has its own storage and workspace, and serves static files as they are."""
    folders = Folders(tmp_path / "media", tmp_path / "temp")
    uploads = folders.temp / "uploads"
    for folder in (folders.media, folders.temp, uploads):
        folder.mkdir(parents=True)
    settings.MEDIA_ROOT, settings.TEMP_DIR, settings.FILE_UPLOAD_TEMP_DIR = folders.media, folders.temp, uploads
    settings.WHITENOISE_AUTOREFRESH = True  # files are collected by nobody here
    settings.STORAGES = {
        "default": storage_setting("", folders.media),
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    return folders


@pytest.fixture(params=["django.core.files.storage.FileSystemStorage", "tests.storages.PathlessStorage"])
def storage(request: pytest.FixtureRequest, settings: Any, folders: Folders) -> Storage:
    """The default storage in this test's own folder; the test runs once more with one that has no paths."""
    use_storage(settings, request.param, location=folders.media)
    return storages["default"]


def use_storage(settings: Any, backend: str, **options: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": backend, "OPTIONS": options}}


@pytest.fixture(scope="session")
def one_second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip(tmp_path_factory.mktemp("clips") / "one second.mp4")


def grant(user: User, *names: str) -> User:
    """Give permissions by name: grant(user, "view_job", "add_job")."""
    user.user_permissions.add(*Permission.objects.filter(codename__in=names))
    return User.objects.get(pk=user.pk)  # permissions are cached on the object


@pytest.fixture
def staff(db: None) -> User:
    """May enter the admin and nothing more."""
    return User.objects.create_user("staff", password="not-a-secret-1", is_staff=True)


@pytest.fixture
def viewer(db: None) -> User:
    """May look at everything and change nothing."""
    user = User.objects.create_user("viewer", password="not-a-secret-1", is_staff=True)
    return grant(user, "view_asset", "view_job", "view_output", "view_brand", "view_artwork")


@pytest.fixture
def staff_client(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


@pytest.fixture
def viewer_client(viewer: User) -> Client:
    client = Client()
    client.force_login(viewer)
    return client
