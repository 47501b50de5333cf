"""One sentence for whatever waits."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from jobs.models import Gate, Host, Job, JobState, Output, Site, Stage
from jobs.services import pause, progress, waiting
from tests.jobs import rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


def ahead(seconds):
    return timezone.now() + timedelta(seconds=seconds)


def stage(job, **fields):
    made = Stage.objects.create(job=job, **{"kind": "render", "queue": "render", "turn": 1, **fields})
    if "changed_at" in fields:  # auto_now overwrites it
        Stage.objects.filter(pk=made.pk).update(changed_at=fields["changed_at"])
    return made


def queued(title="Harbour at dawn", **fields):
    job = rows.job("queued", source=rows.asset(title), state=JobState.QUEUED)
    job.outputs.update(stage=stage(job, **fields))
    return job


def running(count, queue="render"):
    job = rows.job(source=rows.asset(f"{count} that run"))
    for _number in range(count):
        stage(job, queue=queue, state="running", lease_until=ahead(60))


def host(name="studio-1", render=2, **fields):
    slots = {"work": 2, "render": render, "single": False, "budget_mb": 512}
    made = Host.objects.create(**{"key": f"{name} - 1 1 1", "host": name, "pid": 1, "slots": slots, **fields})
    if "beat_at" in fields:
        Host.objects.filter(pk=made.pk).update(beat_at=fields["beat_at"])


def every(job):
    """The sentences for the job, its stage and its output, which are one and the same."""
    return {waiting.reason(job), waiting.reason(job.stages.get()), waiting.reason(job.outputs.get())}


def the(job):
    (sentence,) = every(job)
    return sentence


def test_a_pause_is_told_with_its_name_and_time_whatever_else_there_is():
    job, other = queued(not_before=ahead(60)), queued("b", state="retry_wait", not_before=ahead(60))
    pause.on("Ada")
    since = timezone.localtime(Gate.objects.get().since)
    for each in (job, other):
        assert the(each) == f"Waits because the studio is paused by Ada since {since:%H:%M}."


def test_a_job_that_only_has_to_be_closed_says_so_when_it_is_behind_a_pause():
    job = rows.job("done", state=JobState.FINISHING)
    stage(job, kind="finish", queue="work")
    assert waiting.reason(job) == "A worker will take it in a moment."
    pause.on("Ada")
    said = waiting.reason(job)
    assert said.startswith(
        "All its outputs have ended. It is closed as soon as work goes on: the studio is paused by Ada"
    )


def test_a_full_disk_is_told_unless_another_host_has_room():
    job = queued()
    host("studio-1")
    Gate.objects.create(cause="disk_floor", queue="render", host="studio-1")
    assert the(job) == "Waits because less than 64 MB of disk are free on studio-1."
    host("studio-2")
    assert "disk" not in the(job)


def test_a_paused_queue_keeps_the_other_one_going():
    job = queued()
    pause.on("Ada", "work")
    assert "paused" not in the(job)
    pause.on("Grace", "render")
    assert "rendering is paused by Grace" in the(job)


def test_workers_that_are_silent_are_told_with_the_time():
    job = queued()
    then = timezone.now() - timedelta(minutes=5)
    host(beat_at=then)
    said = the(job)
    assert said.startswith("Waits because no worker is running")
    assert f"{timezone.localtime(then):%H:%M:%S}" in said or f"{timezone.localtime(then):%H:%M}" in said
    assert "./run studio" in said


def test_where_no_host_ever_told_anything_work_that_stays_due_is_the_sign():
    assert the(queued()) == "A worker will take it in a moment."
    old = queued("b", changed_at=timezone.now() - timedelta(seconds=30))
    assert "no worker is running" in the(old)


def test_the_next_attempt_is_told_with_its_cause():
    host()
    job = queued(state="retry_wait", not_before=ahead(90), error_code="storage", attempt=1)
    said = the(job)
    assert said.startswith("Waits to be tried again at ")
    assert said.endswith("(attempt 2): The storage did not take or give the file.")


def test_a_site_that_is_left_alone_is_named():
    host()
    source = rows.asset(origin_url="https://videos.example/1")
    job = rows.job("planned", source=source, state=JobState.QUEUED)
    fields = {"kind": "prepare", "queue": "work", "state": "retry_wait", "error_code": "site_closed"}
    stage(job, source=source, not_before=ahead(300), **fields)
    Site.objects.create(name="videos.example", failures=5, closed_until=ahead(300))
    assert the(job).startswith("Waits because videos.example did not answer 5 times; next try at ")


def test_work_that_may_not_start_yet_says_when():
    host()
    assert the(queued(not_before=ahead(60))).startswith("Waits because it may not start before ")


def test_behind_others_it_says_its_place():
    host(render=2)
    running(2)
    for number in range(3):
        last = queued(f"video {number}", turn=number + 1)
    assert the(last) == "Waits because all workers are busy (2): number 3 of 3 in the queue."


def test_a_free_slot_takes_it_in_a_moment():
    host(render=2)
    running(1)
    assert the(queued()) == "A worker will take it in a moment."


def test_a_planned_cell_waits_for_its_video():
    host()
    job = rows.job("planned")
    source = job.sources.get()
    stage(job, kind="prepare", queue="work", source=source, state="running", progress=0.4, lease_until=ahead(60))
    assert waiting.reason(job.outputs.get()) == "Waits because its video is being fetched: 40 %."
    assert waiting.reason(job) == ""


def test_a_blocked_cell_waits_for_a_person():
    job = rows.job("blocked", state=JobState.PARTLY_DONE)
    job.outputs.update(error_code="artwork_missing")
    said = waiting.reason(job.outputs.get())
    assert said.startswith("Waits for a person: The brand has no such picture")
    assert waiting.reason(job) == ""


def test_what_works_or_has_ended_waits_for_nothing():
    assert waiting.reason(rows.job("done", state=JobState.DONE)) == ""
    for state in ("running", "done", "failed"):
        assert waiting.reason(stage(rows.job(source=rows.asset(state)), state=state)) == ""
    assert waiting.reason(rows.job("rendering", source=rows.asset("b")).outputs.get()) == ""


def lost(**fields):
    """A job whose worker has not been heard of for a whole lease."""
    job = queued(state="running", lease_until=ahead(-5), **fields)
    job.outputs.update(state="rendering")
    return job


LOST = "Waits because its worker stopped answering; it is taken up again within 10 s."


def test_work_whose_worker_was_lost_does_not_read_as_work():
    host()
    job = lost()
    assert the(job) == LOST
    assert progress.why(job, progress.tally([job])[job.pk]) == LOST
    stage(job, state="running", lease_until=ahead(60))
    assert waiting.reason(job) == ""


def test_a_video_whose_worker_was_lost_says_so_to_its_cells():
    host()
    job = rows.job("planned")
    fields = {"kind": "prepare", "queue": "work", "source": job.sources.get(), "progress": 0.4}
    stage(job, state="running", lease_until=ahead(-5), **fields)
    assert the(job) == LOST


def test_what_was_lost_at_the_last_attempt_is_promised_no_other(settings):
    host()
    assert the(lost(attempt=settings.STAGE_MAX_ATTEMPTS)).endswith("it ends as “gave up” in a moment.")


def test_what_was_lost_waits_for_a_pause_and_for_workers_like_all_else():
    job = lost()
    assert "no worker is running" in the(job)
    pause.on("Ada")
    assert "paused by Ada" in the(job)


def test_a_host_that_is_about_to_stop_takes_nothing():
    job = queued()
    host(draining=True)
    assert the(job).startswith("Waits because the workers are being stopped.")
    host("studio-2", render=1)
    running(1)
    assert "number 1 of 1" in the(job)


def test_a_video_that_a_job_needs_says_why_it_is_not_here():
    host()
    source = rows.asset(origin_url="https://videos.example/1", state="fetching")
    other = rows.asset("b", origin_url="https://videos.example/2", state="pending")
    job = rows.job("planned", source=source, state=JobState.QUEUED)
    about = {"kind": "prepare", "queue": "work", "source": source, "error_code": "network", "attempt": 1}
    row = stage(job, state="retry_wait", not_before=ahead(60), **about)
    assert waiting.reason(source) == the(job)
    assert "(attempt 2)" in waiting.reason(source)
    assert waiting.reason(other) == ""
    pause.on("Ada")
    assert "paused by Ada" in waiting.reason(source)
    Stage.objects.filter(pk=row.pk).update(state="running", lease_until=ahead(60))
    assert waiting.reason(source) == ""


def test_the_list_of_videos_says_why_they_are_not_here(admin_client, django_assert_num_queries):
    for number in range(3):
        source = rows.asset(f"v{number}", origin_url=f"https://videos.example/{number}", state="pending")
        stage(rows.job("planned", source=source, state=JobState.QUEUED), kind="prepare", queue="work", source=source)
    pause.on("Ada")
    with django_assert_num_queries(7):
        said = admin_client.get("/admin/jobs/asset/").content.decode()
    assert said.count("Waits because the studio is paused by Ada since") == 3
    page = admin_client.get(f"/admin/jobs/asset/{source.pk}/change/").content.decode()
    assert "Waits because the studio is paused by Ada since" in page


def test_any_number_of_jobs_costs_the_same_few_questions(django_assert_num_queries):
    host()
    running(2)
    Site.objects.create(name="videos.example", closed_until=ahead(60))
    for number in range(8):
        queued(f"v{number}", turn=number)
        source = rows.asset(f"w{number}", origin_url=f"https://videos.example/{number}")
        job = rows.job("planned", source=source, state=JobState.QUEUED)
        fields = {"kind": "prepare", "queue": "work", "state": "retry_wait", "error_code": "site_closed"}
        stage(job, source=source, not_before=ahead(300), **fields)
    some = list(Job.objects.all())
    with django_assert_num_queries(7):  # stages, gates, hosts, running, sites, and the lines of both queues
        told = waiting.jobs(some)
    assert len(told) == 17
    cells = list(Output.objects.select_related("stage__source"))
    with django_assert_num_queries(7):
        assert len(waiting.outputs(cells)) == 16


def test_pages_say_it(admin_client):
    host()
    job = queued()
    pause.on("Ada")
    pages = (
        "/admin/",
        "/admin/jobs/job/",
        *(reverse(f"admin:jobs_job_{name}", args=[job.pk]) for name in ("change", "progress")),
    )
    for page in (*pages, reverse("jobs:dashboard"), "/admin/jobs/output/"):
        assert "Waits because the studio is paused by Ada since" in admin_client.get(page).content.decode(), page
