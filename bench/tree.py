"""The processes below this one, told apart by what they do, and this one as their init.

bench -> supervisor -> main -> sentinel -> worker -> ffmpeg
                                        -> monitor, pusher
"""

import ctypes
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

from wtfsite.lib.process import Child

PR_SET_CHILD_SUBREAPER = 36
BELOW = {"supervisor": "main", "main": "sentinel", "worker": "ffmpeg", "ffmpeg": "ffmpeg"}
ORPHAN = "orphan"
OTHER = "other"  # the short trial with which the supervisor finds out how firmly it can hold its tools
LONG = 10.0  # seconds; whoever lives longer without the parent that wanted it is left over
TOOLS = ("ffmpeg", "ffprobe")


def become_init() -> None:
    """From now on the orphans of our descendants are our children, as they would be those of a container's init."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


@dataclass
class Tree:
    """One supervisor, started again whenever it has ended, and all that lives below it."""

    launch: Callable[[], Child]
    child: Child | None = None
    starts: int = 0
    reaped: int = 0
    orphans: dict[int, float] = field(default_factory=dict)  # since when, by the monotonic clock
    left_over: set[int] = field(default_factory=set)

    def look(self) -> dict[str, list[int]]:
        """Do what an init does; then who is there, by role."""
        self.reap()
        if self.child is None or self.child.poll() is not None:
            self.start()
        return self.roles()

    def start(self) -> None:
        if self.child is not None and self.child.returncode != -signal.SIGKILL:
            raise SystemExit(f"The supervisor ended by itself, with code {self.child.returncode}.")
        self.child, self.starts = self.launch(), self.starts + 1

    def reap(self) -> None:
        """Take leave of the dead, but leave the supervisor's last word to the one who holds it."""
        while (dead := first_dead()) is not None:
            if self.child is not None and dead == self.child.pid:
                self.child.poll()
            else:
                os.waitpid(dead, 0)
                self.reaped += 1

    def roles(self) -> dict[str, list[int]]:
        supervisor = self.child.pid if self.child else 0
        found: dict[str, list[int]] = defaultdict(list)
        known = {os.getpid(): "bench"}
        for process in family():
            found[role(process, known, supervisor)].append(process.pid)
        self.mind(found.get(ORPHAN, []))
        return {name: sorted(pids) for name, pids in found.items()}

    def mind(self, orphans: list[int]) -> None:
        """An orphan is dying as a rule: its parent's death is told to it by a signal."""
        now = time.monotonic()
        self.orphans = {pid: self.orphans.get(pid, now) for pid in orphans}
        self.left_over |= {pid for pid, since in self.orphans.items() if now - since > LONG}

    def stop(self, seconds: float) -> int | None:
        """SIGTERM to the supervisor; its exit code, None when it did not come in time."""
        assert self.child is not None
        self.child.send_signal(signal.SIGTERM)
        end = time.monotonic() + seconds
        while self.child.poll() is None and time.monotonic() < end:
            self.reap()
            time.sleep(0.05)
        return self.child.returncode

    def burn(self) -> None:
        """End whatever is left, at the end of the bench."""
        for process in family():
            kill(process.pid)
        self.reap()


def kill(pid: int) -> bool:
    """SIGKILL to one process; False when it has just gone by itself."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def family() -> list[psutil.Process]:
    """All living descendants."""
    return [process for process in psutil.Process().children(recursive=True) if alive(process)]


def alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def role(process: psutil.Process, known: dict[int, str], supervisor: int) -> str:
    """What a process does, from the role of its parent; `known` is what has been found out, and grows."""
    if process.pid not in known:
        known[process.pid] = find_role(process, known, supervisor)
    return known[process.pid]


def find_role(process: psutil.Process, known: dict[int, str], supervisor: int) -> str:
    if process.pid == supervisor:
        return "supervisor"
    try:
        parent, words = process.parent(), " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return OTHER
    if parent is None or parent.pid == os.getpid():
        return ORPHAN
    above = role(parent, known, supervisor)
    if above == "sentinel":
        return next((name for name in ("monitor", "pusher") if name in words), "worker")
    if above == "supervisor" and not ("jobs.engine.cluster" in words or words.startswith("qcluster")):
        return OTHER
    return BELOW.get(above, above)


def tools() -> list[int]:
    """Media tools below us that are alive."""
    return [process.pid for process in family() if named(process) in TOOLS]


def named(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.NoSuchProcess:
        return ""


def first_dead() -> int | None:
    """A child that has ended and waits to be reaped."""
    try:
        dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return dead.si_pid if dead else None
