"""What a process costs: CPU seconds, wall seconds, peak memory, and what it left."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from wtfsite.lib import process

LOOK_EVERY = 0.05  # seconds between looks at the memory of a process


@dataclass(frozen=True)
class Cost:
    """`cpu` (user and system) and `wall` are seconds; `peak` is bytes of the largest process, `written` bytes of
    finished files. `encoding` is the part of `cpu` that ffmpeg took, without looking at what it made."""

    cpu: float = 0.0
    wall: float = 0.0
    peak: int = 0
    written: int = 0
    encoding: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        """Two things done one after the other."""
        return Cost(
            self.cpu + other.cpu,
            self.wall + other.wall,
            max(self.peak, other.peak),
            self.written + other.written,
            self.encoding + other.encoding,
        )


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        median(cost.cpu for cost in costs),
        median(cost.wall for cost in costs),
        round(median(cost.peak for cost in costs)),
        round(median(cost.written for cost in costs)),
        median(cost.encoding for cost in costs),
    )


def run(command: Sequence[str], work: Path, makes: str, feed: Path | None = None) -> Cost:
    """Run one command in the folder `work` as bare as it is; `makes` is the file that counts as written.

    `feed` comes to it through a pipe, and the process that reads it from the disk is not counted. Ends the bench when
    the command fails.
    """
    started = time.perf_counter()
    feeder = subprocess.Popen(["cat", str(feed)], stdout=subprocess.PIPE) if feed else None
    stdin = feeder.stdout if feeder else subprocess.DEVNULL
    # As nice as our own runs are, so that all wait alike for whoever else is working on the machine.
    polite = ["nice", "-n", str(process.NICE), *command]
    child = subprocess.Popen(polite, stdin=stdin, stdout=subprocess.DEVNULL, cwd=work)
    if feeder and feeder.stdout:
        feeder.stdout.close()
    cpu, peak = _wait(child)
    if feeder:
        feeder.wait()
    if child.returncode:
        raise SystemExit(f"exit {child.returncode}: {' '.join(command)}")
    return Cost(cpu, time.perf_counter() - started, peak, (work / makes).stat().st_size, cpu)


def _wait(child: subprocess.Popen[bytes]) -> tuple[float, int]:
    """CPU seconds and peak bytes. The kernel's own peak would count what we were before the exec."""
    peak = 0
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        peak = max(peak, process.resident_peak(child.pid))
        time.sleep(LOOK_EVERY)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, peak


@dataclass
class Ledger:
    """A runner for `Tools` that writes down what every run cost; `encoder` is the program whose time is `encoding`."""

    encoder: str
    cpu: float = 0.0
    encoding: float = 0.0
    peak: int = 0
    commands: list[Sequence[str]] = field(default_factory=list)

    def __call__(self, *commands: Sequence[str], **options: Any) -> process.Finished:
        finished = process.run(*commands, **options)
        self.commands += commands
        self.cpu += finished.cpu_seconds
        if commands[0][0] == self.encoder:
            self.encoding += finished.cpu_seconds
        self.peak = max(self.peak, finished.peak_rss)
        return finished
