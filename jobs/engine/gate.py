"""May new work be taken? Not while somebody has paused the studio, nor renders on a host whose disk is nearly full.

    pause (a person) ----+
                         +-- Gate rows -- closed(queue): claim takes nothing, liveness expects nothing
    full disk (a host) --+                           `-> "waits because ..." on every page

Running work goes on in both cases. The rows of commands (queue `inline`) are behind no gate.
"""

import shutil
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now
from django.utils.formats import date_format, time_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _

from jobs.engine import identity
from jobs.engine.lease import NotYet
from jobs.engine.leased import Queue
from jobs.engine.times import database_now
from jobs.models.gate import Cause, Gate

MEGA = 10**6
LOOK_AGAIN = 30  # seconds until work that met a full disk looks again


def closed(queue: str) -> str | None:
    """Why this host takes nothing new from a queue, as a clause ("the studio is paused by ..."); None when it does."""
    if queue == Queue.INLINE:
        return None
    shut = next((row for row in here() if row.queue in ("", queue)), None)
    if shut is not None:
        return says(shut)
    return says(full()) if queue == Queue.RENDER and disk_low() else None


def opened(queues: Sequence[str]) -> list[str]:
    """Those of the queues that this host may take from now. It also notes, for the others, whether its disk is full."""
    rows, low = here(), disk_low()
    if low or any(row.cause == Cause.DISK_FLOOR for row in rows):
        note(low)
    shut = {row.queue for row in rows if row.cause == Cause.PAUSED}
    if low:
        shut.add(Queue.RENDER)
    return [queue for queue in queues if queue == Queue.INLINE or not shut & {"", queue}]


def here() -> list[Gate]:
    """The gates that this host stands before."""
    return list(Gate.objects.shut().filter(host__in=("", identity.host())))


def disk_low() -> bool:
    """A full disk would take the database down with it, so renders stop short of that. The folder itself may have been
    removed by somebody who wanted room; the work makes it anew.
    """
    there = next(folder for folder in (settings.TEMP_DIR, *settings.TEMP_DIR.parents) if folder.is_dir())
    return shutil.disk_usage(there).free < settings.DISK_FLOOR_MB * MEGA


def room() -> None:
    """For work that is about to write much: raises NotYet while the disk is nearly full."""
    if disk_low():
        raise NotYet(Cause.DISK_FLOOR, database_now() + timedelta(seconds=LOOK_AGAIN))


def note(low: bool) -> None:
    cause, queue, host = Cause.DISK_FLOOR, Queue.RENDER, identity.host()
    if low:
        Gate.objects.update_or_create(cause=cause, queue=queue, host=host, defaults={"seen_at": Now()})
    else:
        Gate.objects.filter(cause=cause, queue=queue, host=host).delete()


def full() -> Gate:
    """The row that says so, not kept."""
    return Gate(cause=Cause.DISK_FLOOR, queue=Queue.RENDER, host=identity.host())


def first(gates: Iterable[Gate], queue: str) -> Gate | None:
    """The one to name to somebody whose work waits in this queue: a person's pause before a host's disk."""
    shut = [gate for gate in gates if gate.queue in ("", queue)]
    return min(shut, key=lambda gate: gate.cause != Cause.PAUSED, default=None)


def says(gate: Gate) -> str:
    """Why the gate is shut, as a clause."""
    if gate.cause == Cause.DISK_FLOOR:
        words = {"floor": settings.DISK_FLOOR_MB, "host": gate.host}
        return _("less than %(floor)d MB of disk are free on %(host)s") % words
    since = localtime(gate.since)
    form = "H:i" if since.date() == localdate() else "j M H:i"
    words = {"name": gate.by, "time": date_format(since, form) if " " in form else time_format(since, form)}
    if gate.queue == Queue.RENDER:
        return _("rendering is paused by %(name)s since %(time)s") % words
    if gate.queue == Queue.WORK:
        return _("fetching is paused by %(name)s since %(time)s") % words
    return _("the studio is paused by %(name)s since %(time)s") % words
