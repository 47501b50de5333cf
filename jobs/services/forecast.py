"""What takes how much room, what goes when, and when the disk is full. Reads only, for the page Storage.

What goes is asked of `keeping`, as `prune` does, only for a later moment: so much if nothing changes until then. All
files are added up in one walk, however many outputs there are.
"""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db.models import Count, Q, QuerySet, Sum

from jobs.engine.ending import after
from jobs.engine.times import database_now
from jobs.models import Asset, Output
from jobs.services import keeping
from jobs.services.keeping import DAY

SPANS = (DAY, 7 * DAY, 30 * DAY)  # seconds
WEEK = 7 * DAY
LARGEST = 10
MEGA = 10**6


@dataclass(frozen=True)
class Amount:
    count: int = 0
    bytes: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.count + other.count, self.bytes + other.bytes)


@dataclass(frozen=True)
class Span:
    """What goes within so many seconds from now."""

    seconds: int
    sources: Amount
    outputs: Amount

    @property
    def total(self) -> Amount:
        return self.sources + self.outputs


@dataclass(frozen=True)
class Disk:
    """Bytes. `floor` of the free ones are never planned with."""

    free: int
    total: int
    floor: int


@dataclass(frozen=True)
class Growth:
    """Bytes of the last seven days."""

    added: int
    removed: int

    @property
    def a_day(self) -> float:
        return (self.added - self.removed) / 7


@dataclass(frozen=True)
class Forecast:
    """`disk` is None for a bucket, which has no end that we know of."""

    sources: Amount
    outputs: Amount
    kept: Amount
    temp: Amount
    disk: Disk | None
    spans: tuple[Span, ...]
    growth: Growth
    largest: tuple[Any, ...]

    def full_at(self, now: datetime) -> datetime | None:
        """When the disk is full if it goes on like this; None when it never is, or not within ten years."""
        if self.disk is None or self.growth.a_day <= 0:
            return None
        days = max(0.0, (self.disk.free - self.disk.floor) / self.growth.a_day)
        return now + timedelta(days=days) if days < 3650 else None


@dataclass(frozen=True)
class Stock:
    """All files of one kind, those that somebody keeps, and what goes in each of SPANS."""

    all: Amount
    kept: Amount
    due: tuple[Amount, ...]


def look(user: Any = None) -> Forecast:
    """Amounts are of the whole studio; single files only those that the user may see, if one is given."""
    now = database_now()
    sources = stock(keeping.source_files(), now - timedelta(hours=settings.RETENTION_HOURS))
    outputs = stock(keeping.output_files(), now - timedelta(days=settings.OUTPUT_RETENTION_DAYS))
    return Forecast(
        sources=sources.all,
        outputs=outputs.all,
        kept=sources.kept + outputs.kept,
        temp=of_folder(settings.TEMP_DIR),
        disk=disk(),
        spans=tuple(map(Span, SPANS, sources.due, outputs.due)),
        growth=growth(),
        largest=tuple(largest(user)),
    )


def stock(files: QuerySet[Any], limit: datetime) -> Stock:
    """`limit`: files that were used or made before it go now. (A value, since SQLite would work out an expression anew
    for each row.)
    """
    due = [Q(held=0, last__lt=limit + timedelta(seconds=seconds)) for seconds in SPANS]
    asked = {"all": Q(), "kept": Q(bookmarked=1), **{f"due{number}": each for number, each in enumerate(due)}}
    counts = {f"{name}_count": Count("size", filter=which) for name, which in asked.items()}
    totals = {f"{name}_total": Sum("size", filter=which) for name, which in asked.items()}
    found = files.aggregate(**counts, **totals)
    every = {name: Amount(found[f"{name}_count"], found[f"{name}_total"] or 0) for name in asked}
    return Stock(every.pop("all"), every.pop("kept"), tuple(every.values()))


def of_sources(rows: QuerySet[Asset]) -> Amount:
    return amount(rows.order_by().aggregate(count=Count("pk"), total=Sum("bytes")))


def of_outputs(rows: QuerySet[Output]) -> Amount:
    """Each file once, however many outputs share it. (Grouped by key, SQLite would walk along all keys there are.)"""
    files = rows.order_by().values("key", "bytes").distinct()
    return amount(files.aggregate(count=Count("key"), total=Sum("bytes")))


def amount(found: dict[str, int | None]) -> Amount:
    return Amount(found["count"] or 0, found["total"] or 0)


def of_folder(folder: Path) -> Amount:
    """All files below a folder; those that go while we look do not count."""
    return sum((Amount(1, size) for size in sizes(folder)), Amount())


def sizes(folder: Path) -> Iterable[int]:
    for place, _folders, names in os.walk(folder):
        for name in names:
            try:
                yield os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118  a Path for each costs more than its size
            except FileNotFoundError:
                continue


def disk() -> Disk | None:
    if not isinstance(default_storage, FileSystemStorage):
        return None
    place = Path(default_storage.location)
    while not place.exists():  # nothing has been stored yet
        place = place.parent
    usage = shutil.disk_usage(place)
    return Disk(usage.free, usage.total, settings.DISK_FLOOR_MB * MEGA)


def growth() -> Growth:
    """What came in and was made in the last week, and what went after its keep time. What people deleted is in neither:
    one great clean-up must not make a disk that fills up look as if it did not.

    What was made and is there is asked for apart from what was made and went: each has an index of its own.
    """
    begin = after(-WEEK)
    made = Q(finished_at__gte=begin, adopted=False)
    came = Asset.objects.filter(created_at__gte=begin)
    went = Output.objects.filter(removed_at__gte=begin)
    left = Asset.objects.filter(removed_at__gte=begin)
    added = of_outputs(keeping.with_file().filter(made)) + of_outputs(went.filter(made)) + of_sources(came)
    return Growth(added.bytes, (of_outputs(went) + of_sources(left)).bytes)


def largest(user: Any = None) -> list[Any]:
    """Videos and outputs, the largest files first, each file once."""
    made: Any = keeping.with_file().select_related("source", "brand")
    found = keeping.with_need(made if user is None else made.within_reach(user), "outputs")
    outputs = found.order_by("-bytes")[: 5 * LARGEST]
    videos = keeping.with_need(Asset.objects.ready(), "sources").order_by("-bytes")[:LARGEST]
    each = {output.key: output for output in reversed(outputs)}
    rows: list[Any] = [*videos, *each.values()]
    return sorted(rows, key=lambda row: -row.bytes)[:LARGEST]
