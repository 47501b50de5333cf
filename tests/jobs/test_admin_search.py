"""The searches of the large lists find what Django's own would find; the lists ask a fixed number of queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.admin import search
from jobs.models import Job, JobState, Output
from tests.jobs import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def studio():
    for title in ("Harbour at dawn", "Night market", "Harbour at night"):
        rows.job("done", "done", source=rows.asset(title), state=JobState.DONE)


@pytest.fixture(params=[0, 500], ids=["many", "few"])
def _both_ways(request, monkeypatch):
    monkeypatch.setattr(search, "FEW_VIDEOS", request.param)
    monkeypatch.setattr(search, "FEW_BRANDS", request.param)


@pytest.mark.usefixtures("studio", "_both_ways")
@pytest.mark.parametrize(
    ("term", "jobs", "outputs"),
    [
        ("harbour", 2, 4),
        ("harbour night", 1, 2),
        ("brand", 3, 6),
        ("market 1", 1, 1),
        ('"', 0, 0),
        ("%", 0, 0),
        ("no such", 0, 0),
        ("", 3, 6),
    ],
)
def test_every_word_must_fit_a_video_or_a_brand(admin_client, term, jobs, outputs):
    for page, count in (("job", jobs), ("output", outputs)):
        answer = admin_client.get(f"/admin/jobs/{page}/", {"q": term})
        assert answer.context["cl"].result_count == count, page


@pytest.mark.usefixtures("studio")
def test_an_output_is_found_by_the_beginning_of_its_key(admin_client):
    Output.objects.filter(pk=Output.objects.first().pk).update(key="3f" * 32)
    for term, count in (("3F" * 8, 1), ("3f" * 32, 1), ("3e" * 8, 0)):
        assert admin_client.get("/admin/jobs/output/", {"q": term}).context["cl"].result_count == count


def queries(client, page: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(page).status_code == 200
    return len(asked)


@pytest.mark.parametrize(
    ("page", "most"),
    [
        ("/admin/jobs/job/", 14),
        ("/admin/jobs/output/", 7),
        ("/admin/jobs/asset/", 7),
        ("/admin/jobs/job/?q=harbour", 16),
    ],
)
def test_a_list_asks_as_much_for_many_rows_as_for_few(admin_client, page, most):
    rows.job("done", source=rows.asset("Harbour 0"), state=JobState.DONE)
    admin_client.get(page)
    few = queries(admin_client, page)
    for number in range(1, 20):
        rows.job("done", "failed", source=rows.asset(f"Harbour {number}"), state=JobState.DONE)
    assert Job.objects.count() == 20
    assert queries(admin_client, page) == few <= most


@pytest.mark.usefixtures("storage")
def test_a_videos_page_leads_to_its_outputs(admin_client):
    job = rows.job("failed", "done")
    rows.job("failed", source=rows.asset("another"))
    listed = f"/admin/jobs/output/?source__id__exact={job.sources.get().pk}"
    assert f'href="{listed}"' in admin_client.get(f"/admin/jobs/asset/{job.sources.get().pk}/change/").content.decode()
    assert admin_client.get(listed).context["cl"].result_count == 2
