"""Searching large lists. Django's search joins every row with its video and brands before it looks at their names; here
the videos and brands that fit are found first, and the rows by their keys. Each word must fit somewhere.
"""

import re
from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from brands.models import Brand, hidden
from jobs.models import Asset, Job

KEY = re.compile(r"[0-9a-f]{12,64}")  # what nobody types for a title
AFTER_HEX = "g"  # sorts behind every name that goes on with a hexadecimal digit
FEW_VIDEOS, FEW_BRANDS = 500, 5  # up to so many, the rows are found by them; else the rows are asked one by one


def outputs(rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    for word in term.split():
        low = word.lower()
        if KEY.fullmatch(low):
            rows = rows.filter(key__gte=low, key__lt=low + AFTER_HEX)
        else:
            rows = any_of(rows, list(named(word)))
    return rows


def named(word: str) -> Iterator[Q]:
    """Outputs of these videos or brands. Of many videos there are rows everywhere: the condition is then such that the
    database reads the newest rows first, and does not sort all that fit.
    """
    keys = [row["pk"] for row in videos(word)[: FEW_VIDEOS + 1]]
    if len(keys) > FEW_VIDEOS:
        yield Q(source__in=videos(word)) | Q(brand__in=brands(word))
    elif keys:
        yield Q(source__in=keys)
    if brands(word).exists():
        yield Q(brand__in=brands(word))


def jobs(rows: QuerySet[Any], term: str, user: Any) -> QuerySet[Any]:
    """By brands that the user may see only: that others fit must not show."""
    seen = Job.brands.through.objects.exclude(brand__in=hidden(user))
    for word in term.split():
        of_video = linked(Job.sources.through.objects, videos(word), FEW_VIDEOS, "asset", asset__title__icontains=word)
        of_brand = linked(seen, brands(word), FEW_BRANDS, "brand", brand__name__icontains=word)
        rows = any_of(rows, [*of_video, *of_brand])
    return rows


def videos(word: str) -> QuerySet[Any]:
    found: QuerySet[Any] = Asset.objects.filter(title__icontains=word).order_by().values("pk")
    return found


def brands(word: str) -> QuerySet[Any]:
    found: QuerySet[Any] = Brand.objects.filter(name__icontains=word).order_by().values("pk")
    return found


def linked(links: Any, found: QuerySet[Any], few: int, field: str, **fits: str) -> Iterator[Q]:
    """The jobs with one of these; nothing when there are none. `fits` says the same of one link."""
    keys = [row["pk"] for row in found[: few + 1]]
    if len(keys) > few:
        yield Q(Exists(links.filter(job=OuterRef("pk"), **fits)))
    elif keys:
        yield Q(pk__in=links.filter(**{f"{field}__in": keys}).values("job"))


def any_of(rows: QuerySet[Any], conditions: list[Q]) -> QuerySet[Any]:
    return rows.filter(reduce(or_, conditions)) if conditions else rows.none()
