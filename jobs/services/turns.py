"""Whose work is next: priority first, then everybody in turn.

A lane is one person's work for one choice of brands. Each waiting stage holds a `turn`: how much its lane had asked for
when it joined the queue, in outputs, on a clock that all lanes share.

    turn = (the last waiting turn of its lane, else where the queue stands) + its outputs

    lane A, 200 outputs, ten at a time   10     20  30  40 ...      served: A10 B11 A20 A30 ...
    lane B, one output, comes later          11                     (the queue stood at 10)

So whoever comes to a long queue waits for at most one stage of each other lane, and nobody is passed over for ever:
those that join later get later turns. A turn is given once; workers take the lowest, by one index. Turn 0 is before all
turns, for work that only ends what others have done.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Min, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.engine.leased import ENDED, LeaseState
from jobs.models import Event, Job, Stage
from jobs.models.job import OPEN

NORMAL, NEXT, LAST = 0, 10, -10
PRIORITIES = (
    (NEXT, gettext_lazy("next in line")),
    (NORMAL, gettext_lazy("normal")),
    (LAST, gettext_lazy("when nothing else waits")),
)
WAITING = (LeaseState.PENDING, LeaseState.QUEUED, LeaseState.RETRY_WAIT)


def lane(owner: Any, brands: Iterable[Any]) -> str:
    """The name of a lane; short, however many brands there are."""
    chosen = ".".join(str(key) for key in sorted(brand.pk for brand in brands))
    return f"{owner.pk if owner else 0}:{hashlib.sha256(chosen.encode()).hexdigest()[:16]}"


def draw(queue: str, priority: int, lane: str, cost: int = 1) -> int:
    """The turn of a stage that joins a queue now. Two that draw at once may get the same; the older one is first."""
    # Those that were claimed before are left out: a stage that comes back with an old turn turns no clock back.
    joined = Stage.objects.filter(queue=queue, state=LeaseState.QUEUED, priority=priority, token=None, turn__gt=0)
    last = joined.filter(lane=lane).order_by("-turn").values_list("turn", flat=True).first()
    return int(_stands(queue, priority, joined) if last is None else last) + max(1, cost)


def _stands(queue: str, priority: int, joined: "QuerySet[Stage]") -> int:
    """The first turn that waits; else the last that has not ended, since that one may come back."""
    first: int | None = joined.order_by("turn", "id").values_list("turn", flat=True).first()
    if first is None:
        rows = Stage.objects.order_by().filter(queue=queue, priority=priority, state__in=set(LeaseState) - set(ENDED))
        first = rows.aggregate(last=Max("turn"))["last"]
    return first or 0


def label(priority: int) -> str:
    return str(dict(PRIORITIES).get(priority, priority))


@transaction.atomic
def put(order: Job, priority: int, by: str) -> bool:
    """Give an open job another priority: its waiting stages join the others of that priority. False when it is over,
    or has it already. What runs goes on.
    """
    changed = Job.objects.filter(pk=order.pk, state__in=OPEN).exclude(priority=priority).update(priority=priority)
    if not changed:
        return False
    stages = Stage.objects.filter(job=order).unfinished()
    for queue in set(stages.order_by().values_list("queue", flat=True)):
        waiting = stages.filter(queue=queue, state__in=WAITING, turn__gt=0)
        first = waiting.aggregate(first=Min("turn"))["first"]
        if first is not None:
            waiting.update(turn=F("turn") + draw(queue, priority, order.lane) - first)
    stages.update(priority=priority)
    Event.objects.tell(_("%(name)s: %(priority)s.") % {"name": by, "priority": label(priority)}, job=order)
    return True
