"""Fan-in, and the job's last word."""

from collections.abc import Callable

from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from jobs.engine.lease import Lease
from jobs.models import Event, EventLevel, Job, JobState, Output, OutputState, Stage, StageKind
from jobs.services import enqueue

# Other apps append here in AppConfig.ready() to hear of jobs that ended; called in the transaction that ended the job.
finished_handlers: list[Callable[[Job], None]] = []


def settle(job_id: int) -> None:
    """When no stage is left, the job gets its finish stage, once. Call in the transaction that ended a stage, with the
    job's row locked.
    """
    if Stage.objects.unfinished().filter(job=job_id).exists():
        return
    working = (JobState.QUEUED, JobState.RUNNING)
    if Job.objects.filter(pk=job_id, state__in=working).update(state=JobState.FINISHING):
        enqueue.add_stage(Job.objects.get(pk=job_id), StageKind.FINISH)


def work(stage: Stage, lease: Lease) -> None:
    """The finish stage: counts the cells and closes the job."""
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=stage.job_id)
        counts = dict(
            Output.objects.filter(job=job)
            .values_list("state")
            .annotate(number=Count("pk"))
            .values_list("state", "number")
        )
        state = verdict(counts)
        if Job.objects.filter(pk=job.pk, state=JobState.FINISHING).update(state=state, finished_at=Now()):
            job.refresh_from_db()
            _tell(job, counts)
        lease.end()


def failed(stage: Stage) -> None:
    """The finish stage itself went wrong: the job must not look busy for ever."""
    changed = Job.objects.filter(pk=stage.job_id, state=JobState.FINISHING)
    changed.update(state=JobState.FAILED, error_code=stage.error_code, finished_at=Now())


def verdict(counts: dict[str, int]) -> JobState:
    """The state of a job whose cells have all ended: `counts` is how many are in which state."""
    done, total = counts.get(OutputState.DONE, 0), sum(counts.values())
    if total and done == total:
        return JobState.DONE
    return JobState.PARTLY_DONE if done else JobState.FAILED


def _tell(job: Job, counts: dict[str, int]) -> None:
    words = ", ".join(f"{number} {OutputState(state).label}" for state, number in sorted(counts.items()))
    level = EventLevel.INFO if job.state == JobState.DONE else EventLevel.WARNING
    Event.objects.create(job=job, level=level, message=_("Finished: %(words)s.") % {"words": words})
    for handler in finished_handlers:
        handler(job)
