"""A whole installation in a folder of its own, driven from outside as a user does: by its commands."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from tests.site.child import ROOT

DEADLINE = 90  # seconds, on a machine that does other things too


class Installation:
    """Commands get `environment` on top; `folder` holds database, media and temporary files.

    `before` is a program that starts them, with its arguments.
    """

    def __init__(self, folder: Path, *, before: Sequence[str | Path] = (), **environment: str) -> None:
        self.folder = folder
        self.before = before
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "WTF_DEV": "1",
            "WTF_DATA_DIR": str(folder),
            "DISK_FLOOR_MB": "64",
            "LOG_LEVEL": "WARNING",
            "QUEUE_POLL_INTERVAL": "0.1",
            "PORT": str(free_port()),
            **environment,
        }

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.before, sys.executable, "manage.py", *map(str, words)],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def manage(self, *words: str | Path) -> tuple[int, str]:
        """Exit code, and all that was printed."""
        with self.start(*words) as process:
            printed, _ = process.communicate(timeout=2 * DEADLINE)
        return process.returncode, printed

    def ask(self, program: str) -> Any:
        """What a Django shell says: `program` prints one line of JSON."""
        code, printed = self.manage("shell", "--no-imports", "-c", program)
        assert code == 0, printed
        return json.loads(printed.splitlines()[-1])

    def processes(self) -> list[psutil.Process]:
        """Every living process that works for this installation: it is named in their environment or is their place."""
        return [process for process in psutil.process_iter() if self._ours(process)]

    def _ours(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return str(self.folder) in " ".join([*process.environ().values(), process.cwd()])
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False

    def end(self) -> None:
        """Whatever is left, at the end of a test."""
        for process in self.processes():
            process.send_signal(signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def until(condition: Any, what: str) -> Any:
    end = time.monotonic() + DEADLINE
    while not (result := condition()):
        assert time.monotonic() < end, f"not within the deadline: {what}"
        time.sleep(0.1)
    return result
