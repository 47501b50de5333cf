"""Children that die, pauses that grow, ticks that fail: with a clock and children made by the test."""

import os
import signal
import uuid
from itertools import pairwise

import pytest
from django.utils import timezone

from jobs.engine import identity
from jobs.engine.ending import after
from jobs.engine.pulse import Beat
from jobs.engine.supervisor import Supervisor, Tick
from jobs.models import Host, Stage
from wtfsite.lib.clock import Clock

# Process ids of living processes: what dead ones held is freed. The house has one worker.
WORKER, OTHER = os.getpid(), os.getppid()


class Child:
    """`says` is what it writes at every look; None: its sentinel hangs."""

    pid = 0
    stdout = None

    def __init__(self):
        self.returncode = None
        self.says = Beat(0, (WORKER,))
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
        given = {"launch": self.launch, "listen": lambda child: child.says, "kill": self.kill, "clock": clock}
        self.supervisor = Supervisor(clusters=["render"], **{**given, **fields})

    def launch(self, name):
        self.children.append(Child())
        return self.children[-1]

    def sleep(self, seconds):
        self.now += seconds

    def kill(self, child, clock):
        child.returncode = -9

    @property
    def seat(self):
        return self.supervisor.seats[0]

    def pass_time(self, seconds):
        """A look every quarter of a second."""
        end = self.now + seconds
        while self.now < end:
            self.supervisor.look()
            self.now += 0.25


@pytest.fixture
def house(desk, transactional_db, settings):
    settings.WORKER_MEMORY_MB = 4096  # "work" and "render" are clusters of their own
    return House()


@pytest.fixture
def old(add):
    """A due stage that has waited for long."""
    stage = add()
    Stage.objects.filter(pk=stage.pk).update(changed_at=after(-300))
    return stage


def claim(stage, worker=WORKER):
    """As the worker of the house claims a stage."""
    me = identity.me()
    owner = identity.Identity(me.host, me.boot, me.space, worker, identity.start_time(worker))
    changes = {"worker": str(owner), "token": uuid.uuid4(), "changed_at": after(0), "lease_until": after(60)}
    Stage.objects.filter(pk=stage.pk).update(state="running", **changes)


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


def test_a_machine_without_room_for_another_process_keeps_what_it_has(desk, transactional_db):
    house = House()
    refused = [OSError(11, "Resource temporarily unavailable")] * 3

    def launch(name):
        if refused:
            raise refused.pop()
        return house.launch(name)

    house.supervisor.launch = launch
    house.pass_time(1)
    assert house.children == []
    house.pass_time(5)
    assert len(house.children) == 1


def test_a_cluster_that_fails_for_a_whole_night_is_still_started(house):
    """A doorbell that is away, say."""
    for _ in range(1100):
        house.seat.put_off(house.now)
    house.pass_time(31)
    assert len(house.children) == 1


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


def test_a_silent_sentinel_is_put_down_and_replaced(house):
    house.pass_time(5)
    house.children[0].says = None
    house.pass_time(9)
    assert len(house.children) == 1
    house.pass_time(3)
    assert [child.returncode for child in house.children] == [-9, None]
    assert house.seat.last["reason"] == "silent"


def test_a_cluster_that_never_says_a_word_is_replaced_too(house):
    house.supervisor.listen = lambda child: None
    house.pass_time(59)
    assert len(house.children) == 1
    house.pass_time(3)
    assert len(house.children) == 2


def test_nobody_is_blamed_when_it_was_the_supervisor_that_slept(house):
    house.pass_time(5)
    house.now += 300
    house.children[0].says = None
    house.pass_time(5)
    assert len(house.children) == 1


def test_a_cluster_that_takes_no_old_work_is_replaced(house, old):
    house.pass_time(59)
    assert len(house.children) == 1
    house.pass_time(15)
    assert house.children[0].returncode == -9
    assert house.seat.last["reason"] == "idle"


def test_one_that_is_busy_is_left_alone(house, add, old):
    claim(add())
    house.pass_time(300)
    assert len(house.children) == 1


def test_one_whose_lease_ran_out_is_not_busy(house, add, old):
    stage = add()
    claim(stage)
    house.pass_time(30)
    Stage.objects.filter(pk=stage.pk).update(lease_until=after(-1), changed_at=after(-100))
    house.pass_time(75)
    assert house.seat.last["reason"] == "idle"


def test_one_that_takes_short_work_all_the_time_is_left_alone(house, add, old):
    """Nothing is ever seen running, but there are new claims."""
    stage = add()
    for _ in range(30):
        claim(stage)
        Stage.objects.filter(pk=stage.pk).update(state="done")
        house.pass_time(10)
    assert len(house.children) == 1


def test_the_work_of_another_cluster_does_not_count_for_it(house, add, old):
    claim(add(), worker=OTHER)
    house.pass_time(75)
    assert house.seat.last["reason"] == "idle"


def test_young_work_and_work_of_other_queues_is_no_reason(house, add):
    add(queue="work", state="queued")
    Stage.objects.update(changed_at=after(-300))
    add()
    house.pass_time(300)
    assert len(house.children) == 1


def test_work_that_is_not_yet_due_is_no_reason(house, add):
    stage = add(state="retry_wait")
    Stage.objects.filter(pk=stage.pk).update(changed_at=after(-300), not_before=after(300))
    house.pass_time(300)
    assert len(house.children) == 1


def test_work_whose_time_has_just_come_has_not_waited_long(house, add):
    stage = add(state="retry_wait")
    house.pass_time(100)
    Stage.objects.filter(pk=stage.pk).update(changed_at=after(-3000), not_before=after(-30))
    for tick in (house.supervisor.reaping, house.supervisor.waking):
        tick.act = lambda: None  # it would queue it anew
    house.pass_time(20)
    assert len(house.children) == 1
    Stage.objects.filter(pk=stage.pk).update(not_before=after(-61))
    house.pass_time(20)
    assert house.seat.last["reason"] == "idle"


def test_a_queue_that_is_closed_for_a_reason_is_nobodys_fault(house, old):
    reasons = ["the studio is paused"]
    house.supervisor.closed = lambda queue: reasons[0] if reasons else None
    house.pass_time(300)
    assert len(house.children) == 1
    reasons.clear()
    house.pass_time(59)
    assert len(house.children) == 1, "from now on it has its minute"
    house.pass_time(25)
    assert house.seat.last["reason"] == "idle"


def test_a_doorbell_that_nobody_can_hear_is_nobodys_fault(house, old):
    house.supervisor.rings = lambda: False
    house.pass_time(300)
    assert len(house.children) == 1


def test_results_that_nobody_takes_are_a_reason(house):
    house.pass_time(5)
    house.children[0].says = Beat(1, (WORKER,))
    house.pass_time(59)
    assert len(house.children) == 1
    house.pass_time(15)
    assert house.seat.last["reason"] == "results"


def test_results_that_come_and_go_are_none(house):
    for _ in range(10):
        house.pass_time(1)
        house.children[0].says = Beat(1, (WORKER,))
        house.pass_time(20)
        house.children[0].says = Beat(0, (WORKER,))
    assert len(house.children) == 1


def test_a_database_that_was_away_is_nobodys_fault(house, old):
    judge = house.supervisor.judge

    def away():
        raise OSError("away")

    house.supervisor.judge = away
    house.pass_time(300)
    house.supervisor.judge = judge
    house.pass_time(55)
    assert len(house.children) == 1


def test_it_tells_about_itself(house):
    house.supervisor.about = {"version": "1.2", "ffmpeg": "5.1", "sandbox": "landlock"}
    house.pass_time(1)
    host = Host.objects.alive().get()
    assert (host.host, host.version, host.ffmpeg, host.sandbox) == (identity.host(), "1.2", "5.1", "landlock")
    assert host.slots["render"] >= 1
    [seat] = host.seats
    assert (seat["cluster"], seat["workers"], seat["pids"], seat["restarts"]) == ("render", 1, [WORKER], 0)
    Host.objects.update(beat_at=after(-100))
    house.pass_time(11)
    assert Host.objects.alive().get().pk == host.pk, "one row, written again"


def test_a_death_is_told_soon_and_with_its_reason(house):
    house.pass_time(1)
    house.children[0].returncode = -11
    house.pass_time(0.5)
    [seat] = Host.objects.get().seats
    assert seat.items() >= {"restarts": 1, "last_exit": -11, "reason": "died"}.items()


def test_it_leaves_when_it_ends(desk, transactional_db):
    house = House(idle_for=5)
    told = []
    house.supervisor.ticks = [Tick(1, lambda: told.append(Host.objects.count()))]
    house.supervisor.run()
    assert told[-1] == 1
    assert not Host.objects.exists()


def test_it_tells_that_it_drains_as_long_as_it_does(house):
    house.pass_time(1)
    [child] = house.children
    child.terminate = lambda: None
    told = []

    def poll():
        told.append(list(Host.objects.alive().values_list("draining", flat=True)))
        Host.objects.update(beat_at=after(-100))  # a hundred seconds go by
        return 0 if len(told) > 100 else None

    child.poll = poll
    house.supervisor.grace = 1000
    house.supervisor.drain()
    assert told.count([True]) >= 2, "again and again"
    assert not Host.objects.exists()


def test_what_is_left_of_others_is_taken_out(house):
    me = identity.me()
    gone = str(identity.Identity(me.host, me.boot, me.space, me.pid, me.started + 1))
    Host.objects.create(key=gone, host=me.host, pid=me.pid)
    Host.objects.create(key="far away", host="far", pid=1)
    Host.objects.create(key="far away long ago", host="far", pid=1, beat_at=after(-90000))
    house.pass_time(1)
    assert set(Host.objects.values_list("key", flat=True)) == {str(me), "far away"}
