"""Figures of the sandbox: how they are told and judged, and a start for real."""

import pytest

from bench import judge, sandbox
from bench.judge import missed
from wtfsite.lib.sandbox import Level


def test_a_render_is_held_against_its_neighbour() -> None:
    """A slow minute meets both, and one lonely figure counts for nothing."""
    rows = sandbox.render_rows([1.0, 3.0, 1.0, 9.0], [1.01, 3.03, 9.0, 9.09])
    assert rows[-1].value == pytest.approx(1.01)
    assert missed(rows) == []
    assert missed(sandbox.render_rows([1.0] * 3, [1.031] * 3)) == ["a render: CPU, sandbox / bare"]


def test_a_start_is_judged_by_its_wall_time() -> None:
    assert missed(sandbox.start_rows([sandbox.Start(50.0, 90.0)] * 3)) == []
    assert missed(sandbox.start_rows([sandbox.Start(51.0, 9.0)] * 3)) == ["a start: wall"]


def test_a_start_takes_time(tmp_path) -> None:
    (found,) = sandbox.starts(Level.RLIMITS, 1, tmp_path)
    assert found.wall > 0
    assert found.cpu > 0


def test_it_tells_what_it_found() -> None:
    rows = sandbox.start_rows([sandbox.Start(60.0, 9.0)] * 3)
    said = judge.text({"level": "landlock"}, rows)
    assert "60.000 ms at most 50    MISSED" in said
    assert '"missed": true' in judge.as_json({}, rows)
