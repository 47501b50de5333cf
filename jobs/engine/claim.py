"""Taking the best due row. Many may try; the one whose conditional UPDATE changes a row has it."""

import uuid
from collections.abc import Sequence
from itertools import product

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from jobs.engine import gate, identity, registry
from jobs.engine.ending import close, lease_end
from jobs.engine.leased import TAKEABLE, Leased, LeaseState, Queue, due

LOOK = 10  # candidates a model is asked for at once: with fewer, many workers that wake up together starve each other
ROUNDS = 20  # after so many lists lost to others they do the work; the next ring finds what is left


def best(queues: Sequence[str], only: Q | None = None) -> Leased | None:
    """The best due row of these queues (priority, then turn), now running under a new token; None when none is due.

    Of a queue behind a gate nothing is taken. `only` narrows the choice. Rows of the queue `inline` are found with it
    alone: they belong to one command. A row that has used up its attempts ends as `dead` here, before any work, which
    is what stops one that kills its worker.
    """
    names = [name for name in gate.opened(queues) if only is not None or name != Queue.INLINE]
    for _ in range(ROUNDS):
        rows = candidates(names, only)
        for row in rows:
            if row.attempt >= settings.STAGE_MAX_ATTEMPTS:
                bury(row)
            elif taken := take(row):
                return taken
        if not rows:
            return None
    return None


def waiting(queues: Sequence[str]) -> bool:
    """Is any row due that may be taken?"""
    asked = product(registry.entries(), gate.opened(queues))
    return any(some.exists() for entry, queue in asked for some in by_state(entry.model.objects.due(queue)))


def candidates(queues: Sequence[str], only: Q | None) -> list[Leased]:
    """The next rows, best first. Turns of two models, or of two queues, cannot be compared: their rows alternate."""
    found: list[tuple[int, int, Leased]] = []
    for entry, queue in product(registry.entries(), queues):
        rows = first(entry.model.objects.due(queue).filter(only or Q()))
        found += [(-row.priority, place, row) for place, row in enumerate(rows)]
    return [row for _priority, _place, row in sorted(found, key=lambda each: each[:2])]


def first(rows: "QuerySet[Leased]") -> list[Leased]:
    """The best of the due rows of one queue."""
    found = [row for some in by_state(rows) for row in some[:LOOK]]
    return sorted(found, key=lambda row: (-row.priority, row.turn, row.pk))[:LOOK]


def by_state(rows: "QuerySet[Leased]") -> list["QuerySet[Leased]"]:
    """Asked for one queue and one state at a time, the database reads along its index and stops after the first rows.
    Asked for all, it would look at every row there is and sort those that wait.
    """
    return [rows.filter(state=state) for state in TAKEABLE]


def untouched(row: Leased) -> Q:
    """Due, and as it was when it was read.

    `only` is not asked again: it may look into other tables, and PostgreSQL does not re-read those after it has waited
    for another's change.
    """
    return due() & Q(attempt=row.attempt, token=row.token)


def take(row: Leased) -> Leased | None:
    token = uuid.uuid4()
    taken = (
        type(row)
        .objects.filter(untouched(row), pk=row.pk)
        .update(
            state=LeaseState.RUNNING,
            token=token,
            attempt=F("attempt") + 1,
            worker=str(identity.me()),
            lost=row.bereaved(),
            lease_until=lease_end(),
            not_before=None,
            error_code="",
            error_tail="",
            changed_at=Now(),
        )
    )
    if taken and row.state == LeaseState.RUNNING:
        registry.of(row).interrupted(row, False)
    return type(row).objects.filter(pk=row.pk, token=token).first() if taken else None


def bury(row: Leased) -> None:
    """All attempts are used up, and the last one was not even ended by its worker."""
    with transaction.atomic():
        close(row, untouched(row), LeaseState.DEAD, error_code="abandoned", lost=row.bereaved())
