"""Work that begins again: the page of its job says so, once for each time, and why."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.engine import claim, identity, reaper
from jobs.models import Event, Stage
from tests.jobs import rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]
LOST = "render · Harbour · square 1:1: its worker on studio-7 was lost in the middle"


@pytest.fixture
def held():
    """held(seconds, worker): a stage in the middle of its work, with a lease for so long."""

    def held(seconds=-60, worker="studio-7 boot 1 11 99", **fields):
        source = rows.asset("Harbour")
        about = {"kind": "render", "queue": "render", "source": source, "variant": "square", "attempt": 1, **fields}
        until = timezone.now() + timedelta(seconds=seconds)
        claimed = {"state": "running", "token": uuid.uuid4(), "worker": worker, "lease_until": until}
        return Stage.objects.create(job=rows.job("rendering", source=source), **about, **claimed)

    return held


def told():
    return list(Event.objects.values_list("message", flat=True))


def test_work_whose_worker_was_lost_begins_again_and_says_so_once(held):
    stage = held()
    reaper.tick()
    reaper.tick()
    assert told() == [f"{LOST}. It begins again."]
    assert Event.objects.get().job_id == stage.job_id


def test_work_that_another_worker_takes_over_says_so_too(held):
    held()
    assert claim.best(["render"])
    assert told() == [f"{LOST}. It begins again."]


def test_after_its_last_attempt_it_promises_nothing(held, settings):
    held(attempt=settings.STAGE_MAX_ATTEMPTS)
    reaper.tick()
    assert told() == [f"{LOST}, and it was the last attempt."]


def test_work_that_we_stopped_ourselves_says_so(held):
    me = identity.me()
    held(seconds=60, worker=f"{me.host} another-boot {me.space} 1 1")
    reaper.release(refund=True)
    assert told() == [f"render · Harbour · square 1:1: stopped together with its worker on {me.host}. It begins again."]


def test_work_that_was_not_begun_or_goes_on_says_nothing(held):
    held(seconds=60)
    waited = {"state": "retry_wait", "not_before": timezone.now()}
    Stage.objects.create(job=rows.job("queued"), kind="render", queue="render", **waited)
    reaper.tick()
    assert claim.best(["render"])
    assert told() == []
