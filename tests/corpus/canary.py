"""A file that nobody may open. Whoever does is counted by the kernel (inotify), whichever process it is."""

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

IN_OPEN = 0x20
IN_ACCESS = 0x01
MARKER = b"canary-7f3a9c51"  # stands in the file, and may turn up in nothing that we keep


@dataclass
class Watched:
    path: Path
    _queue: int

    @property
    def opened(self) -> int:
        """How often since the last look, by anybody, also by us."""
        with suppress(BlockingIOError):
            events = os.read(self._queue, 65536)
            return sum(bool(mask & IN_OPEN) for mask in _masks(events))
        return 0


def _masks(events: bytes) -> Iterator[int]:
    """The masks of a list of `struct inotify_event`."""
    start = 0
    while start < len(events):
        _watch, mask, _cookie, length = struct.unpack_from("iIII", events, start)
        yield mask
        start += 16 + length


@contextmanager
def watching(path: Path) -> Iterator[Watched]:
    """Count the openings of a file that exists. Raises OSError where there is no inotify."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "inotify_init1"):
        raise OSError("This system has no inotify.")
    queue = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if queue < 0 or libc.inotify_add_watch(queue, os.fsencode(path), IN_OPEN | IN_ACCESS) < 0:
            raise OSError(ctypes.get_errno(), "The file cannot be watched.", str(path))
        yield Watched(path, queue)
    finally:
        if queue >= 0:
            os.close(queue)
