"""Try again: only the cells that ended badly, nothing that is done."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import ngettext

from jobs.models import Asset, AssetState, Event, Job, JobState, Output, OutputState
from jobs.models.output import ENDED_BADLY
from jobs.services import enqueue

# A job that is finishing goes back to work, too; the finish stage then leaves it alone.
OVER = (JobState.FINISHING, JobState.DONE, JobState.PARTLY_DONE, JobState.FAILED, JobState.CANCELLED)


@transaction.atomic
def job(order: Job) -> int:
    """Retry every cell of a job that is blocked, failed or cancelled; how many."""
    return outputs(Output.objects.filter(job=order))


@transaction.atomic
def outputs(cells: QuerySet[Output]) -> int:
    """Retry those of the given cells that are blocked, failed or cancelled; how many."""
    chosen = list(cells.filter(state__in=ENDED_BADLY).values_list("pk", "job_id"))
    count = 0
    for job_id in sorted({job_id for _pk, job_id in chosen}):
        count += _retry(job_id, [pk for pk, job in chosen if job == job_id])
    return count


def _retry(job_id: int, cells: list[int]) -> int:
    order = Job.objects.select_for_update().get(pk=job_id)
    chosen = Output.objects.filter(pk__in=cells, state__in=ENDED_BADLY)
    sources = list(Asset.objects.filter(pk__in=chosen.values("source")))
    count = chosen.update(
        state=OutputState.PLANNED, stage=None, error_code="", error_detail="", error_tail="", finished_at=None
    )
    if not count:
        return 0
    Job.objects.filter(pk=job_id, state__in=OVER).update(state=JobState.QUEUED, finished_at=None, error_code="")
    Asset.objects.filter(pk__in=[source.pk for source in sources], state=AssetState.FAILED).update(
        state=AssetState.PENDING, error_code="", error_tail=""
    )
    enqueue.prepare(order, sources)
    message = ngettext("Trying %(count)d output again.", "Trying %(count)d outputs again.", count)
    Event.objects.tell(message % {"count": count}, job=order)
    return count
