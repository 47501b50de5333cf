"""Stages that do not go straight through: cancelled, retried, interrupted, out of room."""

import threading

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from brands.design import Design
from brands.layouts import Canvas
from jobs.engine import slots, worker
from jobs.engine.slots import Slots
from jobs.media import errors
from jobs.media.progress import Progress
from jobs.models import Asset, Job, JobState, Output, OutputState, Stage
from jobs.pipelines import brand as pipeline
from jobs.pipelines.brand import Broken
from jobs.services import assets, cancel, cells, files, finish, inline, render, retry
from jobs.services.cells import Recipe
from tests.jobs.test_main_path import make, order, states
from wtfsite.lib.clock import Clock
from wtfsite.lib.process import Cancelled


@pytest.fixture
def source(one_second, db) -> Asset:
    return assets.from_path(one_second)[0]


@pytest.fixture
def job(source, two_brands) -> Job:
    return order([source], two_brands, ["square"])


@pytest.fixture
def during(monkeypatch):
    """during(act): call `act(spec, **watch)` at the start of each process, then render."""
    real = pipeline.run

    def during(act):
        def run(spec, tools, folder, **watch):
            act(spec, **watch)
            return real(spec, tools, folder, **watch)

        monkeypatch.setattr(pipeline, "run", run)

    return during


def step(job: Job) -> None:
    assert worker.run_one(("inline",), only=Q(job=job))


def stage(job: Job, kind: str) -> Stage:
    return Stage.objects.filter(job=job, kind=kind).latest("pk")


def cell(job: Job, slug: str) -> Output:
    return Output.objects.get(job=job, brand__slug=slug)


def full_disk(spec, tools, folder, **watch):
    return [Broken(cell.name, errors.fail("disk_full", tail="No space left on device")) for cell in spec.cells]


# --- cancel and retry while it runs ---------------------------------------------------------------------------------


def test_a_cell_that_is_retried_in_a_running_batch_is_left_to_its_next_one(job, during):
    def change_of_mind(spec, **watch):
        chosen = Output.objects.filter(job=job, brand__slug="a")
        if len(spec.cells) == 2:
            assert (cancel.outputs(chosen), retry.outputs(chosen)) == (1, 1)

    during(change_of_mind)
    assert inline.work_off(job).state == JobState.DONE
    assert set(job.outputs.values_list("error_code", flat=True)) == {""}


def test_a_blocked_cell_of_an_earlier_stage_says_nothing_about_its_retry(job):
    step(job)
    seen = cell(job, "a")
    cancel.outputs(Output.objects.filter(pk=seen.pk))
    retry.outputs(Output.objects.filter(pk=seen.pk))
    assert not cells.end_badly(seen, OutputState.BLOCKED, errors.fail("artwork_unreadable"))
    assert cell(job, "a").state == OutputState.PLANNED


def test_cancelling_the_cells_one_by_one_ends_their_stage_and_the_job(job, during):
    def cancel_all(spec, keep_going, **watch):
        cancel.outputs(Output.objects.filter(job=job))
        assert not keep_going()
        raise Cancelled("no longer wanted")

    during(cancel_all)
    step(job)
    step(job)
    assert stage(job, "render").state == "done"
    assert inline.work_off(job).state == JobState.CANCELLED


def test_a_job_whose_cells_were_cancelled_before_it_began_is_cancelled(job):
    cancel.outputs(Output.objects.filter(job=job))
    assert inline.work_off(job).state == JobState.CANCELLED


def test_a_stage_under_a_lost_lease_ends_nothing(job, during):
    def lose(spec, keep_going, **watch):
        Stage.objects.filter(job=job, kind="render").update(token=None)
        assert not keep_going()
        raise Cancelled("the lease is lost")

    during(lose)
    step(job)
    step(job)
    assert stage(job, "render").state == "running"
    assert states(job) == ["rendering"] * 2


def test_cells_that_are_retried_while_the_job_finishes_take_it_back_to_work(job):
    cancel.outputs(Output.objects.filter(job=job, brand__slug="a"))
    while Job.objects.get(pk=job.pk).state != JobState.FINISHING:
        step(job)
    assert retry.job(job) == 1
    job = inline.work_off(job)
    assert (job.state, states(job)) == (JobState.DONE, ["done"] * 2)
    assert job.events.filter(message__startswith="Finished").count() == 1


# --- what goes wrong on the way -------------------------------------------------------------------------------------


def test_a_database_that_is_away_for_a_moment_ends_no_render(transactional_db, job, during):
    failed = []

    def away(execute, sql, params, many, context):
        failed.append(sql)
        raise OperationalError("server closed the connection unexpectedly")

    def ask(spec, keep_going, wanted, **watch):
        with connection.execute_wrapper(away):
            assert keep_going()
            assert wanted() == {made.name for made in spec.cells}

    during(ask)
    job = inline.work_off(job)
    assert len(failed) == 3, "the report, and twice the question who waits"
    assert (job.state, stage(job, "render").attempt) == (JobState.DONE, 1)


def test_a_full_disk_is_tried_again_for_the_cells_that_are_left(job, monkeypatch):
    real = pipeline.run

    def half(spec, tools, folder, **watch):
        done, other = real(spec, tools, folder, **watch)
        return [Broken(done.name, errors.fail("disk_full")), other]

    monkeypatch.setattr(pipeline, "run", half)
    step(job)
    step(job)
    assert (stage(job, "render").state, stage(job, "render").error_code) == ("retry_wait", "disk_full")
    assert states(job) == ["done", "rendering"]
    monkeypatch.setattr(pipeline, "run", real)
    Stage.objects.filter(job=job).update(not_before=None)
    assert inline.work_off(job).state == JobState.DONE
    assert job.events.filter(level="error").count() == 0


def test_a_storage_that_refuses_one_file_does_not_lose_the_others(job, monkeypatch):
    real, refused = files.put, []

    def put(path, name):
        if not refused:
            refused.append(name)
            raise errors.fail("storage")
        return real(path, name)

    monkeypatch.setattr(files, "put", put)
    step(job)
    step(job)
    assert states(job) == ["done", "rendering"]
    assert stage(job, "render").state == "retry_wait"


def test_a_disk_that_stays_full_fails_the_cells_in_the_end(job, monkeypatch, settings):
    settings.STAGE_MAX_ATTEMPTS = 1
    monkeypatch.setattr(pipeline, "run", full_disk)
    assert inline.work_off(job).state == JobState.FAILED
    assert set(job.outputs.values_list("error_code", "error_tail")) == {("disk_full", "No space left on device")}


def test_cells_of_a_failed_stage_say_when_they_ended(job, monkeypatch):
    monkeypatch.setattr(pipeline, "run", lambda *given, **watch: 1 / 0)
    assert inline.work_off(job).state == JobState.FAILED
    assert not job.outputs.filter(finished_at=None).exists()


# --- hosts that differ ----------------------------------------------------------------------------------------------


def test_a_smaller_host_cuts_a_batch_again(job, during, monkeypatch):
    step(job)
    assert stage(job, "render").outputs.count() == 2
    monkeypatch.setattr(slots, "plan", lambda: Slots(work=0, render=1, single=True, budget_mb=1))
    shares = []

    def watch_progress(spec, on_progress, keep_going, **watch):
        on_progress(Progress(0.5, 1, 1, 1, 1, None))
        assert keep_going()
        shares.append((len(spec.cells), stage(job, "render").progress))

    during(watch_progress)
    assert inline.work_off(job).state == JobState.DONE
    assert shares == [(1, 0.25), (1, 0.75)]


def test_the_rest_of_a_cut_batch_goes_on_when_one_part_is_cancelled(job, during, monkeypatch):
    step(job)
    monkeypatch.setattr(slots, "plan", lambda: Slots(work=0, render=1, single=True, budget_mb=1))

    def cancel_the_first(spec, **watch):
        first = Output.objects.filter(job=job, brand__slug="a")
        if spec.cells[0].name == f"c{first.get().pk}":
            cancel.outputs(first)

    during(cancel_the_first)
    assert inline.work_off(job).state == JobState.PARTLY_DONE
    assert (cell(job, "a").state, cell(job, "b").state) == ("cancelled", "done")


# --- files ----------------------------------------------------------------------------------------------------------


def test_storing_leaves_a_file_alone_that_a_row_holds(source, two_brands, monkeypatch, tmp_path):
    held = make([source], two_brands[:1], ["square"]).outputs.get().file.name

    def crash(path, name):
        raise OSError("crash")

    monkeypatch.setattr(files, "put", crash)
    other = tmp_path / "other.mp4"
    other.write_bytes(b"another file")
    with pytest.raises(OSError, match="crash"):
        render._store(other, held)
    assert default_storage.exists(held)


def test_two_jobs_that_render_one_key_at_once_both_keep_a_file(job, source, two_brands, during, monkeypatch):
    def overtake(spec, **watch):
        if len(spec.cells) == 2:
            make([source], two_brands[:1], ["square"])

    during(overtake)
    monkeypatch.setattr(cells, "adopt", lambda recipe: False)  # both looked before the other was done
    assert inline.work_off(job).state == JobState.DONE
    for output in Output.objects.filter(brand__slug="a"):
        assert default_storage.exists(output.file.name)


def test_a_file_that_a_crash_left_behind_makes_way(db, tmp_path):
    name = "outputs/ab/abc.mp4"
    default_storage.save(name, ContentFile(b"half a file"))
    path = tmp_path / "whole.mp4"
    path.write_bytes(b"a whole file")
    assert render._store(path, name) == name
    with default_storage.open(name) as stored:
        assert stored.read() == b"a whole file"


# --- locks ----------------------------------------------------------------------------------------------------------


def test_looking_for_a_file_to_adopt_touches_one_table(source, two_brands):
    key = make([source], two_brands[:1], ["square"]).outputs.get().key
    with CaptureQueriesContext(connection) as seen:
        assert cells.adopt(Recipe(Output(), Design(Canvas(720, 1280)), key)) is False  # no such cell
    asked = next(query["sql"] for query in seen if key in query["sql"])
    assert "JOIN" not in asked


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one lock for all rows")
def test_two_jobs_that_adopt_from_each_other_do_not_wait_for_each_other(transactional_db, one_second, two_brands):
    source = assets.from_path(one_second)[0]
    first, second = (make([source], [brand], ["square"]) for brand in two_brands)
    keys = first.outputs.get().key, second.outputs.get().key
    both, failures = threading.Barrier(2), []

    def adopt(own, key):
        try:
            with transaction.atomic():
                Job.objects.select_for_update().get(pk=own.pk)
                both.wait()
                cells.adopt(Recipe(Output(pk=0), Design(Canvas(720, 1280)), key))
        except OperationalError as error:
            failures.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=adopt, args=pair) for pair in ((first, keys[1]), (second, keys[0]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []


# --- jobs that nothing moves ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["queued", "running", "finishing"])
def test_an_open_job_without_stages_is_brought_to_its_end(job, state):
    Stage.objects.filter(job=job).delete()
    Job.objects.filter(pk=job.pk).update(state=state)
    finish.tick()
    finish.tick()
    assert Stage.objects.filter(job=job).count() == 1
    assert inline.work_off(job).state == JobState.FAILED
    assert set(job.outputs.values_list("state", "error_code")) == {("failed", "abandoned")}


@pytest.mark.parametrize("state", ["draft", "waiting", "done", "cancelled"])
def test_other_jobs_without_stages_are_left_alone(job, state):
    Stage.objects.filter(job=job).delete()
    Job.objects.filter(pk=job.pk).update(state=state)
    finish.tick()
    assert not Stage.objects.filter(job=job).exists()


def test_a_job_that_is_worked_on_is_left_alone(job):
    finish.tick()
    assert list(Stage.objects.filter(job=job).values_list("kind", flat=True)) == ["prepare"]


def test_a_command_waits_while_the_disk_is_nearly_full_and_uses_up_no_attempt(job, settings):
    told = []
    settings.DISK_FLOOR_MB, floor = 10**9, settings.DISK_FLOOR_MB

    def sleep(seconds):
        settings.DISK_FLOOR_MB = floor
        job.stages.filter(state="retry_wait").update(not_before=Now())

    ended = inline.work_off(job, on_wait=told.append, clock=Clock(sleep=sleep))
    assert ended.state == JobState.DONE
    assert told == ["Waits because less than 1000000000 MB of disk are free."]
    assert set(job.stages.values_list("attempt", flat=True)) == {1}


def test_a_video_is_not_fetched_while_the_disk_is_nearly_full(job, settings):
    job.sources.update(state="pending")
    settings.DISK_FLOOR_MB = 10**9
    step(job)
    waiting = job.stages.get()
    assert (waiting.kind, waiting.state, waiting.error_code) == ("prepare", "retry_wait", "disk_floor")
