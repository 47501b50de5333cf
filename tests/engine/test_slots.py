"""How a machine is divided."""

import pytest

from jobs.engine.slots import Slots, divide, limit_bytes


@pytest.mark.parametrize(
    ("cores", "memory_mb", "slots", "render", "budget_mb"),
    [
        (2, 9600, 0, 2, 4800),
        (8, 2400, 0, 4, 600),
        (8, 700, 0, 1, 700),
        (8, 400, 0, 1, 400),
        (2, 9600, 4, 4, 2400),
    ],
)
def test_slots_follow_cores_and_memory_unless_told(cores, memory_mb, slots, render, budget_mb):
    plan = divide(cores=cores, memory_mb=memory_mb, small=False, slots=slots, workers=2)
    assert plan == Slots(work=2, render=render, single=False, budget_mb=budget_mb)
    assert plan.clusters == ("work",) + ("render",) * render
    assert (plan.capacity("work"), plan.capacity("render")) == (2, render)


def test_a_small_machine_has_one_worker_for_all():
    plan = divide(cores=4, memory_mb=600, small=True, slots=3, workers=2)
    assert plan == Slots(work=0, render=1, single=True, budget_mb=600)
    assert plan.clusters == ("render",)
    assert (plan.capacity("work"), plan.capacity("render")) == (1, 1)


@pytest.mark.parametrize(("text", "limit"), [("536870912\n", 536870912), ("max\n", 7)])
def test_a_container_may_have_less_than_the_machine(tmp_path, text, limit):
    (tmp_path / "memory.max").write_text(text)
    assert limit_bytes(tmp_path / "memory.max", default=7) == limit
    assert limit_bytes(tmp_path / "absent", default=7) == 7
