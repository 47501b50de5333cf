"""A storage that writes down what it has stored: one line for each file, in the file that BENCH_LEDGER names.

Rows say what the engine believes. The ledger is only ever added to, so it also tells of what was done twice.

The worst moment to die is the one after that line: the file is there, and no row says so. One process in DEADLY dies in
just that moment; the name of the file decides, so that all runs on a machine meet the same ones.
"""

import os
import signal
import zlib
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

DEADLY = 5


class LedgerStorage(FileSystemStorage):
    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        stored = super().save(name, content, max_length)
        note(stored)
        if is_deadly(stored) and told(stored) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return stored


def is_deadly(name: str) -> bool:
    return name.startswith("outputs/") and zlib.crc32(name.encode()) % DEADLY == 0


def told(name: str) -> int:
    """How often this file was stored."""
    return Path(os.environ["BENCH_LEDGER"]).read_text(encoding="utf-8").split().count(name)


def note(name: str) -> None:
    """One write of one short line to a file opened for appending: lines of several processes do not mix."""
    ledger = os.open(os.environ["BENCH_LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(ledger, f"{name}\n".encode())
    finally:
        os.close(ledger)
