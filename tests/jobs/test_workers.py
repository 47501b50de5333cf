"""What people and checks are told about the workers: the page, its fragment, checkworkers."""

import dataclasses
import io
import json
import os
import uuid
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils.timezone import now

from jobs.engine import identity
from jobs.engine.ending import after
from jobs.models import Host, Job, Stage
from jobs.services import pause, workers

pytestmark = pytest.mark.django_db
PAGE, NOW = "/admin/workers/", "/admin/workers/now"
WORKER = os.getpid()  # of a living process of this host


@pytest.fixture(autouse=True)
def large(settings):
    settings.WORKER_MEMORY_MB = 4096


def seat(**fields):
    told = {"cluster": "render", "workers": 1, "pid": 10, "pids": [WORKER], "restarts": 0, "since": now().isoformat()}
    return {**told, **fields}


def host(name="", seats=None, **fields):
    """A supervisor's row, of this host unless it has a name."""
    me = identity.me()
    pid = 1 if Host.objects.exists() else WORKER  # both live
    key = str(identity.Identity(name or me.host, me.boot, me.space, pid, identity.start_time(pid)))
    slots = {"work": 2, "render": 1, "single": False, "budget_mb": 900}
    row = {"host": name or me.host, "pid": 1, "version": "0.1.0", "ffmpeg": "5.1", "sandbox": "landlock"}
    made: Host = Host.objects.create(
        key=key, slots=slots, seats=[seat()] if seats is None else seats, **{**row, **fields}
    )
    return made


def stage(seconds=0, **fields):
    """A stage that has been as it is for so many seconds."""
    made: Stage = Stage.objects.create(job=Job.objects.create(), **{"kind": "render", "queue": "render", **fields})
    Stage.objects.filter(pk=made.pk).update(changed_at=after(-seconds))
    return made


def running(seconds=0, name="", **fields):
    me = identity.me()
    owner = identity.Identity(name or me.host, me.boot, me.space, WORKER, 1)
    held = {"worker": str(owner), "token": uuid.uuid4(), "lease_until": datetime(2099, 1, 1, tzinfo=UTC), "attempt": 1}
    return stage(seconds, **{**held, "state": "running", **fields})


def check(*words):
    """What checkworkers says, and its exit code."""
    out = io.StringIO()
    try:
        call_command("checkworkers", *words, stdout=out)
    except CommandError as error:
        return out.getvalue() + str(error), error.returncode
    return out.getvalue(), 0


def text(client, page=PAGE):
    return " ".join(client.get(page).content.decode().split())


# checkworkers


def test_a_host_that_reports_is_well():
    host()
    assert check()[1] == 0


def test_one_that_nobody_has_heard_of_is_not():
    host("another")
    said, code = check()
    assert code == 1
    assert f"No supervisor has reported on {identity.host()}" in said


def test_one_that_is_silent_is_not():
    host(beat_at=after(-300))
    said, code = check()
    assert code == 1
    assert "has reported for 30" in said


def test_a_cluster_that_is_down_is_named_with_its_reason():
    host(seats=[seat(), seat(pid=None, restarts=1, last_exit=-9, reason="silent")])
    said, code = check()
    assert code == 1
    assert "The cluster render is down. It did not answer any more" in said


def test_a_cluster_that_is_about_to_start_for_the_first_time_is_well():
    host(seats=[seat(pid=None)])
    assert check()[1] == 0


def test_a_supervisor_of_this_machine_that_was_killed_is_told_at_once():
    row = host()
    owner = identity.parse(row.key)
    Host.objects.update(key=str(dataclasses.replace(owner, started=owner.started + 1)))
    said, code = check()
    assert code == 1
    assert "has ended" in said
    Host.objects.update(key=str(dataclasses.replace(owner, boot="a-twin")))
    assert check()[1] == 0


def test_old_work_that_nobody_takes_is_named():
    host()
    stage(100)
    said, code = check()
    assert code == 1
    assert "Due work waits for 10" in said
    assert "queue render" in said


@pytest.mark.parametrize("seconds", [0, 50])
def test_young_work_is_no_alarm(seconds):
    host()
    stage(seconds)
    assert check()[1] == 0


def test_old_work_is_no_alarm_while_its_workers_are_busy():
    host()
    stage(1000)
    running(5)
    assert check()[1] == 0
    Stage.objects.filter(state="running").update(changed_at=after(-100))
    assert check()[1] == 1, "busy, but without a sign of life"


def test_the_work_of_another_host_does_not_count_for_this_one():
    host()
    stage(1000)
    running(5, name="another")
    assert check()[1] == 1


def test_work_behind_a_pause_or_a_full_disk_is_no_alarm(settings):
    host()
    stage(1000)
    pause.on("Ann")
    assert check()[1] == 0
    pause.off("Ann")
    assert check()[1] == 1
    settings.DISK_FLOOR_MB = 10**9
    assert check()[1] == 0


def test_a_redis_that_is_away_is_told():
    host()
    assert "QUEUE_BROKER" in " ".join(workers.wrong(rings=lambda: False))
    assert workers.wrong() == []


def test_it_answers_a_program():
    host()
    assert json.loads(check("--json")[0]) == {"host": identity.host(), "well": True, "wrong": []}
    assert check("--json", "--host", "another")[1] == 1


def test_a_database_that_is_away_is_told():
    def away(*args):
        raise OperationalError("gone fishing")

    with connection.execute_wrapper(away):
        said, code = check()
    assert code == 1
    assert "The database does not answer: gone fishing" in said


def test_workers_that_are_being_stopped_are_well():
    host(seats=[seat(pid=None, last_exit=0, reason="died")], draining=True)
    stage(1000)
    assert check()[1] == 0


def test_the_full_disk_of_one_host_is_no_excuse_for_another(settings):
    settings.DISK_FLOOR_MB = 10**9
    host("another")
    stage(1000)
    assert check("--host", "another")[1] == 1


# The page


def test_it_tells_what_each_slot_does(viewer_client):
    host()
    row = running(attempt=3, progress=0.42)
    page = text(viewer_client)
    assert f"/admin/jobs/job/{row.job_id}/change/" in page
    assert "42 %" in page
    assert ">3</td>" in page
    assert "1 of 1 slots busy" in page
    assert "ffmpeg 5.1" in page
    assert "sandbox landlock" in page


def test_a_lease_that_ran_out_keeps_no_slot_busy(viewer_client):
    host()
    running(lease_until=datetime(2020, 1, 1, tzinfo=UTC))
    assert "0 of 1 slots busy" in text(viewer_client)


@pytest.mark.parametrize(
    ("code", "reason", "said"),
    [
        (-9, "silent", "did not answer any more"),
        (-9, "idle", "took no work for a minute"),
        (-9, "results", "did not get rid of its results"),
        (-9, "died", "ran out of memory"),
        (-11, "died", "signal 11"),
        (70, "died", "exit code 70"),
    ],
)
def test_it_tells_in_words_why_a_cluster_was_started_anew(viewer_client, code, reason, said):
    host(seats=[seat(restarts=4, last_exit=code, reason=reason)])
    page = text(viewer_client)
    assert said in page
    assert "4 <p" in page


def test_hosts_that_are_silent_or_stop_are_named_so(viewer_client):
    host("gone", beat_at=after(-300))
    host("leaving", draining=True)
    page = text(viewer_client)
    assert page.index("leaving") < page.index("gone"), "those that live come first"
    assert ">draining<" in page
    assert ">silent<" in page
    assert "Nothing has been heard of this host since" in page


def test_a_clock_that_is_off_is_told(viewer_client):
    host(skew=0.4)
    assert "s off" not in text(viewer_client)
    Host.objects.update(skew=-3600)
    assert "clock -3600 s off" in text(viewer_client)


def why(queue="render"):
    found = {line.queue: line for line in workers.lines(workers.stations())}
    return found[queue].why


def test_what_waits_says_why():
    stage(20)
    assert "No worker is running" in why()
    one = host()
    assert why() == "It is about to be taken."
    Host.objects.update(seats=[seat(pid=None)])
    assert why() == "All slots are busy.", "one that is down takes nothing"
    Host.objects.update(seats=[seat()])
    running()
    assert why() == "All slots are busy."
    Host.objects.filter(pk=one.pk).update(draining=True)
    assert why() == "The workers are being stopped."
    pause.on("Ann")
    assert why().startswith("The studio is paused by Ann")


def test_an_empty_queue_has_no_reason():
    stage(20, state="done")
    assert why() == ""


def test_a_studio_without_workers_says_how_to_start_one(viewer_client):
    assert "./run studio" in text(viewer_client)


def test_the_fragment_is_empty_while_nothing_changes(viewer_client):
    host()
    row = running(progress=0.1)
    seen = viewer_client.get(PAGE).context["fragment"]["digest"]
    assert f"seen={seen}" in text(viewer_client)
    Host.objects.update(beat_at=after(-3))
    assert viewer_client.get(NOW, {"seen": seen}).status_code == 204
    Stage.objects.filter(pk=row.pk).update(progress=0.9)
    answer = viewer_client.get(NOW, {"seen": seen})
    assert answer.status_code == 200
    assert "90 %" in answer.content.decode()


@pytest.mark.parametrize("page", [PAGE, NOW])
def test_who_may_not_see_jobs_does_not_see_it(staff_client, client, page):
    assert staff_client.get(page).status_code == 403
    assert client.get(page).status_code == 302
    assert PAGE not in staff_client.get("/admin/").content.decode()


@pytest.mark.parametrize("page", [PAGE, NOW])
def test_it_takes_no_orders(viewer_client, page):
    assert viewer_client.post(page).status_code == 405


def test_it_is_in_the_sidebar(viewer_client):
    assert PAGE in viewer_client.get("/admin/").content.decode()


def test_many_waiting_rows_cost_no_more_questions(viewer_client, django_assert_max_num_queries):
    host()
    for _ in range(30):
        stage(5)
    with django_assert_max_num_queries(20):
        viewer_client.get(PAGE)
