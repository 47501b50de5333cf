"""What was done in the last day, and what memory it takes."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.engine import identity
from jobs.models import Asset, Host, Job, JobState, Output, Stage
from jobs.services import figures
from tests.jobs import rows

pytestmark = pytest.mark.django_db
NOW_AND_LONG_AGO = (timedelta(minutes=5), timedelta(hours=25))


def test_an_idle_studio_has_no_rates():
    told = figures.work()
    assert told["outputs"].items() >= {"made": 0, "failed": 0, "success": "-", "render_seconds_mean": 0}.items()
    assert told["stages"] == {"done": 0, "failed": 0, "again": 0, "errors": "-"}
    assert told["files"] == {"taken_in": "0 (0.0 MB)", "stored": "0 (0.0 MB)", "removed": "0 (0.0 MB)"}


def test_the_last_day_is_counted_and_nothing_before_it():
    for ago in NOW_AND_LONG_AGO:
        when, source = timezone.now() - ago, rows.asset(str(ago))
        Asset.objects.filter(pk=source.pk).update(bytes=5_000_000, created_at=when)
        job = rows.job("planned", "planned", "planned", "failed", source=source, state=JobState.PARTLY_DONE)
        Job.objects.filter(pk=job.pk).update(created_at=when - timedelta(seconds=90), finished_at=when)
        for number, cell in enumerate(job.outputs.filter(state="planned").order_by("pk")):
            rows.done(cell)
            made = {"bytes": 2_000_000, "seconds": 10 * (number + 1), "adopted": number == 2}
            Output.objects.filter(pk=cell.pk).update(**made)
        job.outputs.update(finished_at=when)
    told = figures.work()
    assert told["outputs"] == {
        "made": 2,
        "reused": 1,
        "failed": 1,
        "success": "75.0 %",
        "render_seconds_mean": 15.0,
        "render_seconds_longest": 20.0,
    }
    assert told["jobs"] == {"ended": 1, "seconds_mean": 90}
    assert told["files"] == {"taken_in": "1 (5.0 MB)", "stored": "2 (4.0 MB)", "removed": "0 (0.0 MB)"}


def test_files_that_went_are_counted():
    for ago in NOW_AND_LONG_AGO:
        source = rows.asset(str(ago))
        cell = rows.done(rows.job("planned", source=source).outputs.get())
        gone = {"removed_at": timezone.now() - ago, "bytes": 3_000_000}
        Asset.objects.filter(pk=source.pk).update(**gone)
        Output.objects.filter(pk=cell.pk).update(**gone)
    assert figures.work()["files"]["removed"] == "2 (6.0 MB)"


def test_work_that_failed_or_was_tried_again_is_counted():
    job = Job.objects.create()
    for state, attempt in (("done", 1), ("done", 3), ("failed", 1), ("dead", 5), ("running", 2), ("cancelled", 1)):
        Stage.objects.create(job=job, kind="render", queue="render", state=state, attempt=attempt)
    old = Stage.objects.create(job=job, kind="render", state="failed")
    Stage.objects.filter(pk=old.pk).update(changed_at=timezone.now() - timedelta(hours=25))
    assert figures.work()["stages"] == {"done": 2, "failed": 2, "again": 2, "errors": "50.0 %"}


def test_the_figures_cost_a_handful_of_questions(django_assert_num_queries):
    with django_assert_num_queries(7):
        figures.work()


def test_the_memory_of_workers_here_is_told_with_all_that_they_started():
    me = identity.me()
    Host.objects.create(key=str(me), host=me.host, pid=me.pid)
    Host.objects.create(key=f"elsewhere - 1 {me.pid} 1", host="elsewhere", pid=me.pid)
    alone = figures.megabytes(figures.family(me.pid))
    child = subprocess.Popen([sys.executable, "-c", "x = b'x' * 10**8; input()"], stdin=subprocess.PIPE)
    try:
        while figures.megabytes(figures.family(child.pid)) < 100:
            assert child.poll() is None
        told = figures.memory()
    finally:
        child.communicate()
    assert told.keys() == {"this process", f"workers of process {os.getpid()}"}
    assert int(told[f"workers of process {os.getpid()}"].removesuffix(" MB")) > alone + 50


def test_a_process_that_has_ended_takes_no_memory():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert figures.megabytes(figures.family(ended.pid)) == 0
