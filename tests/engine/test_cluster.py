"""Real worker processes on the test database. Starting them takes seconds, so there are few tests, and long ones."""

import os
import signal

import pytest
from django_q.models import OrmQ, Schedule, Task
from django_q.tasks import async_task

from jobs.engine import identity
from jobs.engine.cancel import cancel
from jobs.engine.ring import WORK, ring
from jobs.models import Stage
from tests.engine.workers import DEADLINE, House, alive, until


@pytest.fixture
def start(transactional_db, desk, settings, tmp_path):
    settings.WORKER_MEMORY_MB = 1024
    houses = []

    def start(*arguments):
        houses.append(House(tmp_path, *arguments))
        return houses[-1]

    yield start
    for house in houses:
        house.burn()


def worker_of(stage):
    return identity.parse(Stage.objects.get(pk=stage.pk).worker).pid


def is_in(stage, state, attempt=1):
    return lambda: Stage.objects.filter(pk=stage.pk, state=state, attempt=attempt).exists()


def test_work_survives_a_killed_worker_and_a_stop(start, add):
    house = start("--grace", "0.5")
    quick = add(queue="work")
    ring("work")
    until(is_in(quick, "done"))

    unwanted = add(queue="render", batch=6000)
    ring("render")
    until(is_in(unwanted, "running"))
    cancel(Stage.objects.filter(pk=unwanted.pk))
    until(is_in(unwanted, "cancelled"))

    slow = add(queue="render", batch=6000)
    ring("render")
    until(is_in(slow, "running"))
    before = house.tree()
    os.kill(worker_of(slow), signal.SIGKILL)
    until(is_in(slow, "running", attempt=2))
    assert [process.pid for process in before if alive(process)] == [house.process.pid], "the old cluster is gone"

    house.tree()
    house.process.terminate()
    assert house.process.wait(DEADLINE) == 0
    assert until(is_in(slow, "queued", attempt=1)), "an attempt that a stop ended does not count"
    until(lambda: not house.tree())


def test_nothing_is_left_when_the_supervisor_is_killed(start, add):
    house = start()
    slow = add(queue="render", batch=6000)
    ring("render")
    until(is_in(slow, "running"))
    assert len(house.tree()) >= 6
    house.process.kill()
    until(lambda: not house.tree())


def test_nothing_but_a_ring_is_answered(start, add, tmp_path):
    """Messages as any code of this installation could send them, before and after the workers have started."""
    marker = tmp_path / "marker"
    touch = f"touch {marker}"
    Schedule.objects.create(func="os.system", args=repr(touch), cluster="render")
    async_task("os.system", touch, cluster="render")
    start()
    async_task(os.system, touch, cluster="render")
    async_task(WORK, "render", cluster="render", save=False, hook="tests.engine.test_cluster.never")
    async_task(WORK, "render", cluster="render", save=False, chain=[("os.system", (touch,))])
    until(lambda: not OrmQ.objects.exists())
    stage = add(queue="render")
    ring("render")
    until(is_in(stage, "done"))
    until(lambda: not OrmQ.objects.exists())
    assert not marker.exists()
    assert not Task.objects.exists()
    assert Schedule.objects.get().task is None, "nobody has looked at it"
