"""What a job would make, before it is ordered: the cells, how long, how much disk, and what speaks against it."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from brands import plates, readiness
from brands.layouts import canvas
from brands.models import Brand, BrandClip, ClipKind
from brands.readiness import House
from jobs.engine import slots
from jobs.engine.leased import Queue
from jobs.media import reframe
from jobs.media.errors import MediaError
from jobs.models import Asset, AssetState, Profile
from jobs.services import glyphs, pace, reframing
from jobs.services.options import BrandOptions
from jobs.services.waiting import Scene

GUESSED_SECONDS = 30  # a source that was not fetched yet
BITS_PER_PIXEL = {Profile.DRAFT: 2.0, Profile.STANDARD: 2.8, Profile.HIGH: 4.5}  # per second of video
MEGA = 1_000_000
LOOK_AT = ("faint", "range", "covered")  # what else readiness finds is said in other words, or is no matter of a run
SOFT = 1.25  # enlarged more than this, a picture visibly loses its edge


@dataclass(frozen=True)
class Refusal:
    """Why a job cannot be ordered like this, and what to do about it."""

    reason: str
    next_step: str


@dataclass(frozen=True)
class Plan:
    """A matrix of cells with its cost. `seconds` is wall time on an idle installation, `disk` bytes."""

    sources: tuple[Asset, ...]
    brands: tuple[Brand, ...]
    variants: tuple[str, ...]
    options: BrandOptions
    seconds: float
    disk: int
    warnings: tuple[str, ...]
    refusal: Refusal | None

    @property
    def count(self) -> int:
        return len(self.sources) * len(self.brands) * len(self.variants)

    def cost(self, source: Asset, variant: str) -> float:
        """The weight of a cell in the job's percent: seconds by the fixed table, which no later render changes. A video
        of unknown length counts like the others of the job.
        """
        known = [each.duration_us / MEGA for each in self.sources if each.duration_us]
        length = source.duration_us / MEGA or (sum(known) / len(known) if known else GUESSED_SECONDS)
        return pace.Kind(variant, self.options.size, self.options.profile).by_table * length

    @property
    def formula(self) -> str:
        """`2 × 3 × 3 =`: videos, brands, variants."""
        return f"{len(self.sources)} × {len(self.brands)} × {len(self.variants)} ="


class PlanRefused(Exception):
    """Somebody tried to order a plan that is refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.reason} {refusal.next_step}")
        self.refusal = refusal


def make(sources: Iterable[Asset], brands: Iterable[Brand], variants: Iterable[str], options: BrandOptions) -> Plan:
    given = tuple(sources), tuple(brands), tuple(dict.fromkeys(variants))
    films, length = _films(given[1], given[2]), sum(_length(source) for source in given[0])
    disk = _disk(length, films, *given, options)
    return Plan(
        *given,
        options=options,
        seconds=_seconds(films, *given, options),
        disk=disk,
        warnings=tuple(_warnings(films, *given, options)),
        refusal=_refusal(*given, disk),
    )


def _length(source: Asset) -> float:
    return source.duration_us / MEGA or GUESSED_SECONDS


@dataclass(frozen=True)
class _Films:
    """The intros and outros of all brands together: seconds by variant, and whether any of them has sound."""

    seconds: Mapping[str, float]
    heard: bool


def _films(brands: tuple[Brand, ...], variants: tuple[str, ...]) -> _Films:
    owned: dict[int, list[BrandClip]] = {}
    for clip in BrandClip.objects.filter(brand__in=brands, kind__in=(ClipKind.INTRO, ClipKind.OUTRO)):
        owned.setdefault(clip.brand_id, []).append(clip)
    chosen = {
        name: [clip for rows in owned.values() for kind in ClipKind if (clip := plates.best_clip(rows, kind, name))]
        for name in variants
    }
    seconds = {name: sum(int(clip.facts["duration_us"]) / MEGA for clip in clips) for name, clips in chosen.items()}
    return _Films(seconds, any(clip.facts["audio"] for clips in chosen.values() for clip in clips))


def _seconds(
    films: _Films,
    sources: tuple[Asset, ...],
    brands: tuple[Brand, ...],
    variants: tuple[str, ...],
    options: BrandOptions,
) -> float:
    known, length = pace.read(), sum(_length(source) for source in sources)
    kinds = [pace.Kind(name, options.size, options.profile) for name in variants]
    made = {kind: length * len(brands) + films.seconds[kind.variant] * len(sources) for kind in kinds}
    work = sum(known.seconds(kind, seconds) for kind, seconds in made.items())
    return work / max(1, min(_slots(), len(sources) * len(variants)))


def _slots() -> int:
    """Of all hosts that take work; when none has told, those that this machine would have."""
    return Scene().slots(Queue.RENDER) or slots.plan().render


def _disk(
    length: float,
    films: _Films,
    sources: tuple[Asset, ...],
    brands: tuple[Brand, ...],
    variants: tuple[str, ...],
    options: BrandOptions,
) -> int:
    """Bytes of all outputs, twice (they are made in the temporary folder and then stored), and of fetched sources."""
    shapes = {name: canvas(name, options.size) for name in variants}
    made = {name: length * len(brands) + films.seconds[name] * len(sources) for name in variants}
    pixels = sum(made[name] * shape.width * shape.height for name, shape in shapes.items())
    outputs = pixels * BITS_PER_PIXEL[Profile(options.profile)] / 8
    return int(2 * outputs + sum(source.bytes for source in sources))


def _refusal(
    sources: tuple[Asset, ...], brands: tuple[Brand, ...], variants: tuple[str, ...], disk: int
) -> Refusal | None:
    count, limit = len(sources) * len(brands) * len(variants), settings.MAX_OUTPUTS_PER_JOB
    for chosen, what in ((sources, _("video")), (brands, _("brand")), (variants, _("variant"))):
        if not chosen:
            return Refusal(_("No %(what)s is chosen.") % {"what": what}, _("Choose at least one."))
    if count > limit:
        return Refusal(
            _("This would make %(count)d outputs; a job may have %(limit)d.") % {"count": count, "limit": limit},
            _("Choose fewer videos, brands or variants, split it into several jobs, or raise MAX_OUTPUTS_PER_JOB."),
        )
    gone = [source for source in sources if source.state in (AssetState.FAILED, AssetState.EXPIRED)]
    for source in gone:
        if not source.origin_url:
            return Refusal(_("The file of “%(source)s” is gone.") % {"source": source}, _("Upload it again."))
    return _room(disk)


def _room(disk: int) -> Refusal | None:
    free = shutil.disk_usage(settings.TEMP_DIR).free
    if free - disk >= settings.DISK_FLOOR_MB * MEGA:
        return None
    return Refusal(
        _("It needs about %(need)d MB, and %(free)d MB of disk are free.")
        % {"need": disk // MEGA, "free": free // MEGA},
        _("Free some disk space, choose fewer outputs, or lower DISK_FLOOR_MB (%(floor)d MB are kept free).")
        % {"floor": settings.DISK_FLOOR_MB},
    )


def _warnings(
    films: _Films,
    sources: tuple[Asset, ...],
    brands: tuple[Brand, ...],
    variants: tuple[str, ...],
    options: BrandOptions,
) -> Iterable[str]:
    prefetch_related_objects(sources, "reframes")
    for source in sources:
        yield from _source_warnings(source, variants, options, films.heard)
    prefetch_related_objects(brands, *readiness.RELATED)
    house = House.read()
    for brand in brands:
        yield from _brand_warnings(brand, variants, options)
        yield from _unready(brand, variants, house)
        yield from glyphs.warnings(sources, brand, variants, options)


def _source_warnings(source: Asset, variants: tuple[str, ...], options: BrandOptions, heard: bool) -> Iterable[str]:
    if not source.probe:
        yield _("“%(source)s” is not here yet: time and disk are a guess.") % {"source": source}
        return
    if not source.probe.has_audio and heard:
        yield _("“%(source)s” has no sound: only intros and outros are heard.") % {"source": source}
    elif not source.probe.has_audio:
        yield _("“%(source)s” has no sound, so its outputs have none.") % {"source": source}
    scales = {name: _enlarged(source, name, options) for name in variants}
    soft = [name for name, scale in scales.items() if scale > SOFT]
    if soft:
        words = {"source": source, "variants": ", ".join(soft), "scale": max(scales.values())}
        yield _("“%(source)s” is small for %(variants)s: enlarged up to %(scale).1f times, it will look soft.") % words


def _enlarged(source: Asset, variant: str, options: BrandOptions) -> float:
    """How many times the source is enlarged; below 1 it is reduced."""
    probe, shape = source.probe, canvas(variant, options.size)
    if probe is None or probe.video is None:
        return 1.0
    frame = reframing.frame_of(source, variant, options)
    return reframe.place(probe.video, shape.width, shape.height, frame).enlarged


def _brand_warnings(brand: Brand, variants: tuple[str, ...], options: BrandOptions) -> Iterable[str]:
    for name in variants:
        cells = {"brand": brand, "variant": name}
        try:
            design = plates.design(brand, canvas(name, options.size), name)
        except MediaError as error:
            yield _("%(brand)s, %(variant)s: will be blocked.") % cells + f" {error.sentence} {error.remedy}"
        else:
            if design.empty:
                yield _("%(brand)s, %(variant)s: the brand has no layers, so the video stays as it is.") % cells


def _unready(brand: Brand, variants: tuple[str, ...], house: House) -> Iterable[str]:
    """What does not block a cell, and yet is worth a look before the order."""
    for problem in readiness.problems(brand, variants, house):
        if problem.code in LOOK_AT:
            where = f"{brand}, {problem.variant}" if problem.variant else str(brand)
            yield f"{where}: {problem.sentence} {problem.fix}"


def sentence(plan: Plan) -> str:
    """The plan in one line for people."""
    minutes = max(1, round(plan.seconds / 60))
    outputs = ngettext("%(count)d output", "%(count)d outputs", plan.count) % {"count": plan.count}
    time = ngettext("about %(minutes)d minute", "about %(minutes)d minutes", minutes) % {"minutes": minutes}
    return f"{plan.formula} {outputs}, {time}, {max(1, plan.disk // MEGA)}\u00a0MB"
