"""What a handler holds while it works: the right to change its row, for as long as the lease is kept."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections, models, router, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from jobs.engine.ending import close, lease_end, show
from jobs.engine.leased import Leased, LeaseState
from wtfsite.lib.clock import Clock

log = structlog.stdlib.get_logger(__name__)

REAL_TIME = Clock()
ASK_EVERY = 1.0  # seconds between two looks of keep_going()
BEATS = 6  # heartbeats per lease: five may fail before it runs out


class LeaseLost(Exception):
    """The row is not ours any more: cancelled, taken by another worker, or gone. Stop, without any effect."""


class NotYet(Exception):
    """The work may not start before `until` (the database's time); `code` says why. Nothing has gone wrong."""

    def __init__(self, code: str, until: datetime) -> None:
        super().__init__(f"{code} until {until:%H:%M:%S}")
        self.code = code
        self.until = until


def reconnect(model: type[Leased]) -> None:
    """After an error of the database: give a broken connection up, so that the next statement opens a new one. Inside
    a transaction nothing is done: that one is lost with its connection.
    """
    connection = connections[router.db_for_write(model)]
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


class Lease:
    """The lease on one claimed row. `behind` finds the rows that wait for the same owner (queue `inline` only)."""

    def __init__(self, row: Leased, behind: Q | None = None, clock: Clock = REAL_TIME) -> None:
        self.row = row
        self.token = row.token
        self._behind = behind
        self._clock = clock
        self._lost = threading.Event()
        self._asked = self._kept = clock.monotonic()

    @property
    def held(self) -> bool:
        """As far as is known; the database may already know better."""
        return not self._lost.is_set()

    def progress(self, **fields: Any) -> bool:
        """Write these fields and push the lease's end out. False when it is lost or cancelled, from then on always."""
        if not self.held:
            return False
        changes = {"lease_until": lease_end(), "changed_at": Now(), **fields}
        if not type(self.row).objects.filter(self._mine(), pk=self.row.pk).update(**changes):
            self._lost.set()
            return False
        self._kept = self._clock.monotonic()
        show(self.row, fields)
        return True

    def tell(self, **fields: Any) -> bool:
        """Like `progress`, for reports: a database that is away for less than a lease ends no hour's work."""
        with self.patience():
            self.progress(**fields)
        return self.held

    @contextmanager
    def patience(self) -> Iterator[None]:
        """Leave the block quietly when the database is away; the lease is lost once that lasts longer than a lease.
        Not for a transaction's own steps: what fails in there must undo it.
        """
        try:
            yield
        except (OperationalError, InterfaceError):
            log.warning("the database could not be reached", exc_info=True)
            reconnect(type(self.row))
            if self._clock.monotonic() - self._kept > settings.STAGE_LEASE_SECONDS:
                self._lost.set()

    def keep_going(self) -> bool:
        """Is the work still wanted? Asks the database at most once a second, so it may be called in any loop."""
        now = self._clock.monotonic()
        if now - self._asked >= ASK_EVERY:
            self._asked = now
            self._push()
        return self.held

    def end(self, state: str = LeaseState.DONE, **fields: Any) -> None:
        """End the row, inside the transaction that holds the work's effects; LeaseLost undoes them.

        A lease that was once found lost ends nothing, whatever the row says by now: the work was stopped half done.
        """
        if not self.held or not close(self.row, self._mine(), state, **fields):
            self._lost.set()
            raise LeaseLost(f"{self.row._meta.label} {self.row.pk}")

    def postpone(self, until: datetime, code: str) -> None:
        """Back to waiting, as if the row had not been claimed: the attempt does not count. LeaseLost as for `end`."""
        with transaction.atomic():
            self.end(LeaseState.RETRY_WAIT, not_before=until, error_code=code, attempt=F("attempt") - 1)

    def give_up(self) -> bool:
        """Nothing more will be done: if the row was to be cancelled, it is now. Otherwise somebody else has it."""
        with transaction.atomic():
            return close(self.row, Q(token=self.token, state=LeaseState.CANCELLING), LeaseState.CANCELLED)

    @contextmanager
    def keep(self) -> Iterator["Lease"]:
        """Keep the lease from a thread of its own, also while the work has no progress to tell."""
        stop = threading.Event()
        thread = threading.Thread(target=self._beat, args=(stop,), name="lease", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()

    def _mine(self) -> Q:
        return Q(token=self.token, state=LeaseState.RUNNING)

    def _beat(self, stop: threading.Event) -> None:
        """Runs in the thread, whose database connections are its own to close."""
        try:
            while self.held and not stop.wait(settings.STAGE_LEASE_SECONDS / BEATS):
                self._push()
        finally:
            connections.close_all()

    def _push(self) -> None:
        """Push the lease's end out."""
        with self.patience():
            self.progress()
            self._touch()

    def _touch(self) -> None:
        """The rows behind this one wait for a living owner: without this the reaper would end them."""
        if self._behind is not None:
            rows: models.QuerySet[Leased] = type(self.row).objects.filter(self._behind, queue=self.row.queue)
            rows.unfinished().update(changed_at=Now())  # type: ignore[attr-defined]  # LeasedQuerySet's own
