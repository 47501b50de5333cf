from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection

PATHS = ("/health", "/health/live", "/health/ready")
FULL = Path("/proc")  # a file system without a single free byte


def away(*args: Any) -> None:
    raise OperationalError("the database is away")


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_a_healthy_studio_answers_200_to_anybody(client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert "no-cache" in response["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "status"), [("/health", 503), ("/health/ready", 503), ("/health/live", 200)])
def test_a_database_that_is_away_shows(client, path, status):
    with connection.execute_wrapper(away):
        response = client.get(path)
    assert response.status_code == status
    assert response.json().get("database", "degraded") == "degraded"


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "status"), [("/health", 503), ("/health/ready", 200), ("/health/live", 200)])
def test_a_full_disk_shows(client, settings, path, status):
    settings.TEMP_DIR = FULL
    response = client.get(path)
    assert response.status_code == status
    assert response.json().get("disk", "degraded") == "degraded"


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_it_speaks_plain_http_where_pages_do_not(client, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path).status_code == 200
    assert client.get("/admin/login/").status_code == 301


@pytest.mark.parametrize("path", PATHS)
def test_it_takes_no_orders(client, path):
    assert client.post(path).status_code == 405


@pytest.mark.django_db
def test_it_tells_nothing_about_the_installation(client):
    assert set(client.get("/health").json()) == {"status", "database", "disk"}


# --- /health/deep, for staff


DEEP = "/health/deep"


@pytest.mark.django_db
def test_staff_get_everything(staff_client):
    response = staff_client.get(DEEP)
    answer = response.json()
    assert response.status_code == 200
    assert answer["status"] == "ok"
    assert {"database", "disk", "storage", "ffmpeg", "sandbox"} <= answer.keys()
    assert answer["sandbox"]["facts"].keys() == {"level", "landlock", "required"}
    assert answer["ffmpeg"]["facts"].keys() >= {"ffmpeg", "ffprobe"}
    assert "no-cache" in response["Cache-Control"]


@pytest.mark.django_db
def test_what_is_broken_makes_it_503_with_a_remedy(staff_client, settings):
    settings.FFPROBE_PATH = "/nowhere/ffprobe"
    response = staff_client.get(DEEP)
    assert response.status_code == 503
    assert response.json()["status"] == "degraded"
    assert "FFMPEG_PATH" in response.json()["ffmpeg"]["remedy"]


@pytest.mark.django_db
def test_nobody_else_gets_anything(client, django_user_model):
    assert client.get(DEEP).status_code == 302
    client.force_login(django_user_model.objects.create_user("sam"))
    assert client.get(DEEP).status_code == 403


@pytest.mark.django_db
def test_it_needs_an_encrypted_connection_as_pages_do(staff_client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert staff_client.get(DEEP).status_code == 301
