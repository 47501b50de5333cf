"""Keeps the clusters of this host running and the rows in order, until it is told to stop.

start: free what earlier processes of this host held -> one child per cluster -> loop: restart, tick
stop:  TERM to every child -> they finish what they have -> after the grace KILL -> their rows are queued again
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType

import structlog
from django.conf import settings
from django.db import close_old_connections

from jobs.engine import reaper
from wtfsite.lib import process
from wtfsite.lib.clock import Clock

log = structlog.stdlib.get_logger(__name__)

LOOK = 0.25  # seconds between two looks at the children
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a restart; doubled each time
HEALTHY = 60.0  # seconds after which an end is news again and not one more of a row
GRACE = 15.0  # seconds that running work gets to end after SIGTERM; less than those who stop us wait
REAP_EVERY = 10.0
REAP_EVERY_WATCHED = 2.0  # when somebody waits for the last row to end


@dataclass
class Tick:
    """Something to do every so many seconds; what goes wrong in it is logged and tried again."""

    seconds: float
    act: Callable[[], object]
    next: float = 0.0

    def run(self, now: float) -> None:
        if now < self.next:
            return
        self.next = now + self.seconds
        guarded(self.act)


def guarded(act: Callable[[], object]) -> None:
    """The edge of the supervisor: the clusters must outlive a database that is away, and a bug in one tick."""
    close_old_connections()
    try:
        act()
    except Exception:
        log.exception("a regular task failed")


@dataclass
class Seat:
    """The place of one cluster, with a child in it or waiting for the next."""

    name: str
    child: process.Child | None = None
    started: float = 0.0
    next_start: float = 0.0
    failures: int = 0

    def start(self, now: float) -> None:
        self.child, self.started = launch(self.name), now

    def ended(self) -> bool:
        return self.child is not None and self.child.poll() is not None

    def clear(self, now: float) -> None:
        """The child has died by itself: say so, and let the next one wait the longer the more have died."""
        assert self.child is not None
        self.failures = 0 if now - self.started > HEALTHY else self.failures + 1
        pause = min(FIRST_PAUSE * 2 ** max(0, self.failures - 1), LONGEST_PAUSE)
        log.error("a cluster died", cluster=self.name, exit=self.child.returncode, restart_in=pause)
        self.child, self.next_start = None, now + pause

    def signal(self, number: int, group: bool = False) -> None:
        """To the cluster's main process, which tells the others; to its whole group only to kill."""
        if self.child is not None and self.child.poll() is None:
            with suppress(ProcessLookupError):
                (os.killpg if group else os.kill)(self.child.pid, number)


def launch(name: str) -> process.Child:
    return process.spawn(
        [sys.executable, "-m", "jobs.engine.cluster", name],
        env={"Q_CLUSTER_NAME": name, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        cwd=Path(settings.BASE_DIR),
    )


@dataclass
class Supervisor:
    """`clusters` are names, one per child. `idle_for` seconds without any work end it; None: it runs until a signal."""

    clusters: Sequence[str]
    ticks: Sequence[Tick] = ()
    idle_for: float | None = None
    grace: float = GRACE
    clock: Clock = field(default_factory=Clock)
    stopping: bool = False

    def run(self) -> None:
        self.seats = [Seat(name) for name in self.clusters]
        self.busy_at = self.clock.monotonic()
        reap = REAP_EVERY if self.idle_for is None else REAP_EVERY_WATCHED
        self.all_ticks = [Tick(reap, self.reap), *self.ticks]
        with self.signals():
            while not self.stopping:
                self.look()
                self.clock.sleep(LOOK)
            self.drain()

    def look(self) -> None:
        now = self.clock.monotonic()
        for seat in self.seats:
            if seat.ended():
                seat.clear(now)
                self.all_ticks[0].next = now  # its rows need not wait for their leases
            if seat.child is None and now >= seat.next_start:
                seat.start(now)
        for tick in self.all_ticks:
            tick.run(now)

    def reap(self) -> None:
        reaper.release()
        done = {what: count for what, count in reaper.tick().items() if count}
        if done:
            log.info("reaped", **done)
        reaper.sweep()
        if self.idle_for is not None:
            self.watch_idle()

    def watch_idle(self) -> None:
        now = self.clock.monotonic()
        if not reaper.idle():
            self.busy_at = now
        self.stopping |= now - self.busy_at >= (self.idle_for or 0)

    def drain(self) -> None:
        """Let running work end, up to the grace; then end it, and queue it again as if it had not been begun."""
        for seat in self.seats:
            seat.signal(signal.SIGTERM)
        end = self.clock.monotonic() + self.grace
        while self.clock.monotonic() < end and any(seat.child and not seat.ended() for seat in self.seats):
            self.clock.sleep(LOOK)
        for seat in self.seats:
            seat.signal(signal.SIGKILL, group=True)
            if seat.child is not None:
                seat.child.wait()
        guarded(partial(reaper.release, refund=True))
        guarded(reaper.sweep)

    @contextmanager
    def signals(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C ask for the end; a second one does not hurry it."""
        before = {number: signal.signal(number, self.stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True
