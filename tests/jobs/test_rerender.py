"""Stale outputs are made again on their own rows; the earlier file stays until the new one has taken its place."""

import pytest
from django.core.files.storage import default_storage
from django.db.models import Q
from django.test import TestCase
from django.urls import reverse

from brands import changes
from brands.models import Artwork, Brand, Layer
from jobs.engine import worker
from jobs.models import Asset, AssetState, Event, Job, JobState, Output, Stage
from jobs.services import assets, cancel, cells, files, keeping, orphans, progress, render, stale, sweep, toolbox
from tests.brands.pictures import encoded, keep_artwork, logo
from tests.jobs.test_main_path import make
from tests.jobs.test_orphans import Crash, stored
from wtfsite.lib import process

BLUE = encoded(logo(colour=(20, 30, 220)))


@pytest.fixture
def job(one_second, two_brands) -> Job:
    return make([assets.from_path(one_second)[0]], two_brands, ["square"])


@pytest.fixture
def old(job) -> Output:
    """The output of brand `a`, as it was made."""
    return job.outputs.get(brand__slug="a")


@pytest.fixture
def changed(old) -> Output:
    """The same, after its brand was changed and somebody pressed the button."""
    old.brand.layers.update(text="60% OFF")
    changes.changed([old.brand_id])
    assert stale.rerender(Output.objects.all()) == 1
    return old


def committed():
    """Files go after the commit, which a test's transaction never sees."""
    return TestCase.captureOnCommitCallbacks(execute=True)


def step(job: Job) -> None:
    assert worker.run_one(("work", "render"), only=Q(job=job))


def work_off(job: Job) -> Job:
    with committed():
        while worker.run_one(("work", "render"), only=Q(job=job)):
            pass
    job.refresh_from_db()
    return job


def fresh(output: Output) -> Output:
    return Output.objects.get(pk=output.pk)


def same_file(output: Output, before: Output) -> bool:
    kept = ("key", "file", "poster", "sha256", "bytes", "frames", "finished_at", "look")
    whole = files.digest(str(before.file)) == before.sha256
    return whole and all(getattr(output, name) == getattr(before, name) for name in kept)


# --- made again


def test_only_the_changed_brand_is_made_again(changed, job, old):
    other = job.outputs.get(brand__slug="b")
    work_off(job)
    now = fresh(old)
    assert (job.state, now.state, now.stale_since, now.coming_key, now.coming) == (JobState.DONE, "done", None, "", {})
    assert now.key != old.key
    assert files.digest(str(now.file)) == now.sha256 != old.sha256
    assert now.finished_at > old.finished_at
    assert not default_storage.exists(str(old.file))
    assert not default_storage.exists(str(old.poster))
    assert same_file(fresh(other), other)
    assert stored() == {name for each in (now, other) for name in (str(each.file), str(each.poster))}


def test_the_earlier_file_is_there_until_then(changed, job, old, viewer_client):
    step(job)  # prepared, and queued
    job.refresh_from_db()
    now, count = fresh(old), progress.tally([job])[job.pk]
    assert job.state == JobState.RUNNING
    assert (now.state, now.renewing, now.key) == ("queued", True, old.key)
    assert (count.done, count.total, count.percent < 100) == (1, 2, True)
    answer = viewer_client.get(reverse("jobs:output-download", args=[old.uuid]))
    assert len(b"".join(answer.streaming_content)) == old.bytes
    assert not keeping.due_outputs(within=40 * keeping.DAY).filter(pk=old.pk).exists()
    assert sweep.promised(files.output_names(now.coming_key)[0])


def test_a_brand_that_is_put_back_meanwhile_is_not_rendered(changed, job, old):
    old.brand.layers.update(text="50% OFF")
    work_off(job)
    assert same_file(fresh(old), Output(**{**vars_of(old), "finished_at": fresh(old).finished_at}))
    assert (fresh(old).stale_since, fresh(old).adopted, job.state) == (None, False, JobState.DONE)
    assert Stage.objects.filter(job=job, kind="render").count() == 1


def vars_of(output: Output) -> dict:
    return {field.attname: getattr(output, field.attname) for field in output._meta.concrete_fields}


def test_a_brand_that_changes_during_the_render_leaves_it_stale(changed, job, old, monkeypatch):
    real = render._store

    def change(path, name):
        Layer.objects.filter(brand=old.brand_id).update(text="70% OFF")
        return real(path, name)

    monkeypatch.setattr(render, "_store", change)
    work_off(job)
    assert fresh(old).key != old.key
    assert fresh(old).stale_since


def test_what_is_not_stale_is_not_made_again(job):
    assert stale.rerender(job.outputs.all()) == 0
    assert work_off(job).state == JobState.DONE


# --- not made again


def test_a_failure_leaves_the_earlier_file(changed, job, old):
    Layer.objects.create(brand=old.brand, name="logo", artwork_kind="logo")
    work_off(job)
    now = fresh(old)
    assert (job.state, now.state, now.error_code) == (JobState.DONE, "done", "artwork_missing")
    assert now.stale_since
    assert same_file(now, old)
    assert "1 keeps its earlier file" in Event.objects.filter(job=job).latest("pk").message
    old.brand.layers.filter(name="logo").delete()
    assert stale.rerender(job.outputs.all()) == 1
    work_off(job)
    assert (fresh(old).error_code, fresh(old).stale_since) == ("", None)


def test_a_cancelled_job_has_what_it_had(changed, job, old):
    step(job)
    assert cancel.job(job)
    job.refresh_from_db()
    assert (job.state, fresh(old).state, fresh(old).error_code) == (JobState.DONE, "done", "cancelled")
    assert same_file(fresh(old), old)
    assert not work_off(job).outputs.exclude(state="done").exists()


def test_a_cancelled_cell_has_what_it_had(changed, job, old):
    step(job)
    assert cancel.outputs(job.outputs.all()) == 1
    assert work_off(job).state == JobState.DONE
    assert same_file(fresh(old), old)


def test_a_video_that_cannot_come_back_leaves_the_earlier_file(changed, job, old):
    Asset.objects.update(state=AssetState.EXPIRED, file="")
    work_off(job)
    assert (job.state, fresh(old).error_code) == (JobState.DONE, "missing_file")
    assert same_file(fresh(old), old)


# --- crashes


@pytest.fixture
def crashed(changed, job, monkeypatch) -> Output:
    """The worker dies when the new film lies in storage; its stage is in the queue again."""

    def crash(*given):
        raise Crash

    before = fresh(changed)
    with monkeypatch.context() as patch:
        patch.setattr(render, "_record", crash)
        step(job)
        patch.setattr(cells, "end_all", lambda *given, **named: 0)  # nobody who is dead ends anything
        step(job)
    Stage.objects.filter(job=job, kind="render").update(state="queued")
    Stage.objects.filter(job=job, kind="finish").exclude(state="done").delete()
    Job.objects.filter(pk=job.pk).update(state="running")
    assert len(stored()) == 6
    return before


def test_a_new_file_that_was_stored_is_taken(crashed, job, old, monkeypatch):
    assert same_file(fresh(old), old)
    monkeypatch.setattr(files, "put", None)  # nothing is stored once more
    work_off(job)
    now = fresh(old)
    assert (now.state, now.stale_since, now.bytes) == ("done", None, default_storage.size(str(now.file)))
    assert files.digest(str(now.file)) == now.sha256 != old.sha256
    assert len(stored()) == 4


def test_a_new_file_that_nobody_wants_goes(crashed, job, old):
    cancel.job(job)
    with committed():
        assert orphans.tick() == 1
    assert orphans.tick() == 0
    assert same_file(fresh(old), old)
    assert len(stored()) == 4


# --- the whole story


def test_one_logo_of_five_brands(one_second, db):
    brands = [Brand.objects.create(name=name, slug=name.lower()) for name in ("Ada", "Bo", "Cy", "Di", "Ed")]
    for number, brand in enumerate(brands):
        keep_artwork(brand, encoded(logo(colour=(200, 40 * number, 30))))
        Layer.objects.create(brand=brand, name="logo", artwork_kind="logo", x=80, y=85, width=20)
    job = make([assets.from_path(one_second)[0]], brands, ["vertical", "square", "landscape"])
    before = {output.pk: output for output in job.outputs.all()}
    assert len(before) == 15
    [first] = Artwork.objects.filter(brand=brands[1])
    first.delete()
    second = keep_artwork(brands[1], BLUE)
    assert changes.changed([brands[1].pk]) == ["3 outputs are stale now."]
    second.delete()
    Artwork.objects.bulk_create([first])
    assert changes.changed([brands[1].pk]) == ["3 outputs are up to date again."]
    assert not Output.objects.stale().exists()

    Artwork.objects.filter(brand=brands[1]).delete()
    keep_artwork(brands[1], BLUE)
    changes.changed([brand.pk for brand in brands])
    assert set(Output.objects.stale().values_list("brand", flat=True)) == {brands[1].pk}
    assert stale.rerender(Output.objects.all()) == 3
    made = []
    with toolbox.running_with(counting(made)):
        assert work_off(job).state == JobState.DONE
    assert [sum(word.endswith(".mp4") for word in words) for words in made] == [1, 1, 1]
    assert not Output.objects.stale().exists()
    for output in job.outputs.all():
        assert same_file(output, before[output.pk]) == (output.brand_id != brands[1].pk)


def counting(made: list):
    def run(*commands, **options):
        made.extend(words for words in commands if "-filter_complex" in words)
        return process.run(*commands, **options)

    return run
