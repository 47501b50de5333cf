"""How a cluster shows that it lives: twice a second its sentinel writes a line into a pipe to the supervisor.

    sentinel: Pulse(self).save()  -- one JSON line -->  pipe  -->  supervisor: heard(child)

It stands in the place of django-q2's `Stat`, which lies in a cache. A cache needs a disk, which may be full, or a
server, which may be away; a supervisor that kills for silence must not be fooled by either. And it would be a pickle.
"""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import IO, Any, Protocol

from django_q.conf import Conf

PULSE = "--pulse"  # the word by which a cluster is told that standard output is the pipe
PIECE = 65536  # bytes; as much as a pipe holds


@dataclass(frozen=True)
class Beat:
    """`results` counts ended tasks that the monitor has not yet taken; `workers` are process ids."""

    results: int = 0
    workers: tuple[int, ...] = ()


class Piped(Protocol):
    @property
    def stdout(self) -> IO[bytes] | None: ...


# The cluster's side

_pipe: int | None = None


def take_pipe() -> None:
    """Keep standard output for the beats alone: whatever else is printed goes where errors go. Before any fork."""
    global _pipe
    _pipe = os.dup(1)
    os.set_blocking(_pipe, False)
    os.dup2(2, 1)


class Pulse:
    """Called by the sentinel as `Stat(sentinel).save()`."""

    def __init__(self, sentinel: Any) -> None:
        results = sentinel.result_queue.qsize() if Conf.QSIZE else 0
        self.beat = Beat(results, tuple(worker.pid for worker in sentinel.pool))

    def save(self) -> None:
        if _pipe is None:
            return
        # A full pipe means that the supervisor is busy; it will find enough in there. Without one we die anyway.
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(_pipe, json.dumps(asdict(self.beat)).encode() + b"\n")


# The supervisor's side


def heard(child: Piped) -> Beat | None:
    """The newest beat since the last look; None when there was none."""
    if child.stdout is None:
        return None
    lines = waiting(child.stdout.fileno()).split(b"\n")
    return read(lines[-2]) if len(lines) > 1 else None


def waiting(pipe: int) -> bytes:
    """All that is in the pipe, without waiting for more."""
    os.set_blocking(pipe, False)
    pieces = []
    with suppress(BlockingIOError):
        while piece := os.read(pipe, PIECE):
            pieces.append(piece)
    return b"".join(pieces)


def read(line: bytes) -> Beat:
    said = json.loads(line)
    return Beat(int(said["results"]), tuple(map(int, said["workers"])))
