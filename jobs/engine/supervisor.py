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
SHORT = 0.02  # seconds between two looks at a group that is dying
SETTLE = 1.0  # seconds in which the last process of a killed group is gone
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a restart; doubled each time
HEALTHY = 60.0  # seconds after which an end is news again and not one more of a row
GRACE = 15.0  # seconds that running work gets to end after SIGTERM; less than those who stop us wait
REAP_EVERY = 10.0
REAP_EVERY_WATCHED = 2.0  # when somebody waits for the last row to end
WAKE_EVERY = 1.0


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

    def ended(self) -> bool:
        return self.child is not None and self.child.poll() is not None

    def clear(self, now: float) -> None:
        """The child has died by itself: say so, and let the next one wait the longer the more have died."""
        assert self.child is not None
        self.failures = 0 if now - self.started > HEALTHY else self.failures + 1
        pause = min(FIRST_PAUSE * 2 ** max(0, self.failures - 1), LONGEST_PAUSE)
        log.error("a cluster died", cluster=self.name, exit=self.child.returncode, restart_in=pause)
        self.child, self.next_start = None, now + pause


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
    launch: Callable[[str], process.Child] = launch
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.seats = [Seat(name) for name in self.clusters]
        self.reaping = Tick(REAP_EVERY if self.idle_for is None else REAP_EVERY_WATCHED, self.reap)
        self.waking = Tick(WAKE_EVERY, reaper.wake)
        self.busy_at = self.clock.monotonic()

    def run(self) -> None:
        with stop_signals() as stop:
            try:
                while not (stop.asked or self.bored()):
                    self.look()
                    self.clock.sleep(LOOK)
            finally:
                self.drain()

    def look(self) -> None:
        now = self.clock.monotonic()
        for seat in self.seats:
            if seat.ended():
                seat.clear(now)
                self.reaping.next = now + SETTLE  # what it held need not wait for the end of a lease
            if seat.child is None and now >= seat.next_start:
                seat.child, seat.started = self.launch(seat.name), now
        for tick in (self.reaping, self.waking, *self.ticks):
            tick.run(now)

    def reap(self) -> None:
        done = {"released": reaper.release(), **reaper.tick(), "swept": reaper.sweep()}
        if any(done.values()):
            log.info("reaped", **{what: count for what, count in done.items() if count})
        if not reaper.idle():
            self.busy_at = self.clock.monotonic()

    def bored(self) -> bool:
        return self.idle_for is not None and self.clock.monotonic() - self.busy_at >= self.idle_for

    def drain(self) -> None:
        """Let running work end, up to the grace; then end it, and queue it again as if it had not been begun."""
        end([seat.child for seat in self.seats if seat.child], self.grace, self.clock)
        guarded(partial(reaper.release, refund=True))
        guarded(reaper.sweep)


def end(children: Sequence[process.Child], grace: float, clock: Clock) -> None:
    """TERM to each child, which tells its own; after `grace` seconds KILL to the group of each that is still there."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    last = clock.monotonic() + grace
    while clock.monotonic() < last and any(child.poll() is None for child in children):
        clock.sleep(LOOK)
    for child in children:
        if child.poll() is None:
            kill(child, clock)


def kill(child: process.Child, clock: Clock) -> None:
    """The child and its whole group. The others are not ours to wait for, but nothing may believe them still alive."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        last = clock.monotonic() + SETTLE
        while clock.monotonic() < last:
            clock.sleep(SHORT)
            os.killpg(child.pid, 0)  # raises when the group is empty


@dataclass
class Stop:
    asked: bool = False


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """SIGTERM and Ctrl-C set a flag instead of ending the process."""
    stop = Stop()

    def ask(number: int, frame: FrameType | None) -> None:
        stop.asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
