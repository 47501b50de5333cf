"""How the workers are, for people and for checks: every host with its slots, what waits and why, what is wrong."""

import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Min, Q
from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

import wtfsite
from jobs.engine import gate, identity, registry, ring, slots
from jobs.engine.ending import after
from jobs.engine.leased import Leased, LeaseState, Queue
from jobs.engine.liveness import OVERDUE, waited
from jobs.engine.reaper import HELD
from jobs.engine.seats import Reason
from jobs.engine.slots import QUEUES
from jobs.engine.times import database_now
from jobs.media import tools
from jobs.media.errors import MediaError
from jobs.models import Gate, Host
from jobs.services.confinement import Confinement
from wtfsite.lib.process import ProcessError

WAITING = (LeaseState.QUEUED, LeaseState.RETRY_WAIT)
SKEWED = 2.0  # seconds between two clocks that are worth a word; leases are kept by the database's alone


def about(here: Confinement) -> dict[str, str]:
    """What a supervisor tells of its machine. Starts ffmpeg."""
    try:
        ffmpeg = tools.versions(tools.find(settings.FFMPEG_PATH, settings.FFPROBE_PATH))["ffmpeg"]
    except (MediaError, ProcessError) as error:
        ffmpeg = str(error)[:80]
    return {"version": wtfsite.VERSION, "ffmpeg": ffmpeg, "sandbox": str(here.level)}


# --- Hosts and their slots


@dataclass(frozen=True)
class Slot:
    """One worker of a cluster, and the row that it holds, if any; `open` says whether it may be shown."""

    cluster: str
    row: Leased | None = None
    open: bool = True

    @property
    def percent(self) -> int | None:
        progress = getattr(self.row, "progress", None)
        return None if progress is None else int(100 * progress)


@dataclass(frozen=True)
class Seat:
    """One cluster as its supervisor has told of it."""

    cluster: str
    pid: int | None
    since: datetime | None
    restarts: int
    last: str
    slots: Sequence[Slot]


@dataclass(frozen=True)
class Station:
    """A host, its clusters, and whether it can be counted on."""

    host: Host
    alive: bool
    seats: Sequence[Seat]

    @property
    def skewed(self) -> bool:
        return abs(self.host.skew) > SKEWED

    @property
    def busy(self) -> int:
        return sum(slot.row is not None for seat in self.seats for slot in seat.slots)

    @property
    def total(self) -> int:
        return sum(len(seat.slots) for seat in self.seats)


def stations(user: Any = None) -> list[Station]:
    """All hosts that have not been forgotten; those that live first. For a user, with what is closed to them."""
    alive = set(Host.objects.alive().values_list("pk", flat=True))
    held = holders()
    closed = frozenset() if user is None else beyond(held.values(), user)
    found = [
        Station(host, host.pk in alive, [seat(host, told, held, closed) for told in host.seats]) for host in hosts()
    ]
    return sorted(found, key=lambda station: not station.alive)


def beyond(rows: Iterable[Leased], user: Any) -> frozenset[Leased]:
    """Those of the rows that the user may not see."""
    held = list(rows)
    kinds = {type(row) for row in held}
    seen = {
        row
        for kind in kinds
        for row in kind.objects.filter(pk__in=[row.pk for row in held if type(row) is kind]).within_reach(user)
    }
    return frozenset(row for row in held if row not in seen)


def hosts() -> list[Host]:
    return list(Host.objects.all())


def holders() -> dict[tuple[str, str, int, int], Leased]:
    """The rows under a valid lease, by host, boot, namespace and process id of their workers."""
    found: dict[tuple[str, str, int, int], Leased] = {}
    for entry in registry.entries():
        for row in entry.model.objects.filter(state__in=HELD, lease_until__gte=Now()):
            if owner := identity.parse(row.worker):
                found[owner.host, owner.boot, owner.space, owner.pid] = row
    return found


def seat(
    host: Host,
    told: dict[str, Any],
    held: dict[tuple[str, str, int, int], Leased],
    closed: frozenset[Leased] = frozenset(),
) -> Seat:
    owner = identity.parse(host.key)
    rows = [held.get((owner.host, owner.boot, owner.space, pid)) for pid in told["pids"]] if owner else []
    busy = [row for row in rows if row is not None]
    free: list[Leased | None] = [None] * max(0, told["workers"] - len(busy))
    return Seat(
        cluster=told["cluster"],
        pid=told["pid"],
        since=parse_datetime(told["since"]) if told["since"] else None,
        restarts=told["restarts"],
        last=last_words(told),
        slots=[Slot(told["cluster"], row, row not in closed) for row in [*busy, *free]],
    )


def last_words(told: dict[str, Any]) -> str:
    """Why the cluster that was here before has ended; empty when there was none."""
    if "reason" not in told:
        return ""
    code = told["last_exit"]
    sentences = {
        Reason.SILENT: _("It did not answer any more and was put down."),
        Reason.IDLE: _("It took no work for a minute although some waited, and was put down."),
        Reason.RESULTS: _("It did not get rid of its results for a minute and was put down."),
    }
    if sentence := sentences.get(told["reason"]):
        return sentence
    if code == -signal.SIGKILL:
        return _("It was killed: one of its processes died, or the machine ran out of memory.")
    if code is not None and code < 0:
        return _("It was ended by signal %(number)d.") % {"number": -code}
    return _("It ended by itself with exit code %(code)s; its log tells more.") % {"code": code}


# --- Queues


@dataclass(frozen=True)
class Line:
    """One queue: `since` is when the oldest of the due rows became due, `why` what it waits for."""

    queue: Queue
    waiting: int
    running: int
    since: datetime | None
    why: str


def lines(found: Iterable[Station]) -> list[Line]:
    gates = list(Gate.objects.shut())
    alive = [station for station in found if station.alive]
    return [line(queue, alive, gates) for queue in QUEUES]


def line(queue: Queue, alive: Sequence[Station], gates: Sequence[Gate]) -> Line:
    waiting = total(Q(queue=queue, state__in=WAITING))
    running = total(Q(queue=queue, state__in=HELD))
    since = oldest(queue)
    return Line(queue, waiting, running, since, why(queue, alive, gates) if since else "")


def total(which: Q) -> int:
    return sum(entry.model.objects.filter(which).count() for entry in registry.entries())


def oldest(queue: str) -> datetime | None:
    """Since when the due row waits that has waited longest."""
    found = (
        entry.model.objects.due(queue).aggregate(Min("changed_at"))["changed_at__min"] for entry in registry.entries()
    )
    return min((one for one in found if one), default=None)


def why(queue: str, alive: Sequence[Station], gates: Sequence[Gate]) -> str:
    """What the due rows of a queue wait for, as a sentence."""
    if shut := gate.first(gates, queue):
        said = gate.says(shut)
        return f"{said[:1].upper()}{said[1:]}."
    if not alive:
        return _("No worker is running. Start one: ./run studio, or manage.py runworkers.")
    if all(station.host.draining for station in alive):
        return _("The workers are being stopped.")
    if free(queue, alive):
        return _("It is about to be taken.")
    return _("All slots are busy.")


def free(queue: str, alive: Sequence[Station]) -> bool:
    """Is there a slot for it in a cluster that runs, on a host that goes on running?"""
    stays = [station for station in alive if not station.host.draining]
    seats = [
        seat for station in stays for seat in station.seats if seat.pid and serves(station.host, seat.cluster, queue)
    ]
    return any(slot.row is None for seat in seats for slot in seat.slots)


def serves(host: Host, cluster: str, queue: str) -> bool:
    return cluster == queue or bool(host.slots.get("single"))


# --- What is wrong


def wrong(name: str | None = None, rings: Callable[[], bool] = ring.works) -> list[str]:
    """What keeps this host (or the named one) from working, in sentences; none: it is well."""
    name = name or identity.host()
    ours = Host.objects.filter(host=name)
    alive = list(ours.alive())
    if not alive:
        return [not_heard(ours.order_by("-beat_at").first(), name)]
    if all(has_ended(row) for row in alive):
        return [_("The supervisor of %(host)s has ended. Start manage.py runworkers anew.") % {"host": name}]
    if not rings():
        return [_("The Redis of QUEUE_BROKER does not answer, so no worker is told of work.")]
    if not (stays := list(ours.alive().filter(draining=False))):
        return []
    return [*dead_seats(stays), *untouched(name)]


def has_ended(row: Host) -> bool:
    """Of a process of this machine we need not wait to hear."""
    owner = identity.parse(row.key)
    return owner is not None and owner.boot == identity.boot() and owner.gone


def not_heard(last: Host | None, name: str) -> str:
    if last is None:
        return _("No supervisor has reported on %(host)s. Start one: manage.py runworkers.") % {"host": name}
    seconds = (database_now() - last.beat_at).total_seconds()
    words = {"seconds": seconds, "host": name}
    return _("No supervisor has reported for %(seconds)d s on %(host)s. Start manage.py runworkers anew.") % words


def dead_seats(ours: Iterable[Host]) -> list[str]:
    return [
        _("The cluster %(name)s is down. %(last)s It is started again soon.")
        % {"name": told["cluster"], "last": last_words(told)}
        for host in ours
        for told in host.seats
        if told["pid"] is None and "reason" in told
    ]


def untouched(name: str) -> list[str]:
    """Queues of which nobody here has taken anything for a minute, although work waits that may be taken."""
    return [
        _("Due work waits for %(seconds)d s in the queue %(queue)s and no worker of %(host)s takes it.")
        % {"seconds": waits(queue), "queue": queue, "host": name}
        for queue in QUEUES
        if overdue(queue) and not closed(queue, name) and not touched(queue, name)
    ]


def closed(queue: str, name: str) -> bool:
    """Is there a reason to take nothing? Of another host's disk only that host itself can tell."""
    if name == identity.host():
        return gate.closed(queue) is not None
    return Gate.objects.shut().filter(host__in=("", name), queue__in=("", queue)).exists()


def overdue(queue: str) -> bool:
    return any(entry.model.objects.due(queue).filter(waited(OVERDUE)).exists() for entry in registry.entries())


def touched(queue: str, name: str) -> bool:
    """Has a worker of that host done anything for these rows lately? A long render says so every second."""
    lately = Q(worker__startswith=f"{name} ", changed_at__gte=after(-OVERDUE), queue__in=slots.served(queue))
    return any(
        entry.model.objects.filter(lately).exclude(state=LeaseState.QUEUED).exists() for entry in registry.entries()
    )


def waits(queue: str) -> float:
    since = oldest(queue)
    return (database_now() - since).total_seconds() if since else 0.0
