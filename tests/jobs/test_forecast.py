"""The forecast agrees with the pruner, and the page says it in words, with links that work."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from jobs.admin import storage as page
from jobs.models import Asset, AssetState, Job, JobState, Output
from jobs.services import forecast, keeping, prune, remove
from jobs.services.forecast import Amount, Disk, Forecast, Growth
from tests.conftest import grant
from tests.jobs import rows

pytestmark = pytest.mark.django_db
STORAGE = "/admin/storage/"
DAY = timedelta(days=1)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GIGA = 10**9


def text(response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def source(title: str, size: int, used: float, **fields) -> Asset:
    asset = rows.asset(title)
    when = timezone.now() - timedelta(hours=used)
    Asset.objects.filter(pk=asset.pk).update(bytes=size, used_at=when, **fields)
    return asset


def output(size: int, days: float, key: str, **fields) -> Output:
    asset = Asset.objects.first() or rows.asset()
    cell = rows.done(rows.job("planned", state=JobState.DONE, source=asset).outputs.get(), key=key)
    Output.objects.filter(pk=cell.pk).update(bytes=size, finished_at=timezone.now() - days * DAY, **fields)
    return cell


def made_of(disk: Disk | None, added: int = 0, removed: int = 0) -> Forecast:
    nothing = Amount()
    return Forecast(nothing, nothing, nothing, nothing, disk, (), Growth(added, removed), ())


@pytest.fixture
def studio():
    source("Gone in an hour", 1000, used=23)
    source("Kept", 20_000, used=99, keep=True)
    output(300, days=29.5, key="a" * 64)
    output(300, days=29.5, key="a" * 64, adopted=True)
    output(4000, days=25, key="b" * 64)
    output(50_000, days=2, key="c" * 64)
    output(600_000, days=2, key="d" * 64, keep=True)


def test_each_file_counts_once_and_in_its_time(studio):
    found = forecast.look()
    assert (found.sources, found.outputs) == (Amount(2, 21_000), Amount(4, 654_300))
    assert found.kept == Amount(2, 620_000)
    spans = [(span.sources, span.outputs) for span in found.spans]
    assert spans == [
        (Amount(1, 1000), Amount(1, 300)),
        (Amount(1, 1000), Amount(2, 4300)),
        (Amount(1, 1000), Amount(3, 54_300)),
    ]


@pytest.mark.parametrize("days", [1, 7, 30])
def test_it_says_what_the_pruner_does_then(studio, days):
    """Time passes by making everything older."""
    said = next(span for span in forecast.look().spans if span.seconds == days * keeping.DAY).total
    for asset in Asset.objects.all():
        Asset.objects.filter(pk=asset.pk).update(used_at=asset.used_at - days * DAY)
    for cell in Output.objects.all():
        Output.objects.filter(pk=cell.pk).update(finished_at=cell.finished_at - days * DAY)
    goings = [going for going in prune.plan() if going.kind in ("sources", "outputs")]
    assert Amount(len(goings), sum(going.bytes for going in goings)) == said


def test_a_file_does_not_go_while_one_of_its_outputs_is_kept_or_about_to_take_it():
    output(20, days=40, key="e" * 64)
    output(20, days=40, key="e" * 64, adopted=True, keep=True)
    output(300, days=40, key="f" * 64)
    rows.job("queued", source=Asset.objects.get()).outputs.update(key="f" * 64)
    found = forecast.look()
    assert (found.outputs, found.kept) == (Amount(2, 320), Amount(1, 20))
    assert {span.outputs for span in found.spans} == {Amount()}
    assert list(prune.outputs()) == []


def test_a_file_that_an_output_is_about_to_be_renewed_with_does_not_go():
    output(300, days=40, key="f" * 64)
    again = output(20, days=40, key="e" * 64)
    Output.objects.filter(pk=again.pk).update(state="queued", coming_key="f" * 64)
    Job.objects.filter(pk=again.job_id).update(state="running")
    found = forecast.look()
    assert {span.outputs for span in found.spans} == {Amount()}
    assert list(prune.outputs()) == []


def test_many_files_cost_no_more_questions(django_assert_num_queries):
    for number in range(20):
        output(1, days=1, key=f"{number:064d}")
    with django_assert_num_queries(10):
        forecast.look()


def test_growth_is_what_came_less_what_went():
    source("New", 5000, used=1)
    source("Old", 70_000, used=1, created_at=timezone.now() - 8 * DAY)
    source("Came and went", 200, used=30, state=AssetState.EXPIRED, removed_at=timezone.now())
    output(3000, days=1, key="a" * 64)
    output(3000, days=1, key="a" * 64, adopted=True)
    output(900, days=40, key="b" * 64, removed_at=timezone.now())
    assert forecast.growth() == Growth(added=5000 + 200 + 3000, removed=200 + 900)


def test_a_clean_up_by_hand_is_no_trend(admin_client):
    output(10**9, days=10, key="a" * 64)
    output(10**9, days=1, key="b" * 64)
    remove.jobs(Job.objects.all())
    output(7 * 10**9, days=1, key="c" * 64)
    assert forecast.growth() == Growth(added=7 * 10**9 + Asset.objects.get().bytes, removed=0)
    assert "What people deleted is not counted" in text(admin_client.get(STORAGE))


def test_work_in_progress_counts(folders):
    (folders.temp / "work" / "a").mkdir(parents=True)
    (folders.temp / "work" / "a" / "part.mp4").write_bytes(b"12345")
    (folders.temp / "uploads" / "b").write_bytes(b"67")
    assert forecast.of_folder(folders.temp) == Amount(2, 7)


def test_the_largest_come_first_and_each_file_once(studio):
    assert [row.bytes for row in forecast.look().largest] == [600_000, 50_000, 20_000, 4000, 1000, 300]


@pytest.mark.parametrize(
    ("disk", "added", "removed", "full"),
    [
        (Disk(16 * GIGA, 100 * GIGA, 2 * GIGA), 7 * GIGA, 0, NOW + 14 * DAY),
        (Disk(16 * GIGA, 100 * GIGA, 2 * GIGA), 14 * GIGA, 7 * GIGA, NOW + 14 * DAY),
        (Disk(1 * GIGA, 100 * GIGA, 2 * GIGA), 7 * GIGA, 0, NOW),
        (Disk(16 * GIGA, 100 * GIGA, 2 * GIGA), 7 * GIGA, 8 * GIGA, None),
        (Disk(16 * GIGA, 100 * GIGA, 2 * GIGA), 7, 0, None),
        (None, 7 * GIGA, 0, None),
    ],
)
def test_it_knows_the_day_on_which_the_disk_is_full(disk, added, removed, full):
    assert made_of(disk, added, removed).full_at(NOW) == full


@pytest.mark.parametrize(
    ("disk", "added", "says", "tight"),
    [
        (Disk(16 * GIGA, 100 * GIGA, 2 * GIGA), 7 * GIGA, "the disk is full on 4 Dec 2026.", False),
        (Disk(10 * GIGA, 100 * GIGA, 2 * GIGA), 7 * GIGA, "the disk is full on 28 Nov 2026.", True),
        (Disk(GIGA, 100 * GIGA, 2 * GIGA), 7 * GIGA, "The disk is full: new work waits.", True),
        (Disk(GIGA, 100 * GIGA, 2 * GIGA), 0, "The disk is not filling up.", False),
        (Disk(90 * GIGA, 100 * GIGA, 2 * GIGA), 7, "room for more than ten years.", False),
        (None, GIGA, "in a bucket", False),
    ],
)
def test_the_page_says_it_in_one_sentence(disk, added, says, tight):
    found = made_of(disk, added)
    assert says in page.sentence(found, NOW)
    assert page.is_tight(found, NOW) is tight


def test_the_page_shows_sizes_times_and_reasons(admin_client, studio):
    Output.objects.filter(key="c" * 64).update(bytes=52_000_000)
    seen = text(admin_client.get(STORAGE))
    for words in (
        "52.6 MB",
        "24 hours",
        "7 days",
        "30 days",
        "after 24 hours without use",
        "30 days after they were made",
        "Gone in an hour",
        "free of",
    ):
        assert words in seen


def test_every_link_leads_to_a_list_of_what_it_counts(admin_client, studio):
    body = admin_client.get(STORAGE).content.decode()
    links = {unescape(link) for link in re.findall(r'href="(/admin/jobs/(?:asset|output)/\?[^"]+)"', body)}
    assert len(links) == 9
    counts = {}
    for link in links:
        answer = admin_client.get(link)
        assert answer.status_code == 200, link
        counts[link] = answer.context["cl"].result_count
    by_age = [count for link, count in counts.items() if "finished_at__lt" in link]
    assert sorted(by_age) == [2, 3, 4], "rows, of which the first two share a file"


def test_who_may_not_see_videos_and_outputs_sees_no_page(staff_client, staff, viewer_client):
    assert staff_client.get(STORAGE).status_code == 403
    grant(staff, "view_asset")
    assert staff_client.get(STORAGE).status_code == 403
    assert STORAGE not in staff_client.get("/admin/").content.decode()
    assert viewer_client.get(STORAGE).status_code == 200
    assert STORAGE in viewer_client.get("/admin/").content.decode()


def test_an_empty_studio_has_a_page(admin_client):
    seen = text(admin_client.get(STORAGE))
    assert "There are no files yet." in seen
    assert "The disk is not filling up." in seen


def test_a_bucket_has_no_end(admin_client, settings, folders):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
    default_storage.save("x", ContentFile(b"x"))
    assert forecast.disk() is None
    assert "in a bucket" in text(admin_client.get(STORAGE))


def test_a_hostile_title_is_only_text_there(admin_client):
    Asset.objects.filter(pk=rows.asset("<script>alert(1)</script>").pk).update(bytes=10**9)
    body = admin_client.get(STORAGE).content.decode()
    assert "<script>alert(1)" not in body
    assert "&lt;script&gt;alert(1)" in body
    assert Job.objects.count() == 0
