"""What the bench of cancelled renders makes of its figures."""

from dataclasses import replace

import pytest

from bench import cancel
from bench.judge import missed

GOOD = cancel.Stop("job", 1.2, 1.3, "cancelled", "cancelled", 0, 0, "done")


def test_a_quick_stop_that_leaves_nothing_is_good():
    assert missed(cancel.judge([GOOD, replace(GOOD, what="cell")])) == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"gone": 2.1}, "slowest: ffmpeg gone"),
        ({"job": "running"}, "jobs cancelled"),
        ({"cell": "done"}, "cells cancelled"),
        ({"files": 1}, "files left"),
        ({"folders": 1}, "folders left"),
        ({"again": "failed"}, "retries done"),
    ],
)
def test_one_bad_stop_of_many_misses_its_bar(change, name):
    assert missed(cancel.judge([GOOD, replace(GOOD, **change), GOOD])) == [name]
