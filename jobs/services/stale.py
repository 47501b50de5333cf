"""Which outputs do not show any more what their brands show, and how they are made again.

    a brand changes -> refresh: its looks as they are now, against those of its files -> `stale_since` is set or cleared
    "Re-render stale" -> rerender: the same rows, planned again; each keeps its file until the new one is stored

What is compared is what people chose (`jobs.services.cells.look`), not keys: another ffmpeg or another version of the
studio gives other bytes, but makes nothing stale that nobody has changed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from brands import plates
from brands.models import Brand, LayerKind
from jobs.media import errors
from jobs.media.errors import ArtworkError
from jobs.models import Asset, Event, Job, Output
from jobs.services import cells, reframing, retry
from jobs.services.options import BrandOptions

CHUNK = 500  # videos, or rows, that are looked at together
SHAPE = ("width", "height", "sar", "rotation")  # of a video: what decides how it is laid into a canvas
MOST = 500  # outputs that one press of a button orders again


@dataclass(frozen=True)
class Counts:
    """How many outputs became stale, and how many show their brand again. `reasons` say why some cannot be made now."""

    stale: int = 0
    fresh: int = 0
    reasons: frozenset[str] = frozenset()

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.stale + other.stale, self.fresh + other.fresh, self.reasons | other.reasons)


@transaction.atomic
def refresh(brands: Iterable[int]) -> Counts:
    """Compare all outputs of these brands with what they show now. Nothing is drawn."""
    return _refresh(Output.objects.done(), set(brands))


@transaction.atomic
def refresh_of_source(asset: Asset) -> Counts:
    """Compare all outputs of one video: it is laid into its shapes in another way."""
    rows = Output.objects.done().filter(source=asset)
    return _refresh(rows, set(rows.order_by().values_list("brand", flat=True).distinct()))


def heard(brands: frozenset[int]) -> str | None:
    """What is said to whoever changed these brands."""
    return words(refresh(brands)) or None


def words(counts: Counts) -> str:
    said = []
    if counts.stale:
        text = ngettext("%(count)d output is stale now.", "%(count)d outputs are stale now.", counts.stale)
        said.append(text % {"count": counts.stale})
    if counts.fresh:
        text = ngettext(
            "%(count)d output is up to date again.", "%(count)d outputs are up to date again.", counts.fresh
        )
        said.append(text % {"count": counts.fresh})
    if counts.stale and counts.reasons:
        said.append(_("They cannot be made again yet: %(reasons)s") % {"reasons": " ".join(sorted(counts.reasons))})
    return " ".join(said)


# --- Comparing


def _refresh(rows: "QuerySet[Output]", brands: set[int]) -> Counts:
    cells.lock(brands)
    rows = rows.filter(removed_at=None).exclude(file="").order_by()
    found = Brand.objects.filter(pk__in=brands).prefetch_related("layers__font", "artwork", "clips").order_by("pk")
    return sum((_compare(rows.filter(brand=brand), _Looks(brand)) for brand in found), Counts())


class _Looks:
    """The looks of one brand now: one for all videos of a shape that are laid out alike, unless a layer takes something
    from the video.
    """

    def __init__(self, brand: Brand) -> None:
        self.brand = brand
        self.reasons: set[str] = set()
        self._found: dict[tuple[object, ...], str] = {}
        self._layers: dict[str, tuple[bool, bool]] = {}

    def of(self, asset: Asset, variant: str, options: BrandOptions) -> str:
        """ "" where the brand cannot be shown: no file has that look."""
        if not asset.facts:
            return ""
        key = (variant, options.size, reframing.frame_of(asset, variant, options), *self._taken(asset, variant))
        if key not in self._found:
            self._found[key] = self._resolved(asset, variant, options)
        return self._found[key]

    def _taken(self, asset: Asset, variant: str) -> Iterator[object]:
        """All that a look takes from the video."""
        assert asset.facts is not None, "a video without facts has no look"
        picture = asset.facts["video"]
        yield from (picture[name] for name in SHAPE)
        credited, adapts = self._takes(variant)
        yield (asset.author, asset.title, asset.origin_url) if credited else ()
        yield asset.pk if adapts else 0

    def _takes(self, variant: str) -> tuple[bool, bool]:
        """Does a layer credit the video there, and does one adapt to it?"""
        if variant not in self._layers:
            layers = plates.visible_layers(self.brand.layers.all(), variant)
            credited = any(layer.kind == LayerKind.CREDIT for layer in layers)
            self._layers[variant] = credited, any(layer.adaptive for layer in layers)
        return self._layers[variant]

    def _resolved(self, asset: Asset, variant: str, options: BrandOptions) -> str:
        common = cells.shape(asset, variant, options)
        try:
            design = plates.design(self.brand, common.canvas, variant, cells.video(asset, common))
        except ArtworkError as error:
            self.reasons.add(f"{self.brand}: {errors.told(_(error.sentence), error.detail, '')}")
            return ""
        return cells.look(common, design.look())


@dataclass
class _Found:
    """Outputs whose mark is wrong."""

    stale: list[int] = field(default_factory=list)
    fresh: list[int] = field(default_factory=list)


def _compare(rows: "QuerySet[Output]", looks: _Looks) -> Counts:
    counts = Counts()
    for assets in _sources(rows):
        found = _judge(rows.filter(source__in=assets), assets, looks)
        stale = sum(rows.filter(pk__in=part, stale_since=None).update(stale_since=Now()) for part in _cut(found.stale))
        fresh = sum(rows.filter(pk__in=part).update(stale_since=None) for part in _cut(found.fresh))
        counts += Counts(stale, fresh)
    return counts + Counts(reasons=frozenset(looks.reasons))


def _sources(rows: "QuerySet[Output]") -> Iterator[dict[int, Asset]]:
    for part in _cut(list(rows.values_list("source", flat=True).distinct())):
        yield Asset.objects.defer("error_tail").prefetch_related("reframes").in_bulk(part)


def _judge(rows: "QuerySet[Output]", assets: dict[int, Asset], looks: _Looks) -> _Found:
    found, now = _Found(), {}
    columns = ("pk", "source", "variant", "job__options", "look", "stale_since")
    for pk, source, variant, asked, held, stale_since in rows.values_list(*columns).iterator():
        options = BrandOptions.from_json(asked)
        cell = source, variant, options
        if cell not in now:
            now[cell] = looks.of(assets[source], variant, options)
        if held != now[cell] or not held:
            found.stale += [pk] if stale_since is None else []
        elif stale_since is not None:
            found.fresh.append(pk)
    return found


def _cut(keys: list[int]) -> Iterator[list[int]]:
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))


# --- Making again


@transaction.atomic
def rerender(outputs: "QuerySet[Output]") -> int:
    """Make the stale ones among these outputs again, and nothing else; how many. Each keeps its file until the new one
    is there; if it cannot be made, it is done as before, and its error says why.
    """
    chosen = sorted(outputs.stale().exclude(file="").order_by().values_list("job", "pk"))  # type: ignore[attr-defined]
    return sum(_again(job, [pk for _job, pk in rows]) for job, rows in groupby(chosen, key=lambda pair: pair[0]))


def _again(job_id: int, chosen: list[int]) -> int:
    # The command that worked on a job in its own process is over; workers do it now.
    Job.objects.filter(pk=job_id, state__in=retry.OVER, inline=True).update(inline=False)
    count = sum(retry.reopen(job_id, Output.objects.stale().filter(pk__in=part)) for part in _cut(chosen))
    if count:
        message = ngettext("Making %(count)d stale output again.", "Making %(count)d stale outputs again.", count)
        Event.objects.tell(message % {"count": count}, job_id=job_id)
    return count


def newest(rows: "QuerySet[Any]") -> "QuerySet[Output]":
    """As many as one press of a button orders, the newest first."""
    keys = rows.stale().order_by("-pk").values_list("pk", flat=True)[:MOST]  # type: ignore[attr-defined]
    return Output.objects.filter(pk__in=list(keys))
