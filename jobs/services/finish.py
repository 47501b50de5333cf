"""Fan-in, and the job's last word."""

from collections.abc import Callable

from django.db import transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.engine.lease import Lease
from jobs.models import Event, EventLevel, Job, JobState, Output, OutputState, Stage, StageKind
from jobs.services import cells, enqueue

# Other apps append here in AppConfig.ready() to hear of jobs that ended; called in the transaction that ended the job.
finished_handlers: list[Callable[[Job], None]] = []
WORKING = (JobState.QUEUED, JobState.RUNNING, JobState.FINISHING)


def settle(job_id: int) -> None:
    """When no stage is left but the finish stage, it is that one's turn. Call in the transaction that ended a stage,
    with the job's row locked.

    There may be one already: cells that are retried while the job finishes take it back to work, and the finish stage
    finds nothing to do until they have ended.
    """
    left = set(Stage.objects.unfinished().filter(job=job_id).values_list("kind", flat=True))
    if left - {StageKind.FINISH}:
        return
    if Job.objects.filter(pk=job_id, state__in=WORKING).update(state=JobState.FINISHING) and not left:
        enqueue.add_stage(Job.objects.get(pk=job_id), StageKind.FINISH)


def tick() -> None:
    """Settle the open jobs that have no stage left to do it: whatever went wrong, a job must not look busy for ever."""
    busy = Stage.objects.unfinished().values("job")
    for job_id in Job.objects.filter(state__in=WORKING).exclude(pk__in=busy).values_list("pk", flat=True):
        with transaction.atomic():
            Job.objects.select_for_update().get(pk=job_id)
            settle(job_id)


def work(stage: Stage, lease: Lease) -> None:
    """The finish stage: counts the cells and closes the job."""
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=stage.job_id)
        if job.state == JobState.FINISHING:
            _close(job)
        lease.end()


def _close(job: Job) -> None:
    """The last word on a job whose row is locked. No stage works on a cell that is still open: it ends here."""
    outputs = Output.objects.filter(job=job)
    cells.end_all(outputs, OutputState.FAILED, error_code="abandoned")
    counts = counted(outputs)
    Job.objects.filter(pk=job.pk).update(state=verdict(counts), finished_at=Now())
    job.refresh_from_db()
    _tell(job, counts)


def counted(outputs: "QuerySet[Output]") -> dict[str, int]:
    """How many are in which state."""
    return dict(outputs.order_by().values_list("state").annotate(number=Count("pk")).values_list("state", "number"))


def failed(stage: Stage) -> None:
    """The finish stage itself went wrong: the job must not look busy for ever."""
    changed = Job.objects.filter(pk=stage.job_id, state=JobState.FINISHING)
    changed.update(state=JobState.FAILED, error_code=stage.error_code, finished_at=Now())


def verdict(counts: dict[str, int]) -> JobState:
    """The state of a job whose cells have all ended: `counts` is how many are in which state."""
    done, total = counts.get(OutputState.DONE, 0), sum(counts.values())
    if total and done == total:
        return JobState.DONE
    if total and counts.get(OutputState.CANCELLED, 0) == total:
        return JobState.CANCELLED
    return JobState.PARTLY_DONE if done else JobState.FAILED


def _tell(job: Job, counts: dict[str, int]) -> None:
    words = ", ".join(f"{number} {OutputState(state).label}" for state, number in sorted(counts.items()))
    old = Output.objects.filter(job=job, state=OutputState.DONE).exclude(error_code="").count()
    if old:
        words += ngettext("; %(old)d keeps its earlier file", "; %(old)d keep their earlier files", old) % {"old": old}
    level = EventLevel.INFO if job.state == JobState.DONE and not old else EventLevel.WARNING
    Event.objects.tell(_("Finished: %(words)s.") % {"words": words}, job=job, level=level)
    for handler in finished_handlers:
        handler(job)
