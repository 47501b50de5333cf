"""How far jobs are, for people: counts, percent, and in words what a job waits for. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, FloatField, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.engine.leased import LeaseState
from jobs.models import Job, JobState, Output, OutputState, Stage, StageKind
from jobs.models.job import OPEN as OPEN_JOBS
from jobs.services import waiting

FETCH = 0.05  # of a cell is done when its video is here and the cell stands in the queue


@dataclass(frozen=True)
class Tally:
    """The cells of one job. `earned` of `worth` is done: each cell counts by what it was expected to cost when it was
    ordered, and in part as soon as its video is being fetched or its stage is on the way.
    """

    total: int = 0
    done: int = 0
    failed: int = 0
    blocked: int = 0
    cancelled: int = 0
    rendering: int = 0
    worth: float = 0.0
    earned: float = 0.0
    sources: int = 0
    brands: int = 0
    over: bool = False

    @property
    def ended(self) -> int:
        return self.done + self.failed + self.blocked + self.cancelled

    @property
    def bad(self) -> int:
        return self.failed + self.blocked

    @property
    def percent(self) -> int:
        """Rounded down; 100 means that the job has ended."""
        if self.over and self.total:
            return 100
        share = self.earned / self.worth if self.worth else 0.0
        return min(99, int(100 * share + 1e-6))  # sums of the same cells differ in their last digits


def tally(jobs: Iterable[Job], user: Any = None) -> dict[int, Tally]:
    """One query for any number of jobs; every job gets its entry. Counts what the user may see, if one is given."""
    over = {job.pk: job.state not in (*OPEN_JOBS, JobState.DRAFT) for job in jobs}
    cells = Output.objects.filter(job__in=over.keys())
    cells = cells if user is None else cells.within_reach(user)
    rows = cells.order_by().values("job").annotate(**_counts())
    found = {row.pop("job"): row for row in rows}
    return {key: Tally(**found.get(key, {}), over=ended) for key, ended in over.items()}


def _counts() -> dict[str, Count | Sum]:
    states = (OutputState.DONE, OutputState.FAILED, OutputState.BLOCKED, OutputState.CANCELLED, OutputState.RENDERING)
    counts: dict[str, Count | Sum] = {str(state): Count("pk", filter=Q(state=state)) for state in states}
    return {
        "total": Count("pk"),
        **counts,
        "worth": Sum("cost"),
        "earned": Sum(F("cost") * _share()),
        "sources": Count("source", distinct=True),
        "brands": Count("brand", distinct=True),
    }


def _share() -> Case:
    """0 to 1, of one cell. It only grows, until somebody asks for the cell once more."""
    fetches = Stage.objects.filter(job=OuterRef("job"), source=OuterRef("source"), kind=StageKind.PREPARE)
    fetched = Subquery(fetches.unfinished().order_by("-pk").values("progress")[:1])
    return Case(
        When(
            state__in=(OutputState.QUEUED, OutputState.RENDERING),
            then=FETCH + (1 - FETCH) * Coalesce(F("stage__progress"), 0.0),
        ),
        When(state=OutputState.PLANNED, then=FETCH * Coalesce(fetched, 0.0)),
        default=1.0,
        output_field=FloatField(),
    )


def why(job: Job, count: Tally, scene: waiting.Scene | None = None) -> str:
    """One sentence: what is happening, or what the job waits for and what to do about it."""
    if job.state not in OPEN_JOBS:
        return _ended(job, count)
    stages = list(
        Stage.objects.filter(job=job).unfinished().select_related("source").order_by("-priority", "turn", "id")
    )
    scene = scene or waiting.Scene()
    running = [stage for stage in stages if stage.state == LeaseState.RUNNING and scene.works(stage)]
    if running:
        return _working(running, count)
    scene.meet(stages)
    return waiting.of_job(stages, scene)


def _ended(job: Job, count: Tally) -> str:
    if job.state == JobState.DRAFT:
        return _("Not ordered yet.")
    if job.state == JobState.DONE:
        return ngettext("%(n)d output is ready.", "All %(n)d outputs are ready.", count.total) % {"n": count.total}
    kept = ngettext("%(n)d finished output was kept.", "%(n)d finished outputs were kept.", count.done)
    if not count.bad:
        return kept % {"n": count.done} if count.done else _("No output was finished.")
    lost = ngettext("%(n)d output could not be made.", "%(n)d outputs could not be made.", count.bad)
    sentences = [lost % {"n": count.bad}, _("“Retry what failed” touches only what is missing.")]
    if count.done:
        sentences.insert(1, kept % {"n": count.done})
    return " ".join(sentences)


def _working(running: list[Stage], count: Tally) -> str:
    if count.ended == 0 and all(stage.kind == StageKind.PREPARE for stage in running):
        share = running[0].progress
        if not share:
            return _("The video is being prepared.")
        return _("The video is being fetched: %(percent)d %%.") % {"percent": int(100 * share)}
    ended = _("%(ended)d of %(total)d outputs have ended") % {"ended": count.ended, "total": count.total}
    if not count.rendering:
        return f"{ended}."
    now = ngettext("%(now)d is being rendered", "%(now)d are being rendered", count.rendering)
    return f"{ended}, {now % {'now': count.rendering}}."
