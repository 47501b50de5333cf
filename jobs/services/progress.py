"""How far jobs are, for people: counts, percent, time left, and in words what a job waits for. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.engine.leased import LeaseState
from jobs.models import Job, JobState, Output, OutputState, Stage, StageKind
from jobs.models.job import OPEN as OPEN_JOBS
from jobs.services import waiting


@dataclass(frozen=True)
class Tally:
    """The cells of one job. `before` had ended before the job was last started (they are not this run's work).

    `moving` is the sum of the shares done (0 to 1 each) of the cells that are being rendered.
    """

    total: int = 0
    done: int = 0
    failed: int = 0
    blocked: int = 0
    cancelled: int = 0
    rendering: int = 0
    before: int = 0
    moving: float = 0.0
    sources: int = 0
    brands: int = 0

    @property
    def ended(self) -> int:
        return self.done + self.failed + self.blocked + self.cancelled

    @property
    def bad(self) -> int:
        return self.failed + self.blocked

    @property
    def fraction(self) -> float:
        return min(1.0, (self.ended + self.moving) / self.total) if self.total else 0.0

    @property
    def percent(self) -> int:
        """Rounded down: 100 means that nothing is left."""
        return int(100 * self.fraction)


def tally(jobs: Iterable[Job]) -> dict[int, Tally]:
    """One query for any number of jobs; every job gets its entry."""
    keys = [job.pk for job in jobs]
    rows = Output.objects.filter(job__in=keys).order_by().values("job").annotate(**_counts())
    found = {row.pop("job"): Tally(**{**row, "moving": row["moving"] or 0.0}) for row in rows}
    return {key: found.get(key, Tally()) for key in keys}


def _counts() -> dict[str, Count | Sum]:
    states = (OutputState.DONE, OutputState.FAILED, OutputState.BLOCKED, OutputState.CANCELLED, OutputState.RENDERING)
    counts: dict[str, Count | Sum] = {str(state): Count("pk", filter=Q(state=state)) for state in states}
    return {
        "total": Count("pk"),
        **counts,
        "before": Count("pk", filter=Q(finished_at__lt=F("job__started_at"))),
        "moving": Sum("stage__progress", filter=Q(state=OutputState.RENDERING)),
        "sources": Count("source", distinct=True),
        "brands": Count("brand", distinct=True),
    }


def eta(job: Job, count: Tally) -> float | None:
    """Seconds left, from the pace of this run; None while it cannot be told."""
    if job.state != JobState.RUNNING or not job.started_at:
        return None
    work = count.total - count.before
    share = (count.ended - count.before + count.moving) / work if work > 0 else 0.0
    if not 0.02 < share < 1:
        return None
    elapsed = (timezone.now() - job.started_at).total_seconds()
    return max(1.0, elapsed * (1 - share) / share)


def why(job: Job, count: Tally, scene: waiting.Scene | None = None) -> str:
    """One sentence: what is happening, or what the job waits for and what to do about it."""
    if job.state not in OPEN_JOBS:
        return _ended(job, count)
    stages = list(
        Stage.objects.filter(job=job).unfinished().select_related("source").order_by("-priority", "turn", "id")
    )
    running = [stage for stage in stages if stage.state == LeaseState.RUNNING]
    if running:
        return _working(running, count)
    scene = scene or waiting.Scene()
    scene.meet(stages)
    return waiting.of_job(stages, scene)


def _ended(job: Job, count: Tally) -> str:
    if job.state == JobState.DRAFT:
        return _("Not ordered yet.")
    if job.state == JobState.DONE:
        return ngettext("%(n)d output is ready.", "All %(n)d outputs are ready.", count.total) % {"n": count.total}
    kept = ngettext("%(n)d finished output was kept.", "%(n)d finished outputs were kept.", count.done)
    sentence = kept % {"n": count.done}
    if count.bad:
        again = _("“Retry what failed” touches only what is missing.")
        lost = ngettext("%(n)d output could not be made.", "%(n)d outputs could not be made.", count.bad)
        sentence = " ".join((lost % {"n": count.bad}, sentence, again))
    return sentence


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
