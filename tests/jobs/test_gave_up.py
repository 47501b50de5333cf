"""What failed for good is listed with its cause, and tried again by one click."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from jobs.engine import claim, identity, reaper, registry
from jobs.models import Job, JobState, Output, Stage
from jobs.services import retry
from tests.conftest import grant
from tests.jobs import rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]
LIST = "/admin/jobs/stage/"
RETRY = "/jobs/retry"


def failed(title="Harbour at dawn", code="disk_full", kind="render", state="failed", **fields):
    """A stage that gave up, with the cell that it left behind."""
    source = rows.asset(title)
    job = rows.job("failed", source=source, state=JobState.FAILED)
    about = {"kind": kind, "queue": "render", "source": source, "state": state, "error_code": code, "attempt": 5}
    stage = Stage.objects.create(job=job, **{**about, **fields})
    job.outputs.update(error_code=code, stage=stage if kind == "render" else None)
    return stage


def names():
    return [stage.pk for stage in retry.given_up().order_by("pk")]


def test_it_lists_what_is_missing_for_good():
    render, fetch, dead = failed("a"), failed("b", kind="prepare"), failed("c", state="dead", code="abandoned")
    failed("d", state="done")
    assert names() == [render.pk, fetch.pk, dead.pk]


def test_what_was_tried_again_is_listed_no_more():
    stage = failed()
    assert retry.stages(Stage.objects.all()) == 1
    assert names() == []
    again = stage.job.stages.exclude(pk=stage.pk).get()
    assert (again.kind, again.state, again.attempt) == ("prepare", "queued", 0)
    assert stage.job.outputs.get().state == "planned"
    assert Job.objects.get(pk=stage.job_id).state == JobState.QUEUED


def test_a_video_that_failed_twice_is_listed_once():
    first = failed(kind="prepare")
    fields = {"kind": "prepare", "source": first.source, "state": "failed", "error_code": "network"}
    second = Stage.objects.create(job=first.job, **fields)
    assert names() == [second.pk]


def test_a_job_that_could_not_be_closed_is_closed_again():
    job = rows.job("done", state=JobState.FAILED, error_code="unknown")
    stage = Stage.objects.create(job=job, kind="finish", state="failed", error_code="unknown")
    assert names() == [stage.pk]
    assert retry.stages(Stage.objects.all()) == 1
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FINISHING, "")
    assert job.stages.exclude(pk=stage.pk).get().kind == "finish"
    assert names() == []


def test_all_of_one_cause_are_tried_again_and_no_others(admin_user):
    full, other = [failed("a"), failed("b")], failed("c", code="corrupt_media")
    assert retry.cause(["disk_full"], admin_user) == 2
    assert names() == [other.pk]
    assert set(Output.objects.filter(job__in=[stage.job for stage in full]).values_list("state", flat=True)) == {
        "planned"
    }


def test_one_cause_is_tried_again_only_where_the_outputs_may_be_seen(django_user_model):
    failed("a")
    person = django_user_model.objects.create_user("ann")
    assert retry.cause(["disk_full"], person) == 0
    grant(person, "view_output")
    assert retry.cause(["disk_full"], django_user_model.objects.get(pk=person.pk)) == 1


def test_the_list_tells_cause_remedy_attempts_and_lost_workers(admin_client, django_assert_num_queries):
    failed(state="dead", code="abandoned", lost=f"{identity.me()}\nstudio-7 boot 1 4711 99\n")
    page = admin_client.get(LIST).content.decode()
    assert "The worker stopped in the middle of this" in page
    assert "the worker&#x27;s log says why it stops" in page
    assert "studio-7, process 4711" in page
    assert ">5<" in page
    for number in range(9):
        failed(f"v{number}")
    with django_assert_num_queries(6):
        admin_client.get(LIST)


def test_one_click_tries_one_or_many_again(admin_client):
    stages = [failed("a"), failed("b"), failed("c")]
    chosen = {"action": "try_again", "_selected_action": [stage.pk for stage in stages[:2]]}
    page = admin_client.post(LIST, chosen, follow=True).content.decode()
    assert "2 pieces of work start again." in page
    assert names() == [stages[2].pk]


def test_one_is_tried_again_on_its_page(admin_client):
    stage = failed(error_tail="<b>the log</b>")
    page = admin_client.get(reverse("admin:jobs_stage_change", args=[stage.pk])).content.decode()
    assert "&lt;b&gt;the log&lt;/b&gt;" in page
    assert f'name="_selected_action" value="{stage.pk}"' in page
    assert 'value="try_again"' in page


def test_a_cause_is_chosen_and_all_of_it_tried_again(admin_client):
    failed("a"), failed("b")
    other = failed("c", code="corrupt_media")
    assert "The disk is full." in admin_client.get(LIST).content.decode()
    chosen = {"action": "try_again", "select_across": "1", "_selected_action": names()[:1]}
    admin_client.post(f"{LIST}?error_code=disk_full", chosen)
    assert names() == [other.pk]


def test_the_first_page_tries_all_of_a_cause_again(admin_client):
    failed("a"), failed("b")
    assert "Try all again" in admin_client.get("/admin/").content.decode()
    assert "2 outputs start again" in admin_client.post(RETRY, {"code": "disk_full"}, follow=True).content.decode()
    assert names() == []


def test_who_may_only_look_tries_nothing_again(viewer_client):
    stage = failed()
    assert viewer_client.get(LIST).status_code == 200
    page = viewer_client.get(reverse("admin:jobs_stage_change", args=[stage.pk]))
    assert page.status_code == 200
    assert "Try again" not in page.content.decode()
    viewer_client.post(LIST, {"action": "try_again", "_selected_action": [stage.pk]})
    assert viewer_client.post(RETRY, {"code": "disk_full"}).status_code == 403
    assert "Try all again" not in viewer_client.get("/admin/").content.decode()
    assert names() == [stage.pk]


def test_who_may_not_see_jobs_sees_none_of_it(staff, staff_client):
    failed()
    grant(staff, "view_asset", "view_stage")
    assert staff_client.get(LIST).status_code == 403


def test_nobody_tries_again_what_he_may_not_see(staff, staff_client):
    stage = failed()
    grant(staff, "change_job")
    staff_client.post(RETRY, {"code": "disk_full"})
    assert names() == [stage.pk]
    grant(staff, "view_output")
    staff_client.post(RETRY, {"code": "disk_full"})
    assert names() == []


# --- who died with it


@pytest.fixture
def alone():
    with registry.swapped(registry.Entry(Stage, lambda stage, lease: None, lambda stage: None)):
        yield


def lost(stage):
    stage.refresh_from_db()
    return stage.lost.splitlines()


def test_workers_that_are_not_heard_of_again_are_written_down(alone):
    past = timezone.now() - timedelta(minutes=5)
    held = {"state": "running", "token": uuid.uuid4(), "lease_until": past, "changed_at": past}
    stage = failed(worker="studio-7 boot 1 11 99", attempt=1, **held)
    reaper.tick()
    assert lost(stage) == ["studio-7 boot 1 11 99"]
    Stage.objects.update(worker="studio-7 boot 1 12 99", **held)
    assert claim.best(["render"]).pk == stage.pk
    assert lost(stage) == ["studio-7 boot 1 11 99", "studio-7 boot 1 12 99"]


def test_the_last_one_is_written_down_when_the_stage_gives_up(alone, settings):
    settings.STAGE_MAX_ATTEMPTS = 1
    past = timezone.now() - timedelta(minutes=5)
    stage = failed(worker="studio-7 boot 1 11 99", state="running", token=uuid.uuid4(), lease_until=past, attempt=1)
    assert claim.best(["render"]) is None
    assert lost(stage) == ["studio-7 boot 1 11 99"]
    assert stage.state == "dead"


def test_a_worker_that_we_ended_ourselves_is_no_loss(alone):
    me = identity.me()
    gone = f"{me.host} another-boot {me.space} 1 1"
    stage = failed(worker=gone, state="running", token=uuid.uuid4(), lease_until=timezone.now() + timedelta(minutes=1))
    reaper.release(refund=True)
    assert lost(stage) == []


def test_the_page_has_the_name_of_its_menu_and_plain_titles(admin_client):
    stage = failed(variant="vertical", batch=1)
    assert "Gave up" in admin_client.get(LIST).content.decode().partition("<h1")[2].partition("</h1>")[0]
    assert str(stage) == f"{stage.job}: render vertical 9:16 (2)"
    fetch = failed("b", kind="prepare")
    assert str(fetch) == f"{fetch.job}: prepare"
