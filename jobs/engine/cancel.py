"""Taking an order back."""

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now

from jobs.engine import registry
from jobs.engine.leased import Leased, LeaseState

NOT_BEGUN = (LeaseState.PENDING, LeaseState.QUEUED, LeaseState.RETRY_WAIT)


def cancel(rows: "models.QuerySet[Leased]") -> int:
    """Cancel what has not ended: waiting rows at once, running ones when their worker notices. How many it met.

    All rows are changed before their owners hear of it, so that the first to be told sees its siblings cancelled too.
    """
    with transaction.atomic():
        chosen = list(rows.filter(state__in=(*NOT_BEGUN, LeaseState.RUNNING)).order_by("pk"))
        for row in chosen:
            registry.of(row).lock(row)
        ended = [row for row in chosen if change(row, NOT_BEGUN, LeaseState.CANCELLED)]
        stopping = [
            row for row in chosen if row not in ended and change(row, (LeaseState.RUNNING,), LeaseState.CANCELLING)
        ]
        for row in ended:
            registry.of(row).ended(row)
    return len(ended) + len(stopping)


def change(row: Leased, before: tuple[str, ...], state: str) -> bool:
    """One row from one of these states to another; the state that was read may be old by now."""
    if not type(row).objects.filter(Q(state__in=before), pk=row.pk).update(state=state, changed_at=Now()):
        return False
    row.state = state
    return True
