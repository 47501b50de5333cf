"""Which function works on which kind of stage, and what a stage's end means for its cells and its job.

The functions `handle`, `lock`, `ended` and `interrupted` are what the engine knows of this app.
"""

from collections.abc import Callable

from django.conf import settings
from django.utils.translation import gettext as _

from jobs.engine import identity
from jobs.engine.lease import Lease
from jobs.engine.leased import LeaseState
from jobs.models import Event, EventLevel, Job, Output, OutputState, Stage, StageKind
from jobs.services import assets, cells, finish, prepare, render

HANDLERS: dict[str, Callable[[Stage, Lease], None]] = {
    StageKind.PREPARE: prepare.work,
    StageKind.RENDER: render.work,
    StageKind.FINISH: finish.work,
}


def handle(stage: Stage, lease: Lease) -> None:
    HANDLERS[stage.kind](stage, lease)


def lock(stage: Stage) -> None:
    """Whoever ends a stage holds its job's row: two that end at the same moment must not both miss the other."""
    Job.objects.select_for_update().get(pk=stage.job_id)


def ended(stage: Stage) -> None:
    """Runs in the transaction that ended the stage: its open cells end with it, then the job is looked at."""
    if stage.state in (LeaseState.FAILED, LeaseState.DEAD):
        _failed(stage)
    if stage.kind != StageKind.FINISH:
        finish.settle(stage.job_id)


def interrupted(stage: Stage, stopped: bool) -> None:
    """The people of a job are told why what was half made begins again."""
    owner = identity.parse(stage.worker)
    about = (stage.get_kind_display(), stage.source, stage.get_variant_display())
    words = {"work": " · ".join(str(part) for part in about if part), "host": owner.host if owner else "?"}
    if stopped:
        said = _("%(work)s: stopped together with its worker on %(host)s. It begins again.") % words
    elif stage.attempt < settings.STAGE_MAX_ATTEMPTS:
        said = _("%(work)s: its worker on %(host)s was lost in the middle. It begins again.") % words
    else:
        said = _("%(work)s: its worker on %(host)s was lost in the middle, and it was the last attempt.") % words
    Event.objects.tell(said, job_id=stage.job_id, level=EventLevel.WARNING)


def _failed(stage: Stage) -> None:
    if stage.kind == StageKind.FINISH:
        finish.failed(stage)
        return
    if stage.kind == StageKind.PREPARE and stage.source:
        assets.failed(stage.source, stage.error_code, stage.error_tail)
    rows = Output.objects.filter(job=stage.job_id)
    if stage.kind == StageKind.PREPARE:
        rows = rows.filter(source=stage.source_id, stage=None)
    else:
        rows = rows.filter(stage=stage.pk)
    cells.end_all(rows, OutputState.FAILED, error_code=stage.error_code, error_tail=stage.error_tail)
