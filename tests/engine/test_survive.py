"""A whole installation whose processes are killed one after the other: the bench, in short."""

import json
import subprocess
import sys

from bench.survive import ROLES, ROOT

LONG = 300  # seconds, on a machine that does other things too


def survive(*words):
    command = [sys.executable, "-m", "bench.survive", "--json", *words]
    # A session of its own: the orphans of a bench that was stopped must not become ours.
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LONG, start_new_session=True)


def test_ten_cells_are_done_once_although_five_processes_are_killed():
    done = survive("--cells=10", "--kills=5", "--seed=2")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["missed"] == []
    rows = {row["name"]: row["value"] for row in found["rows"]}
    assert rows["cells done"] == rows["cells stored exactly once"] == rows["outputs verified"] == 10
    assert sum(found["kills"].values()) == 5
    assert set(found["kills"]) == set(ROLES)
