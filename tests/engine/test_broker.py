"""What comes through to the workers, and what does not: messages as any code with our key could sign them."""

import os
import pickle
from pathlib import Path

import pytest
from django_q.brokers import get_broker
from django_q.models import OrmQ, Schedule
from django_q.scheduler import scheduler
from django_q.signing import SignedPackage
from django_q.tasks import async_chain, async_iter, async_task
from structlog.testing import capture_logs

from jobs.engine.leased import Queue
from jobs.engine.ring import WORK, ring

pytestmark = pytest.mark.django_db(transaction=True)


def heard(key="work"):
    """What the workers of a cluster get to see."""
    return [SignedPackage.loads(payload) for _number, payload in get_broker(key).dequeue()]


@pytest.mark.parametrize("queue", [Queue.WORK, "render"])
def test_a_ring_comes_through(queue, settings):
    settings.WORKER_MEMORY_MB = 4096
    ring(queue)
    [message] = heard(str(queue))
    assert (message["func"], message["args"], message["kwargs"]) == (WORK, (str(queue),), {})
    assert OrmQ.objects.count() == 1, "it is acknowledged when its work is done, as ever"


FOREIGN = {
    "a path": ("os.system", ["true"], {}),
    "a function": (os.system, ["true"], {}),
    "a function of ours": ("jobs.engine.worker.run_one", [["work"]], {}),
    "another argument": (WORK, ["/etc"], {"save": False}),
    "a keyword": (WORK, [], {"queue": "work", "save": False}),
    "a saved result": (WORK, ["work"], {}),
    "a hook": (WORK, ["work"], {"save": False, "hook": "os.system"}),
    "a group": (WORK, ["work"], {"save": False, "group": "g"}),
    "a timeout": (WORK, ["work"], {"save": False, "timeout": None}),
    "a cache": (WORK, ["work"], {"save": False, "cached": True}),
    "an iteration": (WORK, ["work"], {"save": False, "iter_count": 1}),
    "a chain": (WORK, ["work"], {"save": False, "chain": [("os.system", ("true",))]}),
}


@pytest.mark.parametrize(("function", "arguments", "options"), FOREIGN.values(), ids=FOREIGN)
def test_all_else_is_refused_and_gone(function, arguments, options):
    async_task(function, *arguments, cluster="work", **options)
    assert OrmQ.objects.count() == 1
    assert heard() == []
    assert OrmQ.objects.count() == 0


def test_chains_and_iterations_are_refused():
    async_chain([("os.system", ("true",)), (WORK, ("work",))], broker=get_broker("work"))
    async_iter("os.system", [("true",), ("false",)], broker=get_broker("work"))
    assert OrmQ.objects.count() == 3
    for _ in range(3):
        assert heard() == []
    assert OrmQ.objects.count() == 0


class Trap:
    """Whoever unpickles it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_message_that_runs_code_when_it_is_read_does_not(tmp_path):
    marker = tmp_path / "marker"
    async_task(WORK, Trap(marker), cluster="work")
    assert heard() == []
    assert not marker.exists()
    pickle.loads(pickle.dumps(Trap(marker)))
    assert marker.exists(), "the trap works"


@pytest.mark.parametrize("text", ["", "text", "a:b:c"])
def test_what_is_not_signed_is_refused(text):
    get_broker("work").enqueue(text)
    assert heard() == []
    assert OrmQ.objects.count() == 0


@pytest.mark.parametrize("value", [["no", "message"], None, {}])
def test_what_is_no_message_is_refused(value):
    get_broker("work").enqueue(SignedPackage.dumps(value))
    assert heard() == []
    assert OrmQ.objects.count() == 0


def test_a_ring_of_another_installation_is_refused():
    ring("work")
    OrmQ.objects.update(payload=OrmQ.objects.get().payload[:-3] + "AAA")
    assert heard() == []


def test_the_log_names_what_was_refused():
    async_task("os.system", "touch /x", cluster="work")
    with capture_logs() as logs:
        heard()
    [line] = logs
    assert line["log_level"] == "error"
    assert "os.system" in line["reason"]


def test_a_refused_message_does_not_hold_up_the_next():
    async_task("os.system", "true", cluster="work")
    ring("work")
    assert heard() == []
    assert len(heard()) == 1


def test_a_schedule_in_the_database_comes_to_nothing():
    """Schedules are switched off in every cluster. Were they not, their messages would end like all others."""
    Schedule.objects.create(func="os.system", args="'true'")
    scheduler(broker=get_broker("work"))
    assert OrmQ.objects.count() == 1, "django-q2 has sent it"
    assert heard() == []
    assert OrmQ.objects.count() == 0
