"""The main job, walked from a file to verified outputs: real rows, real ffmpeg, in this process."""

import hashlib
import json
import subprocess

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

from brands.models import Artwork, Layer
from jobs.models import Asset, Job, JobState, Output, OutputState, Stage
from jobs.services import assets, cancel, enqueue, inline, plan, retry
from jobs.services.options import BrandOptions
from tests.brands.pictures import encoded, logo
from tests.clips import clip
from tests.jobs.conftest import text_brand

QUICK = BrandOptions(size=720, profile="draft")


def order(sources, brands, variants, options=QUICK) -> Job:
    return enqueue.order(plan.make(sources, brands, variants, options), inline=True)


def make(sources, brands, variants=("vertical", "square"), options=QUICK) -> Job:
    return inline.work_off(order(sources, brands, variants, options))


def states(job: Job) -> list[str]:
    return sorted(job.outputs.values_list("state", flat=True))


@pytest.fixture
def source(storage, one_second, db) -> Asset:
    return assets.from_path(one_second)[0]


def facts(name: str) -> dict:
    with default_storage.open(name) as file:
        command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", "-"]
        return json.loads(subprocess.run(command, input=file.read(), capture_output=True, check=True).stdout)


def test_it_makes_every_cell_with_any_storage(source, two_brands):
    job = make([source], two_brands)
    assert job.state == JobState.DONE
    assert states(job) == ["done"] * 4
    for output in job.outputs.all():
        found = facts(output.file.name)
        picture = next(stream for stream in found["streams"] if stream["codec_type"] == "video")
        assert (picture["width"], picture["height"]) == (output.width, output.height)
        assert output.file.name == f"outputs/{output.key[:2]}/{output.key}.mp4"
        assert default_storage.size(output.file.name) == output.bytes
        assert default_storage.exists(output.poster.name)
        assert abs(float(output.duration) - 1) < 0.1


def test_it_leaves_no_folder_behind(source, two_brands, folders):
    make([source], two_brands)
    assert list((folders.temp / "work").iterdir()) == []


def test_the_same_order_again_renders_nothing(source, two_brands):
    first = make([source], two_brands)
    again = make([source], two_brands)
    assert states(again) == ["done"] * 4
    assert set(again.outputs.values_list("adopted", flat=True)) == {True}
    assert set(again.outputs.values_list("file", flat=True)) == set(first.outputs.values_list("file", flat=True))
    assert not Stage.objects.filter(job=again, kind="render").exists()


def test_a_lost_file_is_made_again_and_not_adopted(source, two_brands):
    first = make([source], two_brands, ["square"])
    lost = first.outputs.first()
    default_storage.delete(lost.file.name)
    again = make([source], two_brands, ["square"])
    assert states(again) == ["done"] * 2
    assert default_storage.exists(again.outputs.get(brand=lost.brand).file.name)


def test_a_changed_brand_gets_a_new_file(source, two_brands):
    first = make([source], two_brands, ["square"])
    Layer.objects.filter(brand=two_brands[0]).update(text="60% OFF")
    second = make([source], two_brands, ["square"])
    keys = {job.pk: dict(job.outputs.values_list("brand__slug", "key")) for job in (first, second)}
    assert keys[first.pk]["a"] != keys[second.pk]["a"]
    assert keys[first.pk]["b"] == keys[second.pk]["b"]


def test_a_broken_logo_blocks_its_own_cells_and_retry_touches_only_those(storage, one_second, tmp_path, two_brands):
    sources = [assets.from_path(one_second)[0], assets.from_path(clip(tmp_path / "other.mp4", rate="25"))[0]]
    broken = text_brand("broken", "Sale")
    Layer.objects.create(brand=broken, name="logo", kind="image", artwork_kind="logo")
    artwork = Artwork(brand=broken, sha256="0" * 64)
    artwork.file.save("logo.png", ContentFile(b"not a picture"), save=True)

    job = make(sources, [*two_brands, broken], ["vertical", "square", "landscape"])
    assert job.state == JobState.PARTLY_DONE
    assert states(job) == ["blocked"] * 6 + ["done"] * 12
    assert set(job.outputs.filter(brand=broken).values_list("error_code", flat=True)) == {"artwork_unreadable"}
    finished = dict(job.outputs.done().values_list("pk", "finished_at"))

    Layer.objects.filter(brand=broken, name="logo").delete()
    assert retry.job(job) == 6
    assert set(job.outputs.filter(state="planned").values_list("brand__slug", flat=True)) == {"broken"}
    job = inline.work_off(job)
    assert (job.state, states(job)) == (JobState.DONE, ["done"] * 18)
    untouched = job.outputs.filter(pk__in=finished)
    assert dict(untouched.values_list("pk", "finished_at")) == finished


def test_a_missing_logo_is_named(source, two_brands):
    Layer.objects.create(brand=two_brands[0], name="logo", kind="image", artwork_kind="logo")
    job = make([source], two_brands, ["square"])
    blocked = job.outputs.get(state=OutputState.BLOCKED)
    assert (blocked.brand.slug, blocked.error_code, blocked.error_detail) == ("a", "artwork_missing", "logo")


def test_a_replaced_logo_is_used(source, two_brands):
    data = encoded(logo())
    Layer.objects.create(brand=two_brands[0], name="logo", kind="image", artwork_kind="logo")

    artwork = Artwork(brand=two_brands[0], sha256=hashlib.sha256(data).hexdigest())
    artwork.file.save("logo.png", ContentFile(data), save=True)
    assert states(make([source], two_brands, ["square"])) == ["done"] * 2


def test_a_cancelled_job_makes_nothing_and_can_be_tried_again(source, two_brands):
    job = order([source], two_brands, ["square"])
    assert cancel.job(job)
    job = inline.work_off(job)
    assert (job.state, states(job)) == (JobState.CANCELLED, ["cancelled"] * 2)
    assert not cancel.job(job)
    assert retry.job(job) == 2
    assert inline.work_off(job).state == JobState.DONE


def test_one_cancelled_cell_is_not_made_and_the_others_are(source, two_brands):
    job = order([source], two_brands, ["square"])
    assert cancel.outputs(Output.objects.filter(job=job, brand__slug="a")) == 1
    job = inline.work_off(job)
    assert job.state == JobState.PARTLY_DONE
    assert dict(job.outputs.values_list("brand__slug", "state")) == {"a": "cancelled", "b": "done"}


def test_two_brands_without_layers_share_one_file(source, two_brands):
    Layer.objects.all().delete()
    job = make([source], two_brands, ["square"])
    assert states(job) == ["done"] * 2
    assert len(set(job.outputs.values_list("file", flat=True))) == 1


def test_a_stage_that_runs_twice_makes_its_cells_once(source, two_brands):
    job = make([source], two_brands, ["square"])
    made = dict(job.outputs.values_list("pk", "finished_at"))
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING)
    Stage.objects.filter(job=job, kind="render").update(state="queued", token=None)
    inline.work_off(job)
    assert dict(job.outputs.values_list("pk", "finished_at")) == made


def test_the_job_page_tells_the_story(source, two_brands):
    job = make([source], two_brands, ["square"])
    words = " ".join(job.events.order_by("id").values_list("message", flat=True))
    assert "Ordered: 2 outputs." in words
    assert "Finished: 2 done." in words


def test_the_page_of_an_output_shows_what_ffmpeg_is_told(source, two_brands, admin_client):
    job = order([source], two_brands, ["square"])
    output = job.outputs.get(brand__slug="a")
    answer = admin_client.get(reverse("admin:jobs_output_command", args=[output.pk]))
    assert answer["Content-Type"].startswith("text/plain")
    assert "-filter_complex" in answer.content.decode()
    Layer.objects.create(brand=two_brands[0], name="logo", kind="image", artwork_kind="logo")
    words = admin_client.get(reverse("admin:jobs_output_command", args=[output.pk])).content.decode()
    assert words.startswith("The brand has no such picture")
