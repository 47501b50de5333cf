"""Next in line: when ordering, and for jobs that wait."""

import pytest
from django.urls import reverse

from jobs.models import Job, JobState, Stage
from jobs.services import turns
from tests.conftest import grant
from tests.jobs import rows

pytestmark = pytest.mark.django_db
LIST = "/admin/jobs/job/"
ORDER = "/admin/jobs/asset/order/"


@pytest.fixture
def form(storage):
    fields = {"variants": ["square"], "profile": "standard", "size": "1080", "fit": "fill"}
    return {"ids": str(rows.asset().pk), "brands": [rows.brand().pk], **fields}


def waiting(title="Harbour at dawn", turn=1):
    job = rows.job("queued", source=rows.asset(title), state=JobState.QUEUED)
    Stage.objects.create(job=job, kind="render", queue="render", turn=turn)
    return job


def priorities():
    return list(Job.objects.order_by("pk").values_list("priority", flat=True))


def test_it_is_chosen_when_ordering(admin_client, form):
    assert "next in line" in admin_client.get(ORDER, {"ids": form["ids"]}).content.decode()
    admin_client.post(ORDER, {**form, "priority": str(turns.NEXT)})
    admin_client.post(ORDER, form)
    assert priorities() == [turns.NEXT, turns.NORMAL]
    assert Stage.objects.get(job__priority=turns.NEXT).priority == turns.NEXT


def test_only_by_those_who_may_change_jobs(staff, staff_client, form):
    grant(staff, "add_job", "view_job", "view_asset", "view_brand")
    assert "next in line" not in staff_client.get(ORDER, {"ids": form["ids"]}).content.decode()
    staff_client.post(ORDER, {**form, "priority": str(turns.NEXT)})
    assert priorities() == [turns.NORMAL]


@pytest.mark.parametrize("odd", ["99", "x", "-1"])
def test_no_other_priority_is_taken(admin_client, form, odd):
    admin_client.post(ORDER, {**form, "priority": odd})
    assert priorities() == []


@pytest.mark.usefixtures("storage")
def test_waiting_jobs_are_put_forward_and_back_in_the_list(admin_client):
    keys = [waiting("a").pk, waiting("b").pk]
    for action, priority in (("next_in_line", turns.NEXT), ("normal", turns.NORMAL), ("last", turns.LAST)):
        page = admin_client.post(LIST, {"action": action, "_selected_action": keys}, follow=True).content.decode()
        assert f"2 jobs: {turns.label(priority)}." in page
        assert priorities() == [priority, priority]
        assert page.count(f" · {turns.label(priority)}</span>") == (0 if priority == turns.NORMAL else 2)
        assert set(Stage.objects.values_list("priority", flat=True)) == {priority}


@pytest.mark.usefixtures("storage")
def test_a_job_is_put_forward_on_its_page(admin_client):
    job = waiting()
    work = reverse("admin:jobs_job_work", args=[job.pk])
    page = admin_client.post(work, {"verb": "next"}, follow=True).content.decode()
    assert "Normal turn" in page
    assert "admin: next in line." in page
    assert priorities() == [turns.NEXT]
    assert "Next in line" in admin_client.post(work, {"verb": "normal"}, follow=True).content.decode()
    assert priorities() == [turns.NORMAL]


@pytest.mark.usefixtures("storage")
def test_an_ended_job_keeps_its_turn(admin_client):
    job = rows.job("done", state=JobState.DONE)
    said = admin_client.post(LIST, {"action": "next_in_line", "_selected_action": [job.pk]}, follow=True)
    assert "Nothing changed" in said.content.decode()


@pytest.mark.usefixtures("storage")
def test_who_may_only_look_puts_nothing_forward(viewer_client):
    job = waiting()
    viewer_client.post(LIST, {"action": "next_in_line", "_selected_action": [job.pk]})
    assert viewer_client.post(reverse("admin:jobs_job_work", args=[job.pk]), {"verb": "next"}).status_code == 403
    assert priorities() == [turns.NORMAL]
