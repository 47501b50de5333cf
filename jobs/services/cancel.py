"""Stop what is not wanted any more. Files that are done stay."""

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.engine.cancel import cancel as cancel_rows
from jobs.models import Event, Job, JobState, Output, OutputState, Stage
from jobs.models.job import OPEN as OPEN_JOBS
from jobs.models.output import OPEN
from jobs.services import cells, finish


@transaction.atomic
def job(order: Job) -> bool:
    """Cancel a whole job. False when it had ended already."""
    ended = Job.objects.filter(pk=order.pk, state__in=OPEN_JOBS).update(state=JobState.CANCELLED, finished_at=Now())
    if not ended:
        return False
    # Job, stages, outputs: everybody locks in this order, a worker that ends a cell too.
    cancel_rows(Stage.objects.filter(job=order))
    outputs = Output.objects.filter(job=order)
    again = outputs.open().exclude(file="").exists()
    cells.end_all(outputs, OutputState.CANCELLED)
    if again:  # what was there before is there still, and the job is what it was
        Job.objects.filter(pk=order.pk).update(state=finish.verdict(finish.counted(outputs)))
    Event.objects.tell(_("Cancelled."), job=order)
    return True


@transaction.atomic
def outputs(rows: QuerySet[Output]) -> int:
    """Cancel single cells; how many were still open. The render goes on for the others of its batch, and stops when
    none of them is wanted any more.
    """
    chosen = list(rows.filter(state__in=OPEN).values_list("pk", "job_id"))
    jobs = sorted({job_id for _pk, job_id in chosen})
    return sum(_of_one(job_id, [pk for pk, its in chosen if its == job_id]) for job_id in jobs)


def _of_one(job_id: int, keys: list[int]) -> int:
    count = cells.end_all(Output.objects.filter(pk__in=keys), OutputState.CANCELLED)
    if count:
        message = ngettext("%(count)d output cancelled.", "%(count)d outputs cancelled.", count)
        Event.objects.tell(message % {"count": count}, job_id=job_id)
    return count
