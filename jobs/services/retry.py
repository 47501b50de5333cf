"""Try again: only the cells that ended badly, nothing that is done."""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.engine.leased import LeaseState, Queue
from jobs.models import Asset, AssetState, Event, Job, JobState, Output, OutputState, Stage, StageKind
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
    count = reopen(job_id, Output.objects.filter(pk__in=cells, state__in=ENDED_BADLY), finished_at=None)
    if count:
        message = ngettext("Trying %(count)d output again.", "Trying %(count)d outputs again.", count)
        Event.objects.tell(message % {"count": count}, job_id=job_id)
    return count


def reopen(job_id: int, chosen: QuerySet[Output], **fields: Any) -> int:
    """Put these cells of a job to work again, in a transaction; how many. `fields` are written on their rows."""
    order = Job.objects.select_for_update().get(pk=job_id)
    sources = list(Asset.objects.filter(pk__in=chosen.values("source")))
    count = chosen.update(
        state=OutputState.PLANNED, stage=None, error_code="", error_detail="", error_tail="", **fields
    )
    if not count:
        return 0
    Job.objects.filter(pk=job_id, state__in=OVER).update(state=JobState.QUEUED, finished_at=None, error_code="")
    Asset.objects.filter(pk__in=[source.pk for source in sources], state=AssetState.FAILED).update(
        state=AssetState.PENDING, error_code="", error_tail=""
    )
    enqueue.prepare(order, sources)
    return count


# --- What gave up


def given_up(user: Any = None) -> "QuerySet[Stage]":
    """The stages that failed for good and whose work is still missing: nobody has tried it again since, or it failed
    again, which is then told by the later stage. As far as the user may see the outputs, if one is given.
    """
    failed = _reached(Output.objects.order_by().filter(state=OutputState.FAILED), user)
    its_cells = Exists(failed.filter(stage=OuterRef("pk")))
    its_video = Exists(failed.filter(job=OuterRef("job"), source=OuterRef("source"), stage=None))
    later = Stage.objects.order_by().filter(job=OuterRef("job"), kind=OuterRef("kind"), pk__gt=OuterRef("pk"))
    missing = (
        (Q(kind=StageKind.RENDER) & its_cells)
        | (Q(kind=StageKind.PREPARE) & its_video & ~Exists(later.filter(source=OuterRef("source"))))
        | (Q(kind=StageKind.FINISH, job__state=JobState.FAILED) & ~Exists(later))
    )
    # All queues by name: the index begins with it.
    ended: QuerySet[Stage] = Stage.objects.filter(
        queue__in=Queue.values, state__in=(LeaseState.FAILED, LeaseState.DEAD)
    )
    return _reached(ended.filter(missing), user)


def _reached(rows: "QuerySet[Any]", user: Any) -> "QuerySet[Any]":
    """Those that the user may see; all when it is nobody in particular who asks."""
    found: QuerySet[Any] = rows if user is None else rows.within_reach(user)  # type: ignore[attr-defined]  # ours
    return found


def stages(rows: "QuerySet[Stage]", user: Any = None) -> int:
    """Try again what these stages that gave up left undone, from the first attempt on; how many stages. Only outputs
    that the user may see, if one is given.
    """
    chosen = list(given_up(user).filter(pk__in=rows.values("pk")).select_related("job"))
    return sum(_again(stage, user) for stage in chosen)


def cause(codes: Collection[str], user: Any) -> int:
    """Try again everything this user may see that ended badly with one of these codes: the outputs, job by job, and
    jobs that could not be closed. How many outputs and jobs.
    """
    ended = {"state__in": (OutputState.FAILED, OutputState.BLOCKED), "error_code__in": codes}
    bad = Output.objects.for_user(user).filter(**ended)
    jobs = list(bad.order_by("job").values_list("job", flat=True).distinct())
    seen = Job.objects.for_user(user).order_by()
    unclosed = given_up(user).filter(kind=StageKind.FINISH, error_code__in=codes, job__in=seen)
    return sum(outputs(bad.filter(job=key)) for key in jobs) + stages(unclosed, user)


@transaction.atomic
def _again(stage: Stage, user: Any) -> bool:
    cells = _reached(Output.objects.filter(job=stage.job_id, state=OutputState.FAILED), user)
    if stage.kind == StageKind.FINISH:
        return _close_again(stage.job)
    if stage.kind == StageKind.PREPARE:
        return bool(outputs(cells.filter(source=stage.source_id, stage=None)))
    return bool(outputs(cells.filter(stage=stage.pk)))


def _close_again(order: Job) -> bool:
    """All cells have ended, and only the last word was not written."""
    open_again = {"state": JobState.FINISHING, "finished_at": None, "error_code": ""}
    if not Job.objects.filter(pk=order.pk, state=JobState.FAILED).update(**open_again):
        return False
    enqueue.add_stage(order, StageKind.FINISH)
    Event.objects.tell(_("Trying to finish again."), job=order)
    return True
