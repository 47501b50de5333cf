"""A machine on which no sandbox works: it is told, and where the installation insists on one, nothing starts."""

import json
import platform
import sys

import pytest

from tests import bare
from tests.site.child import ROOT
from tests.site.installation import Installation

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.machine() not in bare.UNSHARE,
    reason="the filter of system calls is written for two processors",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("installation")


@pytest.fixture(scope="module")
def begin(folder):
    """An installation on a machine without any sandbox, with more settings."""

    def begin(**environment: str) -> Installation:
        before = (sys.executable, ROOT / "tests" / "bare.py")
        return Installation(folder, before=before, **{"LOG_LEVEL": "INFO", "LOG_FORMAT": "json", **environment})

    assert begin().manage("migrate", "--verbosity", "0") == (0, "")
    return begin


def lines(printed: str) -> list[dict]:
    return [json.loads(line) for line in printed.splitlines()]


def test_workers_say_so_at_their_start_and_work(begin):
    code, printed = begin().manage("runworkers", "--exit-when-idle", "0")
    assert code == 0
    [told] = [line for line in lines(printed) if "sandbox" in line]
    assert (told["sandbox"], told["landlock"], told["level"]) == ("rlimits", 0, "warning")
    assert "bubblewrap" in told["remedy"]


@pytest.mark.parametrize("command", [("runworkers",), ("studio",), ("demo",)])
def test_nothing_starts_that_would_need_one(begin, command):
    code, printed = begin(SANDBOX_REQUIRED="1").manage(*command)
    assert code == 1
    assert "SANDBOX_REQUIRED is set" in printed
    assert "bubblewrap" in printed


def test_a_render_by_command_does_not_start_either(begin, tmp_path):
    words = ("x.mp4", "--brand", "a", "--variant", "square", "--out", tmp_path)
    code, printed = begin(SANDBOX_REQUIRED="1").manage("render_video", *words)
    assert code == 2
    assert "SANDBOX_REQUIRED is set" in printed


def test_the_diagnosis_tells(begin):
    code, printed = begin().manage("diagnose", "--json")
    [sandbox] = [one for one in json.loads(printed)["findings"] if one["name"] == "sandbox"]
    assert code == 0
    assert sandbox["level"] == "warning"
    assert sandbox["facts"] == {"level": "rlimits", "landlock": 0, "required": False}
    code, printed = begin(SANDBOX_REQUIRED="1").manage("diagnose")
    assert code == 1
    assert "bubblewrap" in printed
