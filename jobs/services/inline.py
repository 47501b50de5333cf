"""A job worked on by the calling process: the same rows and the same stages, no queue and no worker."""

from collections.abc import Callable

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from jobs.engine import worker
from jobs.engine.leased import LeaseState, Queue
from jobs.models import Job, Stage
from jobs.services import waiting
from wtfsite.lib.clock import Clock

PAUSE = 0.5  # seconds between looks while a stage waits for its next attempt
REAL_TIME = Clock()


def work_off(
    job: Job,
    after_each: Callable[[Job], None] = lambda job: None,
    clock: Clock = REAL_TIME,
    on_wait: Callable[[str], None] = lambda why: None,
) -> Job:
    """Work on the stages of an inline job until none is left, or somebody cancels it.

    `after_each` is called after each stage, `on_wait` for each new reason why nothing goes on.
    """
    left, told = Stage.objects.unfinished().filter(job=job), ""
    while left.exists():
        if worker.run_one((Queue.INLINE,), only=Q(job=job)):
            after_each(job)
            continue
        if (why := _why(left)) not in ("", told):
            on_wait(why)
            told = why
        left.update(changed_at=Now())  # a sign of life: the reaper ends rows whose command is gone
        clock.sleep(PAUSE)
    job.refresh_from_db()
    return job


def _why(left: "QuerySet[Stage]") -> str:
    """What the next of the stages that rest waits for; "" when none does."""
    resting = left.filter(state=LeaseState.RETRY_WAIT, not_before__gt=Now()).select_related("source")
    first = resting.order_by("not_before").first()
    return waiting.reason(first) if first else ""
