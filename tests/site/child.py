"""Programs started as a user starts them: with their own environment, and nothing of the test run's."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LONG = 60  # seconds, more than any of these needs


def page(name: str) -> str:
    """A file of the project as text."""
    return (ROOT / name).read_text(encoding="utf-8")


def find(pattern: str, text: str) -> re.Match[str]:
    """What the pattern finds first; ^ and $ are the ends of a line. A test that finds nothing fails."""
    found = re.search(pattern, text, flags=re.MULTILINE)
    assert found, pattern
    return found


Finished = subprocess.CompletedProcess[str]


def start(*command: str, **environment: str) -> Finished:
    return subprocess.run(
        command,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


def python(program: str, **environment: str) -> Finished:
    return start(sys.executable, "-c", program, **environment)
