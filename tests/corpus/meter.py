"""What an input costs: a runner that writes down what every tool took, and what we took ourselves.

The runner is for `toolbox.running_with`, or for `Tools`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wtfsite.lib import process

MOST_CPU = 10.0  # seconds for one input, all its tools together
MOST_MEMORY = 512_000_000  # bytes, of the largest of its tools


@dataclass
class Meter:
    """A `process.Runner`. `cpu` is seconds, `peak` bytes."""

    cpu: float = 0.0
    peak: int = 0
    runs: list[Sequence[str]] = field(default_factory=list)
    signals: list[int] = field(default_factory=list)
    late: int = 0  # runs that had to be stopped

    def __call__(self, *commands: Sequence[str], **options: Any) -> process.Finished:
        self.runs += commands
        try:
            finished = process.run(*commands, **options)
        except process.ProcessError as error:
            self.late += isinstance(error, process.TimedOut | process.Stalled)
            self._note(error.finished)
            raise
        self._note(finished)
        return finished

    def _note(self, finished: process.Finished | None) -> None:
        if finished is None:
            return
        self.cpu += finished.cpu_seconds
        self.peak = max(self.peak, finished.peak_rss)
        if finished.returncode < 0:
            self.signals.append(-finished.returncode)


def own_memory() -> int:
    """Bytes that we hold now. Our peak is counted anew from here."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def peak_memory() -> int:
    """The most bytes that we have held since `own_memory` was asked."""
    return _status("VmHWM")


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
