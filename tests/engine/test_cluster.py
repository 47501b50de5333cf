"""Real worker processes on the test database. Starting them takes seconds, so there are few tests, and long ones."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from django.conf import settings as django_settings
from django.db import connection

from jobs.engine import identity
from jobs.engine.cancel import cancel
from jobs.engine.ring import ring
from jobs.models import Stage

DEADLINE = 60  # seconds, on a machine that does other things too


def until(condition):
    end = time.monotonic() + DEADLINE
    while not (result := condition()):
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)
    return result


def database_url():
    real = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{real['NAME']}"
    return f"postgres://{real['USER']}:{real['PASSWORD']}@{real['HOST']}:{real['PORT']}/{real['NAME']}"


class House:
    """`manage.py runworkers` as on a small machine: one cluster of one worker, for both queues."""

    def __init__(self, tmp_path, *arguments):
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.engine.house",
            "DATABASE_URL": database_url(),
            "WTF_DATA_DIR": str(tmp_path / "data"),
            "WTF_SECRET_KEY": django_settings.SECRET_KEY,  # signs the rings
            "WORKER_MEMORY_MB": "1024",
            "QUEUE_POLL_INTERVAL": "0.1",
        }
        command = [sys.executable, "manage.py", "runworkers", "--skip-checks", *arguments]
        self.process = subprocess.Popen(command, env=environment, cwd=django_settings.BASE_DIR)
        self.seen = {psutil.Process(self.process.pid)}

    def tree(self):
        """All processes of the house; remembered, so that orphans can be found later."""
        if self.process.poll() is None:
            self.seen.update(psutil.Process(self.process.pid).children(recursive=True))
        return [process for process in self.seen if alive(process)]

    def burn(self):
        if self.process.poll() is None:
            self.tree()
        for process in self.seen:
            if alive(process):
                process.kill()
        self.process.wait()


def alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


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
