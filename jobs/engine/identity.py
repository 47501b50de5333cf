"""Who holds a lease: a process of a host since its last boot.

A process id alone is used again after a restart (in a container nearly always), so the process's start time, counted
in clock ticks since boot, belongs to its name; and so does the namespace that its number is counted in, since two
containers can bear the same host name.
"""

import os
import socket
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PID_NAMESPACE = Path("/proc/self/ns/pid")
LONGEST_HOST = 48  # characters: all five parts fit into Leased.worker


@dataclass(frozen=True)
class Identity:
    host: str
    boot: str
    space: int
    pid: int
    started: int

    def __str__(self) -> str:
        return f"{self.host} {self.boot} {self.space} {self.pid} {self.started}"

    @property
    def here(self) -> bool:
        """Is it a process of this host, of this boot or an earlier one?"""
        return self.host == host()

    @property
    def gone(self) -> bool:
        """Is it a process of this host that has surely ended? Of other hosts and namespaces nothing is sure."""
        if not self.here:
            return False
        return self.boot != boot() or (self.space == namespace() and self.started != start_time(self.pid))


def me() -> Identity:
    return Identity(host(), boot(), namespace(), os.getpid(), start_time(os.getpid()))


def parse(text: str) -> Identity | None:
    """The identity written by `str()`, or None when it is none."""
    parts = text.split(" ")
    if len(parts) != 5 or not all(part.isdigit() for part in parts[2:]):
        return None
    return Identity(parts[0], parts[1], *map(int, parts[2:]))


def around() -> str:
    """How the names of all processes begin whose numbers are counted with ours."""
    return f"{host()} {boot()} {namespace()} "


def host() -> str:
    return socket.gethostname().replace(" ", "-")[:LONGEST_HOST]


@lru_cache
def boot() -> str:
    """The kernel's id of this boot; "-" where there is none."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return "-"


def namespace() -> int:
    """The number of the process namespace that we are in; 0 where there is none."""
    try:
        return PID_NAMESPACE.stat().st_ino
    except OSError:
        return 0


def start_time(pid: int) -> int:
    """Clock ticks from boot to the start of the process; 0 when there is no such process (or no /proc)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    state, *fields = stat.rpartition(")")[2].split()  # the name before it may hold anything, brackets too
    return 0 if state in "ZX" else int(fields[18])
