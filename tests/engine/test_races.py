"""Several connections at once, on the database that the tests run on; once more on PostgreSQL where one answers."""

import os
import socket
import subprocess
import sys
import threading
from functools import partial
from itertools import chain

import pytest
from django.conf import settings
from django.db import connection, transaction

from jobs.engine import claim, reaper
from jobs.engine.cancel import cancel
from jobs.engine.lease import Lease
from jobs.engine.worker import conclude
from jobs.models import Job, Stage

HOST, PORT = "127.0.0.1", 5432


def at_once(*functions):
    """Run these in threads of their own that start together; what each returned."""
    barrier, results = threading.Barrier(len(functions)), {}

    def run(number, function):
        try:
            barrier.wait()
            results[number] = function()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, function)) for number, function in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[number] for number in range(len(functions))]


def take_all():
    taken = []
    while row := claim.best(["render"]):
        taken.append(row.pk)
    return taken


def test_every_row_is_claimed_once(transactional_db, desk, add):
    stages = [add() for _ in range(12)]
    taken = at_once(take_all, take_all, take_all, take_all)
    assert sorted(chain(*taken)) == [stage.pk for stage in stages]
    assert set(Stage.objects.values_list("attempt", flat=True)) == {1}


def test_every_worn_out_row_ends_once(transactional_db, desk, add, settings):
    stages = [add(attempt=settings.STAGE_MAX_ATTEMPTS) for _ in range(6)]
    assert at_once(take_all, take_all, take_all) == [[], [], []]
    assert sorted(desk.ended) == [(stage.pk, "dead", "abandoned") for stage in stages]


def test_a_row_that_ends_while_it_is_cancelled_ends_once(transactional_db, desk, add):
    for _ in range(5):
        stage = add()
        lease = Lease(claim.best(["render"]))
        at_once(partial(cancel, Stage.objects.filter(pk=stage.pk)), partial(conclude, lease, "done"))
        stage.refresh_from_db()
        assert desk.ended.pop() == (stage.pk, stage.state, "")
        assert desk.ended == []
        assert stage.state in ("done", "cancelled")


def test_two_reapers_count_every_row_once(transactional_db, desk, add):
    for _ in range(6):
        add(state="running", lease_until="2020-01-01T00:00:00Z", attempt=1)
    first, second = at_once(reaper.tick, reaper.tick)
    assert first["requeued"] + second["requeued"] == 6


def test_owners_that_lock_their_job_do_not_wait_for_each_other(transactional_db, desk, add):
    """Two ends and a cancel of one job, each of which locks the job: without one order of locks this is a deadlock."""

    def lock_job():
        Job.objects.select_for_update().get()

    def order_back():
        with transaction.atomic():
            lock_job()
            cancel(Stage.objects.all())

    desk.before = lambda stage: lock_job()
    desk.after_end = lock_job
    for _ in range(5):
        stages = [add(), add(), add()]
        leases = [Lease(claim.best(["render"])) for _ in range(2)]
        at_once(order_back, *(partial(conclude, lease, "done") for lease in leases))
        assert sorted(pk for pk, _state, _code in desk.ended) == [stage.pk for stage in stages]
        desk.ended.clear()


@pytest.mark.service
def test_postgresql_keeps_the_same_promises():
    if settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        pytest.skip("this run is on PostgreSQL already")
    try:
        socket.create_connection((HOST, PORT), timeout=2).close()
    except OSError as error:
        pytest.skip(f"no PostgreSQL on {HOST}:{PORT}: {error}")
    names = ("races", "claim", "lease", "worker", "cancel", "reaper")
    tests = [
        *(f"tests/engine/test_{name}.py" for name in names),
        "tests/jobs/test_sites.py",
        "tests/jobs/test_fan_in.py",
        "tests/jobs/test_adoption.py",
    ]
    environment = {**os.environ, "DATABASE_URL": f"postgres://postgres@{HOST}:{PORT}/engine_{os.getpid()}"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
