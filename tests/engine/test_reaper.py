"""What is put right after a death, and what is left alone."""

import dataclasses
import os
import time
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from jobs.engine import identity, liveness, reaper
from jobs.engine.ending import after
from jobs.models import Host, Stage


def ago(seconds):
    return timezone.now() - timedelta(seconds=seconds)


def aged(stage, seconds):
    Stage.objects.filter(pk=stage.pk).update(changed_at=ago(seconds))


def dead_process(**fields):
    return str(dataclasses.replace(identity.me(), **{"started": 1, **fields}))


def held(add, **fields):
    return add(**{"state": "running", "attempt": 2, "token": uuid.uuid4(), "lease_until": ago(-30), **fields})


def test_an_expired_lease_goes_back_into_the_queue_with_its_attempt(desk, add):
    stage = held(add, lease_until=ago(1))
    assert reaper.tick()["requeued"] == 1
    stage.refresh_from_db()
    assert (stage.state, stage.attempt, stage.lease_until) == ("queued", 2, None)
    assert reaper.tick()["requeued"] == 0


def test_a_wait_that_is_over_goes_back_into_the_queue(desk, add):
    over, waiting = add(state="retry_wait", not_before=ago(1)), add(state="retry_wait", not_before=ago(-30))
    assert reaper.tick()["retried"] == 1
    assert [Stage.objects.get(pk=row.pk).state for row in (over, waiting)] == ["queued", "retry_wait"]


def test_a_cancelled_row_whose_worker_died_ends(desk, add):
    stage = held(add, state="cancelling", lease_until=ago(1))
    held(add, state="cancelling")
    assert reaper.tick()["cancelled"] == 1
    assert desk.ended == [(stage.pk, "cancelled", "")]


@pytest.mark.parametrize("state", ["pending", "queued", "running", "cancelling", "retry_wait"])
def test_rows_of_a_command_that_vanished_fail(desk, add, state):
    gone, fresh = (held(add, queue="inline", state=state, lease_until=ago(400)) for _ in range(2))
    aged(gone, 301)
    assert reaper.tick()["abandoned"] == 1
    assert desk.ended == [(gone.pk, "failed", "abandoned")]
    fresh.refresh_from_db()
    assert fresh.state == state


def test_an_ended_row_of_a_command_stays(desk, add):
    aged(add(queue="inline", state="done"), 301)
    assert reaper.tick()["abandoned"] == 0


def test_rows_of_dead_processes_of_this_host_are_freed_at_once(desk, add):
    freed = [held(add, worker=dead_process()), held(add, worker=dead_process(boot="an-earlier-one", started=2))]
    kept = [held(add, worker=str(identity.me())), held(add, worker=dead_process(host="elsewhere")), held(add)]
    assert reaper.release() == 2
    assert all(Stage.objects.get(pk=stage.pk).state == "queued" for stage in freed)
    assert all(Stage.objects.get(pk=stage.pk).state == "running" for stage in kept)
    assert {Stage.objects.get(pk=stage.pk).attempt for stage in freed} == {2}


def test_a_machine_that_has_our_name_keeps_its_work_as_long_as_it_is_heard_of(desk, add):
    """Copies of one machine often have one name; each would take the other for itself before a reboot."""
    stage = held(add, worker=dead_process(boot="a-twin"))
    twin = Host.objects.create(key=dead_process(boot="a-twin"), host=identity.host(), boot="a-twin", pid=1)
    liveness.forget()
    assert reaper.release() == 0
    Host.objects.update(beat_at=after(-60))
    assert reaper.release() == 1
    assert Stage.objects.get(pk=stage.pk).state == "queued"
    liveness.forget()
    assert not Host.objects.filter(pk=twin.pk).exists()


def test_an_attempt_that_we_ended_ourselves_does_not_count(desk, add):
    stage = held(add, worker=dead_process())
    assert reaper.release(refund=True) == 1
    stage.refresh_from_db()
    assert stage.attempt == 1


def test_it_rings_for_rows_that_nobody_came_for(desk, add, django_capture_on_commit_callbacks):
    aged(add(), 4)
    with django_capture_on_commit_callbacks(execute=True):
        assert reaper.tick()["rung"] == 1
    assert OrmQ.objects.get().key == "render"
    assert reaper.tick()["rung"] == 0, "the ring has not been heard yet"


def test_it_does_not_ring_for_what_has_just_come(desk, add):
    add()
    assert reaper.tick()["rung"] == 0


def test_it_does_not_ring_while_all_slots_are_taken(desk, add, settings):
    settings.WORKER_CONCURRENCY = 1
    held(add, worker=str(identity.me()))
    aged(add(), 4)
    assert reaper.tick()["rung"] == 0


@pytest.mark.parametrize("other", [{"space": 1}, {"boot": "a-twin"}])
def test_what_others_of_our_name_hold_takes_no_slot_of_ours(desk, add, settings, other):
    """A container before this one, or another machine."""
    settings.WORKER_CONCURRENCY = 1
    Host.objects.create(key="a twin", host=identity.host(), boot="a-twin", pid=1)
    held(add, worker=dead_process(**other))
    aged(add(), 4)
    assert reaper.tick()["rung"] == 1


def test_it_rings_once_for_each_free_slot(desk, add, settings):
    settings.WORKER_CONCURRENCY = 2
    for _ in range(3):
        aged(add(), 4)
    assert reaper.tick()["rung"] == 2


@pytest.mark.parametrize(
    ("state", "idle"),
    [
        ("queued", False),
        ("running", False),
        ("cancelling", False),
        ("retry_wait", False),
        ("pending", True),
        ("done", True),
    ],
)
def test_it_knows_when_nothing_moves(desk, add, state, idle):
    add(state=state)
    add(queue="inline")
    assert reaper.idle() is idle


def test_folders_of_dead_claims_are_removed(desk, add, settings, tmp_path):
    settings.TEMP_DIR = tmp_path
    live, expired = held(add), held(add, lease_until=ago(1))
    names = [f"{live.token}-a", f"{expired.token}-b", f"{uuid.uuid4()}-c", "preview-d"]
    for name in names:
        (tmp_path / "work" / name / "inner").mkdir(parents=True)
    assert reaper.sweep() == 2
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == sorted([names[0], names[3]])


@pytest.fixture
def left_behind(folders):
    """Makes a folder (with a file in it) or a file of a process without a lease, last written to so long ago."""

    def leave(name, seconds):
        path = folders.temp / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix:
            path.touch()
        else:
            path.mkdir()
            (path / "source").touch()
            os.utime(path / "source", (time.time() - seconds,) * 2)
        os.utime(path, (time.time() - seconds,) * 2)
        return path

    return leave


@pytest.mark.parametrize("name", ["work/upload-1a2b3c4d", "work/dry-run-1a2b3c4d", "uploads/tmp1a2b.upload"])
def test_what_processes_without_a_lease_left_goes_by_its_age(desk, db, left_behind, name):
    old = left_behind(name, 3700)
    assert reaper.sweep() == 1
    assert not old.exists()
    young = left_behind(name, 3500)
    assert reaper.sweep() == 0
    assert young.exists()


def test_an_old_folder_in_which_a_file_still_grows_stays(desk, db, left_behind):
    folder = left_behind("work/upload-1a2b3c4d", 3700)
    os.utime(folder / "source")
    assert reaper.sweep() == 0
