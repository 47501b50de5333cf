"""Has this cluster a worker free? Its pusher asks before it takes a message.

A message that was taken lies behind the row its worker is busy with, perhaps for hours, while the workers of another
cluster that could answer it sit idle. So it is left where everybody can take it.

    worker: with full() ...   -- a byte for each worker, in shared memory -->   pusher: free()
"""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.sharedctypes import RawArray
from typing import Any, Protocol


class Messages(Protocol):
    def qsize(self) -> int: ...


_busy: Any = None  # of the whole cluster; None in every other process
_mine: int | None = None
_taken: Messages | None = None


def share(workers: int) -> None:
    """Called once by the sentinel, before it forks."""
    global _busy
    _busy = RawArray("b", workers)


def watch(taken: Messages) -> None:
    """The messages that the pusher has taken and no worker has yet."""
    global _taken
    _taken = taken


def begin(place: int) -> None:
    """We are the worker of this place from now on, whatever became of the one before."""
    global _mine
    _mine = place
    _busy[place] = 0


@contextmanager
def full() -> Iterator[None]:
    """Busy for the length of the block."""
    if _mine is None:
        yield
        return
    _busy[_mine] = 1
    try:
        yield
    finally:
        _busy[_mine] = 0


def free() -> bool:
    """Is there a worker who has nothing to do, and no message on its way to it? True where there is no cluster."""
    if _busy is None or _taken is None:
        return True
    return bool(sum(_busy) + _taken.qsize() < len(_busy))
