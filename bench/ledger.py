"""A storage that writes down what it has stored: one line for each file, in the file that BENCH_LEDGER names.

Rows say what the engine believes. The ledger is only ever added to, so it also tells of what was done twice.
"""

import os
from typing import Any

from django.core.files.storage import FileSystemStorage


class LedgerStorage(FileSystemStorage):
    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        stored = super().save(name, content, max_length)
        note(stored)
        return stored


def note(name: str) -> None:
    """One write of one short line to a file opened for appending: lines of several processes do not mix."""
    ledger = os.open(os.environ["BENCH_LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(ledger, f"{name}\n".encode())
    finally:
        os.close(ledger)
