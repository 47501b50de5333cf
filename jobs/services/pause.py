"""The switch before a deploy: nothing new is begun, what runs goes on to its end."""

import structlog
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from jobs.engine import ring, slots
from jobs.engine.leased import LeaseState, Queue
from jobs.models import Event, EventLevel, Gate, Stage
from jobs.models.gate import Cause

log = structlog.stdlib.get_logger(__name__)

QUEUES = (str(Queue.WORK), str(Queue.RENDER))


@transaction.atomic
def on(by: str, queue: str = "") -> bool:
    """Take nothing new, of one queue or ("") of all, until `off`. False when it is paused already: the first stays."""
    _gate, new = Gate.objects.get_or_create(cause=Cause.PAUSED, queue=queue, host="", defaults={"by": by[:150]})
    if new:
        told = _("Paused by %(name)s: %(what)s.") % {"name": by, "what": named(queue)}
        Event.objects.tell(told, level=EventLevel.WARNING)
        log.warning("paused", by=by, queue=queue or "all")
    return bool(new)


@transaction.atomic
def off(by: str, queue: str | None = None) -> bool:
    """Lift the pause of one queue, of all work (""), or (None) every pause there is. False when there was none."""
    rows = Gate.objects.filter(cause=Cause.PAUSED)
    gone, _kinds = (rows if queue is None else rows.filter(queue=queue)).delete()
    if gone:
        Event.objects.tell(_("Resumed by %(name)s.") % {"name": by})
        log.warning("resumed", by=by, queue="all" if queue is None else queue or "all")
        for name in QUEUES:
            wake(name)
    return bool(gone)


def now() -> list[Gate]:
    """The pauses that hold."""
    return list(Gate.objects.filter(cause=Cause.PAUSED))


def running() -> int:
    """How many stages work right now: none left means that an update interrupts nobody."""
    return int(Stage.objects.filter(state=LeaseState.RUNNING, lease_until__gte=Now()).count())


def wake(queue: str) -> None:
    """One ring for each slot of this host; other hosts ring for theirs when they see that work waits."""
    for _slot in range(slots.plan().capacity(queue)):
        ring.ring(queue)


def named(queue: str) -> str:
    return str(Queue(queue).label) if queue else str(_("all work"))
