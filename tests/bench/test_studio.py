"""The bench of the plates, with one brand: it draws each once, and finds it in the store."""

import json
import subprocess
import sys

from tests.site.child import ROOT


def test_it_draws_plates_and_takes_them_from_the_store():
    command = [sys.executable, "-m", "bench.studio", "--brands", "1", "--plates-only", "--json"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    drawn, kept = json.loads(finished.stdout)["rows"]
    assert 0 < kept["value"] < drawn["value"]
    assert (drawn["at_most"], kept["at_most"]) == (30, 1)
