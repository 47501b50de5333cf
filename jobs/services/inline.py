"""A job worked on by the calling process: the same rows and the same stages, no queue and no worker."""

from collections.abc import Callable

from django.db.models import Q

from jobs.engine import reaper, worker
from jobs.engine.leased import Queue
from jobs.models import Job, Stage
from wtfsite.lib.clock import Clock

PAUSE = 0.5  # seconds between looks while a stage waits for its next attempt


def work_off(job: Job, after_each: Callable[[Job], None], clock: Clock | None = None) -> Job:
    """Work on the stages of an inline job until none is left; `after_each` is called after each stage."""
    clock = clock or Clock()
    while Stage.objects.unfinished().filter(job=job).exists():
        if worker.run_one((Queue.INLINE,), only=Q(job=job)):
            after_each(job)
        else:
            clock.sleep(PAUSE)
            reaper.wake()
    job.refresh_from_db()
    return job
