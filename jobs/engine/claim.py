"""Taking the best due row. Many may try; the one whose conditional UPDATE changes a row has it."""

import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from jobs.engine import gate, identity, registry
from jobs.engine.ending import close, lease_end
from jobs.engine.leased import Leased, LeaseState, Queue, due

LOOK = 10  # candidates a model is asked for at once: with fewer, many workers that wake up together starve each other
ROUNDS = 20  # after so many lists lost to others they do the work; the next ring finds what is left


def best(queues: Sequence[str], only: Q | None = None) -> Leased | None:
    """The best due row of these queues (priority, then turn), now running under a new token; None when none is due.

    Of a queue behind a gate nothing is taken. `only` narrows the choice. Rows of the queue `inline` are found with it
    alone: they belong to one command. A row
    that has used up its attempts ends as `dead` here, before any work, which is what stops one that kills its worker.
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
    names = gate.opened(queues)
    return any(entry.model.objects.due(*names).exists() for entry in registry.entries())


def candidates(queues: Sequence[str], only: Q | None) -> list[Leased]:
    """The next rows of each model, best first. Turns of two models cannot be compared: their rows alternate."""
    found: list[tuple[int, int, Leased]] = []
    for entry in registry.entries():
        rows = entry.model.objects.due(*queues).filter(only or Q())[:LOOK]
        found += [(-row.priority, place, row) for place, row in enumerate(rows)]
    return [row for _priority, _place, row in sorted(found, key=lambda each: each[:2])]


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
            lease_until=lease_end(),
            not_before=None,
            error_code="",
            error_tail="",
            changed_at=Now(),
        )
    )
    return type(row).objects.filter(pk=row.pk, token=token).first() if taken else None


def bury(row: Leased) -> None:
    """All attempts are used up, and the last one was not even ended by its worker."""
    with transaction.atomic():
        close(row, untouched(row), LeaseState.DEAD, error_code="abandoned")
