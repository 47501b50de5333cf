"""What takes how much room, what goes when, and when the disk is full. Reads only, for the page Storage.

What goes is asked of `keeping`, as `prune` does, only for a later moment: so much if nothing changes until then.
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
from django.db.models import Count, Max, QuerySet, Sum

from jobs.engine.ending import after
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


def look(user: Any = None) -> Forecast:
    """Amounts are of the whole studio; single files only those that the user may see, if one is given."""
    return Forecast(
        sources=of_sources(Asset.objects.ready()),
        outputs=of_outputs(keeping.with_file()),
        kept=of_sources(Asset.objects.ready().filter(keep=True)) + of_outputs(keeping.with_file().filter(keep=True)),
        temp=of_folder(settings.TEMP_DIR),
        disk=disk(),
        spans=tuple(span(seconds) for seconds in SPANS),
        growth=growth(),
        largest=tuple(largest(user)),
    )


def span(seconds: int) -> Span:
    return Span(seconds, of_sources(keeping.due_sources(seconds)), of_outputs(keeping.due_outputs(seconds)))


def of_sources(rows: QuerySet[Asset]) -> Amount:
    return amount(rows.order_by().aggregate(count=Count("pk"), total=Sum("bytes")))


def of_outputs(rows: QuerySet[Output]) -> Amount:
    """Each file once, however many outputs share it."""
    files = rows.order_by().values("key").annotate(size=Max("bytes"))
    return amount(files.aggregate(count=Count("key"), total=Sum("size")))


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
    """What came in and was made in the last week, and what went after its keep time. Deleted jobs are not in it."""
    begin = after(-WEEK)
    made = Output.objects.done().filter(finished_at__gte=begin, adopted=False)
    came = Asset.objects.filter(created_at__gte=begin)
    went = Output.objects.filter(removed_at__gte=begin)
    left = Asset.objects.filter(removed_at__gte=begin)
    return Growth(
        added=of_outputs(made).bytes + of_sources(came).bytes,
        removed=of_outputs(went).bytes + of_sources(left).bytes,
    )


def largest(user: Any = None) -> list[Any]:
    """Videos and outputs, the largest files first, each file once."""
    made: Any = keeping.with_file().select_related("source", "brand")
    found = keeping.with_need(made if user is None else made.within_reach(user), "outputs")
    outputs = found.order_by("-bytes")[: 5 * LARGEST]
    videos = keeping.with_need(Asset.objects.ready(), "sources").order_by("-bytes")[:LARGEST]
    each = {output.key: output for output in reversed(outputs)}
    rows: list[Any] = [*videos, *each.values()]
    return sorted(rows, key=lambda row: -row.bytes)[:LARGEST]
