"""One row of everything for each given text, with the text in every column that can hold other people's words.

Written past all forms, as an import or an older version may have done it.
"""

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from brands.models import Artwork, Brand, BrandClip, Font, ImportRun, Layer, PublishingProfile, SafeZone
from jobs.engine.leased import LeaseState
from jobs.models import Asset, AssetState, Event, Job, JobState, Lesson, Output, OutputState, Site, Stage, StageKind
from jobs.services.options import BrandOptions
from tests.hostile_strings import cut
from tests.jobs.rows import PROBE
from wtfsite.models import User

TINY = 8  # characters: the columns of our own words, too short for any of the texts as a whole
SHAPE: dict[str, Any] = {"facts": PROBE, "width": 1080, "height": 1920, "duration_us": 3_000_000, "bytes": 1_500_000}


def write(texts: list[str]) -> None:
    """For each text a video, a brand with two layers, a logo, a mark, a font and a profile, an import, a job with
    one output and a dead stage, a person, a group, a site, a safe zone and a lesson.

    Every third video is ready, failed, or waits to be fetched. All outputs have failed but every fourth; the brands'
    files are lost, and every second brand lacks a watermark that it should show.
    """
    Site.objects.bulk_create(Site(name=cut(text, 253), last_error="network") for text in texts)
    SafeZone.objects.all().delete()  # those that a new database begins with
    SafeZone.objects.bulk_create(_zone(number, text) for number, text in enumerate(texts))
    Group.objects.bulk_create(Group(name=cut(text, 150)) for text in texts)
    Lesson.objects.bulk_create(_lesson(number, text) for number, text in enumerate(texts))
    people = User.objects.bulk_create(_person(number, text) for number, text in enumerate(texts))
    brands = Brand.objects.bulk_create(_brand(number, text) for number, text in enumerate(texts))
    for number, (text, brand) in enumerate(zip(texts, brands, strict=True)):
        _look(number, text, brand)
        _files(number, text, brand)
    ImportRun.objects.bulk_create(_import(text, person) for text, person in zip(texts, people, strict=True))
    assets = Asset.objects.bulk_create(_asset(*three) for three in zip(range(len(texts)), texts, people, strict=True))
    for number, (text, brand, asset) in enumerate(zip(texts, brands, assets, strict=True)):
        _job(number, text, brand, asset)
    _history(texts, [*brands, *assets])


def _zone(number: int, text: str) -> SafeZone:
    return SafeZone(name=cut(text, 60), platform=f"platform-{number}", source=cut(text, 200))


def _lesson(number: int, text: str) -> Lesson:
    """Every second one has a name."""
    short = cut(text, 200)
    named = {"pattern": short, "sentence": short, "remedy": short} if number % 2 else {}
    return Lesson(signature=f"{number:064x}", tool="ffmpeg", example=text, **named)


def _person(number: int, text: str) -> User:
    short = cut(text, 150)
    return User(username=short, first_name=short, last_name=short, password="!", is_active=bool(number % 2))


def _brand(number: int, text: str) -> Brand:
    return Brand(name=cut(text, 80), slug=f"brand-{number}", handle=cut(text, 60))


def _look(number: int, text: str, brand: Brand) -> None:
    kind = ("logo", "watermark")[number % 2]
    Layer.objects.create(brand=brand, name="line", kind="text", text=text)
    Layer.objects.create(brand=brand, name=cut(text, TINY), kind="image", artwork_kind=kind)
    Artwork.objects.create(
        brand=brand, kind="logo", original_name=cut(text, 255), sha256=f"{number:064x}", file=f"artwork/{number}.png"
    )


def _files(number: int, text: str, brand: Brand) -> None:
    """What a brand has beside pictures, and how it writes."""
    kept = {"brand": brand, "original_name": cut(text, 255), "sha256": f"{number:064x}"}
    BrandClip.objects.create(kind="mark", file=f"artwork/{number}.webm", facts=PROBE, **kept)
    Font.objects.create(name=cut(text, 80), file=f"fonts/{number}.otf", **kept)
    PublishingProfile.objects.create(
        brand=brand, caption_ending=cut(text, 500), hashtags=[text], filename_pattern=cut(text, 120)
    )


def _import(text: str, owner: User) -> ImportRun:
    """One thing of each kind that a report has a line for."""
    changes = [{"what": text, "old": text, "new": text, "by_hand": True}]
    report = [
        {"slug": text, "name": text, "outcome": "changes", "changes": changes},
        {"zone": text, "variant": text, "outcome": "new", "changes": changes},
        {"font": text, "outcome": "new", "changes": []},
        {"level": "warning", "where": text, "sentence": text},
    ]
    return ImportRun(name=cut(text, 255), owner=owner, report=report)


def _asset(number: int, text: str, owner: User) -> Asset:
    short = cut(text, 255)
    state: dict[str, Any] = (
        {"state": AssetState.READY, "file": f"sources/{number}.mp4", "sha256": f"{number:064x}", **SHAPE},
        {"state": AssetState.FAILED, "error_code": "unknown"},
        {"state": AssetState.PENDING},
    )[number % 3]
    return Asset(
        title=short,
        author=short,
        licence_note=short,
        original_name=short,
        origin_url=cut(text, 2048),
        platform=f"{number} {cut(text, TINY)}",
        error_tail=text,
        owner=owner,
        **state,
    )


def _job(number: int, text: str, brand: Brand, asset: Asset) -> None:
    options = BrandOptions().to_json()
    state = JobState.RUNNING if number % 2 else JobState.PARTLY_DONE
    job = Job.objects.create(state=state, variants=["vertical"], options=options, owner=asset.owner)
    job.sources.add(asset)
    job.brands.add(brand)
    done = number % 4 == 0
    Output.objects.create(
        job=job,
        source=asset,
        brand=brand,
        variant="vertical",
        state=OutputState.DONE if done else OutputState.FAILED,
        file=f"outputs/{number}.mp4" if done else "",
        error_code="" if done else "unknown",
        error_detail=cut(text, 500),
        error_tail=text,
        finished_at=timezone.now(),
    )
    Stage.objects.create(
        job=job,
        kind=StageKind.RENDER,
        source=asset,
        variant="vertical",
        state=LeaseState.DEAD,
        worker=cut(text, 120),
        error_code="unknown",
        error_tail=text,
    )
    for about in ({"job": job}, {"asset": asset}):
        Event.objects.tell(text, **about)


def _history(texts: list[str], rows: list[Any]) -> None:
    """What Django's own pages tell of changes."""
    LogEntry.objects.bulk_create(
        LogEntry(
            user=User.objects.get(username=cut(text, 150)),
            content_type=ContentType.objects.get_for_model(row),
            object_id=str(row.pk),
            object_repr=cut(text, 200),
            action_flag=CHANGE,
            change_message=text,
        )
        for text, row in zip([*texts, *texts], rows, strict=True)
    )


def wipe() -> None:
    """Away with all that `write` made."""
    for model in (LogEntry, ImportRun, Output, Job, Asset, Event, Brand, Site, Lesson, Group):
        model.objects.all().delete()
    User.objects.filter(password="!").delete()
