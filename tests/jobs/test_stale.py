"""Which outputs are stale after a change: those whose files would be others now, and no other one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from brands import changes
from brands.models import Brand, Layer
from brands.models.layer import LayerKind
from jobs.media.tools import Tools
from jobs.models import Asset, Job, Output, Reframe
from jobs.services import cells, stale
from jobs.services.options import BrandOptions
from tests.jobs import rows
from tests.jobs.conftest import text_brand

pytestmark = pytest.mark.django_db
TOOLS = Tools("ffmpeg", "ffprobe", "one build")
VARIANTS = ("vertical", "portrait", "square", "landscape")


def made(source: Asset, brand: Brand, variant: str, **fields) -> Output:
    """An output that was just made: its look is that of its brand."""
    options = BrandOptions()
    job = Job.objects.create(state="done", options=options.to_json(), variants=[variant])
    output = Output(job=job, source=source, brand=brand, variant=variant, state="done", file="outputs/a/b.mp4")
    recipe = cells.recipe(output, cells.shape(source, variant, options), TOOLS)
    for name, value in {"key": recipe.key, "look": recipe.look, **fields}.items():
        setattr(output, name, value)
    output.save()
    return output


def key(output: Output, tools: Tools = TOOLS) -> str:
    fresh = Output.objects.select_related("source", "brand", "job").get(pk=output.pk)
    common = cells.shape(fresh.source, fresh.variant, BrandOptions.from_json(fresh.job.options))
    return cells.recipe(fresh, common, tools).key


def marked() -> set[int]:
    return set(Output.objects.stale().values_list("pk", flat=True))


@pytest.fixture
def brand() -> Brand:
    return text_brand("a", "50% OFF")


@pytest.fixture
def source() -> Asset:
    return rows.asset(author="Ada", origin_url="https://video.example.com/1")


def test_a_change_marks_the_outputs_of_its_brand_and_a_revert_clears_them(source, brand):
    other = made(source, text_brand("b", "It's live"), "square")
    own = {made(source, brand, variant).pk for variant in VARIANTS}
    brand.layers.update(text="60% OFF")
    assert stale.refresh([brand.pk, other.brand_id]) == stale.Counts(stale=4)
    assert marked() == own
    assert stale.refresh([brand.pk]) == stale.Counts()
    brand.layers.update(text="50% OFF")
    assert stale.refresh([brand.pk]) == stale.Counts(fresh=4)
    assert marked() == set()


def test_a_layer_of_one_variant_marks_only_that_variant(source, brand):
    outputs = {variant: made(source, brand, variant) for variant in VARIANTS}
    Layer.objects.create(brand=brand, name="line", kind="text", variant="square", text="Square", x=50, y=50, width=50)
    stale.refresh([brand.pk])
    assert marked() == {outputs["square"].pk}


def test_what_is_gone_or_not_done_is_not_marked(source, brand):
    made(source, brand, "square", removed_at=timezone.now(), file="")
    made(source, brand, "square", state="failed", file="")
    made(source, brand, "square", state="planned")
    brand.layers.update(text="60% OFF")
    assert stale.refresh([brand.pk]) == stale.Counts()


def test_a_brand_that_cannot_be_shown_has_stale_outputs_and_a_reason(source, brand):
    made(source, brand, "square")
    Layer.objects.create(brand=brand, name="logo", artwork_kind="logo")
    counts = stale.refresh([brand.pk])
    assert counts.stale == 1
    [reason] = counts.reasons
    assert "logo" in reason
    assert "1 output is stale now. They cannot" in stale.words(counts)
    brand.layers.filter(name="logo").delete()
    assert stale.refresh([brand.pk]) == stale.Counts(fresh=1)


def test_another_frame_marks_the_outputs_of_that_video_and_shape(source, brand):
    other = rows.asset("Another")
    outputs = {variant: made(source, brand, variant) for variant in VARIANTS}
    made(other, brand, "square")
    row = Reframe.objects.create(asset=source, variant="square", zoom=2.0)
    assert stale.refresh_of_source(source) == stale.Counts(stale=1)
    assert marked() == {outputs["square"].pk}
    row.delete()
    assert stale.refresh_of_source(source) == stale.Counts(fresh=1)


def test_a_credit_is_compared_video_by_video(brand):
    Layer.objects.create(brand=brand, name="by", kind=LayerKind.CREDIT, text="by {author}", x=50, y=20, width=60)
    _ada, bob = (made(rows.asset(name, author=name), brand, "square") for name in ("Ada", "Bob"))
    Asset.objects.filter(pk=bob.source_id).update(author="Robert")
    assert stale.refresh([brand.pk]) == stale.Counts(stale=1)
    assert marked() == {bob.pk}


def test_another_build_or_version_makes_nothing_stale(source, brand):
    output = made(source, brand, "square")
    assert key(output, Tools("ffmpeg", "ffprobe", "another build")) != output.key
    assert stale.refresh([brand.pk]) == stale.Counts()


def test_whoever_changes_a_brand_is_told(source, brand):
    made(source, brand, "square")
    assert changes.changed([brand.pk]) == []
    brand.layers.update(text="60% OFF")
    assert changes.changed([brand.pk]) == ["1 output is stale now."]
    brand.layers.update(text="50% OFF")
    assert changes.changed([brand.pk]) == ["1 output is up to date again."]


def test_the_queries_do_not_grow_with_the_outputs(brand):
    def asked(number: int) -> int:
        for _ in range(number):
            made(rows.asset(str(Output.objects.count())), brand, "square")
        with CaptureQueriesContext(connection) as seen:
            stale.refresh([brand.pk])
        return len(seen)

    assert asked(1) == asked(5)


def test_videos_of_all_shapes_are_told_apart(brand):
    shapes = [{}, {"width": 1920, "height": 1080}, {"sar": "4/3"}, {"rotation": 90, "height": 1600}, {"height": 1350}]
    for number, shape in enumerate(shapes):
        facts = {**rows.PROBE, "video": {**rows.PROBE["video"], **shape}}
        made(rows.asset(str(number), facts=facts), brand, "landscape")
    assert stale.refresh([brand.pk]) == stale.Counts()
    assert len(set(Output.objects.values_list("look", flat=True))) == len(shapes)
