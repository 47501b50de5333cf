"""The place of one cluster in the supervisor: the child in it, what is heard of it, and when it must be replaced.

A cluster can be dead without having ended: a sentinel that hangs, workers that wait for a lock nobody holds any more,
results that nobody takes. It says itself that it works, so facts are asked: does its sentinel speak, does its row of
results get shorter, does it take work when there is some?
"""

import os
import signal
import sys
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from jobs.engine.pulse import PULSE, Beat
from wtfsite.lib import process
from wtfsite.lib.clock import Clock

log = structlog.stdlib.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a restart; doubled each time
DOUBLED = 10  # times at most: what fails for a night must not count beyond all numbers
HEALTHY = 60.0  # seconds after which an end is news again and not one more of a row
SILENT = 10.0  # seconds; a sentinel speaks twice a second
STARTING = 60.0  # seconds that a cluster may take to its first word, on a machine that renders
SHORT = 0.02  # seconds between two looks at a group that is dying
SETTLE = 1.0  # seconds in which the last process of a killed group is gone
STUCK = 60.0  # seconds that work, or a result, may wait for a cluster that could take it


class Reason(StrEnum):
    """Why a cluster was ended; DIED: by itself, the exit code tells more."""

    DIED = "died"
    SILENT = "silent"
    IDLE = "idle"
    RESULTS = "results"


def launch(name: str) -> process.Child:
    return process.spawn(
        [sys.executable, "-m", "jobs.engine.cluster", name, PULSE],
        env={"Q_CLUSTER_NAME": name, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        cwd=Path(settings.BASE_DIR),
        stdout=process.PIPE,
    )


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
class Seat:
    """The place of one cluster, with a child in it or waiting for the next. Times are the supervisor's seconds.

    `taken` are the claims seen with its workers at the last look. `free_since` is when it was last seen to take one, or
    to have no worker free; `results_since` when results began to lie about. `closed` are queues that nobody may take
    from.
    """

    name: str
    workers: int = 1
    child: process.Child | None = None
    started: float = 0.0
    next_start: float = 0.0
    failures: int = 0
    beat: Beat = field(default_factory=Beat)
    heard_at: float | None = None
    free_since: float = 0.0
    results_since: float | None = None
    taken: set[uuid.UUID] = field(default_factory=set)
    closed: frozenset[str] = frozenset()
    restarts: int = 0
    since: datetime | None = None
    verdict: Reason = Reason.DIED
    last: dict[str, Any] = field(default_factory=dict)

    def ended(self) -> bool:
        return self.child is not None and self.child.poll() is not None

    def sit(self, child: process.Child, now: float, since: datetime) -> None:
        self.child, self.started, self.since = child, now, since
        self.beat, self.heard_at, self.verdict = Beat(), None, Reason.DIED
        self.rest(now)

    def rest(self, now: float) -> None:
        """Whatever was counted against it is counted anew."""
        self.free_since, self.results_since = now, None
        self.taken.clear()

    def excuse(self, seconds: float) -> None:
        """Nobody listened for so long; it cannot be blamed for that."""
        if self.heard_at is not None:
            self.heard_at += seconds
        if self.results_since is not None:
            self.results_since += seconds
        self.started += seconds
        self.free_since += seconds

    def hear(self, beat: Beat | None, now: float) -> bool:
        """Note what it says. Has it changed workers?"""
        if beat is None:
            return False
        changed = beat.workers != self.beat.workers
        self.beat, self.heard_at = beat, now
        if not beat.results:
            self.results_since = None
        elif self.results_since is None:
            self.results_since = now
        return changed

    def silent(self, now: float) -> bool:
        """Does the sentinel hang?"""
        if self.heard_at is None:
            return now - self.started > STARTING
        return now - self.heard_at > SILENT

    def see(self, claims: Mapping[int, set[uuid.UUID]], held: Iterable[int], now: float) -> None:
        """Note the claims seen lately, by the process id of their worker, and which workers hold one now."""
        taken = {token for pid in self.beat.workers for token in claims.get(pid, ())}
        if taken - self.taken or sum(pid in self.beat.workers for pid in held) >= self.workers:
            self.free_since = now
        self.taken = taken

    def verdict_on(self, overdue: bool, now: float) -> Reason | None:
        """Why it has to go, judged by what was seen; None when it is well. `overdue`: work waits that it could do."""
        if self.results_since is not None and now - self.results_since > STUCK:
            return Reason.RESULTS
        if overdue and now - self.free_since > STUCK:
            return Reason.IDLE
        return None

    def clear(self, now: float, at: datetime) -> None:
        """The child has ended: say so, and let the next one wait the longer the more have ended."""
        assert self.child is not None
        if now - self.started > HEALTHY:
            self.failures = 0
        pause, code = self.put_off(now), self.child.returncode
        log.error("a cluster ended", cluster=self.name, exit=code, reason=str(self.verdict), restart_in=pause)
        self.last = {"last_exit": code, "reason": str(self.verdict), "ended": at.isoformat()}
        self.restarts += 1
        self.close()
        self.child = None

    def put_off(self, now: float) -> float:
        """How many seconds the next start waits: the longer, the more have failed in a row."""
        pause: float = min(FIRST_PAUSE * 2 ** min(self.failures, DOUBLED), LONGEST_PAUSE)
        self.failures += 1
        self.next_start = now + pause
        return pause

    def close(self) -> None:
        """Close our end of the pipe of a child that has ended."""
        if self.child is not None and self.child.stdout is not None:
            self.child.stdout.close()

    def tell(self) -> dict[str, Any]:
        """For people: as it is kept in the row of the host."""
        return {
            "cluster": self.name,
            "workers": self.workers,
            "pid": self.child.pid if self.child else None,
            "pids": list(self.beat.workers),
            "restarts": self.restarts,
            "since": self.since.isoformat() if self.child and self.since else None,
            **self.last,
        }
