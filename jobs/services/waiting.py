"""Why something waits: one sentence for whatever waits, the same on every page. Reads only.

    the gate (paused, disk)  -> no worker alive -> its own was lost -> its next attempt, its site, its time
        -> its place in the queue

The first of these that holds is told. What all rows of a page have in common is a `Scene`: read once, and only as far
as it is needed, so a list of any length asks the same few questions.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, Case, Max, Q, When
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _

from jobs.engine import gate
from jobs.engine.leased import LeaseState, Queue
from jobs.models import Asset, AssetState, Gate, Host, Job, Output, OutputState, Site, Stage, StageKind
from jobs.models.gate import Cause
from jobs.models.job import OPEN
from jobs.models.output import OPEN as OPEN_CELLS
from jobs.services import lessons, sites

PATIENCE = 15  # seconds a due stage may wait on a machine whose workers run; the reaper rings every ten
LONGEST_LINE = 1000  # places that are counted; who waits behind so many need not know it exactly
DISK = "disk_floor"
NOT_HERE = (AssetState.PENDING, AssetState.FETCHING, AssetState.EXPIRED)
BUSY = (LeaseState.RUNNING, LeaseState.CANCELLING)
TAKEN_UP = 10  # seconds at most until a supervisor takes a row from a worker whose lease has run out


class Scene:
    """What the rows of one page have in common, asked for when it is first needed. `meet` the stages it will be asked
    about: the sites that they wait for are then read together.
    """

    def __init__(self, stages: Iterable[Stage] = ()) -> None:
        self.tell = lessons.explainer()
        self._unread: set[str] = set()
        self._sites: dict[str, Site] = {}
        self.meet(stages)

    def meet(self, stages: Iterable[Stage]) -> None:
        urls = (stage.source.origin_url for stage in stages if stage.error_code in sites.WAITS and stage.source)
        self._unread |= {sites.name_of(url) for url in urls} - self._sites.keys()

    def site(self, url: str) -> Site | None:
        if self._unread:
            self._sites |= {site.name: site for site in Site.objects.filter(name__in=self._unread)}
            self._unread = set()
        return self._sites.get(sites.name_of(url))

    @cached_property
    def gates(self) -> list[Gate]:
        return list(Gate.objects.shut())

    @cached_property
    def hosts(self) -> list[Host]:
        return list(Host.objects.alive())

    @property
    def takers(self) -> list[Host]:
        """The hosts that take new work; others end what they have begun, and stop."""
        return [host for host in self.hosts if not host.draining]

    @cached_property
    def held(self) -> list[tuple[int, str, bool | None]]:
        """What workers hold, as stage, queue, and whether its lease is kept (by the database's clock)."""
        kept = Case(
            When(lease_until__gte=Now(), then=True),
            When(lease_until__lt=Now(), then=False),
            output_field=BooleanField(),
        )
        rows = Stage.objects.filter(queue__in=(Queue.WORK, Queue.RENDER), state=LeaseState.RUNNING).order_by()
        return list(rows.annotate(kept=kept).values_list("pk", "queue", "kept"))

    @cached_property
    def running(self) -> dict[str, int]:
        """How many leases are kept, by queue."""
        return Counter(queue for _pk, queue, kept in self.held if kept)

    @cached_property
    def lost(self) -> set[int]:
        """The stages whose workers have not been heard of for a whole lease."""
        return {pk for pk, _queue, kept in self.held if kept is False}

    def works(self, stage: Stage) -> bool:
        """Is somebody at work on it, as far as is known?"""
        return stage.state in BUSY and stage.pk not in self.lost

    @cached_property
    def heard(self) -> datetime | None:
        """When a supervisor was heard of last."""
        last: datetime | None = Host.objects.order_by().aggregate(last=Max("beat_at"))["last"]
        return last

    @cached_property
    def overdue(self) -> bool:
        """Has work been due for longer than running workers would leave it, and no pause keeps them from it?"""
        limit = Now() - timedelta(seconds=PATIENCE)
        queues = [queue for queue in (Queue.WORK, Queue.RENDER) if not self.shut(queue)]
        waits = Stage.objects.filter(queue__in=queues, state__in=(LeaseState.QUEUED, LeaseState.RETRY_WAIT))
        come = Q(not_before=None) | Q(not_before__lt=limit)
        lost = any(queue in queues and kept is False for _pk, queue, kept in self.held)
        return lost or bool(waits.filter(come, changed_at__lt=limit).exists())

    @property
    def deserted(self) -> bool:
        """Does work wait, and nobody is there to do it?"""
        return not (self.hosts or self.running) and self.overdue

    @cached_property
    def lines(self) -> dict[str, dict[int, int]]:
        """By queue: the place of each stage that is due to be taken, the first ones only."""
        return {queue: line(queue) for queue in (Queue.WORK, Queue.RENDER)}

    def slots(self, queue: str) -> int:
        """How many workers serve a queue on all hosts that take work; 0 when no host has told."""
        told = [host.slots for host in self.takers if host.slots]
        return sum(each["work"] if queue == Queue.WORK and not each.get("single") else each["render"] for each in told)

    def shut(self, queue: str) -> Gate | None:
        """A pause; or a full disk, when no host that is alive has more room."""
        full = {shut.host for shut in self.gates if shut.cause == Cause.DISK_FLOOR}
        room = full and {host.host for host in self.takers} - full
        counted = [shut for shut in self.gates if shut.cause == Cause.PAUSED or not room]
        return gate.first(counted, queue)


def line(queue: str) -> dict[int, int]:
    rows = Stage.objects.filter(queue=queue, state=LeaseState.QUEUED).order_by("-priority", "turn", "id")
    return {pk: place for place, pk in enumerate(rows.values_list("pk", flat=True)[:LONGEST_LINE], start=1)}


# --- One row, or many


def reason(row: Stage | Job | Output | Asset, scene: Scene | None = None) -> str:
    """Why this row waits; "" when it does not."""
    if isinstance(row, Asset):
        return assets([row], scene)[row.pk]
    if isinstance(row, Job):
        return jobs([row], scene)[row.pk]
    if isinstance(row, Output):
        return outputs([row], scene)[row.pk]
    scene = scene or Scene()
    scene.meet([row])
    return stage(row, scene)


def jobs(rows: Sequence[Job], scene: Scene | None = None) -> dict[int, str]:
    """By job: why it waits, "" for one that is over or works."""
    asked = [job.pk for job in rows if job.state in OPEN]
    found: dict[int, list[Stage]] = {job.pk: [] for job in rows}
    if asked:
        stages = Stage.objects.unfinished().filter(job__in=asked).select_related("source")
        for each in _slim(stages):
            found[each.job_id].append(each)
    scene = scene or Scene()
    scene.meet(each for some in found.values() for each in some)
    return {key: of_job(stages, scene) if key in asked else "" for key, stages in found.items()}


def outputs(rows: Sequence[Output], scene: Scene | None = None) -> dict[int, str]:
    """By output: why it waits, "" for one that has ended or is being made. `stage` is read best by select_related."""
    planned = [cell for cell in rows if cell.state == OutputState.PLANNED]
    first: dict[tuple[int, int | None], Stage] = {}
    if planned:
        kind = Q(kind=StageKind.PREPARE, job__in={cell.job_id for cell in planned})
        for each in _slim(Stage.objects.unfinished().filter(kind).select_related("source")):
            first[each.job_id, each.source_id] = each
    scene = scene or Scene()
    scene.meet((*first.values(), *(cell.stage for cell in rows if cell.stage and cell.state == OutputState.QUEUED)))
    told: dict[int | None, str] = {}  # the cells of one stage wait for the same thing
    return {cell.pk: _of_cell(cell, first.get((cell.job_id, cell.source_id)), scene, told) for cell in rows}


def assets(rows: Sequence[Asset], scene: Scene | None = None) -> dict[int, str]:
    """By video: why it is not here yet although a job needs it; "" for one that is here, on its way, or not needed."""
    absent = {asset.pk for asset in rows if asset.state in NOT_HERE}
    first: dict[int | None, Stage] = {}
    if absent:
        kind = Q(kind=StageKind.PREPARE, source__in=absent)
        for each in _slim(Stage.objects.unfinished().filter(kind).select_related("source")):
            first.setdefault(each.source_id, each)
    scene = scene or Scene()
    scene.meet(first.values())
    return {asset.pk: stage(first[asset.pk], scene) if asset.pk in first else "" for asset in rows}


def _slim(stages: Any) -> Any:
    """Without the logs: a page may look at many."""
    return stages.defer("error_tail", "lost").order_by("-priority", "turn", "id")


def of_job(stages: list[Stage], scene: Scene) -> str:
    """The best of those that wait speaks for the job; one that comes back only when no other is left."""
    if not stages:
        return soon()
    if any(scene.works(each) for each in stages):
        return ""
    resting = [each for each in stages if later(each)]
    if len(resting) == len(stages):
        return stage(min(stages, key=lambda each: each.not_before or timezone.now()), scene)
    return stage(next(each for each in stages if not later(each)), scene)


def _of_cell(cell: Output, prepare: Stage | None, scene: Scene, told: dict[int | None, str]) -> str:
    if cell.state == OutputState.BLOCKED:
        cause = scene.tell(cell.error_code)
        return _("Waits for a person: %(cause)s %(remedy)s") % {"cause": cause.sentence, "remedy": cause.remedy}
    its = prepare if cell.state == OutputState.PLANNED else cell.stage if cell.state in OPEN_CELLS else None
    if its is None:
        return ""
    if its.pk not in told:
        told[its.pk] = _fetched(its) if scene.works(its) else stage(its, scene)
    return told[its.pk]


def _fetched(prepare: Stage) -> str:
    if prepare.kind != StageKind.PREPARE:
        return ""
    if not prepare.progress:
        return _("Waits because its video is being prepared.")
    return _("Waits because its video is being fetched: %(percent)d %%.") % {"percent": int(100 * prepare.progress)}


# --- One stage


def stage(row: Stage, scene: Scene) -> str:
    """Why a stage waits; "" when it works, or has ended."""
    lost = row.state == LeaseState.RUNNING and not scene.works(row)
    if not lost and row.state not in (LeaseState.PENDING, LeaseState.QUEUED, LeaseState.RETRY_WAIT):
        return ""
    if row.queue == Queue.INLINE:
        return _resting(row, scene) if later(row) else _("A command on the machine works on this job.")
    if shut := scene.shut(row.queue):
        words = {"reason": gate.says(shut)}
        if row.kind == StageKind.FINISH:
            return _("All its outputs have ended. It is closed as soon as work goes on: %(reason)s.") % words
        return _("Waits because %(reason)s.") % words
    if nobody := _nobody(scene):
        return nobody
    if lost:
        return _lost(row)
    return _resting(row, scene) if later(row) else _place(row, scene)


def later(row: Stage) -> bool:
    return row.not_before is not None and row.not_before > timezone.now()


def _nobody(scene: Scene) -> str:
    if scene.hosts and not scene.takers:
        return _("Waits because the workers are being stopped. Those that are started next take it.")
    if scene.hosts or scene.running:
        return ""
    if scene.heard is not None:
        words = {"time": moment(scene.heard)}
        return (
            _("Waits because no worker is running: none was heard of since %(time)s. Start one with ./run studio.")
            % words
        )
    if scene.overdue:
        return _("Waits because no worker is running: nobody has taken it. Start one with ./run studio.")
    return ""


def _lost(row: Stage) -> str:
    if row.attempt >= settings.STAGE_MAX_ATTEMPTS:
        return _("Its worker stopped answering, and it was the last attempt: it ends as “gave up” in a moment.")
    words = {"seconds": TAKEN_UP}
    return _("Waits because its worker stopped answering; it is taken up again within %(seconds)d s.") % words


def _resting(row: Stage, scene: Scene) -> str:
    assert row.not_before is not None
    if row.error_code in sites.WAITS and row.source:
        return sites.says(scene.site(row.source.origin_url), row.error_code, row.not_before) or soon()
    words = {"time": moment(row.not_before), "attempt": row.attempt + 1}
    if row.error_code == DISK:
        return _("Waits because less than %(floor)d MB of disk are free.") % {"floor": settings.DISK_FLOOR_MB}
    if not row.error_code:
        return _("Waits because it may not start before %(time)s.") % words
    words["cause"] = scene.tell(row.error_code).sentence
    return _("Waits to be tried again at %(time)s (attempt %(attempt)d): %(cause)s") % words


def _place(row: Stage, scene: Scene) -> str:
    busy, slots = scene.running.get(row.queue, 0), scene.slots(row.queue)
    if not busy or busy < slots:
        return soon()
    queued = scene.lines.get(row.queue, {})
    count = f"{LONGEST_LINE}+" if len(queued) == LONGEST_LINE else str(len(queued))
    if row.pk not in queued:
        return _("Waits because all workers are busy (%(busy)d); more than %(count)s are before it.") % {
            "busy": busy,
            "count": len(queued),
        }
    words = {"busy": busy, "place": queued[row.pk], "count": count}
    return _("Waits because all workers are busy (%(busy)d): number %(place)d of %(count)s in the queue.") % words


def soon() -> str:
    return _("A worker will take it in a moment.")


def moment(at: datetime) -> str:
    """`14:05:10`, with the day when it is another one."""
    local = localtime(at)
    return date_format(local, "H:i:s" if local.date() == localdate() else "j M H:i")
