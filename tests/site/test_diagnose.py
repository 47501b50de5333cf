"""manage.py diagnose, and what it shares with /health/deep."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.checks import Error, register
from django.core.checks.registry import registry
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django_q.models import OrmQ, Schedule

import wtfsite
from brands import typefaces
from jobs.engine.redis_broker import RedisDoorbell
from jobs.engine.ring import ring
from jobs.media.errors import CODES
from jobs.models import Host, Job, Stage
from tests.conftest import use_storage
from tests.site.child import find, page
from wtfsite import checks, diagnosis
from wtfsite.diagnosis import Finding, Grade

pytestmark = pytest.mark.django_db


def diagnose(*words: str) -> tuple[str, str, int]:
    """Standard output, what is said at the end, exit code."""
    out = io.StringIO()
    try:
        call_command("diagnose", *words, stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error), error.returncode
    return out.getvalue(), "", 0


def check(name: str) -> Finding:
    """What one of the studio's checks has found."""
    [wanted] = [check for check in diagnosis.studio_checks() if check.__name__ == name]
    return diagnosis.judged(wanted)


def test_this_machine_is_fine_and_all_is_named():
    out, end, code = diagnose("--json")
    answer = json.loads(out)
    assert (end, code) == ("", 0)
    named = {one["name"]: one for one in answer["findings"]}
    assert named.keys() >= {"versions", "database", "migrations", "queue", "schedules", "ffmpeg", "text", "storage"}
    assert named.keys() >= {"intake", "disk", "sandbox", "workers", "clocks", "failures", "memory", "work", "tenancy"}
    assert all(one["says"] for one in answer["findings"])
    assert named["versions"]["facts"].keys() >= {"studio", "python", "django", "django-q2", "yt-dlp", "pillow"}
    assert named["ffmpeg"]["facts"]["ffprobe"][0].isdigit()
    assert named["text"]["facts"]["font"] == "Inter-SemiBold.otf"
    assert named["text"]["facts"]["others"] == (
        " ".join(typefaces.found()) or "none: emoji and many scripts are left out"
    )
    assert named["ffmpeg"]["facts"]["encoders"] == "aac libx264 mjpeg"


def test_an_error_is_named_with_its_remedy_and_the_exit_code(settings):
    settings.FFMPEG_PATH = "/nowhere/ffmpeg"
    out, end, code = diagnose()
    assert code == 1
    assert "ffmpeg" in end
    assert find(r"(?m)^error +ffmpeg", out)
    assert find(r"(?m)^ok +storage +kind FileSystemStorage", out)
    assert find(r"-> .*FFMPEG_PATH", out)


def test_a_warning_is_no_error(settings):
    settings.DISK_FLOOR_MB = 10**9
    found = check("there_is_room_to_work")
    assert found.level is Grade.WARNING
    assert "DISK_FLOOR_MB" in found.remedy
    assert found.facts["floor_mb"] == 10**9
    assert diagnosis.worst([found, diagnosis.schedules()]) is Grade.WARNING


def test_storage_that_takes_nothing_is_an_error(settings):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "tests.storages.BrokenStorage"}}
    assert check("storage_is_writable").level is Grade.ERROR


def test_another_studio_in_the_same_storage_is_named(folders):
    assert check("storage_is_ours_alone").level is Grade.OK
    default_storage.save("studios/0123456789abcdef", ContentFile(b""))
    found = check("storage_is_ours_alone")
    assert (found.name, found.level) == ("tenancy", Grade.WARNING)
    assert "studios/0123456789abcdef" in found.says
    assert "place of its own" in found.remedy


def test_a_storage_that_does_not_list_its_files_is_told(settings, folders):
    use_storage(settings, "tests.storages.UnlistedStorage", location=folders.media)
    found = check("storage_is_ours_alone")
    assert found.level is Grade.WARNING
    assert "s3:ListBucket" in found.remedy


def test_every_check_of_the_studio_is_here():
    """Also those that somebody adds later."""

    def a_new_one(app_configs: Any, **kwargs: Any) -> list[Error]:
        return [Error("It broke.", hint="Mend it."), Error("It burns.", hint="Water.")]

    register(a_new_one, checks.STUDIO, deploy=True)
    try:
        found = check("a_new_one")
    finally:
        registry.deployment_checks.discard(a_new_one)
    assert (found.level, found.says, found.remedy) == (Grade.ERROR, "It broke. It burns.", "Mend it. Water.")


@pytest.mark.django_db(transaction=True)
def test_it_counts_messages_and_tells_the_age_of_the_oldest(settings):
    settings.WORKER_MEMORY_MB = 4096
    ring("work")
    OrmQ.objects.create(key="render", payload="x", lock=timezone.now() - timedelta(minutes=5))
    OrmQ.objects.create(key="render", payload="x", lock=timezone.now() + timedelta(minutes=5))
    facts = diagnosis.messages().facts
    assert facts["work"]["messages"] == 1
    assert facts["render"].items() >= {"messages": 2, "taken": 1}.items()
    assert 300 <= facts["render"]["oldest_seconds"] < 400
    assert "oldest_seconds 30" in diagnosis.messages().says


def host(name: str, **fields: Any) -> None:
    seat = {"cluster": "render", "workers": 1, "pid": 10, "pids": [], "restarts": 2, "since": None}
    Host.objects.create(key=name, host=name, pid=1, seats=[seat], version="0.1.0", **fields)


def test_without_workers_it_says_how_to_start_some():
    found = diagnosis.hosts()
    assert found.level is Grade.WARNING
    assert "runworkers" in found.remedy
    host("far", beat_at=timezone.now() - timedelta(hours=1))
    assert "lately" in diagnosis.hosts().says
    assert diagnosis.hosts().facts["hosts"]["far"]["state"] == "silent"


def test_it_tells_of_the_workers_of_every_host():
    host("desk-1")
    found = diagnosis.hosts()
    assert found.level is Grade.OK
    assert found.facts["hosts"]["desk-1"].items() >= {"state": "running", "slots": 1, "busy": 0, "restarts": 2}.items()


def test_workers_that_take_nothing_are_told():
    host("desk-1")
    Stage.objects.create(job=Job.objects.create(), kind="render", queue="render")
    Stage.objects.update(changed_at=timezone.now() - timedelta(minutes=5))
    found = diagnosis.hosts()
    assert found.level is Grade.WARNING
    assert "no worker of desk-1 takes it" in found.says


def test_clocks_are_held_against_the_database():
    assert diagnosis.clocks().level is Grade.OK
    host("desk-1", skew=-3600.0)
    found = diagnosis.clocks()
    assert found.level is Grade.WARNING
    assert "desk-1 -3600.0 s" in found.says
    assert "NTP" in found.remedy


def test_the_last_failures_are_told_with_their_remedies():
    job = Job.objects.create()
    for number in range(diagnosis.FAILURES + 3):
        Stage.objects.create(
            job=job, kind="render", queue="render", batch=number, state="failed", error_code="disk_full"
        )
    Stage.objects.create(job=job, kind="prepare", queue="work", state="done")
    found = diagnosis.failures()
    assert found.level is Grade.OK
    assert len(found.facts["latest"]) == diagnosis.FAILURES
    cause = CODES["disk_full"]
    assert found.facts["latest"][0].items() >= {"says": cause.sentence, "remedy": cause.remedy}.items()
    assert cause.remedy in diagnose()[0]


def test_the_last_day_is_told_in_figures():
    stage = Stage.objects.create(job=Job.objects.create(), kind="render", queue="render", state="done", attempt=2)
    Stage.objects.create(job=stage.job, kind="render", queue="render", state="dead", attempt=5)
    assert "stages (done 1, failed 1, again 2, errors 50.0 %)" in diagnosis.work().says
    assert find(r"this process \d+ MB, .*for each render \d+ MB", diagnosis.memory().says)


def test_a_redis_that_is_away_is_an_error(settings):
    settings.QUEUE_BROKER = "redis://127.0.0.1:1/0"
    bell = RedisDoorbell("render")
    found = diagnosis.in_redis(bell.answers)
    assert found.level is Grade.ERROR
    assert "QUEUE_BROKER" in found.remedy


def test_a_schedule_is_foreign():
    assert diagnosis.schedules().level is Grade.OK
    Schedule.objects.create(func="os.system", args="'true'")
    assert diagnosis.schedules().level is Grade.WARNING


@pytest.mark.skipif(connection.vendor != "sqlite", reason="pragmas are SQLite's")
def test_the_pragmas_of_sqlite_are_told():
    facts = diagnosis.database().facts
    assert (facts["journal_mode"], facts["busy_timeout"], facts["foreign_keys"]) == ("wal", 20000, 1)


def test_missing_migrations_are_an_error():
    [newest] = MigrationLoader(connection).graph.leaf_nodes("jobs")
    MigrationRecorder(connection).record_unapplied(*newest)
    found = diagnosis.migrations()
    assert found.level is Grade.ERROR
    assert "migrate" in found.remedy


def test_a_database_that_is_away_is_told_and_the_rest_is_looked_at():
    def away(*args: Any) -> None:
        raise OperationalError("the database is away")

    default_storage.save("studios/0123456789abcdef", ContentFile(b""))

    with connection.execute_wrapper(away):
        found = {one.name: one for one in diagnosis.look()}
    assert found["database"].level is Grade.ERROR
    assert "DATABASE_URL" in found["database"].remedy
    assert found["ffmpeg"].level is Grade.OK


def test_the_version_is_the_one_of_the_project():
    assert find(r'^version = "(.+)"$', page("pyproject.toml"))[1] == wtfsite.VERSION
