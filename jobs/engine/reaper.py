"""Puts right what died: expired leases, waits that are over, unheard rings, folders that nobody owns.

Every change is a conditional UPDATE, so any number of hosts may do this at once.
"""

import shutil
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from jobs.engine import identity, registry, ring, slots
from jobs.engine.ending import after, close
from jobs.engine.leased import ENDED, Leased, LeaseState, Queue
from jobs.models.host import Host

log = structlog.stdlib.get_logger(__name__)

OVERDUE = 3.0  # seconds a due row waits before we doubt that its ring was heard
OWNER_SILENT = 300.0  # seconds without a sign of the command that owns an inline row
OURS = ~Q(queue=Queue.INLINE)
CANCELLING = Q(state=LeaseState.CANCELLING)
HELD = (LeaseState.RUNNING, LeaseState.CANCELLING)


def tick() -> dict[str, int]:
    """One round over all rows of the registry; what was done, counted."""
    counts: Counter[str] = Counter()
    expired = Q(lease_until__lt=Now())
    counts["retried"] = wake()
    for entry in registry.entries():
        counts["requeued"] += requeue(entry.model, OURS & expired & Q(state=LeaseState.RUNNING))
        counts["cancelled"] += end(entry.model, OURS & expired & CANCELLING, LeaseState.CANCELLED)
        counts["abandoned"] += end(entry.model, silent(), LeaseState.FAILED, error_code="abandoned")
    counts["rung"] = sum(ring_for(queue) for queue in (Queue.WORK, Queue.RENDER))
    return dict(counts)


def wake() -> int:
    """Queue the rows whose wait is over; how many. A fetch may wait two seconds for its turn, so this is done often."""
    over = Q(queue__in=(Queue.WORK, Queue.RENDER), state=LeaseState.RETRY_WAIT, not_before__lte=Now())
    return sum(requeue(entry.model, over) for entry in registry.entries())


def silent() -> Q:
    """Rows whose command has not been heard of for long."""
    return ~OURS & ~Q(state__in=ENDED) & Q(changed_at__lt=after(-OWNER_SILENT))


def release(refund: bool = False) -> int:
    """Free the rows whose worker was a process of this host and has ended; nobody needs to wait for their leases.

    With `refund` the attempt does not count: it was us who ended the worker.
    """
    freed, twins = 0, namesakes()
    for entry in registry.entries():
        held = entry.model.objects.filter(OURS, state__in=HELD)
        lost = [row.token for row in held if (owner := identity.parse(row.worker)) and has_ended(owner, twins)]
        freed += requeue(entry.model, Q(token__in=lost, state=LeaseState.RUNNING), refund)
        freed += end(entry.model, Q(token__in=lost) & CANCELLING, LeaseState.CANCELLED)
    return freed


def namesakes() -> set[str]:
    """Boot ids of other machines that have our name and are alive. (Just after a reboot: of this one, for a moment.)"""
    boots = Host.objects.alive().filter(host=identity.host()).exclude(boot=identity.boot())
    return set(boots.values_list("boot", flat=True))


def has_ended(owner: identity.Identity, twins: set[str]) -> bool:
    """Has it surely ended? A machine of our name is not this one after a reboot as long as it is heard of."""
    return owner.gone and owner.boot not in twins


def requeue(model: type[Leased], when: Q, refund: bool = False) -> int:
    """Back into the queue with the rows that are, and at their turn still are, as `when` says. Attempts are kept, and
    so are the names of lost workers, unless it was us who ended them.
    """
    changes: dict[str, Any] = {"state": LeaseState.QUEUED, "lease_until": None, "not_before": None, "changed_at": Now()}
    if refund:
        changes["attempt"] = F("attempt") - 1
    rows = model.objects.filter(when)
    changed = []
    for row in rows:
        lost = row.lost if refund else row.bereaved()
        if rows.filter(pk=row.pk, token=row.token).update(lost=lost, **changes):
            changed.append(row)
            if row.state == LeaseState.RUNNING:
                registry.of(row).interrupted(row, refund)
    for queue in {row.queue for row in changed}:
        ring.again(queue)
    return len(changed)


def end(model: type[Leased], when: Q, state: str, **fields: Any) -> int:
    """End the rows that are, and at their turn still are, as `when` says."""
    count = 0
    for row in model.objects.filter(when):
        with transaction.atomic():
            count += close(row, when & Q(token=row.token), state, **fields)
    return count


def ring_for(queue: str) -> int:
    """Ring once for each free slot of this host that has an overdue row, unless rings are waiting to be heard."""
    overdue = count(queue, Q(changed_at__lt=after(-OVERDUE)), due_only=True)
    free = slots.plan().capacity(queue) - busy(queue)
    if overdue == 0 or free <= 0 or ring.unread(queue):
        return 0
    rings = min(overdue, free)
    for _ in range(rings):
        ring.ring(queue)
    return rings


def busy(queue: str) -> int:
    """Rows that workers around us hold, of all queues that share their slots with this one. What a container before
    this one has left under our host's name takes no slot.
    """
    here = Q(state__in=HELD, lease_until__gte=Now(), worker__startswith=identity.around())
    return sum(count(name, here) for name in slots.served(queue))


def count(queue: str, which: Q, due_only: bool = False) -> int:
    found = 0
    for entry in registry.entries():
        rows = entry.model.objects.due(queue) if due_only else entry.model.objects.filter(queue=queue)
        found += rows.filter(which).count()
    return found


def idle() -> bool:
    """Is nothing queued, waiting or running? (Rows of commands and rows that wait for others do not count.)"""
    moving = OURS & Q(state__in=(LeaseState.QUEUED, LeaseState.RETRY_WAIT, *HELD))
    return not any(entry.model.objects.filter(moving).exists() for entry in registry.entries())


def sweep() -> int:
    """Remove what dead processes left behind in the temporary folder; how many folders and files.

    A claim's folder begins with its token and goes with its lease. Uploads and dry runs have no lease: what they left
    goes when nothing has been written there for longer than any task on the work queue may take.
    """
    # The folders are listed before the leases are read: a claim made in between has no folder in the list.
    folders = {folder: token_of(folder) for folder in workspaces()}
    tokens = {token for token in folders.values() if token}
    live: set[uuid.UUID] = set()
    for entry in registry.entries():
        held = entry.model.objects.filter(state__in=HELD, lease_until__gte=Now(), token__in=tokens)
        live.update(held.values_list("token", flat=True))
    orphans = [folder for folder, token in folders.items() if (token not in live if token else forgotten(folder))]
    for orphan in orphans:
        log.info("removing what a dead process left", name=orphan.name)
        if orphan.is_dir():
            shutil.rmtree(orphan, ignore_errors=True)
        else:
            orphan.unlink(missing_ok=True)
    return len(orphans)


def workspaces() -> list[Path]:
    """The work folders, and the files of uploads on their way."""
    return [*(settings.TEMP_DIR / "work").glob("*"), *Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*")]


def token_of(folder: Path) -> uuid.UUID | None:
    try:
        return uuid.UUID(folder.name[:36])
    except ValueError:
        return None


def forgotten(path: Path) -> bool:
    """Has nothing been written here for longer than a task may take? False for what has just gone by itself."""
    try:
        written = max(inner.stat().st_mtime for inner in (path, *path.glob("*")))
    except FileNotFoundError:
        return False
    longest: int = settings.Q_CLUSTER["ALT_CLUSTERS"][Queue.WORK]["timeout"]
    return time.time() - written > longest
