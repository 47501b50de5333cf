"""A log file that many processes write to and any of them puts aside, without a line that is lost or torn.

    write     one write() at the end of the file for each entry: the system puts them one behind the other
    put aside rename to NAME.2026-11-20.1 under a lock; who has the old file open then writes into that, or, since each
              looks at the name before each entry, mostly into the new one. Nothing is ever copied or cut.
    clean     files put aside go some days after their last line

Processes of one host only: other file systems than local ones do not promise what this stands on.
"""

import fcntl
import logging
import math
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

DAY = 86400.0  # seconds
ASIDE = re.compile(r"\.(\d{4}-\d\d-\d\d)\.(\d+)")  # behind the file's own name


class LogFile(logging.Handler):
    """`most` bytes, then another file; and one for each day (UTC)."""

    def __init__(self, path: Path, most: int, now: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.path, self.most, self.now = path, most, now
        self.descriptor = -1
        path.parent.mkdir(parents=True, exist_ok=True)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            entry = (self.format(record) + "\n").encode("utf-8", "backslashreplace")
            if self._full():
                self._put_aside()
            self._reopen()
            write(self.descriptor, entry)
        except Exception:  # noqa: BLE001  a log that cannot be written must not stop the work it tells of
            self.handleError(record)

    def close(self) -> None:
        self._let_go()
        super().close()

    def _let_go(self) -> None:
        """Forget the number before anything else can go wrong: the next file that this process opens may get it."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _full(self) -> bool:
        """Is the file under our name too large, or of another day? False when there is none."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        return stat.S_ISREG(found.st_mode) and bool(found.st_size) and self._is_over(found)

    def _is_over(self, found: os.stat_result) -> bool:
        return found.st_size >= self.most or day(found.st_mtime) != day(self.now())

    def _reopen(self) -> None:
        """Open what is under our name now: another process may have put the old file aside."""
        while self.descriptor < 0 or not same(self.descriptor, self.path):
            self._let_go()
            self.descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)

    def _put_aside(self) -> None:
        """Unless somebody else is doing it, or has just done it."""
        with locked(self.path) as ours:
            if ours and self._full():
                self.path.rename(free_name(self.path))


def write(descriptor: int, entry: bytes) -> None:
    """All of it; on a local disk that has room the first call takes everything."""
    while entry:
        entry = entry[os.write(descriptor, entry) :]


def same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Whether we have the right to put this file aside; without waiting for it."""
    descriptor = os.open(f"{path}.lock", os.O_WRONLY | os.O_CREAT, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)  # gives the lock up


def free_name(path: Path) -> Path:
    """`studio.log.2026-11-20.3`: the day of its last line, and the next number."""
    last = day(path.stat().st_mtime)
    taken = [number for date, number, _old in aside(path) if date == last]
    return path.with_name(f"{path.name}.{last}.{max(taken, default=0) + 1}")


def aside(path: Path) -> list[tuple[str, int, Path]]:
    """Day, number and path of the files that were put aside, the oldest first."""
    found = ((ASIDE.fullmatch(old.name.removeprefix(path.name)), old) for old in path.parent.glob(f"{path.name}.*"))
    return sorted((match[1], int(match[2]), old) for match, old in found if match)


def outdated(path: Path, days: int, now: float) -> list[Path]:
    """Those of them whose last line is older than so many days."""
    return [old for _day, _number, old in aside(path) if written(old) < now - days * DAY]


def written(path: Path) -> float:
    """When its last line was written; never, if it is no longer there."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def day(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"
