"""The bench of the lists, with few rows: its pages are those of the studio, and it sees a page that is slow."""

import json
import subprocess
import sys

from bench import lists
from bench.judge import missed
from tests.site.child import ROOT

SMALL = ("--jobs", "600", "--outputs", "1800", "--repeat", "1", "--json", "--only", "outputs")


def test_it_measures_every_page_on_a_database_of_its_own(tmp_path):
    command = [sys.executable, "-m", "bench.lists", *SMALL, "--data", str(tmp_path)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    pages = json.loads(finished.stdout)["pages"]
    assert [page["name"] for page in pages] == [name for name in lists.PAGES if name.startswith("outputs")]
    assert all(0 < page["queries"] < 15 for page in pages)
    assert (tmp_path / "db.sqlite3").exists()


def test_a_slow_page_or_a_talkative_one_misses_its_bar():
    fine, slow = lists.Look("fine", 900, 250, 20, 5, ""), lists.Look("slow", 900, 400, 350, 31, "")
    assert missed(lists.judge([fine, slow], sqlite=True)) == ["slow", "slow: queries"]
    assert missed(lists.judge([fine], sqlite=False)) == []
