"""A job worked on by the calling process: the same rows and the same stages, no queue and no worker."""

from collections.abc import Callable

from django.db.models import Q
from django.db.models.functions import Now

from jobs.engine import worker
from jobs.engine.leased import Queue
from jobs.models import Job, Stage
from wtfsite.lib.clock import Clock

PAUSE = 0.5  # seconds between looks while a stage waits for its next attempt
REAL_TIME = Clock()


def work_off(job: Job, after_each: Callable[[Job], None] = lambda job: None, clock: Clock = REAL_TIME) -> Job:
    """Work on the stages of an inline job until none is left; `after_each` is called after each stage."""
    left = Stage.objects.unfinished().filter(job=job)
    while left.exists():
        if worker.run_one((Queue.INLINE,), only=Q(job=job)):
            after_each(job)
        else:
            left.update(changed_at=Now())  # a sign of life: the reaper ends rows whose command is gone
            clock.sleep(PAUSE)
    job.refresh_from_db()
    return job
