"""The conditional UPDATE that everybody uses: the state is the lock; one changed row means it was ours to change."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connections, models, router
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.db.transaction import TransactionManagementError

from jobs.engine import registry
from jobs.engine.leased import ENDED, Leased


def after(seconds: float) -> Combinable:
    """That many seconds from now by the database's clock, the only clock that all hosts share."""
    return Now() + timedelta(seconds=seconds)


def lease_end() -> Combinable:
    return after(settings.STAGE_LEASE_SECONDS)


def close(row: Leased, when: models.Q, state: str, **fields: Any) -> bool:
    """Put a row that still is as `when` says into `state`, its lease given up; tell its owner if that is an end.

    False, and no effect, when it no longer is. `when` must name columns of the row alone: PostgreSQL looks again at
    those, but not at a subquery, after it has waited for another's change. Needs a transaction, which the owner's own
    changes then join.
    """
    if not connections[router.db_for_write(type(row))].in_atomic_block:
        raise TransactionManagementError("A row is ended inside a transaction, together with what follows from it.")
    if state in ENDED:
        registry.of(row).lock(row)
    changes = {"state": state, "lease_until": None, **fields}
    if not type(row).objects.filter(when, pk=row.pk).update(changed_at=Now(), **changes):
        return False
    show(row, changes)
    if state in ENDED:
        registry.of(row).ended(row)
    return True


def show(row: Leased, changes: dict[str, Any]) -> None:
    """The same on the object. What only the database can compute (a time) is left as it was."""
    for name, value in changes.items():
        if not hasattr(value, "resolve_expression"):
            setattr(row, name, value)
