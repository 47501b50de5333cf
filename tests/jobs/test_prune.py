"""Keep times: what goes and what stays, that a dry run shows it all, and that a removed file comes back."""

import io
import json
import os
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import Task

from jobs.models import Asset, AssetState, Event, Gate, JobState, Lesson, Output, OutputState, Site, Stage
from jobs.models.gate import Cause
from jobs.services import assets, inline, keeping, prune, remove, retry, sweep, tenancy
from jobs.services.keeping import Need
from tests.conftest import use_storage
from tests.jobs import rows
from tests.jobs.test_main_path import order
from tests.storages import BucketError
from wtfsite.lib.clock import Clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]
KEY = "3f" + "0" * 62
DAY = 86400


@pytest.fixture
def run(django_capture_on_commit_callbacks):
    """Files go after the commit, which a test's transaction never sees."""

    def run():
        with django_capture_on_commit_callbacks(execute=True):
            return {kind: count for kind, count in prune.run(prune.plan()).items() if count}

    return run


@pytest.fixture
def call(django_capture_on_commit_callbacks):
    def call(*options: str) -> str:
        out = io.StringIO()
        with django_capture_on_commit_callbacks(execute=True):
            call_command("prune", *options, stdout=out)
        return out.getvalue()

    return call


def unused(asset: Asset, hours: float = 25) -> Asset:
    Asset.objects.filter(pk=asset.pk).update(used_at=timezone.now() - timedelta(hours=hours))
    return asset


def cell(state: str, job_state: str) -> Output:
    source = Asset.objects.filter(title="Shared").first() or rows.asset("Shared")
    return rows.job(state, state=job_state, source=source).outputs.get()


def made(days: float = 31, key: str = KEY, **fields) -> Output:
    """An output that was finished so many days ago, of a job that has ended."""
    output = rows.done(cell("planned", JobState.DONE), key=key)
    fields["finished_at"] = timezone.now() - timedelta(days=days)
    Output.objects.filter(pk=output.pk).update(**fields)
    return Output.objects.get(pk=output.pk)


def films() -> set[str]:
    return {name for name in default_storage.listdir("outputs/3f")[1] if name.endswith(".mp4")}


# --- sources


def test_the_file_goes_and_the_row_with_its_facts_stays(run):
    asset = unused(rows.asset())
    assert run() == {"sources": 1}
    found = Asset.objects.get()
    assert (found.state, found.file.name, found.probe) == (AssetState.EXPIRED, "", asset.probe)
    assert not default_storage.exists(asset.file.name)
    assert default_storage.exists(found.poster.name)
    assert found.events.get().message == "Its file was removed after 24 hours without use."
    assert found.removed_at is not None
    assert run() == {}


def test_a_file_stays_until_its_time_is_over(run):
    unused(rows.asset(), hours=23)
    assert run() == {}


@pytest.mark.parametrize(
    ("state", "gone"), [(JobState.RUNNING, {}), (JobState.QUEUED, {}), (JobState.DONE, {"sources": 1})]
)
def test_a_source_that_a_job_still_needs_stays(run, state, gone):
    asset = unused(rows.asset())
    rows.job("planned", source=asset, state=state)
    assert run() == gone
    assert default_storage.exists(asset.file.name) is not bool(gone)


def test_a_source_that_is_kept_stays_until_it_is_let_go(run):
    asset = unused(rows.asset())
    assert keeping.keep(Asset.objects.all(), True) == 1
    assert run() == {}
    assert keeping.source_words(Asset.objects.get()) == "somebody lets it go"
    assert keeping.keep(Asset.objects.all(), False) == 1
    assert run() == {"sources": 1}
    assert not default_storage.exists(asset.file.name)


def test_a_source_stays_while_an_output_of_it_is_out_of_date(run):
    asset = unused(rows.asset())
    outputs = rows.job("done", source=asset, state=JobState.DONE).outputs
    outputs.update(stale_since=timezone.now())
    assert run() == {}
    assert "out of date" in keeping.source_words(Asset.objects.get())
    outputs.update(removed_at=timezone.now())
    assert run() == {"sources": 1}


def test_another_app_can_need_files(run, monkeypatch):
    """Its rows are asked for at each look."""
    asset, output = unused(rows.asset("Awaited")), made()
    need = Need("awaits publication", lambda: Q(title="Awaited"), lambda: Q(key=KEY))
    monkeypatch.setattr(keeping, "needs", [*keeping.needs, need])
    assert keeping.output_words(output) == keeping.source_words(asset) == "awaits publication"
    assert run() == {}
    monkeypatch.undo()
    assert run() == {"sources": 1, "outputs": 1}


def test_one_that_came_into_use_since_it_was_listed_stays():
    listed = unused(rows.asset())
    assert assets.renew(listed)
    assert not prune.expire(listed)
    assert default_storage.exists(listed.file.name)


def test_an_upload_of_the_same_bytes_brings_a_removed_file_back_for_good(one_second, run):
    asset = unused(assets.from_path(one_second)[0])
    run()
    again, _new = assets.from_path(one_second)
    assert (again.pk, again.state, again.removed_at) == (asset.pk, AssetState.READY, None)
    assert default_storage.exists(again.file.name)
    assert run() == {}
    assert len(default_storage.listdir(f"sources/{again.sha256[:2]}")[1]) == 2, "one file and one poster"


def test_an_upload_of_what_is_here_begins_its_keep_time_anew(one_second, run):
    unused(assets.from_path(one_second)[0])
    assets.from_path(one_second)
    assert run() == {}


# --- outputs


def test_the_file_of_an_output_goes_and_its_row_says_so(run):
    output = made()
    assert run() == {"outputs": 1}
    found = Output.objects.get()
    assert (found.state, found.file.name, found.poster.name) == (OutputState.DONE, "", "")
    assert (found.bytes, found.sha256) == (output.bytes, output.sha256)
    assert default_storage.listdir("outputs/3f")[1] == []
    assert keeping.output_words(found).startswith("Its file was removed on ")
    assert keeping.output_words(found).endswith(", after 30 days. Order it again to have it.")
    assert run() == {}


def test_an_output_stays_until_its_time_is_over(run):
    made(days=29)
    assert run() == {}


def test_an_output_that_is_kept_stays(run):
    output = made(keep=True)
    assert run() == {}
    assert keeping.output_words(output) == "somebody lets it go"


def test_a_file_that_a_younger_output_shares_stays_for_both(run):
    old, young = made(), made(days=1)
    assert old.file == young.file
    assert run() == {}
    assert set(Output.objects.values_list("file", flat=True)) == {old.file.name}


def test_a_file_that_a_kept_output_shares_stays_for_both(run):
    made()
    made(keep=True)
    assert run() == {}
    assert len(films()) == 1


def test_a_file_that_several_outputs_share_goes_once_and_for_all(run):
    made()
    made()
    assert run() == {"outputs": 1}
    assert set(Output.objects.values_list("file", flat=True)) == {""}
    assert Output.objects.filter(removed_at=None).count() == 0


@pytest.mark.parametrize("state", ["planned", "queued", "rendering"])
def test_a_file_that_an_open_cell_may_take_stays(run, state):
    made()
    Output.objects.filter(pk=cell(state, JobState.RUNNING).pk).update(key=KEY)
    assert run() == {}


def test_an_output_that_was_taken_by_another_cell_since_it_was_listed_stays():
    made()
    listed = list(prune.outputs())
    made(days=0)
    assert [going.act() for going in listed] == [0]
    assert len(films()) == 1


def test_an_output_whose_file_went_is_made_again_when_it_is_ordered(one_second, two_brands, run):
    source = assets.from_path(one_second)[0]
    first = inline.work_off(order([source], two_brands[:1], ["square"])).outputs.get()
    Output.objects.update(finished_at=timezone.now() - timedelta(days=31))
    assert run() == {"outputs": 1}
    again = inline.work_off(order([source], two_brands[:1], ["square"])).outputs.get()
    assert (again.state, again.adopted, again.key) == (OutputState.DONE, False, first.key)
    assert default_storage.exists(again.file.name)
    assert run() == {}


def test_what_has_gone_cannot_be_kept(run):
    made()
    run()
    assert keeping.keep(Output.objects.all(), True) == 0


# --- files without a row


@pytest.fixture
def stray(storage, folders):
    """stray(name, days): a file of that age that no row tells of, in a storage that has long been ours alone."""
    sweep.begin()
    os.utime(folders.media / tenancy.path(), (0, 0))

    def stray(name: str, days: float = 2) -> str:
        default_storage.save(name, ContentFile(b"stray"))
        os.utime(folders.media / name, (time.time() - days * DAY,) * 2)
        return name

    return stray


@pytest.mark.parametrize("name", [f"outputs/3f/{KEY}.mp4", f"outputs/3f/{KEY}_a1b2c3d.jpg", f"sources/3f/{KEY}.mkv"])
def test_an_old_file_that_no_row_tells_of_goes(run, stray, name):
    stray(name)
    assert run() == {"strays": 1}
    assert not default_storage.exists(name)


@pytest.mark.parametrize("days", [0, 0.9])
def test_a_young_file_that_no_row_tells_of_stays(run, stray, days):
    """Its row may be written in a moment."""
    stray(f"outputs/3f/{KEY}.mp4", days)
    assert run() == {}


def test_nothing_goes_that_a_stage_may_still_be_working_on(run, stray, settings):
    settings.Q_CLUSTER = {"ALT_CLUSTERS": {"work": {"timeout": 60}, "render": {"timeout": 5 * DAY}}}
    stray(f"outputs/3f/{KEY}.mp4", 4)
    assert run() == {}
    stray(f"outputs/3f/{KEY}.jpg", 6)
    assert run() == {"strays": 1}


def test_files_that_rows_hold_stay_however_old(run, stray, folders):
    output, asset = made(days=1), rows.asset()
    Asset.objects.filter(pk=asset.pk).update(sha256=KEY, file=stray(f"sources/3f/{KEY}.mp4"), poster="")
    for name in (output.file.name, output.poster.name):
        os.utime(folders.media / name, (0, 0))
    assert run() == {}


@pytest.mark.parametrize("state", ["queued", "failed"])
def test_a_file_that_a_crash_left_belongs_to_its_cell(run, stray, state):
    """Its row says what was about to be stored; whoever tries again takes it."""
    stray(f"outputs/3f/{KEY}.mp4")
    rows.job(state, state=JobState.FAILED).outputs.update(key=KEY, sha256="1" * 64)
    assert run() == {}


def test_other_folders_are_nobodys_business(run, stray):
    for name in ("artwork/3f/logo.png", "outputs/notes/list.txt", "outputs/list.txt"):
        stray(name)
    assert run() == {}


@pytest.mark.parametrize(
    "name",
    ["outputs/3f/holiday.mp4", f"sources/3f/{'ab' * 32}.mp4", f"outputs/3f/{'3f' * 40}.mp4", "sources/3f/3f.txt"],
)
def test_a_file_that_is_not_called_as_ours_are_is_somebody_elses(run, stray, name):
    stray(name)
    assert run() == {}


def test_where_another_studio_keeps_files_none_goes_for_want_of_a_row(run, stray, call):
    """Its row may be in the other database."""
    stray(f"outputs/3f/{KEY}.mp4")
    theirs = stray("studios/0123456789abcdef")
    assert run() == {}
    assert call("--dry-run") == "Nothing would go.\n"
    default_storage.delete(theirs)
    assert run() == {"strays": 1}


def test_in_a_storage_that_is_new_to_us_others_get_time_to_leave_their_mark(run, stray, folders):
    stray(f"outputs/3f/{KEY}.mp4")
    (folders.media / tenancy.path()).touch()
    assert run() == {}
    default_storage.delete(tenancy.path())
    assert run() == {}


def test_a_dry_run_leaves_no_mark(call):
    call("--dry-run")
    assert not default_storage.exists(tenancy.path())
    call()
    assert default_storage.exists(tenancy.path())


def test_the_tick_leaves_our_mark():
    prune.Round()()
    assert default_storage.exists(tenancy.path())


def test_a_bucket_that_is_new_to_us_says_so_in_its_own_words(settings, folders, call):
    """Not every storage raises FileNotFoundError for what is not there."""
    use_storage(settings, "tests.storages.BucketStorage", location=folders.media)
    assert call("--dry-run") == "Nothing would go.\n"


def test_a_stray_that_another_host_has_just_removed_is_no_trouble(run, stray):
    stray(f"outputs/3f/{KEY}.mp4")
    [listed] = prune.strays(None)
    default_storage.delete(listed.name)
    assert sweep.size(listed.name) == listed.act() == 0


def test_a_storage_that_lists_nothing_keeps_nothing_else_for_ever(settings, folders):
    use_storage(settings, "tests.storages.UnlistedStorage", location=folders.media)
    tenancy.mark()
    os.utime(folders.media / tenancy.path(), (0, 0))
    Event.objects.filter(pk=Event.objects.tell("old").pk).update(created_at=timezone.now() - timedelta(days=91))
    tick = prune.Round()
    for _turn in range(2):
        with suppress(BucketError):
            tick()
    assert not Event.objects.exists()


def test_who_holds_the_file_of_a_video_is_not_asked_of_all_outputs():
    with CaptureQueriesContext(connection) as seen:
        assert not remove.held(f"sources/3f/{KEY}.mp4")
    assert [query for query in seen if "jobs_output" in query["sql"]] == []


def test_every_folder_is_looked_at_in_one_round_of_parts(stray):
    names = {stray(f"outputs/{number:02x}/{number:02x}{'0' * 62}.mp4") for number in range(0, 256, 5)}
    parts = [{name for folder in sweep.folders(part) for name in sweep.strays(folder)} for part in range(sweep.PARTS)]
    assert set().union(*parts) == names
    assert sum(len(part) for part in parts) == len(names)


# --- files of this host


def test_cached_copies_go_by_their_age(folders, run):
    cache = folders.temp / "cache"
    cache.mkdir()
    (cache / "old").touch()
    (cache / "new").touch()
    os.utime(cache / "old", (time.time() - 25 * 3600,) * 2)
    assert run() == {"copies": 1}
    assert [path.name for path in cache.iterdir()] == ["new"]


def test_previews_go_by_their_age(folders, run):
    previews = folders.temp / "cache" / "previews"
    previews.mkdir(parents=True)
    (previews / "old").touch()
    (previews / "new").touch()
    for path in (previews / "old", previews):
        os.utime(path, (time.time() - 25 * 3600,) * 2)
    assert run() == {"copies": 1}
    assert [path.name for path in previews.iterdir()] == ["new"]


def test_old_log_files_go(tmp_path, run, settings):
    settings.LOG_FILE = str(tmp_path / "studio.log")
    for name, days in (("studio.log", 99), ("studio.log.2026-01-01.1", 15), ("studio.log.2026-01-02.1", 13)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - days * DAY,) * 2)
    assert run() == {"log files": 1}
    assert {path.name for path in tmp_path.glob("studio*")} == {"studio.log", "studio.log.2026-01-02.1"}


# --- rows


def test_old_rows_go_and_young_ones_stay(run):
    long_ago = timezone.now() - timedelta(days=91)
    job = rows.job("done", state=JobState.DONE)
    for text, when in (("old", long_ago), ("young", timezone.now() - timedelta(days=89))):
        Event.objects.filter(pk=Event.objects.tell(text, job=job).pk).update(created_at=when)
        Task.objects.create(id=text, name=text, func="f", started=when, stopped=when, success=False, result="x")
        Lesson.objects.filter(pk=Lesson.objects.create(signature=text, tool="ffmpeg").pk).update(last_seen=when)
        Site.objects.filter(pk=Site.objects.create(name=text).pk).update(changed_at=when)
        Gate.objects.create(cause=Cause.DISK_FLOOR, queue="render", host=text, seen_at=when)
        stage(job, when, error_tail=text)
    kinds = {"events": 1, "stages": 1, "queue rows": 1, "full disks": 1, "sites": 1, "failures": 1}
    assert run() == kinds
    assert Event.objects.get().message == Task.objects.get().name == Lesson.objects.get().signature == "young"
    assert Site.objects.get().name == Gate.objects.get().host == Stage.objects.get().error_tail == "young"
    assert run() == {}


def stage(job, when, **fields) -> Stage:
    made = Stage.objects.create(job=job, **{"kind": "render", "state": "failed", "error_code": "unknown", **fields})
    Stage.objects.filter(pk=made.pk).update(changed_at=when)
    return made


def test_outputs_outlive_the_stages_that_made_them(run):
    output = made(days=1)
    Output.objects.update(stage=stage(output.job, timezone.now() - timedelta(days=91), state="done"))
    assert run() == {"stages": 1}
    assert (Output.objects.get().state, Output.objects.get().stage) == (OutputState.DONE, None)
    assert default_storage.exists(output.file.name)


def test_of_what_gave_up_and_is_still_missing_only_the_log_goes(run):
    """It stays under "Gave up" until somebody has tried it again, or deleted its job."""
    job = rows.job("failed", state=JobState.FAILED)
    lost = stage(job, timezone.now() - timedelta(days=91), state="dead", error_tail="long")
    job.outputs.update(stage=lost)
    assert run() == {"stage logs": 1}
    assert [(each.pk, each.error_tail) for each in retry.given_up()] == [(lost.pk, "")]
    job.outputs.update(state=OutputState.DONE)
    assert run() == {"stages": 1}


def test_a_pause_and_a_site_that_is_left_alone_stay_however_old(run):
    long_ago, soon = timezone.now() - timedelta(days=999), timezone.now() + timedelta(hours=1)
    Gate.objects.create(cause=Cause.PAUSED, by="Ann", seen_at=long_ago)
    Site.objects.filter(pk=Site.objects.create(name="x", closed_until=soon).pk).update(changed_at=long_ago)
    assert run() == {}


def test_a_failure_that_has_a_name_is_remembered(run):
    Lesson.objects.create(signature="1", tool="ffmpeg", example="it broke badly", pattern="it broke", code="timeout")
    Lesson.objects.update(last_seen=timezone.now() - timedelta(days=999))
    assert run() == {}


def test_the_log_of_work_that_goes_on_stays(run):
    stage = Stage.objects.create(job=rows.job("queued"), kind="render", state="retry_wait", error_tail="first try")
    Stage.objects.filter(pk=stage.pk).update(changed_at=timezone.now() - timedelta(days=99))
    assert run() == {}


def test_no_pickle_of_the_queue_is_read_when_its_row_goes(run):
    """Whoever reads one runs it."""
    long_ago = timezone.now() - timedelta(days=91)
    Task.objects.create(id="1", name="1", func="f", started=long_ago, stopped=long_ago, success=False)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert run() == {"queue rows": 1}
    asked = [query["sql"] for query in seen if "django_q_task" in query["sql"]]
    assert asked
    assert not [sql for sql in asked if '"result"' in sql or '"args"' in sql or '"kwargs"' in sql]


def test_sessions_that_are_over_go(run):
    for key, days in (("over", -1), ("open", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=timezone.now() + timedelta(days=days))
    assert run() == {"sessions": 1}
    assert Session.objects.get().session_key == "open"


# --- the command and the tick


def test_a_dry_run_names_what_would_go_with_reasons_and_keeps_it(call, stray):
    asset, output = unused(rows.asset("Harbour")), made()
    rows.asset("Fresh")
    name = stray(f"outputs/3f/{'3f' * 32}.mp4")
    text = call("--dry-run")
    assert "sources        0.0 MB  Harbour: unused for 24 hours" in text
    assert f"{output}: made more than 30 days ago" in text
    assert f"{name}: no row tells of it" in text
    assert "Fresh: unused" not in text
    assert "1 sources, 1 outputs, 1 strays would go, 0.0 MB." in text
    assert default_storage.exists(asset.file.name)
    assert default_storage.exists(name)


def test_a_run_does_exactly_what_the_dry_run_said(call, stray, folders):
    unused(rows.asset())
    made()
    stray(f"outputs/3f/{'3f' * 32}.mp4")
    Event.objects.filter(pk=Event.objects.tell("old").pk).update(created_at=timezone.now() - timedelta(days=91))
    said, did = (
        [json.loads(line) for line in call(*options, "--json").splitlines()] for options in (("--dry-run",), ())
    )
    assert said[:-1] == did[:-1]
    assert said[-1] == {
        "dry_run": True,
        "went": {"sources": 1, "outputs": 1, "strays": 1, "events": 1},
        "bytes": 10 + len(b"a finished file") + 5,
    }
    assert call("--dry-run") == "Nothing would go.\n"


def test_a_title_does_nothing_to_the_terminal(call):
    unused(rows.asset("\x1b[2Jcleared\nfaked"))
    assert "  \\x1b[2Jcleared\\nfaked: unused" in call("--dry-run")


def test_the_tick_works_in_short_turns_and_once_an_hour(django_capture_on_commit_callbacks):
    """Each look at the clock takes a second here, so that a turn is over after two files."""
    for title in "abcde":
        unused(rows.asset(title))
    seconds = iter(range(10_000))
    tick = prune.Round(every=100, turn=2, clock=Clock(monotonic=lambda: float(next(seconds))))
    left = []
    for _ in range(4):
        tick()
        left.append(Asset.objects.ready().count())
    assert left == [3, 1, 0, 0]
    unused(rows.asset("later"))
    tick()
    assert Asset.objects.ready().count() == 1, "the next round is not due"
    for _ in range(100):
        tick()
    assert Asset.objects.ready().count() == 0


def test_what_goes_wrong_in_a_turn_does_not_end_the_round(monkeypatch):
    for title in "ab":
        unused(rows.asset(title))
    tick, broken = prune.Round(), [True]

    def expire(asset):
        if broken.pop() if broken else False:
            raise OSError("storage is away")
        return Asset.objects.filter(pk=asset.pk).update(state=AssetState.EXPIRED)

    monkeypatch.setattr(prune, "expire", expire)
    with pytest.raises(OSError, match="away"):
        tick()
    tick()
    assert Asset.objects.ready().count() == 1, "the one that went wrong is for the next round"


def test_the_plan_reads_the_rows_in_few_queries(django_assert_max_num_queries):
    for number in range(20):
        unused(rows.asset(str(number)))
        made(key=f"{number:064d}")
    unused(Asset.objects.get(title="Shared"), hours=0)
    with django_assert_max_num_queries(16):
        assert len(list(prune.plan())) == 40
