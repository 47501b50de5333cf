"""The files of videos and outputs: for whom, in what pieces, under what name."""

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import Output, OutputState
from jobs.views import attachment
from tests.jobs import rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


def body(response) -> bytes:
    return b"".join(response.streaming_content)


@pytest.fixture
def url():
    return reverse("jobs:asset-file", args=[rows.asset().uuid])


def test_it_serves_a_whole_file_privately(admin_client, url):
    response = admin_client.get(url)
    assert body(response) == b"0123456789"
    assert response["Content-Length"] == "10"
    assert response["Content-Type"] == "video/mp4"
    assert response["Content-Disposition"] == "inline"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"].startswith("private")
    assert response["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "sent", "told"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=8-500", b"89", "bytes 8-9/10"),
    ],
)
def test_it_serves_a_range(admin_client, url, asked, sent, told):
    response = admin_client.get(url, headers={"range": asked})
    assert response.status_code == 206
    assert body(response) == sent
    assert response["Content-Range"] == told
    assert response["Content-Length"] == str(len(sent))


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=5-2", "bytes=-0"])
def test_it_refuses_a_range_outside_the_file(admin_client, url, asked):
    response = admin_client.get(url, headers={"range": asked})
    assert response.status_code == 416
    assert response["Content-Range"] == "bytes */10"


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=" + "9" * 5000 + "-", "bytes=a-b"])
def test_it_sends_everything_when_it_does_not_understand_the_range(admin_client, url, asked):
    response = admin_client.get(url, headers={"range": asked})
    assert response.status_code == 200
    assert body(response) == b"0123456789"


def test_it_ignores_a_range_of_another_version(admin_client, url):
    response = admin_client.get(url, headers={"range": "bytes=0-3", "if-range": '"old"'})
    assert response.status_code == 200
    body(response)


def test_it_answers_304_to_a_browser_that_has_it(admin_client, url):
    first = admin_client.get(url)
    body(first)
    assert admin_client.get(url, headers={"if-none-match": first["ETag"]}).status_code == 304


def test_it_sends_no_body_to_head(admin_client, url):
    response = admin_client.head(url)
    assert response["Content-Length"] == "10"
    assert not response.getvalue()


def test_it_asks_strangers_to_log_in(client, url):
    assert client.get(url).status_code == 302


def test_it_hides_files_from_staff_without_permission(staff_client, url):
    assert staff_client.get(url).status_code == 404


def test_it_shows_files_to_those_who_may_view(viewer_client, url):
    response = viewer_client.get(url)
    assert response.status_code == 200
    body(response)


def test_it_answers_404_when_storage_lost_the_file(admin_client):
    asset = rows.asset()
    asset.file.storage.delete(asset.file.name)
    assert admin_client.get(reverse("jobs:asset-file", args=[asset.uuid])).status_code == 404


def test_it_answers_404_for_an_output_without_a_file(admin_client):
    output = rows.job(OutputState.QUEUED).outputs.get()
    for name in ("output-file", "output-download", "output-poster"):
        assert admin_client.get(reverse(f"jobs:{name}", args=[output.uuid])).status_code == 404


def test_it_refuses_post(admin_client: Client, url):
    assert admin_client.post(url).status_code == 405


def test_it_names_a_download_after_video_brand_and_variant(admin_client):
    output = rows.done(rows.job(OutputState.DONE).outputs.get())
    response = admin_client.get(reverse("jobs:output-download", args=[output.uuid]))
    assert body(response) == b"a finished file"
    assert response["Content-Disposition"].startswith(
        'attachment; filename="Harbour at dawn - Brand 0 - vertical.mp4"; filename*='
    )


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("Über café", "Uber cafe - Brand 0 - vertical"),
        ('a/b\\c:d"e\r\nX-Evil: 1', "a b c d e X-Evil 1 - Brand 0 - vertical"),
        ("日本", "Brand 0 - vertical"),
        ("../../etc/passwd", "etc passwd - Brand 0 - vertical"),
    ],
)
def test_it_keeps_odd_titles_out_of_the_header(title, plain):
    job = rows.job(OutputState.DONE)
    output = Output.objects.select_related("source", "brand").get(job=job)
    output.source.title = title
    value = attachment(output)
    assert value.startswith(f'attachment; filename="{plain}.mp4"; ')
    assert value.isascii()
    assert "\n" not in value
