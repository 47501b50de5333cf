from dataclasses import replace
from fractions import Fraction

import pytest

from jobs.media import plan
from jobs.media.encode import PROFILES
from tests.media.clips import probe

STANDARD = PROFILES["standard"]


@pytest.mark.parametrize(("cells", "measured"), [(1, 186), (3, 349), (8, 760)])
def test_it_predicts_what_was_measured(cells, measured):
    assert plan.predicted_mb(cells, probe(), 720, 1280, STANDARD) == pytest.approx(measured, rel=0.1)


@pytest.mark.parametrize(
    ("budget", "width", "height", "cells"),
    [(512, 720, 1280, 4), (512, 1080, 1920, 1), (1024, 720, 1280, 9), (1024, 1080, 1920, 4), (50, 1080, 1920, 1)],
)
def test_it_fills_the_budget_but_for_the_headroom(budget, width, height, cells):
    assert plan.batch_size(budget, probe(), width, height, STANDARD) == cells


def test_hdr_and_large_sources_cost_more():
    usual = plan.predicted_mb(1, probe(), 720, 1280, STANDARD)
    hdr = plan.predicted_mb(1, probe(transfer="arib-std-b67", pix_fmt="yuv420p10le"), 720, 1280, STANDARD)
    large = plan.predicted_mb(1, probe(width=3840, height=2160), 720, 1280, STANDARD)

    assert (hdr - usual, large - usual) == (95, 105)


@pytest.mark.parametrize(
    ("minutes", "rate", "cells"), [(1, "30", 71), (10, "30", 6), (10, "60", 2), (30, "30", 1), (240, "60", 1)]
)
def test_long_videos_are_cut_into_batches_that_end_in_good_time(minutes, rate, cells):
    long = replace(probe(rate=Fraction(rate)), duration_us=minutes * 60_000_000)

    assert plan.batch_size(100_000, long, 1080, 1920, STANDARD) == cells


@pytest.mark.parametrize(
    ("count", "size", "sizes"),
    [(0, 4, []), (1, 4, [1]), (4, 4, [4]), (5, 4, [2, 3]), (8, 3, [2, 3, 3]), (3, 1, [1, 1, 1])],
)
def test_batches_are_few_and_even(count, size, sizes):
    made = plan.batches(range(count), size)

    assert [len(batch) for batch in made] == sizes
    assert [cell for batch in made for cell in batch] == list(range(count))
