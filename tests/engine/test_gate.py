"""What keeps workers from taking new work."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from jobs.engine import claim, gate, identity, worker
from jobs.models import Gate
from jobs.services import pause

ALL = ("work", "render")
HUGE = 10**9  # MB; no disk has so much


def test_nothing_is_taken_while_all_is_paused(desk, add):
    add(queue="work")
    add()
    assert pause.on("Ada")
    assert claim.best(ALL) is None
    assert not claim.waiting(ALL)
    assert all("the studio is paused by Ada since" in gate.closed(queue) for queue in ALL)
    assert pause.off("Ada")
    assert claim.best(ALL) is not None


def test_one_queue_may_be_paused_alone(desk, add):
    fetch = add(queue="work")
    add()
    pause.on("Ada", "render")
    assert claim.best(ALL).pk == fetch.pk
    assert claim.best(ALL) is None
    assert "rendering is paused by Ada" in gate.closed("render")
    assert gate.closed("work") is None


def test_work_that_runs_goes_on_to_its_end(desk, add):
    stage, later = add(), add()
    desk.work = lambda stage, lease: pause.on("Ada") and None
    worker.work("render")
    stage.refresh_from_db()
    later.refresh_from_db()
    assert (stage.state, later.state) == ("done", "queued")


def test_the_rows_of_commands_are_not_paused(desk, add, job):
    add(queue="inline")
    pause.on("Ada")
    assert gate.closed("inline") is None
    assert claim.best(["inline"], only=Q(job__pk=job.pk)) is not None


def test_renders_wait_while_the_disk_is_nearly_full_and_lose_no_attempt(desk, add, settings):
    stage, fetch = add(), add(queue="work")
    settings.DISK_FLOOR_MB, floor = HUGE, settings.DISK_FLOOR_MB
    assert claim.best(ALL).pk == fetch.pk
    assert claim.best(ALL) is None
    assert f"less than {HUGE} MB of disk are free on {identity.host()}" in gate.closed("render")
    assert Gate.objects.get().host == identity.host()
    settings.DISK_FLOOR_MB = floor
    taken = claim.best(ALL)
    assert (taken.pk, taken.attempt) == (stage.pk, 1)
    assert not Gate.objects.exists()


def test_another_hosts_full_disk_keeps_nobody_here(desk, add):
    add()
    Gate.objects.create(cause="disk_floor", queue="render", host="elsewhere")
    assert gate.closed("render") is None
    assert claim.best(ALL) is not None


def test_a_host_that_says_nothing_any_more_shuts_no_gate(db):
    old = timezone.now() - timedelta(minutes=5)
    Gate.objects.create(cause="disk_floor", queue="render", host=identity.host(), seen_at=old)
    assert gate.closed("render") is None


def test_asking_costs_one_question(desk, add, django_assert_num_queries):
    add()
    pause.on("Ada")
    with django_assert_num_queries(1):
        assert claim.best(["render"]) is None
    with django_assert_num_queries(1):
        gate.closed("render")


def test_a_temporary_folder_that_somebody_removed_stops_nobody(desk, add, settings, tmp_path):
    settings.TEMP_DIR = tmp_path / "removed" / "too"
    add()
    assert claim.best(ALL) is not None
    settings.DISK_FLOOR_MB = HUGE
    assert gate.disk_low()
