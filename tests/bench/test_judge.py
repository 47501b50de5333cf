"""Ratios and verdicts."""

import json

import pytest

from bench.brand import Report, cost_rows, counts, text
from bench.judge import Row, missed, ratio
from bench.measure import Cost, middle


def test_it_passes_a_figure_that_lies_on_its_bar() -> None:
    assert not Row("cpu", 0.5, at_most=0.5).missed
    assert not Row("vmaf", 4.0, at_least=4.0).missed


def test_it_misses_on_the_wrong_side_of_the_bar() -> None:
    assert Row("cpu", 0.51, at_most=0.5).missed
    assert Row("vmaf", 3.9, at_least=4.0).missed


def test_it_judges_nothing_without_a_bar() -> None:
    row = Row("cpu at 1080", 9.0)
    assert (row.missed, row.verdict, row.bar) == (False, "", "")


def test_it_takes_the_ratio_to_nothing_for_infinite() -> None:
    assert ratio(1.0, 4.0) == 0.25
    assert ratio(1.0, 0.0) == float("inf")


def test_it_adds_what_was_done_one_after_the_other() -> None:
    assert Cost(1.0, 2.0, 30, 4) + Cost(0.5, 1.0, 50, 6) == Cost(1.5, 3.0, 50, 10)


def test_it_takes_the_median_of_each_figure() -> None:
    costs = [Cost(3.0, 1.0, 10, 5), Cost(1.0, 2.0, 30, 5), Cost(2.0, 9.0, 20, 5)]
    assert middle(costs) == Cost(2.0, 2.0, 20, 5)


COSTS = {
    "ours": Cost(5.5, 6, 400, 9, 5.2),
    "sequential": Cost(10, 11, 190, 8, 10),
    "floor": Cost(4, 5, 130, 9, 4),
}


def test_it_names_what_was_missed() -> None:
    rows = cost_rows(3, COSTS, 400, judged=True)
    assert [round(row.value, 3) for row in rows] == [0.55, 1.3, 1.0]
    assert missed(rows) == ["3 brands: CPU, ours / sequential"]


def test_it_only_judges_memory_when_figures_are_told() -> None:
    rows = cost_rows(8, COSTS, 300, judged=False)
    assert missed(rows) == ["8 brands: peak memory / prediction (0 MB)"]


def test_it_has_no_floor_bar_for_one_brand() -> None:
    assert cost_rows(1, COSTS, 400, judged=True)[1].bar == ""


def test_it_tells_people_and_machines_the_same() -> None:
    report = Report(costs={3: COSTS}, rows=cost_rows(3, COSTS, 400, judged=True))
    assert "Missed: 3 brands: CPU, ours / sequential" in text(report)
    facts = json.loads(report.as_json())
    assert facts["costs"]["3"]["ours"]["cpu"] == 5.5
    assert [row["missed"] for row in facts["rows"]] == [True, False, False]


def test_it_reads_how_many_brands() -> None:
    assert counts("1,3,8") == (1, 3, 8)
    with pytest.raises(ValueError, match="invalid literal"):
        counts("many")
