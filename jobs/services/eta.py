"""When jobs will begin and end: the queue is played through with what each piece is expected to cost. Reads only.

    running pieces, then those that wait in their order, then those whose video is being prepared
    -> each goes to the slot that is free first -> begin of a job's first piece, end of its last one

No time is told rather than a wrong one: while a video's length is unknown, nobody works, or the line is too long.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.utils import timezone

from jobs.engine import slots
from jobs.engine.leased import LeaseState, Queue
from jobs.models import AssetState, Job, JobState, Output, OutputState, Stage, StageKind
from jobs.models.job import OPEN as OPEN_JOBS
from jobs.models.output import OPEN
from jobs.services import pace
from jobs.services.options import BrandOptions
from jobs.services.waiting import LONGEST_LINE, Scene

LEAST = 1.0  # seconds: a piece that works takes some time yet
WAITING = (LeaseState.QUEUED, LeaseState.RETRY_WAIT)
WORKING = (LeaseState.RUNNING, LeaseState.CANCELLING)


@dataclass(frozen=True)
class Piece:
    """Work for one slot, in seconds; it does not begin before `after`."""

    job: int
    seconds: float
    after: float = 0.0
    running: bool = False


@dataclass(frozen=True)
class Span:
    """Seconds from now on; `starts` is 0 for what runs."""

    starts: float
    ends: float


def play(pieces: Iterable[Piece], slots: int) -> dict[int, Span]:
    """The span of each job when its pieces are taken in this order; those that run are first, wherever they stand."""
    free = [0.0] * max(1, slots)
    found: dict[int, Span] = {}
    for piece in sorted(pieces, key=lambda one: (not one.running, one.after)):
        begins = 0.0 if piece.running else max(free[0], piece.after)
        ends = begins + piece.seconds
        heapq.heapreplace(free, max(free[0], ends))
        span = found.get(piece.job, Span(begins, ends))
        found[piece.job] = Span(min(span.starts, begins), max(span.ends, ends))
    return found


def spans(rows: Sequence[Job], scene: Scene | None = None) -> dict[int, Span]:
    """By job, for those whose time can be told. A handful of queries for any number of jobs."""
    asked = {job.pk: job for job in rows if job.state in OPEN_JOBS and job.state != JobState.FINISHING}
    if not asked:
        return {}
    scene, known = scene or Scene(), pace.read()
    later, unclear = _planned(asked, known)
    found: dict[int, Span] = {}
    shared = {key for key, job in asked.items() if not job.inline}
    if shared - unclear and (scene.hosts or scene.running) and not scene.shut(Queue.RENDER):
        line, hidden = _line(shared, known)
        unclear |= hidden
        found = play([*line, *(piece for piece in later if piece.job in shared)], _slots(scene))
    for key in asked.keys() - shared - unclear:
        own = _pieces(Stage.objects.filter(queue=Queue.INLINE, job=key, state__in=(*WORKING, *WAITING)), known)
        found |= play([*own, *(piece for piece in later if piece.job == key)], 1)
    return {key: span for key, span in found.items() if key in asked and key not in unclear}


def _slots(scene: Scene) -> int:
    return scene.slots(Queue.RENDER) or max(slots.plan().render, scene.running.get(Queue.RENDER, 0))


def _line(asked: set[int], known: pace.Paces) -> tuple[list[Piece], set[int]]:
    """What all workers have before them, and the asked jobs of which a part stands too far behind to be seen."""
    renders = Stage.objects.filter(queue=Queue.RENDER)
    waiting = _pieces(renders.filter(state__in=WAITING), known)
    hidden: set[int] = set()
    if len(waiting) == LONGEST_LINE:
        counts = renders.filter(state__in=WAITING, job__in=asked).order_by().values_list("job")
        seen = [piece.job for piece in waiting]
        hidden = {key for key, count in counts.annotate(count=Count("pk")) if seen.count(key) < count}
    return [*_pieces(renders.filter(state__in=WORKING), known), *waiting], hidden


def _pieces(stages: "QuerySet[Stage]", known: pace.Paces) -> list[Piece]:
    cells = Output.objects.order_by().filter(stage=OuterRef("pk"), state__in=OPEN).values("stage")
    told = stages.filter(kind=StageKind.RENDER).annotate(
        cells=Subquery(cells.annotate(count=Count("pk")).values("count")),
        length=F("source__duration_us"),
        options=F("job__options"),
    )
    fields = ("job_id", "state", "variant", "progress", "eta_seconds", "not_before", "cells", "length", "options")
    first = told.order_by("-priority", "turn", "id")[:LONGEST_LINE]
    return [_piece(row, known) for row in first.values(*fields)]


def _piece(row: dict[str, Any], known: pace.Paces) -> Piece:
    running = row["state"] in WORKING
    seconds = (row["cells"] or 0) * _cell(row["variant"], row["options"], row["length"], known)
    if running:
        seconds = row["eta_seconds"] if row["eta_seconds"] is not None else seconds * (1 - row["progress"])
    rests = (row["not_before"] - timezone.now()).total_seconds() if row["not_before"] else 0.0
    return Piece(row["job_id"], max(LEAST, seconds), max(0.0, rests), running)


def _planned(asked: dict[int, Job], known: pace.Paces) -> tuple[list[Piece], set[int]]:
    """What is to come of the jobs whose videos are being prepared, and those jobs with a video of unknown length."""
    cells = Output.objects.order_by().filter(job__in=asked, state=OutputState.PLANNED)
    rows = cells.values_list("job", "variant", "source__state", "source__duration_us", "source")
    pieces, unclear = [], set()
    for job, variant, state, length, _source, count in rows.annotate(count=Count("pk")):
        if state != AssetState.READY or not length:
            unclear.add(job)
        else:
            pieces.append(Piece(job, max(LEAST, count * _cell(variant, asked[job].options, length, known))))
    return pieces, unclear


def _cell(variant: str, options: dict[str, Any], length_us: int | None, known: pace.Paces) -> float:
    chosen = BrandOptions.from_json(options)
    return known.seconds(pace.Kind(variant, chosen.size, chosen.profile), (length_us or 0) / pace.MEGA)
