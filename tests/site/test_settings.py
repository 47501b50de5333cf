import re
from pathlib import Path

import pytest
from storages.backends.s3 import S3Storage

from tests.site import child
from wtfsite.lib.env import BadSetting
from wtfsite.storage import storage_setting

PRINT_KEY = "from wtfsite import settings; print(settings.SECRET_KEY)"
LOAD = "import wtfsite.settings"


def test_it_does_not_start_without_a_secret_key(tmp_path):
    started = child.python(LOAD, WTF_DATA_DIR=str(tmp_path))
    assert started.returncode == 1
    assert "WTF_SECRET_KEY is not set" in started.stderr
    assert "secrets.token_urlsafe" in started.stderr
    assert "WTF_DEV=1" in started.stderr


def test_a_developer_gets_a_random_key_that_is_kept(tmp_path):
    first = child.python(PRINT_KEY, WTF_DEV="1", WTF_DATA_DIR=str(tmp_path))
    again = child.python(PRINT_KEY, WTF_DEV="1", WTF_DATA_DIR=str(tmp_path))
    other = child.python(PRINT_KEY, WTF_DEV="1", WTF_DATA_DIR=str(tmp_path / "other"))
    assert len(first.stdout.strip()) > 50
    assert first.stdout == again.stdout != other.stdout
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_given_is_used_and_not_written_down(tmp_path):
    started = child.python(PRINT_KEY, WTF_DEV="1", WTF_SECRET_KEY="given", WTF_DATA_DIR=str(tmp_path))
    assert started.stdout.strip() == "given"
    assert not (tmp_path / "secret_key").exists()


def test_a_key_may_come_from_a_file(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("from-a-file\n", encoding="utf-8")
    started = child.python(PRINT_KEY, WTF_SECRET_KEY_FILE=str(secret), WTF_DATA_DIR=str(tmp_path))
    assert started.stdout.strip() == "from-a-file"


def test_an_unclear_value_stops_the_start_and_names_itself(tmp_path):
    started = child.python(LOAD, WTF_DEV="maybe", WTF_DATA_DIR=str(tmp_path))
    assert started.returncode == 1
    assert "WTF_DEV='maybe' is not 1 or 0" in started.stderr


def test_outside_of_development_everything_is_https(tmp_path):
    program = (
        "from wtfsite import settings as s; "
        "print(s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.DEBUG, s.ALLOWED_HOSTS, "
        "s.CSRF_TRUSTED_ORIGINS, s.SECURE_PROXY_SSL_HEADER)"
    )
    started = child.python(program, WTF_SECRET_KEY="x", WTF_ALLOWED_HOSTS="a.example.com", WTF_DATA_DIR=str(tmp_path))
    assert started.stdout.strip() == "True True True False ['a.example.com'] ['https://a.example.com'] None"


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("", "/srv/default"),
        ("file:///srv/media", "/srv/media"),
        ("file:///srv/two%20words", "/srv/two words"),
    ],
)
def test_it_reads_a_folder_as_storage(url, folder):
    setting = storage_setting(url, Path("/srv/default"))
    assert setting["BACKEND"] == "django.core.files.storage.FileSystemStorage"
    assert setting["OPTIONS"] == {"location": Path(folder), "file_permissions_mode": 0o640}


@pytest.mark.parametrize(
    ("url", "bucket", "location", "endpoint", "region"),
    [
        ("s3://bucket", "bucket", "", None, None),
        ("s3://bucket/some/prefix/", "bucket", "some/prefix", None, None),
        ("s3://bucket?region=eu-central-1", "bucket", "", None, "eu-central-1"),
        (
            "s3://bucket/prefix?endpoint=https://s3.example.com:9000&region=eu-1",
            "bucket",
            "prefix",
            "https://s3.example.com:9000",
            "eu-1",
        ),
    ],
)
def test_it_reads_an_s3_store_that_the_backend_accepts(url, bucket, location, endpoint, region):
    setting = storage_setting(url, Path("/srv/default"))
    assert setting["BACKEND"] == "storages.backends.s3.S3Storage"
    storage = S3Storage(**setting["OPTIONS"])  # raises for an option that it does not know; speaks to nobody yet
    assert storage.bucket_name == bucket
    assert storage.location == location
    assert storage.endpoint_url == endpoint
    assert storage.region_name == region
    assert not storage.file_overwrite
    assert storage.default_acl is None  # the bucket's own rules; nothing becomes public


@pytest.mark.parametrize(
    "url",
    [
        "media",
        "/srv/media",
        "file://srv/media",
        "file:media",
        "file://",
        "http://bucket.s3.example.com",
        "s3:bucket",
        "s3:///prefix",
        "s3://bucket?endpont=https://s3.example.com",
        "s3://bucket?endpoint=https://s3.example.com&key=secret",
    ],
)
def test_an_unclear_storage_is_refused(url):
    with pytest.raises(BadSetting, match=re.escape("s3://bucket/prefix")):
        storage_setting(url, Path("/srv/default"))
