"""What a supervisor asks the database about its clusters, and what it writes there about itself."""

import uuid
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from jobs.engine import identity, registry, slots
from jobs.engine.ending import after
from jobs.engine.leased import LeaseState
from jobs.engine.reaper import HELD, has_ended, namesakes
from jobs.models.host import BEAT, Host

OVERDUE = 60.0  # seconds that due work may wait while somebody is free to take it
Claims = dict[int, set[uuid.UUID]]


def claims() -> tuple[Claims, list[int]]:
    """The claims of the workers around us that are held or were changed since about the last look, by process id; and
    the process ids of those that hold one, once for each.
    """
    ours = Q(worker__startswith=identity.around(), token__isnull=False)
    lately = Q(changed_at__gte=after(-1.5 * BEAT))
    holding = Q(state__in=HELD, lease_until__gte=Now())
    found: Claims = defaultdict(set)
    held: list[int] = []
    for entry in registry.entries():
        rows = entry.model.objects.filter(ours & (lately | holding)).values_list("worker", "token", "state")
        for worker, token, state in rows:
            if owner := identity.parse(worker):
                found[owner.pid].add(token)
                held += [owner.pid] if state in HELD else []
    return found, held


def overdue(cluster: str, closed: Collection[str] = ()) -> bool:
    """Does work wait for long that this cluster could do?"""
    queues = [queue for queue in slots.of(cluster) if queue not in closed]
    return any(entry.model.objects.due(*queues).filter(waited(OVERDUE)).exists() for entry in registry.entries())


def waited(seconds: float) -> Q:
    """Of due rows: those that have been so for longer, by the database's clock."""
    before = after(-seconds)
    come = Q(not_before=None) | Q(not_before__lt=before)
    return (~Q(state=LeaseState.RUNNING) & Q(changed_at__lt=before) & come) | Q(lease_until__lt=before)


def report(**facts: Any) -> None:
    """Our row as it is now, whether it was there or not: one statement."""
    me = identity.me()
    row = Host(key=str(me), host=me.host, boot=me.boot, pid=me.pid, beat_at=Now(), **facts)
    Host.objects.bulk_create([row], update_conflicts=True, unique_fields=["key"], update_fields=["beat_at", *facts])


def leave() -> None:
    """We have ended, in order."""
    Host.objects.filter(key=str(identity.me())).delete()


def forget() -> None:
    """Take out hosts that have been silent for long, and what ended on this one without leaving."""
    Host.objects.forgotten().delete()
    twins = namesakes()
    for row in Host.objects.filter(host=identity.host()):
        if (owner := identity.parse(row.key)) and has_ended(owner, twins):
            row.delete()
