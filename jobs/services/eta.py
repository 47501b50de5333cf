"""When jobs will begin and end: the queue is played through with what each piece is expected to cost. Reads only.

    running pieces, then those that wait in their order, then (of each priority) those whose video is being prepared
    -> each goes to the slot that is free first, once its time has come
    -> begin of a job's first piece, end of its last one

No time is told rather than a wrong one: while a video is not here, nobody works, or the line is too long.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
OWN = ("id", "priority", "turn", "job_id", "state", "variant", "progress", "eta_seconds", "not_before")
FIELDS = (*OWN, "cells", "length", "options")


@dataclass(frozen=True)
class Piece:
    """Work for one slot, in seconds; it does not begin before `after`."""

    job: int
    seconds: float
    after: float = 0.0
    running: bool = False
    priority: int = 0


@dataclass(frozen=True)
class Span:
    """Seconds from now on; `starts` is 0 for what runs."""

    starts: float
    ends: float


def play(pieces: Iterable[Piece], slots: int) -> dict[int, Span]:
    """The span of each job when its pieces are taken in this order; those that run are first, wherever they stand. A
    piece whose time has not come lets others pass, and is back in its place then.
    """
    free = [0.0] * max(1, slots)
    found: dict[int, Span] = {}
    for begins, piece in _turns(list(pieces), free):
        ends = begins + piece.seconds
        heapq.heapreplace(free, max(free[0], ends))
        span = found.get(piece.job, Span(begins, ends))
        found[piece.job] = Span(min(span.starts, begins), max(span.ends, ends))
    return found


def _turns(pieces: list[Piece], free: list[float]) -> Iterator[tuple[float, Piece]]:
    """Each piece with its begin, one at a time; whoever takes it puts its end in place of `free[0]`."""
    yield from ((0.0, piece) for piece in pieces if piece.running)
    resting = sorted(((piece.after, place) for place, piece in enumerate(pieces) if not piece.running), reverse=True)
    ready: list[int] = []
    now = 0.0
    while resting or ready:
        now = max(now, free[0]) if ready else max(now, free[0], resting[-1][0])
        while resting and resting[-1][0] <= now:
            heapq.heappush(ready, resting.pop()[1])
        yield now, pieces[heapq.heappop(ready)]


def spans(rows: Sequence[Job], scene: Scene | None = None) -> dict[int, Span]:
    """By job, for those whose time can be told. A handful of queries for any number of jobs."""
    asked = {job.pk: job for job in rows if job.state in OPEN_JOBS and job.state != JobState.FINISHING}
    if not asked:
        return {}
    scene, known = scene or Scene(), pace.read()
    later, unclear = _planned(asked, known)
    found: dict[int, Span] = {}
    shared = {key for key, job in asked.items() if not job.inline}
    if scene.shut(Queue.WORK):
        unclear |= {piece.job for piece in later if piece.job in shared}
    if shared - unclear and _staffed(scene) and not scene.shut(Queue.RENDER):
        line, hidden = _line(shared, known, scene)
        unclear |= hidden
        line += [piece for piece in later if piece.job in shared]
        found = play(sorted(line, key=lambda piece: -piece.priority), _slots(scene))
    if inline := asked.keys() - shared - unclear:
        own = _pieces([Stage.objects.unfinished().filter(queue=Queue.INLINE, job__in=inline)], known, scene)
        for key in inline:
            found |= play([piece for piece in (*own, *later) if piece.job == key], 1)
    return {key: span for key, span in found.items() if key in asked and key not in unclear}


def _staffed(scene: Scene) -> bool:
    """Is somebody there to take it? A host that is about to stop takes nothing."""
    return bool(scene.takers or (scene.running and not scene.hosts))


def _slots(scene: Scene) -> int:
    return scene.slots(Queue.RENDER) or max(slots.plan().render, scene.running.get(Queue.RENDER, 0))


def _line(asked: set[int], known: pace.Paces, scene: Scene) -> tuple[list[Piece], set[int]]:
    """What all workers have before them, and the asked jobs of which a part stands too far behind to be seen."""
    renders = Stage.objects.filter(queue=Queue.RENDER)
    waiting = _pieces([renders.filter(state=state) for state in WAITING], known, scene)
    hidden: set[int] = set()
    if len(waiting) == LONGEST_LINE:
        counts = renders.filter(state__in=WAITING, job__in=asked).order_by().values_list("job")
        seen = Counter(piece.job for piece in waiting)
        hidden = {key for key, count in counts.annotate(count=Count("pk")) if seen[key] < count}
    return [*_pieces([renders.filter(state__in=WORKING)], known, scene), *waiting], hidden


def _pieces(groups: Iterable["QuerySet[Stage]"], known: pace.Paces, scene: Scene) -> list[Piece]:
    """The first ones of all groups, in their order. A group of one state is read along its index."""
    rows = [row for stages in groups for row in _told(stages)[:LONGEST_LINE]]
    rows.sort(key=lambda row: (-row["priority"], row["turn"], row["id"]))
    return [_piece(row, known, scene) for row in rows[:LONGEST_LINE]]


def _told(stages: "QuerySet[Stage]") -> Any:
    cells = Output.objects.order_by().filter(stage=OuterRef("pk"), state__in=OPEN).values("stage")
    told = stages.filter(kind=StageKind.RENDER).annotate(
        cells=Subquery(cells.annotate(count=Count("pk")).values("count")),
        length=F("source__duration_us"),
        options=F("job__options"),
    )
    return told.order_by("-priority", "turn", "id").values(*FIELDS)


def _piece(row: dict[str, Any], known: pace.Paces, scene: Scene) -> Piece:
    running = row["state"] in WORKING and row["id"] not in scene.lost  # what was lost begins anew
    seconds = (row["cells"] or 0) * _cell(row["variant"], row["options"], row["length"], known)
    if running and row["state"] == LeaseState.CANCELLING:
        seconds = LEAST
    elif running:
        seconds = row["eta_seconds"] if row["eta_seconds"] is not None else seconds * (1 - row["progress"])
    rests = (row["not_before"] - timezone.now()).total_seconds() if row["not_before"] else 0.0
    return Piece(row["job_id"], max(LEAST, seconds), max(0.0, rests), running, row["priority"])


def _planned(asked: dict[int, Job], known: pace.Paces) -> tuple[list[Piece], set[int]]:
    """What is to come of the jobs whose videos are being prepared, and those jobs with a video of unknown length."""
    cells = Output.objects.order_by().filter(job__in=asked, state=OutputState.PLANNED)
    rows = cells.values_list("job", "variant", "source__state", "source__duration_us", "source")
    pieces, unclear = [], set()
    for job, variant, state, length, _source, count in rows.annotate(count=Count("pk")):
        if state != AssetState.READY or not length:
            unclear.add(job)
        else:
            seconds = count * _cell(variant, asked[job].options, length, known)
            pieces.append(Piece(job, max(LEAST, seconds), priority=asked[job].priority))
    return pieces, unclear


def _cell(variant: str, options: dict[str, Any], length_us: int | None, known: pace.Paces) -> float:
    chosen = BrandOptions.from_json(options)
    return known.seconds(pace.Kind(variant, chosen.size, chosen.profile), (length_us or 0) / pace.MEGA)
