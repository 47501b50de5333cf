"""From what a brand shows to what a render reads, and the files that come of it."""

import hashlib
from fractions import Fraction

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from brands import plates
from brands.layouts import canvas
from brands.models import BrandClip
from jobs.media.errors import ArtworkError
from jobs.models import Job
from jobs.services import assets, cells, dressing, dry_run, plan
from tests.clips import clip
from tests.jobs.conftest import text_brand
from tests.jobs.test_main_path import QUICK, make, states
from tests.media.clips import probe

FRAME = canvas("vertical", 720)
FACTS = probe(width=200, height=100).to_dict()


@pytest.fixture
def brand(db, storage):
    return text_brand("a", "50% OFF")


def add_clip(brand, kind="mark", data=b"a film", **values):
    facts = {"sha256": hashlib.sha256(data).hexdigest(), "facts": FACTS, **values}
    row = BrandClip(brand=brand, kind=kind, **facts)
    row.file.save("clip", ContentFile(data), save=True)
    return row


def dressed(brand, folder, duration_us=10_000_000):
    return dressing.cell("c0", plates.design(brand, FRAME, "vertical"), duration_us, folder)


def test_layers_become_overlays_with_their_times(brand, tmp_path):
    add_clip(brand)
    times = {"timing": "between", "start_ms": 2000, "length_ms": 3000, "fade_ms": 500}
    brand.layers.create(name="spin", kind="clip", order=1, x=50, y=50, width=25, opacity=0.5, **times)
    brand.layers.create(name="card", kind="text", text="Bye", order=2, timing="last", length_ms=1000)
    line, spin, card = dressed(brand, tmp_path).overlays
    assert (line.start_us, line.end_us, line.moving) == (None, None, False)
    assert (spin.start_us, spin.end_us, spin.fade_us, spin.moving) == (2_000_000, 5_000_000, 500_000, True)
    assert (spin.x, spin.y, spin.width, spin.height, spin.opacity) == (270, 594, 180, 92, 0.5)
    assert (card.start_us, card.end_us) == (9_000_000, 10_000_000)
    assert spin.path.read_bytes() == b"a film"


def test_clips_are_fetched_by_hash_from_whichever_row_has_them(brand, tmp_path, other_brand):
    gone = add_clip(brand, "intro")
    add_clip(other_brand, "outro")
    default_storage.delete(gone.file.name)
    assert dressed(brand, tmp_path).intro.path.read_bytes() == b"a film"


@pytest.fixture
def other_brand(db):
    return text_brand("b", "It's live")


def test_a_clip_that_is_gone_or_exchanged_blocks_the_cell(brand, tmp_path):
    row = add_clip(brand, "intro", data=b"this will go")
    default_storage.delete(row.file.name)
    with pytest.raises(ArtworkError) as caught:
        dressed(brand, tmp_path)
    assert caught.value.code == "clip_missing"

    BrandClip.objects.all().delete()
    add_clip(brand, "intro", sha256="0" * 64)
    with pytest.raises(ArtworkError) as caught:
        dressed(brand, tmp_path)
    assert caught.value.code == "clip_unreadable"


def test_films_and_marks_weigh_more_than_plates(brand, storage, one_second, tmp_path):
    common = cells.shape(assets.from_path(one_second)[0], "vertical", QUICK)
    plain = dressing.weight(dressed(brand, tmp_path), common)
    add_clip(brand, "intro")
    joined = dressing.weight(dressed(brand, tmp_path), common)
    assert (plain.mb, plain.seconds) == (0, 0)
    assert joined.mb > 0 < joined.seconds


def test_credits_name_the_video_that_they_are_on(brand, one_second):
    source = assets.from_path(one_second)[0]
    source.title, source.author, source.origin_url = "Dawn", "Ann", "https://www.example.com/watch?v=1"
    shown = cells.video(source)
    assert (shown.title, shown.author, shown.site) == ("Dawn", "Ann", "example.com")


def test_an_intro_is_joined_to_the_brands_outputs_and_nobody_elses(brand, other_brand, one_second, tmp_path):
    """The whole way: a clip of the brand, a job of two brands, files of two lengths, and the plan that foresaw them."""
    film = clip(tmp_path / "film.mp4", seconds=1)
    source = assets.from_path(one_second)[0]
    before = plan.make([source], [brand, other_brand], ["square"], QUICK)
    facts = {"facts": source.probe.to_dict()}
    add_clip(brand, "intro", data=film.read_bytes(), **facts)
    brand.layers.create(name="soft", kind="text", text="x", y=20, adaptive=True, opacity=0.6)
    after = plan.make([source], [brand, other_brand], ["square"], QUICK)
    assert (after.seconds, after.disk) > (before.seconds, before.disk)

    job: Job = make([source], [brand, other_brand], ["square"])
    assert states(job) == ["done", "done"]
    joined, plain = job.outputs.order_by("brand__name")
    assert (joined.frames, plain.frames) == (60, 30)
    assert joined.duration == Fraction(2)
    assert list(joined.opacities) == ["soft"]
    assert plain.opacities == {}
    assert "concat" in dry_run.of_output(joined)
    assert "concat" not in dry_run.of_output(plain)
