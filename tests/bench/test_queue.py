"""How the bench of the queue reckons. That it runs is seen by running it."""

import os

import psutil

from bench import queue
from bench.judge import missed


def test_delays_are_judged_by_their_middle_and_by_their_worst():
    good = [0.2] * 50 + [0.4] * 49 + [0.9]
    assert missed(queue.delay_rows(good)) == []
    assert missed(queue.delay_rows([*good[:-3], 1.5, 1.5, 1.5])) == ["idle to running: p99"]
    assert missed(queue.delay_rows([0.6] * 100)) == ["idle to running: p50"]


def test_memory_that_processes_share_is_divided_among_them():
    me = psutil.Process(os.getpid())
    assert 0 < queue.pss([me]) <= me.memory_info().rss / queue.MB


def test_memory_is_read_from_the_line_that_tells_it(tmp_path):
    rollup = tmp_path / "smaps_rollup"
    rollup.write_text("55d0-7ffc ---p 00000000 00:00 0 [rollup]\nRss: 20 kB\nPss: 12 kB\nPss_Anon: 7 kB\n")
    assert queue.kilobytes(rollup) == 12
