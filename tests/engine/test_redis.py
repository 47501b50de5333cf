"""The same door in front of Redis: against a real one, in a database of its own."""

import os
import shutil
import socket
import subprocess
import sys

import pytest
import redis
from django.conf import settings as django_settings
from django.db import transaction
from django_q.conf import Conf
from django_q.signing import SignedPackage
from django_q.tasks import async_task

from jobs.engine.redis_broker import PREFIX, RedisDoorbell
from jobs.engine.ring import WORK, ring
from jobs.models import Host, Stage
from tests.engine.workers import House, until
from tests.site.installation import free_port

HOST, PORT, DATABASE = "127.0.0.1", 6379, 13
NOWHERE = "redis://127.0.0.1:1/0"  # a port on which nobody listens


@pytest.fixture
def server(settings):
    """The address of a Redis, with a client that sees everything in it; emptied of what is ours afterwards."""
    try:
        socket.create_connection((HOST, PORT), timeout=2).close()
    except OSError as error:
        pytest.skip(f"no Redis on {HOST}:{PORT}: {error}")
    settings.QUEUE_BROKER = f"redis://{HOST}:{PORT}/{DATABASE}"
    with redis.from_url(settings.QUEUE_BROKER) as client:
        forget(client)
        yield client
        forget(client)


def forget(client):
    for key in client.scan_iter(f"{PREFIX}:*"):
        client.delete(key)


@pytest.fixture
def bell(server):
    return RedisDoorbell("render")


def heard(bell):
    return [SignedPackage.loads(payload) for _number, payload in bell.dequeue() or ()]


def send(bell, function, *arguments, **options):
    async_task(function, *arguments, broker=bell, cluster="render", **options)


@pytest.mark.service
def test_a_ring_comes_through_and_is_counted(bell):
    send(bell, WORK, "render", save=False)
    assert bell.queue_size() == 1
    [message] = heard(bell)
    assert (message["func"], message["args"]) == (WORK, ("render",))
    assert bell.queue_size() == 0
    assert heard(bell) == []


@pytest.mark.service
@pytest.mark.parametrize(
    ("function", "arguments", "options"),
    [
        ("os.system", ["true"], {}),
        (os.system, ["true"], {}),
        (WORK, ["/etc"], {"save": False}),
        (WORK, ["render"], {"save": False, "hook": "os.system"}),
        (WORK, ["render"], {"save": False, "chain": [("os.system", ("true",))]}),
    ],
)
def test_all_else_is_refused_and_gone(bell, function, arguments, options):
    send(bell, function, *arguments, **options)
    assert heard(bell) == []
    assert bell.queue_size() == 0


@pytest.mark.service
@pytest.mark.parametrize("payload", [b"", b"text", b"\xff\xfe", "ä:b:c".encode()])
def test_what_is_not_signed_is_refused(bell, server, payload):
    server.rpush(bell.list_key, payload)
    assert heard(bell) == []
    assert bell.queue_size() == 0


@pytest.mark.service
def test_clusters_and_studios_do_not_hear_each_other(bell):
    send(bell, WORK, "render", save=False)
    assert RedisDoorbell("work").queue_size() == 0
    assert bell.list_key.startswith(PREFIX)


def test_a_redis_that_is_away_is_known_and_stops_nobody(settings):
    settings.QUEUE_BROKER = NOWHERE
    bell = RedisDoorbell("render")
    assert bell.answers() is False
    assert bell.queue_size() == 0


def test_a_ring_that_cannot_be_sent_is_only_logged(transactional_db, settings, monkeypatch, caplog):
    """An order is in the database by then, and the reaper will ring."""
    settings.QUEUE_BROKER = NOWHERE
    monkeypatch.setattr(Conf, "BROKER_CLASS", "jobs.engine.redis_broker.RedisDoorbell")
    ring("render")
    with transaction.atomic():
        ring("render")
    assert [record.levelname for record in caplog.records if "on_commit" in record.message] == ["ERROR"] * 2


@pytest.mark.service
def test_real_workers_hear_it_and_the_reaper_makes_good_what_it_loses(
    transactional_db, desk, add, settings, server, tmp_path
):
    """The first stage is rung for by nobody, as after a Redis that has lost everything; the second by us."""
    settings.WORKER_MEMORY_MB = 1024
    lost = add(queue="render")
    house = House(tmp_path, QUEUE_BROKER=settings.QUEUE_BROKER)
    try:
        until(lambda: Stage.objects.filter(pk=lost.pk, state="done").exists())
        rung = add(queue="work")
        send(RedisDoorbell("render"), WORK, "work", save=False)
        until(lambda: Stage.objects.filter(pk=rung.pk, state="done").exists())
        house.tree()
    finally:
        house.burn()


@pytest.fixture
def own_server(settings, tmp_path):
    """A Redis that may be stopped: a server that keeps nothing, on a port of its own."""
    program = shutil.which("redis-server") or pytest.skip("no redis-server")
    port = free_port()
    settings.QUEUE_BROKER = f"redis://{HOST}:{port}/0"
    started = []

    def start():
        command = [program, "--port", str(port), "--save", "", "--dir", str(tmp_path), "--loglevel", "warning"]
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))

    def stop():
        started[-1].kill()
        started[-1].wait()

    start()
    yield start, stop
    stop()


def test_a_redis_that_stops_under_live_clusters_costs_none_of_them(
    transactional_db, desk, add, settings, own_server, tmp_path
):
    """What runs goes on to its end, what is ordered meanwhile waits, and nobody has to start anything anew."""
    start, stop = own_server
    settings.WORKER_MEMORY_MB = 4096
    slots = {"WORKER_MEMORY_MB": "4096", "WORKER_CONCURRENCY": "2"}
    house = House(tmp_path, QUEUE_BROKER=settings.QUEUE_BROKER, **slots)
    try:
        before = until(started)
        running = add(batch=50)
        until(lambda: Stage.objects.get(pk=running.pk).state == "running")
        stop()
        ordered = [add(), add(), add(queue="work")]
        until(lambda: Stage.objects.get(pk=running.pk).state == "done")
        assert {stage.state for stage in Stage.objects.exclude(pk=running.pk)} == {"queued"}
        start()
        until(lambda: Stage.objects.filter(state="done").count() == 1 + len(ordered))
        assert set(Stage.objects.values_list("attempt", flat=True)) == {1}
        assert [(seat["pid"], seat["restarts"]) for seat in seats()] == [(pid, 0) for pid in before]
        house.tree()
    finally:
        house.burn()


def started():
    """The process ids of the three clusters, once all of them work."""
    found = [seat["pid"] for seat in seats() if seat["pids"]]
    return found if len(found) == 3 else None


def seats():
    host = Host.objects.alive().first()
    return host.seats if host else []


CHOSEN = (
    "import django; django.setup(); from django_q.brokers import get_broker; print(type(get_broker('work')).__name__)"
)


@pytest.mark.parametrize(
    ("broker", "name"), [("", "Doorbell"), ("orm", "Doorbell"), (NOWHERE, "RedisDoorbell"), ("redis", "BadSetting")]
)
def test_the_setting_chooses(broker, name, tmp_path):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "wtfsite.settings",
        "WTF_DEV": "1",
        "WTF_DATA_DIR": str(tmp_path),
        "DATABASE_URL": "",  # whatever this run is on
        "QUEUE_BROKER": broker,
    }
    told = subprocess.run(
        [sys.executable, "-c", CHOSEN], env=environment, cwd=django_settings.BASE_DIR, capture_output=True, text=True
    )
    assert name in told.stdout + told.stderr
