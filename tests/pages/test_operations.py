"""The pages for those who keep the studio going, with work in all states: wide, on a phone and in the dark."""

import os
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.engine import identity
from jobs.models import Event, EventLevel, Host, Job, JobState, Pace, Site, Stage
from jobs.services import pause
from tests.jobs import rows
from tests.pages.looks import LOOKS, check, looking

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOST = "mill-2 3f0c 4026531836 811 1\n"
LOG = "[libx264 @ 0x55] final ratefactor: 23.10\n[out#0/mp4] Error writing trailer: No space left on device\n" * 4


def machines() -> str:
    """One that works, whose render cluster was started anew, and one that is silent. The name of a worker."""
    me = identity.me()
    soon = timezone.now().isoformat()
    work = {"cluster": "work", "workers": 2, "pid": 10, "pids": [], "restarts": 0, "since": soon}
    render = {"cluster": "render", "workers": 1, "pid": 11, "pids": [os.getpid()], "restarts": 2, "since": soon}
    about = {"version": "0.1.0", "ffmpeg": "5.1.9-0+deb12u1", "sandbox": "landlock"}
    slots = {"work": 2, "render": 1, "single": False, "budget_mb": 900}
    seats = [work, {**render, "reason": "died", "last_exit": -9}]
    Host.objects.create(key=str(me), host=me.host, pid=me.pid, slots=slots, seats=seats, skew=3.0, **about)
    late = timezone.now() - timedelta(hours=1)
    Host.objects.create(key="b", host="mill-2.studio.example.internal", pid=9, slots=slots, beat_at=late, **about)
    return str(identity.Identity(me.host, me.boot, me.space, os.getpid(), 1))


def busy(worker: str) -> Job:
    """A job at work and two that wait: behind it, and for a site."""
    Pace.objects.create(variant="vertical", size=1080, profile="standard", spent=60.0, made=1.0)
    titles = ("Harbour at dawn", "A very long title " * 8, "https://video.example/watch?v=dQw4w9WgXcQ")
    running, queued, fetched = (rows.job("queued", "queued", source=rows.asset(title)) for title in titles)
    lease = {"lease_until": timezone.now() + timedelta(minutes=10), "worker": worker, "token": uuid.uuid4()}
    work(running, state="running", progress=0.42, attempt=2, **lease)
    running.outputs.update(state="rendering")
    work(queued, turn=1)
    work(fetched, state="retry_wait", error_code="network", not_before=timezone.now() + timedelta(minutes=3), attempt=2)
    Event.objects.tell("Begun anew: its worker was lost.", job=running, level=EventLevel.WARNING)
    return running


def work(job: Job, **fields) -> Stage:
    about = {"kind": "render", "queue": "render", "source": job.sources.get(), "variant": "vertical"}
    stage = Stage.objects.create(job=job, **{**about, **fields})
    job.outputs.update(stage=stage)
    return stage


def gave_up() -> None:
    for code, state, lost in (("disk_full", "failed", ""), ("network", "failed", ""), ("abandoned", "dead", 3 * LOST)):
        job = rows.job("failed", source=rows.asset(f"Night market {code}"), state=JobState.FAILED)
        job.outputs.update(error_code=code, error_tail=LOG)
        work(job, state=state, error_code=code, attempt=5, lost=lost, error_tail=LOG)


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_fit_and_can_be_read(browser, live_server, shots, look):
    running = busy(machines())
    gave_up()
    Site.objects.create(name="youtube", failures=5, closed_until=timezone.now() + timedelta(minutes=9))
    pages = {
        "jobs-working": ("/admin/jobs/job/", "44 %"),
        "job-begun-anew": (f"/admin/jobs/job/{running.pk}/change/", "Begun anew"),
        "workers": ("/admin/workers/", "Nothing has been heard of this host"),
        "gave-up": ("/admin/jobs/stage/", "process 811"),
        "sites": ("/admin/jobs/site/", "left alone"),
    }
    paused = {
        "paused-first-page": ("/admin/", "Resume work"),
        "paused-jobs": ("/admin/jobs/job/", "New work waits"),
    }
    with looking(browser, live_server.url, look) as page:
        visit(page, shots, look, pages)
        pause.on("ada")
        visit(page, shots, look, paused)


def visit(page, shots, look: str, pages: dict[str, tuple[str, str]]) -> None:
    for name, (address, words) in pages.items():
        page.goto(address)
        assert words in page.content(), name
        shots.take(page, f"{look}-{name}", whole=look == "phone")
        check(page)


def test_a_list_without_rows_can_be_read(browser, live_server, shots):
    with looking(browser, live_server.url, "phone") as page:
        page.goto("/admin/jobs/stage/")
        assert page.get_by_text("No work has been given up").is_visible()
        shots.take(page, "phone-nothing-gave-up")
        check(page)
