"""Children that die, pauses that grow, ticks that fail: with a clock and children made by the test."""

import signal
from itertools import pairwise

import pytest
from django.utils import timezone

from jobs.engine.supervisor import Supervisor, Tick
from wtfsite.lib.clock import Clock


class Child:
    pid = 0

    def __init__(self):
        self.returncode = None
        self.asked = False

    def poll(self):
        return self.returncode

    def terminate(self):
        self.asked = True
        self.returncode = 0

    def wait(self):
        return self.returncode


class House:
    """A supervisor of one cluster. `pass_time` lets seconds go by, a look at each."""

    def __init__(self, **fields):
        self.now = 0.0
        self.children = []
        clock = Clock(monotonic=lambda: self.now, sleep=self.sleep)
        self.supervisor = Supervisor(clusters=["render"], launch=self.launch, clock=clock, **fields)

    def launch(self, name):
        self.children.append(Child())
        return self.children[-1]

    def sleep(self, seconds):
        self.now += seconds

    def pass_time(self, seconds):
        end = self.now + seconds
        while self.now < end:
            self.supervisor.look()
            self.now += 0.25


@pytest.fixture
def house(desk, transactional_db):
    return House()


def test_it_starts_a_child_for_each_cluster_and_leaves_it_alone(house):
    house.pass_time(30)
    assert len(house.children) == 1


def test_a_dead_child_is_replaced_after_a_pause_that_grows(house):
    starts = []
    for number in range(1, 6):
        while len(house.children) < number:
            house.pass_time(0.25)
        starts.append(house.now)
        house.children[-1].returncode = 70
    pauses = [later - earlier for earlier, later in pairwise(starts)]
    assert pauses == sorted(pauses)
    assert pauses[0] <= 1
    assert pauses[-1] >= 4


def test_a_death_after_a_long_life_is_not_counted_with_earlier_ones(house):
    for _ in range(4):
        house.pass_time(61)
        house.children[-1].returncode = -9
        house.pass_time(1.25)
    assert len(house.children) == 5


def test_a_death_has_the_rows_looked_at_soon(house):
    house.pass_time(1)
    house.children[-1].returncode = -9
    house.supervisor.look()
    assert house.supervisor.reaping.next <= house.now + 1


def test_a_wait_that_is_over_is_noticed_within_seconds(house, add):
    house.pass_time(1)
    stage = add(state="retry_wait", not_before=timezone.now())
    house.pass_time(2)
    stage.refresh_from_db()
    assert stage.state == "queued"


def test_a_tick_that_fails_is_logged_and_comes_again(desk, transactional_db):
    calls = []

    def fail():
        calls.append(1)
        raise ValueError("a bug")

    house = House(ticks=[Tick(5, fail)])
    house.pass_time(11)
    assert len(calls) == 3


def test_it_ends_when_nothing_has_moved_for_long_enough(desk, transactional_db):
    house = House(idle_for=5)
    house.supervisor.run()
    assert 5 <= house.now <= 6
    assert house.children[0].asked


def test_it_stays_while_something_moves(desk, transactional_db, add):
    stage = add(state="running")
    house = House(idle_for=5)
    house.pass_time(20)
    assert not house.supervisor.bored()
    stage.delete()
    house.pass_time(10)
    assert house.supervisor.bored()


def test_signals_are_as_they_were_afterwards(desk, transactional_db):
    before = signal.getsignal(signal.SIGTERM)
    House(idle_for=0).supervisor.run()
    assert signal.getsignal(signal.SIGTERM) is before
