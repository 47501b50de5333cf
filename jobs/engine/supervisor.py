"""Keeps the clusters of this host running and the rows in order, until it is told to stop.

start: free what earlier processes of this host held -> one child per cluster -> loop: listen, restart, tick
tick:  reap; judge the clusters by their work, and write the row of this host; what the command adds
stop:  TERM to every child -> they finish what they have -> after the grace KILL -> their rows are queued again
"""

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from types import FrameType

import structlog
from django.db import close_old_connections

from jobs.engine import gate, liveness, pulse, reaper, ring, slots
from jobs.engine.pulse import Beat
from jobs.engine.seats import SETTLE, Reason, Seat, kill, launch
from jobs.engine.times import database_now
from jobs.models.host import BEAT
from wtfsite.lib import process
from wtfsite.lib.clock import Clock

log = structlog.stdlib.get_logger(__name__)

LOOK = 0.25  # seconds between two looks at the children
GRACE = 15.0  # seconds that running work gets to end after SIGTERM; less than those who stop us wait
LATE = 5.0  # seconds between two looks after which it was us who did not listen
MISSED = 3  # judgements that fell out, after which what was counted before says nothing
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
class Supervisor:
    """`clusters` are names, one per child. `idle_for` seconds without any work end it; None: it runs until a signal.

    `about` is told to people (version, ffmpeg, sandbox). `closed(queue)` says why nothing may be taken just
    now: then nobody is blamed for not taking any.
    """

    clusters: Sequence[str]
    ticks: Sequence[Tick] = ()
    idle_for: float | None = None
    grace: float = GRACE
    about: Mapping[str, str] = field(default_factory=dict)
    closed: Callable[[str], str | None] = gate.closed
    rings: Callable[[], bool] = ring.works
    launch: Callable[[str], process.Child] = launch
    listen: Callable[[process.Child], Beat | None] = pulse.heard
    kill: Callable[[process.Child, Clock], None] = kill
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.plan = slots.plan()
        self.seats = [Seat(name, self.plan.workers(name)) for name in self.clusters]
        self.reaping = Tick(REAP_EVERY if self.idle_for is None else REAP_EVERY_WATCHED, self.reap)
        self.waking = Tick(WAKE_EVERY, reaper.wake)
        self.beating = Tick(BEAT, self.beat)
        self.looked = self.judged = self.busy_at = self.clock.monotonic()

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
        lost, self.looked = now - self.looked, now
        for seat in self.seats:
            if lost > LATE:
                seat.excuse(lost)
            self.attend(seat, now)
        for tick in (self.reaping, self.waking, self.beating, *self.ticks):
            tick.run(now)

    def attend(self, seat: Seat, now: float) -> None:
        """Hear what the cluster says, put an end to it when it says nothing, and a new one into its place."""
        if seat.child is not None:
            if seat.hear(self.listen(seat.child), now):
                self.beating.next = now
            if not seat.ended() and seat.silent(now):
                self.put_down(seat, Reason.SILENT)
        if seat.ended():
            seat.clear(now, self.clock.now())
            self.reaping.next = now + SETTLE  # what it held need not wait for the end of a lease
            self.beating.next = now
        if seat.child is None and now >= seat.next_start:
            self.start(seat, now)

    def start(self, seat: Seat, now: float) -> None:
        """Where the machine has no room for another process, the clusters that run go on, and this one waits."""
        try:
            child = self.launch(seat.name)
        except OSError:
            log.exception("a cluster could not be started", cluster=seat.name, again_in=seat.put_off(now))
            return
        seat.sit(child, now, self.clock.now())
        self.beating.next = now

    def put_down(self, seat: Seat, reason: Reason) -> None:
        """End a cluster that is of no more use. Its attempts count: what it worked on may be the cause."""
        assert seat.child is not None
        log.error("a cluster is put down", cluster=seat.name, reason=str(reason))
        seat.verdict = reason
        self.kill(seat.child, self.clock)

    def beat(self) -> None:
        """Judge the clusters by what the database says of their work, then tell how all is."""
        self.judge()
        liveness.forget()
        self.tell()

    def judge(self) -> None:
        """A queue that is closed for a reason is no cluster's fault, nor is a database or a doorbell that was away."""
        now = self.clock.monotonic()
        away, self.judged = now - self.judged > MISSED * BEAT or not self.rings(), now
        claims, held = liveness.claims()
        for seat in self.seats:
            seat.see(claims, held, now)
            closed = frozenset(queue for queue in slots.of(seat.name) if self.closed(queue))
            if away or closed != seat.closed:
                seat.closed = closed
                seat.rest(now)
            elif seat.child and (reason := seat.verdict_on(liveness.overdue(seat.name, closed), now)):
                self.put_down(seat, reason)

    def tell(self, draining: bool = False) -> None:
        liveness.report(
            **self.about,
            slots=asdict(self.plan),
            seats=[seat.tell() for seat in self.seats],
            skew=(self.clock.now() - database_now()).total_seconds(),
            draining=draining,
        )

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
        telling = Tick(BEAT, partial(self.tell, draining=True))
        children = [seat.child for seat in self.seats if seat.child]
        end(children, self.grace, self.clock, meanwhile=lambda: telling.run(self.clock.monotonic()))
        for seat in self.seats:
            seat.close()
        guarded(partial(reaper.release, refund=True))
        guarded(reaper.sweep)
        guarded(liveness.leave)


def end(
    children: Sequence[process.Child], grace: float, clock: Clock, meanwhile: Callable[[], object] = lambda: None
) -> None:
    """TERM to each child, which tells its own; after `grace` seconds KILL to the group of each that is still there.
    `meanwhile` is called at every look.
    """
    for child in children:
        if child.poll() is None:
            child.terminate()
    last = clock.monotonic() + grace
    while clock.monotonic() < last and any(child.poll() is None for child in children):
        meanwhile()
        clock.sleep(LOOK)
    for child in children:
        if child.poll() is None:
            kill(child, clock)


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
