"""Storage, tools and hosts that fail in the middle of a render: what is done stays, what is not is tried again."""

import dataclasses
import errno
import shutil
import uuid
from datetime import timedelta

import psutil
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db.models import Q
from django.utils import timezone

from jobs.engine import claim, identity, reaper, worker
from jobs.engine.lease import Lease
from jobs.models import Job, JobState, Output, Stage
from jobs.services import assets, cancel, files, inline, retry, toolbox
from tests.conftest import use_storage
from tests.jobs.test_main_path import order, states
from wtfsite.lib import process


@pytest.fixture
def job(one_second, two_brands) -> Job:
    return order([assets.from_path(one_second)[0]], two_brands, ["square"])


def step(job):
    assert worker.run_one(("inline",), only=Q(job=job))


def render_stage(job):
    return Stage.objects.get(job=job, kind="render")


def stored():
    folders = default_storage.listdir("outputs")[0] if default_storage.exists("outputs") else []
    return {
        f"outputs/{folder}/{name}" for folder in folders for name in default_storage.listdir(f"outputs/{folder}")[1]
    }


def held():
    return {name for pair in Output.objects.values_list("file", "poster") for name in pair if name}


def in_a_minute(job):
    """The wait for the next attempt is over."""
    Stage.objects.filter(job=job, state="retry_wait").update(not_before=None)


# --- storage --------------------------------------------------------------------------------------------------------


class TearingStorage(FileSystemStorage):
    """Keeps half of what comes under a name that ends with `tears` and raises, as often as `left` says."""

    tears = ""
    left = 0

    def _save(self, name, content):
        if TearingStorage.left and name.endswith(TearingStorage.tears):
            TearingStorage.left -= 1
            data = content.read()
            super()._save(name, ContentFile(data[: len(data) // 2]))
            raise OSError(errno.EIO, "Input/output error")
        return super()._save(name, content)


@pytest.mark.parametrize("tears", [".mp4", ".jpg"])
def test_storage_that_fails_in_mid_upload_leaves_no_half_file(job, settings, folders, tears):
    use_storage(settings, "tests.jobs.test_faults.TearingStorage", location=folders.media)
    TearingStorage.tears, TearingStorage.left = tears, 1
    step(job)
    step(job)
    assert TearingStorage.left == 0
    assert (render_stage(job).state, render_stage(job).error_code) == ("retry_wait", "storage")
    assert states(job) == ["done", "rendering"]
    in_a_minute(job)
    assert inline.work_off(job).state == JobState.DONE
    for output in job.outputs.all():
        assert files.digest(output.file.name) == output.sha256
        assert default_storage.size(output.file.name) == output.bytes
    assert stored() == held()


def test_storage_that_stays_away_fails_the_cells_with_its_reason(job, settings, folders):
    use_storage(settings, "tests.jobs.test_faults.TearingStorage", location=folders.media)
    TearingStorage.tears, TearingStorage.left = ".mp4", 100
    settings.STAGE_MAX_ATTEMPTS = 1
    assert inline.work_off(job).state == JobState.FAILED
    TearingStorage.left = 0
    assert set(job.outputs.values_list("error_code", flat=True)) == {"storage"}
    assert retry.job(job) == 2
    assert inline.work_off(job).state == JobState.DONE
    assert stored() == held()


# --- ffmpeg ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def deaf(tmp_path):
    """A program that does nothing for hours and does not hear SIGTERM."""
    path = tmp_path / "ffmpeg-deaf"
    path.write_text(f"#!/bin/sh\ntrap '' TERM\nexec {shutil.which('sleep')} {HOURS}\n", encoding="ascii")
    path.chmod(0o755)
    return path


HOURS = 23456  # seconds; the test finds the program by it


def sleeping():
    return [child for child in psutil.Process().children(recursive=True) if str(HOURS) in child.cmdline()]


def instead(program, act=lambda: None, **changed):
    """A runner that starts `program` where ffmpeg should encode. `act` is called whenever the run asks to go on."""

    def run(*commands, keep_going=None, reads=(), **given):
        if "-filter_complex" not in commands[0]:
            return process.run(*commands, keep_going=keep_going, reads=reads, **given)

        def ask():
            assert sleeping()
            act()
            return keep_going()

        return process.run([str(program)], keep_going=ask, reads=(*reads, program), **{**given, **changed})

    return run


def test_an_ffmpeg_that_hangs_is_stopped_and_the_stage_tried_again(job, deaf, folders):
    step(job)
    with toolbox.running_with(instead(deaf, stall=1.0)):
        step(job)
    assert sleeping() == []
    assert (render_stage(job).state, render_stage(job).error_code) == ("retry_wait", "stalled")
    assert states(job) == ["rendering"] * 2
    assert list((folders.temp / "work").glob("*")) == []
    in_a_minute(job)
    assert inline.work_off(job).state == JobState.DONE


def test_an_ffmpeg_that_is_killed_again_and_again_costs_attempts_and_no_cell(job, deaf):
    def kill():
        for program in sleeping():
            program.kill()

    step(job)
    with toolbox.running_with(instead(deaf, act=kill)):
        step(job)
    assert (render_stage(job).state, render_stage(job).error_code) == ("retry_wait", "killed")
    in_a_minute(job)
    assert inline.work_off(job).state == JobState.DONE


def test_an_ffmpeg_that_always_hangs_fails_the_cells_in_the_end(job, deaf, settings):
    settings.STAGE_MAX_ATTEMPTS = 1
    with toolbox.running_with(instead(deaf, stall=1.0)):
        assert inline.work_off(job).state == JobState.FAILED
    assert set(job.outputs.values_list("state", "error_code")) == {("failed", "stalled")}


def test_a_cancel_ends_an_ffmpeg_that_does_not_hear(job, deaf, folders):
    step(job)
    with toolbox.running_with(instead(deaf, act=lambda: cancel.job(job))):
        step(job)
    assert sleeping() == []
    assert render_stage(job).state == "cancelled"
    assert list((folders.temp / "work").glob("*")) == []
    assert stored() == set()
    assert Job.objects.get(pk=job.pk).state == JobState.CANCELLED
    assert retry.job(job) == 2
    assert inline.work_off(job).state == JobState.DONE


# --- a host that vanishes -------------------------------------------------------------------------------------------


def test_what_a_vanished_host_held_goes_on_elsewhere(job):
    """Nobody can ask it; its leases run out. If it comes back, it finds that its rows are no longer its own."""
    Stage.objects.filter(job=job).update(queue="render")
    elsewhere = dataclasses.replace(identity.me(), host="vanished", started=1)
    row = claim.best(["render"])
    late = Lease(row)
    held_until = timezone.now() + timedelta(seconds=20)
    Stage.objects.filter(pk=row.pk).update(worker=str(elsewhere), lease_until=held_until, token=uuid.uuid4())
    late.token = late.row.token = Stage.objects.get(pk=row.pk).token
    assert (reaper.release(), reaper.tick()["requeued"]) == (0, 0), "it may only be slow"
    Stage.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert reaper.tick()["requeued"] == 1
    again = claim.best(["render"])
    assert (again.pk, again.attempt) == (row.pk, 2)
    assert not late.progress(progress=0.9)
    assert not late.held
    assert Stage.objects.get(pk=row.pk).progress == 0


def test_half_a_copy_of_a_source_goes_with_the_folder_of_its_stage(job, settings, folders, monkeypatch):
    """A worker that is killed while it takes the source from storage: the supervisor sweeps stages' folders only."""
    seen = []

    def download(name, target):
        seen.append(target)
        raise OSError(errno.EIO, "Input/output error")

    step(job)
    shutil.rmtree(folders.temp / "cache", ignore_errors=True)
    with monkeypatch.context() as patch:
        patch.setattr(files, "_download", download)
        step(job)
    [part] = seen
    assert part.parent.parent == folders.temp / "work"
    assert part.parent.name.startswith(str(render_stage(job).token))
