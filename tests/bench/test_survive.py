"""How the bench that kills processes counts and tells; that it finds what it looks for."""

import os
import subprocess
import sys
from collections import Counter

import psutil
import pytest

from bench import survive, tree
from bench.judge import Row, missed
from bench.survive import ONCE, ROLES, Outcome, Trial
from tests.site.child import ROOT

ROWS = [Row(name, 30, at_least=30) for name, _short in survive.COLUMNS]


class Cell:
    key = "ab12"
    file = "outputs/ab/ab12.mp4"


@pytest.mark.parametrize(
    ("lines", "there", "times"),
    [
        ([], False, 0),
        (["outputs/ab/ab12.mp4"], True, 1),
        (["outputs/ab/ab12.mp4", "outputs/ab/ab12.jpg", "outputs/cd/cd34.mp4"], True, 1),
        (["outputs/ab/ab12.mp4"] * 2, True, 2),
        (["outputs/ab/ab12.mp4", "outputs/ab/ab12_x7Yz.mp4"], True, 2),
        ([], True, 1),
    ],
)
def test_films_are_counted_by_their_key(monkeypatch, lines, there, times):
    monkeypatch.setattr(survive, "stored", lambda: {Cell.file} if there else set())
    assert survive.effect(Cell(), Counter(lines)) == times


def test_one_cell_less_or_more_is_missed():
    bad = Outcome(Trial(), rows=[*ROWS[:1], Row(ONCE, 29, at_least=30)])
    assert missed(bad.rows) == [ONCE]
    assert f"Missed: {ONCE}" in survive.text(bad)
    found = survive.entry(survive.as_json(bad))
    assert found["missed"] == [ONCE]


def test_a_table_has_a_line_for_each_seed():
    outcome = Outcome(Trial(), kills=dict.fromkeys(ROLES, 2), deaths=6, starts=4, rows=ROWS)
    told = survive.line(7, survive.entry(survive.as_json(outcome)))
    assert told.split()[:10] == ["7", *["2"] * 7, "14", "6"]
    assert len(told) == len(survive.heading())
    assert "ended early" in survive.line(7, {})


def test_cells_come_in_tens(capsys):
    with pytest.raises(SystemExit):
        survive.read(["--cells", "15"])
    assert "multiple of 10" in capsys.readouterr().err


FAMILY = """
import os, subprocess, sys, time
from bench import tree
from bench.tree import Tree
tree.become_init()
nap = "import time; time.sleep(99)"
nest = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {nap!r}]); {nap}"
house = Tree(lambda: subprocess.Popen([sys.executable, "-c", nest]))
while len(tree.family()) < 2:
    house.look()
    time.sleep(0.05)
first = house.child.pid
tree.kill(first)
while house.child.poll() is None:
    time.sleep(0.05)
house.child.returncode = -9
roles = house.look()
assert house.starts == 2 and house.child.pid != first, house
assert len(roles["orphan"]) == 1, roles
while tree.family():
    house.burn()
print("all gone")
"""


def test_it_takes_in_orphans_and_starts_what_was_killed():
    """In a process of its own: it takes the place of init for its descendants."""
    done = subprocess.run([sys.executable, "-c", FAMILY], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("all gone", 0), done.stderr


def test_a_supervisor_that_ends_by_itself_ends_the_bench():
    class Ended:
        pid, returncode = 0, 1

        def poll(self):
            return 1

    house = tree.Tree(lambda: Ended(), child=Ended())
    with pytest.raises(SystemExit, match="with code 1"):
        house.start()


def test_every_role_is_known_by_its_place():
    me = psutil.Process()
    assert tree.find_role(me, {}, me.pid) == "supervisor"
    assert tree.role(me, {os.getpid(): "bench"}, 0) == "bench"
