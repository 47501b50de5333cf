"""What may not be written here: the lint refuses it, wherever it stands."""

import subprocess
import sys

import pytest

from tests.environment import ROOT


def codes(text: str) -> list[str]:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", "-"]
    ended = subprocess.run(
        [*command, "--stdin-filename", "jobs/new.py"], input=text, capture_output=True, text=True, cwd=ROOT
    )
    assert ended.returncode in (0, 1), ended.stderr
    return [line.split()[1] for line in ended.stdout.splitlines() if line.startswith("jobs/new.py:")]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("TID251", "import subprocess\n"),
        ("TID251", "import pickle\n"),
        ("TID251", "import yaml\n"),
        ("TID251", "from yaml import unsafe_load\n"),
        ("TID251", "from yaml.loader import Loader\n"),
        ("TID251", "import zipfile\n"),
        ("TID251", "from zipfile import ZipFile\n"),
        ("TID251", "import tarfile\n"),
        ("TID251", "import shutil\n\nshutil.unpack_archive('a.tar')\n"),
        ("TID251", "from django.utils.safestring import mark_safe\n"),
        ("S307", "eval('1')\n"),
        ("S102", "exec('1')\n"),
    ],
)
def test_what_runs_or_writes_anything_is_refused(code, text):
    assert code in codes(text)


def test_plain_code_is_not():
    assert codes("VALUE = 1\n") == []
