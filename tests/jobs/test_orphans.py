"""A crash between the storing of a file and the word on its row: the file is taken, or it goes."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from jobs.models import Job, JobState, Output, Stage
from jobs.pipelines import brand as pipeline
from jobs.services import assets, cancel, files, inline, keeping, orphans, remove, render, retry
from tests.jobs import rows
from tests.jobs.test_main_path import order
from tests.jobs.test_stages import step


class Crash(Exception):
    """In the place of a SIGKILL: nothing after it happens."""


@pytest.fixture
def job(one_second, two_brands) -> Job:
    return order([assets.from_path(one_second)[0]], two_brands, ["square"])


@pytest.fixture
def count(monkeypatch):
    """count(files, "put"): the calls of a function from now on, as lists of their arguments."""

    def count(module, name):
        calls, real = [], getattr(module, name)

        def counted(*given, **named):
            calls.append(given)
            return real(*given, **named)

        monkeypatch.setattr(module, name, counted)
        return calls

    return count


@pytest.fixture
def crashed(job, monkeypatch) -> Job:
    """A job whose worker died when its first film lay in storage; its render stage is in the queue again."""

    def crash(*given):
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(render, "_record", crash)
        step(job)
        step(job)
    Stage.objects.filter(job=job, kind="render").update(state="queued")
    Job.objects.filter(pk=job.pk).update(state="running")
    Stage.objects.filter(job=job, kind="finish").delete()
    job.outputs.update(state="rendering", error_code="", error_tail="", finished_at=None)
    assert len(stored()) == 2, "a film and its poster"
    return job


def stored():
    folders = default_storage.listdir("outputs")[0] if default_storage.exists("outputs") else []
    return {
        f"outputs/{folder}/{name}" for folder in folders for name in default_storage.listdir(f"outputs/{folder}")[1]
    }


def held():
    return {name for pair in Output.objects.values_list("file", "poster") for name in pair if name}


@pytest.mark.usefixtures("storage")
def test_a_file_that_was_stored_is_taken_and_not_made_again(crashed, count):
    puts, runs = count(files, "put"), count(pipeline, "run")
    job = inline.work_off(crashed)
    assert job.state == JobState.DONE
    assert [len(spec.cells) for spec, *_ in runs] == [1], "the other cell alone is rendered"
    assert len(puts) == 2
    assert stored() == held()
    for output in job.outputs.all():
        assert (files.digest(output.file.name), default_storage.size(output.file.name)) == (output.sha256, output.bytes)
        assert output.frames == 30


def test_half_a_file_is_not_taken(crashed, count):
    [film] = [name for name in stored() if name.endswith(".mp4")]
    default_storage.delete(film)
    default_storage.save(film, ContentFile(b"half a file"))
    runs = count(pipeline, "run")
    assert inline.work_off(crashed).state == JobState.DONE
    assert [len(spec.cells) for spec, *_ in runs] == [2]
    assert stored() == held()


def test_a_file_is_not_taken_under_a_lost_lease(crashed, monkeypatch):
    real = render._take_up

    def lose(lease, recipe):
        Stage.objects.filter(pk=lease.row.pk).update(token=None)
        return real(lease, recipe)

    monkeypatch.setattr(render, "_take_up", lose)
    step(crashed)
    assert not Output.objects.exclude(file="").exists()


def test_a_file_of_a_brand_that_has_changed_is_not_taken(crashed, two_brands, count):
    for brand in two_brands:
        brand.layers.update(text="Changed")
    runs = count(pipeline, "run")
    inline.work_off(crashed)
    assert [len(spec.cells) for spec, *_ in runs] == [2]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL reads a table as small as this one whole")
def test_a_round_walks_along_an_index_and_not_through_all_outputs(db):
    plan = orphans.announced().explain()
    assert "USING INDEX output_file_age" in plan
    assert "SCAN" not in plan


def test_the_file_of_a_cell_that_is_cancelled_then_goes_with_the_next_sweep(
    crashed, django_capture_on_commit_callbacks
):
    cancel.job(crashed)
    with django_capture_on_commit_callbacks(execute=True):
        assert orphans.tick() == 1
    assert stored() == set()
    assert orphans.tick() == 0
    assert set(crashed.outputs.values_list("sha256", "bytes", "frames")) == {("", 0, 0)}


def test_a_file_that_another_cell_holds_stays(crashed, django_capture_on_commit_callbacks):
    cancel.job(crashed)
    other = Job.objects.create(state="done")
    left = crashed.outputs.exclude(sha256="").get()
    film, still = files.output_names(left.key)
    left.pk, left.uuid, left.job, left.stage = None, other.uuid, other, None
    left.state, left.file, left.poster = "done", film, still
    left.save()
    with django_capture_on_commit_callbacks(execute=True):
        orphans.tick()
    assert stored() == {film, still}


def test_a_file_that_another_cell_may_be_about_to_take_waits(crashed):
    left = crashed.outputs.exclude(sha256="")
    left.update(state="cancelled")
    crashed.outputs.filter(sha256="").update(key=left.get().key, state="rendering")
    assert orphans.tick() == 0
    assert len(stored()) == 2


def test_a_retry_after_a_cancel_takes_the_file(crashed, count):
    cancel.job(crashed)
    puts = count(files, "put")
    assert retry.job(crashed) == 2
    assert inline.work_off(crashed).state == JobState.DONE
    assert len(puts) == 2


def test_a_deleted_job_takes_such_a_file_with_it(crashed, django_capture_on_commit_callbacks):
    cancel.job(crashed)
    with django_capture_on_commit_callbacks(execute=True):
        remove.jobs(Job.objects.filter(pk=crashed.pk))
    assert stored() == set()


def test_the_same_file_under_the_name_is_left_as_it_is(db, tmp_path, count):
    name, path = "outputs/ab/abc.mp4", tmp_path / "whole.mp4"
    path.write_bytes(b"a whole file")
    default_storage.save(name, ContentFile(b"a whole file"))
    puts = count(files, "put")
    assert render._store(path, name) == name
    assert puts == []


def test_nothing_is_stored_for_a_cell_that_was_cancelled_when_its_film_was_ready(job, count, monkeypatch):
    def cancel_meanwhile(path):
        cancel.outputs(job.outputs.all())
        return "0" * 64

    puts = count(files, "put")
    monkeypatch.setattr(render, "sha256", cancel_meanwhile)
    step(job)
    step(job)
    assert puts == []
    assert set(job.outputs.values_list("state", "sha256")) == {("cancelled", "")}


def test_a_file_that_a_cell_is_about_to_take_outlives_the_job_that_made_it(
    job, two_brands, django_capture_on_commit_callbacks
):
    """It has found it under its name; its row says so in a moment."""
    first = inline.work_off(job)
    made = first.outputs.first()
    second = order([made.source], two_brands, ["square"])
    cell = second.outputs.filter(brand=made.brand)
    cell.update(state="rendering", key=made.key, sha256=made.sha256)
    with django_capture_on_commit_callbacks(execute=True):
        remove.jobs(Job.objects.filter(pk=first.pk))
    assert stored() == set(files.output_names(made.key))
    cancel.job(second)
    with django_capture_on_commit_callbacks(execute=True):
        assert orphans.tick() == 1
    assert stored() == set()


@pytest.fixture
def renewing(storage, db) -> Output:
    """A cell that holds a file of its own, and has announced the one that another job has made."""
    made = rows.done(rows.job("done", state="done").outputs.get(), b"the new film")
    again = rows.done(rows.job("done", source=made.source).outputs.get(), b"the earlier film")
    about = {"coming_key": made.key, "coming": {"sha256": made.sha256}}
    Output.objects.filter(pk=again.pk).update(state="rendering", **about)
    again.refresh_from_db()
    return again


def test_a_file_that_a_cell_is_about_to_be_renewed_with_outlives_the_job_that_made_it(
    renewing, django_capture_on_commit_callbacks
):
    coming, earlier = (set(files.output_names(key)) for key in (renewing.coming_key, renewing.key))
    with django_capture_on_commit_callbacks(execute=True):
        remove.jobs(Job.objects.filter(state="done"))
    assert stored() == coming | earlier
    cancel.outputs(Output.objects.filter(pk=renewing.pk))
    with django_capture_on_commit_callbacks(execute=True):
        assert orphans.tick() == 1
    assert stored() == earlier
    renewing.refresh_from_db()
    assert (renewing.state, renewing.coming_key, renewing.coming) == ("done", "", {})


def test_an_announced_file_that_another_output_holds_stays(renewing, django_capture_on_commit_callbacks):
    before = stored()
    cancel.outputs(Output.objects.filter(pk=renewing.pk))
    with django_capture_on_commit_callbacks(execute=True):
        assert orphans.tick() == 1
    assert stored() == before


def test_an_announced_file_that_another_cell_is_about_to_be_renewed_with_waits(
    renewing, django_capture_on_commit_callbacks
):
    other = rows.done(rows.job("done", source=renewing.source).outputs.get(), key="f" * 64)
    Output.objects.filter(pk=other.pk).update(coming_key=renewing.coming_key)
    before = stored()
    with django_capture_on_commit_callbacks(execute=True):
        remove.jobs(Job.objects.filter(state="done"))
        assert orphans.tick() == 0
    assert stored() == before


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL reads a table as small as this one whole")
def test_those_that_were_to_be_renewed_are_found_by_an_index_of_their_own(db):
    plan = orphans.withdrawn().explain()
    assert "USING INDEX output_coming" in plan
    assert "SCAN" not in plan


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL reads a table as small as this one whole")
def test_whoever_waits_for_a_file_is_found_by_an_index_also_when_nobody_renews_anything(renewing):
    """Rows that announce nothing are not in it, so their number does not speak against it."""
    rows.done(rows.job(*["done"] * 20, source=renewing.source).outputs.first())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    plan = keeping.due_outputs().explain()
    assert "USING INDEX output_coming_key" in plan
    assert "SCAN U0" not in plan
