"""The lists of videos, jobs and outputs as CSV."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import Asset, Job, Output
from jobs.services import listing
from tests.conftest import grant
from tests.hostile_strings import HOSTILE, cut
from tests.jobs import rows
from wtfsite.lib import tables

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folders")]


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def table(found) -> list[dict[str, str]]:
    return read(b"".join(listing.csv(found)))


def download(client, name: str, found) -> list[dict[str, str]]:
    data = {"action": "download_list", "_selected_action": [row.pk for row in found]}
    response = client.post(f"/admin/jobs/{name}/", data)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith(
        f'attachment; filename="{name if name != "asset" else "video"}s-2'
    )
    return read(b"".join(response.streaming_content))


def test_a_video_has_its_line():
    rows.asset("Harbour", origin_url="https://example.com/a", author="Ana", original_name="IMG_1.MOV")
    [line] = table(Asset.objects.all())
    assert (line["title"], line["author"], line["address"]) == ("Harbour", "Ana", "https://example.com/a")
    assert (line["length (s)"], line["size (bytes)"], line["state"]) == ("3.0", "10", "ready")
    assert line["added"].startswith("20")
    assert (line["error"], line["what happened"]) == ("", "")


def test_a_video_that_failed_says_why():
    rows.asset(state="failed", error_code="live_stream")
    [line] = table(Asset.objects.all())
    assert line["error"] == "live_stream"
    assert line["what happened"].startswith("This is a live stream")


def test_a_job_has_its_counts_and_what_it_is_of():
    rows.job("done", "failed", "planned")
    [line] = table(Job.objects.all())
    assert [line[name] for name in ("outputs", "done", "failed", "blocked")] == ["3", "1", "1", "0"]
    assert (line["videos"], line["brands"]) == ("Harbour at dawn", "Brand 0; Brand 1; Brand 2")


def test_an_output_has_its_facts_or_its_reason():
    rows.job("planned", "failed")
    made, broken = Output.objects.order_by("pk")
    rows.done(made)
    Output.objects.filter(pk=broken.pk).update(error_code="disk_full", error_detail="3 MB left")
    reason, facts = table(Output.objects.all())  # the newest first
    assert (facts["video"], facts["brand"], facts["length (s)"]) == ("Harbour at dawn", "Brand 0", "3.0")
    assert (facts["frame rate"], facts["width"], facts["state"]) == ("30.0", "1080", "done")
    assert (reason["error"], reason["detail"]) == ("disk_full", "3 MB left")
    assert "The disk is full." in reason["what happened"]


def test_hostile_texts_are_whole_and_no_formulas():
    for _word, text in HOSTILE:
        rows.asset(cut(text, 255), origin_url=cut(text, 2048), author=cut(text, 255), original_name=cut(text, 255))
    lines = table(Asset.objects.all())
    assert len(lines) == len(HOSTILE)
    assert not [cell for line in lines for cell in line.values() if cell and cell[0] in "=+-@\t\r\n"]
    for line, (_word, text) in zip(lines, reversed(HOSTILE), strict=True):
        for name, length in (("title", 255), ("author", 255), ("file name", 255), ("address", 2048)):
            assert tables.plain(line[name]) == cut(text, length).translate(tables.PICTURES)


def test_a_longer_list_asks_no_more_questions():
    def questions() -> int:
        with CaptureQueriesContext(connection) as asked:
            for model in (Asset, Job, Output):
                table(model.objects.all())
        return len(asked)

    rows.job("done", source=rows.asset("a"))
    alone = questions()
    for name in "bcdef":
        rows.job("done", source=rows.asset(name))
    assert questions() == alone


def test_jobs_beyond_one_chunk_are_all_there():
    for name in "abc":
        rows.job("done", source=rows.asset(name))
    assert [line["done"] for line in listing.jobs(Job.objects.all(), size=2)] == [1, 1, 1]


# --- the action


def test_who_may_look_may_download(viewer_client):
    rows.job("done", "failed", source=rows.asset("Harbour"))
    assert [line["title"] for line in download(viewer_client, "asset", Asset.objects.all())] == ["Harbour"]
    assert len(download(viewer_client, "job", Job.objects.all())) == 1
    assert len(download(viewer_client, "output", Output.objects.all())) == 2


def test_only_the_ticked_ones_are_in_the_list(viewer_client):
    chosen = rows.asset("Chosen")
    rows.asset("Other")
    assert [line["title"] for line in download(viewer_client, "asset", [chosen])] == ["Chosen"]


def test_all_that_a_search_found_can_be_downloaded(viewer_client):
    for number in range(30):
        rows.job("done", "done", source=rows.asset(f"Harbour {number}"))
    rows.job("done", source=rows.asset("Else"))
    data = {"action": "download_list", "_selected_action": [Job.objects.first().pk], "select_across": "1"}
    response = viewer_client.post("/admin/jobs/job/?q=Harbour", data)
    assert len(read(b"".join(response.streaming_content))) == 30


def test_who_may_not_look_gets_nothing(staff_client, staff):
    rows.job("done")
    data = {"action": "download_list", "_selected_action": [Asset.objects.get().pk]}
    assert staff_client.post("/admin/jobs/asset/", data).status_code == 403
    grant(staff, "view_job")
    assert staff_client.post("/admin/jobs/asset/", data).status_code == 403
    assert staff_client.post("/admin/jobs/output/", data).status_code == 403


def test_a_list_that_is_too_long_is_refused_in_words(viewer_client):
    Asset.objects.bulk_create(Asset(title="a") for _ in range(listing.MOST + 1))
    data = {"action": "download_list", "_selected_action": [Asset.objects.first().pk], "select_across": "1"}
    assert b"at most 10000 lines" in viewer_client.post("/admin/jobs/asset/", data, follow=True).content
