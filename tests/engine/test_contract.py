"""What the engine promises about real processes, and needs of django-q2: kept here so that a new version cannot break
it unseen. Each test starts workers, which takes seconds; what can be tried together is.
"""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta

import psutil
import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.utils import timezone
from django_q.models import OrmQ

from jobs.engine.ring import ring
from jobs.models import Event, Host, Job, Stage
from tests.engine import rough
from tests.engine.workers import DEADLINE, House, alive, database_url, until


@pytest.fixture
def ledger(tmp_path):
    """Lines that workers have written: what they have begun, and of which end they were told."""
    path = tmp_path / "ledger"
    path.touch()
    return lambda: Counter(tuple(line.split()) for line in path.read_text().splitlines())


@pytest.fixture
def start(transactional_db, desk, settings, tmp_path):
    settings.WORKER_MEMORY_MB = 1024
    houses = []

    def start(*arguments, **variables):
        rough = {"DJANGO_SETTINGS_MODULE": "tests.engine.rough", "HOUSE_LEDGER": str(tmp_path / "ledger")}
        houses.append(House(tmp_path, *arguments, **{**rough, **variables}))
        return houses[-1]

    yield start
    for house in houses:
        house.burn()


def states(*stages):
    return [Stage.objects.get(pk=stage.pk).state for stage in stages]


def title(process):
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


# --- deaths inside a cluster ----------------------------------------------------------------------------------------


class Cluster:
    """One cluster without a supervisor, and who is who in it."""

    def __init__(self, folder):
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.engine.rough",
            "DATABASE_URL": database_url(),
            "WTF_DATA_DIR": str(folder),
            "WTF_SECRET_KEY": django_settings.SECRET_KEY,
            "QUEUE_POLL_INTERVAL": "0.1",
            "Q_CLUSTER_NAME": "render",
        }
        command = [sys.executable, "-m", "jobs.engine.cluster", "render"]
        self.process = subprocess.Popen(
            command, env=environment, cwd=django_settings.BASE_DIR, start_new_session=True, stderr=subprocess.DEVNULL
        )
        self.main = psutil.Process(self.process.pid)

    def members(self):
        """The processes by role, once all of them are there."""
        sentinels = self.main.children()
        below = [(process, title(process)) for sentinel in sentinels for process in sentinel.children()]
        found = {"main": self.main, **dict(zip(["sentinel"], sentinels, strict=False))}
        roles = {"idle": "worker", "monitor": "monitor", "pusher": "pusher"}
        found |= {role: process for process, words in below for word, role in roles.items() if f" {word}" in words}
        return found if len(found) == 5 else None


@pytest.fixture
def join(transactional_db, desk, tmp_path):
    """Starts one more cluster; nobody supervises them."""
    started = []

    def join():
        started.append(Cluster(tmp_path))
        return started[-1]

    yield join
    for cluster in started:
        if cluster.process.poll() is None:
            os.killpg(cluster.process.pid, signal.SIGKILL)
            cluster.process.wait()


def test_whoever_dies_takes_the_whole_cluster_along(join):
    """django-q2 itself would go on without a monitor, without a guard, or with a lock that nobody gives back."""
    clusters = {role: join() for role in ("main", "sentinel", "worker", "monitor", "pusher")}
    members = {role: until(cluster.members) for role, cluster in clusters.items()}
    for role, found in members.items():
        found[role].kill()
    for role, cluster in clusters.items():
        assert cluster.process.wait(DEADLINE) in (-signal.SIGKILL, 70), role
    until(lambda: not [role for role, found in members.items() if any(map(alive, found.values()))])


# --- who answers a ring ---------------------------------------------------------------------------------------------

LONG = 20000  # tenths of a second: not within any test


def test_a_busy_cluster_leaves_the_rings_to_an_idle_one(join, add):
    """Each ring is sent once, and nobody is there to send another."""
    clusters = [join(), join()]
    until(lambda: all(cluster.members() for cluster in clusters))
    endless = add(batch=LONG)
    ring("render")
    until(lambda: states(endless) == ["running"])
    for _ in range(8):
        stage = add()
        ring("render")
        until(lambda pk=stage.pk: Stage.objects.get(pk=pk).state == "done")


def test_one_ring_fills_every_idle_cluster(join, add):
    """Many rows come free together when a supervisor starts, or ends a pause."""
    clusters = [join(), join()]
    until(lambda: all(cluster.members() for cluster in clusters))
    endless = [add(batch=LONG), add(batch=LONG)]
    ring("render")
    until(lambda: states(*endless) == ["running", "running"])


# --- work that hurts ------------------------------------------------------------------------------------------------


def test_work_that_kills_its_worker_ends_as_dead_and_the_next_row_has_its_turn(start, add, ledger):
    """It is ended before it is begun once more: nothing but the claims can count what leaves no word."""
    assert django_settings.STAGE_MAX_ATTEMPTS == 5
    deadly = add(queue="render", variant="die", priority=1, attempt=2)
    harmless = add(queue="render")
    ring("render")
    start()
    until(lambda: states(deadly, harmless) == ["dead", "done"])
    deadly.refresh_from_db()
    assert (deadly.attempt, deadly.error_code) == (5, "abandoned")
    assert ledger() == {
        ("begun", str(deadly.pk)): 3,
        ("ended", str(deadly.pk)): 1,
        ("begun", str(harmless.pk)): 1,
        ("ended", str(harmless.pk)): 1,
    }


def hanging():
    return [process for process in psutil.process_iter() if f"sleep {rough.HANGING}" in title(process)[:20]]


def test_a_worker_that_took_too_long_leaves_no_tool_behind(start, add, ledger):
    """The last resort: the worker is stopped, what it had started goes with it, its cluster lives on."""
    stuck = add(queue="render", variant="hang", attempt=4)
    ring("render")
    house = start(HOUSE_IMPATIENT="1", STAGE_LEASE_SECONDS="4")
    [tool] = until(lambda: [process for process in hanging() if process in house.tree()])
    [main] = psutil.Process(house.process.pid).children()
    until(lambda: not alive(tool))
    until(lambda: states(stuck) == ["dead"])
    assert alive(main)
    assert ledger() == {("begun", str(stuck.pk)): 1, ("ended", str(stuck.pk)): 1}


def test_doubled_and_needless_rings_do_nothing(start, add, ledger):
    first, second = add(queue="render"), add(queue="work")
    for _ in range(4):
        ring("render")
        ring("work")
    start()
    until(lambda: states(first, second) == ["done", "done"] and not OrmQ.objects.exists())
    assert set(ledger().values()) == {1}


# --- one database, many users ---------------------------------------------------------------------------------------


def write(count, failures):
    """What web processes do: read, then write, in one transaction, and ring."""
    try:
        for _ in range(count):
            with transaction.atomic():
                job = Job.objects.order_by("pk").first()
                Event.objects.create(job=job, message=f"{Event.objects.count()} before")
                ring("render")
    except Exception as error:  # noqa: BLE001  whatever it is, the test tells
        failures.append(error)
    finally:
        connection.close()


def test_nobody_finds_the_database_locked(start, add, ledger):
    """Three that write as fast as they can, beside workers that claim, report and end rows."""
    stages = [add(queue="render", batch=2) for _ in range(10)]
    start(STAGE_LEASE_SECONDS="2")
    until(lambda: "running" in states(*stages))
    failures: list[Exception] = []
    writers = [threading.Thread(target=write, args=(100, failures)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    until(lambda: states(*stages) == ["done"] * len(stages))
    assert failures == []
    assert Event.objects.count() == 300
    assert [(stage.attempt, stage.error_tail) for stage in Stage.objects.all()] == [(1, "")] * len(stages)
    assert set(ledger().values()) == {1}


def test_two_supervisors_share_the_work_of_one_database(start, add, ledger):
    """Each row once, whoever takes it; and what one of them held goes on when that one is killed."""
    first, second = start("--grace", "0.5"), start("--grace", "0.5")
    until(lambda: Host.objects.count() == 2 and all(host.seats[0]["pids"] for host in Host.objects.all()))
    quick = [add(queue="render") for _ in range(60)]
    for _ in quick:
        ring("render")
    until(lambda: states(*quick) == ["done"] * len(quick))
    assert set(ledger().values()) == {1}
    assert set(Stage.objects.values_list("attempt", flat=True)) == {1}
    Stage.objects.all().delete()
    stages = [add(queue="render", batch=3) for _ in range(12)]
    ring("render")
    until(lambda: len({stage.worker for stage in Stage.objects.exclude(worker="")}) == 2)
    first.tree()
    first.process.kill()
    until(lambda: states(*stages) == ["done"] * len(stages))
    assert {ledger()["ended", str(stage.pk)] for stage in stages} == {1}
    assert set(Stage.objects.values_list("attempt", flat=True)) <= {1, 2}
    assert second.process.poll() is None


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_workers_whose_clock_is_an_hour_off_work_as_others_do(start, add, ledger, seconds):
    """Leases and due times are the database's. A ring from the right clock may be unreadable; the reaper rings anew."""
    quick = add(queue="render")
    ring("render")
    half = timedelta(minutes=30)  # nearer than their clock is wrong
    left, kept = (
        add(state="running", attempt=1, lease_until=timezone.now() + span, worker="elsewhere") for span in (-half, half)
    )
    start(HOUSE_CLOCK=str(seconds), STAGE_LEASE_SECONDS="4")
    until(lambda: states(quick, left) == ["done", "done"])
    slow = add(queue="render", batch=80)  # twice its lease
    until(lambda: states(slow) == ["done"])
    assert set(ledger().values()) == {1}
    assert Stage.objects.get(pk=slow.pk).attempt == 1
    assert states(kept) == ["running"]
