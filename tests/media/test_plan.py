from dataclasses import replace
from fractions import Fraction

import pytest

from jobs.media import plan
from jobs.media.encode import PROFILES
from jobs.media.plan import Extra
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


def cut(extras, budget=512, seconds=1):
    about = replace(probe(), duration_us=seconds * 1_000_000)
    sizes = plan.packed(range(len(extras)), extras, budget, about, 720, 1280, STANDARD)
    assert [cell for batch in sizes for cell in batch] == list(range(len(extras)))
    return [len(batch) for batch in sizes]


def test_cells_that_cost_no_more_than_their_encoder_are_cut_as_ever():
    assert cut([Extra()] * 5) == [len(batch) for batch in plan.batches(range(5), 4)]


@pytest.mark.parametrize(
    ("extras", "sizes"),
    [
        ([Extra(mb=1)] * 5, [4, 1]),
        ([Extra(mb=83)] * 5, [2, 2, 1]),
        ([Extra(), Extra(mb=170), Extra(), Extra()], [2, 2]),
        ([Extra(mb=10_000), Extra(), Extra(mb=10_000)], [1, 1, 1]),
    ],
)
def test_cells_are_cut_by_what_they_need_in_memory(extras, sizes):
    assert cut(extras) == sizes


def test_cells_are_cut_by_how_long_they_take():
    film = Extra(seconds=6 * 600)
    assert cut([Extra()] * 9, budget=100_000, seconds=600) == [9]
    assert cut([film] * 9, budget=100_000, seconds=600) == [2, 2, 2, 2, 1]


def test_films_and_marks_cost_memory_and_time():
    film, source = replace(probe(), duration_us=5_000_000), probe()
    assert plan.outro(film) == Extra(35, 10)
    assert plan.intro(film, source) == Extra(70, 11)
    assert plan.mark(probe(width=540, height=960), 20_000_000, 3.0) == Extra(90, 3)
    assert plan.fading(720, 1280).mb == pytest.approx(9.2, abs=0.1)
