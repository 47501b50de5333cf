"""A plan done: brand by brand, each in a transaction of its own, with all that undoing needs written down in it."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from brands import changes as announcing
from brands import plates
from brands.importing import filing, state, words
from brands.importing.drafts import ERROR, Finding
from brands.importing.pictures import Made
from brands.importing.planning import NEW, REFUSED, SAME, BrandChange, Changed, Changes, ZoneChange
from brands.importing.state import PREFETCH, State, parted
from brands.models import Artwork, Brand, BrandClip, Font, ImportRun, Layer, PublishingProfile, SafeZone
from jobs.media.errors import MediaError

PARTS: dict[str, type[models.Model]] = {
    "profile": PublishingProfile,
    "artwork": Artwork,
    "clips": BrandClip,
    "fonts": Font,
    "layers": Layer,
}
FILES: dict[str, type[Any]] = {"artwork": Artwork, "clips": BrandClip, "fonts": Font}
COLUMNS = {"artwork": state.ARTWORK, "clips": state.CLIP, "fonts": state.FONT}


class Outrun(Exception):
    """The brand is not the one that was planned for. The message is for people."""


def apply(changes: Changes, user: Any = None) -> ImportRun | None:
    """Does what the plan says; None when there is nothing to do. A brand that was changed meanwhile stays as it is."""
    if not changes.has_changes:
        return None
    run = ImportRun.objects.create(name=changes.name, owner=user, before={"brands": {}, "zones": {}, "fonts": []})
    _house(changes, run)
    for change in changes.changing:
        try:
            _brand(change, changes, run)
        except Outrun as error:
            change.outcome = REFUSED
            changes.findings.append(Finding(ERROR, change.where, str(error)))
    _zones([zone for zone in changes.zones if zone.outcome != SAME], run)
    if not any(run.before[part] for part in ("brands", "zones", "fonts")):
        run.delete()
        return None
    run.report = report(changes)
    run.save(update_fields=["report", "before"])
    return run


def report(changes: Changes) -> list[dict[str, Any]]:
    """A line for each brand and zone, then one for each finding."""
    brands = [
        {"slug": one.slug, "name": one.name, "outcome": one.outcome, "changes": _told(one.changes)}
        for one in changes.brands
    ]
    zones = [
        {
            "zone": zone.platform,
            "variant": zone.variant,
            "outcome": zone.outcome,
            "changes": [
                {**_line(one), "what": words.zone_label(zone.platform, zone.variant, one.path[0])}
                for one in zone.changes
            ],
        }
        for zone in changes.zones
    ]
    fonts = [{"font": name, "outcome": NEW, "changes": []} for name in changes.fonts]
    findings = [{"level": one.level, "where": one.where, "sentence": one.sentence} for one in changes.findings]
    return [*brands, *zones, *fonts, *findings]


def _told(changed: Iterable[Changed]) -> list[dict[str, Any]]:
    return [{**_line(one), "what": words.label(one.path)} for one in changed]


def _line(one: Changed) -> dict[str, Any]:
    return {"old": words.value(one.old), "new": words.value(one.new), "by_hand": one.by_hand}


# --- fonts of the house -----------------------------------------------------------------------------------------------


def _house(changes: Changes, run: ImportRun) -> None:
    """Before the brands, whose layers may want them."""
    target = {**state.blank(), "fonts": changes.fonts}
    stored: Stored = {}
    try:
        _store(BrandChange("", "", "", NEW, target=target), changes.files, stored)
        with transaction.atomic():
            for name, facts in changes.fonts.items():
                row = Font(name=name)
                _fill(row, "fonts", name, facts, stored)
                run.before["fonts"].append(row.pk)
            run.save(update_fields=["before"])
    except (IntegrityError, MediaError) as error:
        run.before["fonts"] = []
        filing.drop_unheld(name for _id, name in stored.values())
        changes.findings.append(Finding(ERROR, changes.name, str(error)))


# --- one brand --------------------------------------------------------------------------------------------------------

Stored = dict[tuple[str, str], tuple[uuid.UUID, str]]  # (part, place) -> the file's own id, and its name in storage


def _brand(change: BrandChange, changes: Changes, run: ImportRun) -> None:
    stored: Stored = {}
    try:
        _store(change, changes.files, stored)
        with transaction.atomic():
            row = _found(change)
            entry = {"slug": change.slug, "name": change.name, "new": row is None, "rows": rows(row) if row else {}}
            brand = write(row, change.target, stored)
            entry["after"] = state.state(fresh(brand.pk))
            before = {
                **run.before,
                "brands": {**run.before["brands"], str(brand.pk): entry},
                "made": {**run.before.get("made", {}), **_sources(change, changes.files)},
            }
            ImportRun.objects.filter(pk=run.pk).update(before=before)
            said = announcing.changed([brand.pk])
        run.before = before
        changes.said += said
    except (IntegrityError, MediaError, Outrun) as error:
        filing.drop_unheld(name for _id, name in stored.values())
        raise Outrun(
            _("%(name)s was changed while it was imported; it stays as it is.") % {"name": change.name}
        ) from error


def fresh(pk: int) -> Brand:
    brand: Brand = Brand.objects.prefetch_related(*PREFETCH).get(pk=pk)
    return brand


def _found(change: BrandChange) -> Brand | None:
    """The row, locked, if it still is what the plan was made for."""
    if change.pk is None:
        return None
    row = Brand.objects.select_for_update().filter(pk=change.pk).first()
    if row is None or row.locked or state.state(fresh(row.pk)) != change.before:
        raise Outrun
    return fresh(row.pk)


def _sources(change: BrandChange, files: dict[str, Made]) -> dict[str, str]:
    hashes = {facts["sha256"] for part in FILES for facts in change.target[part].values()}
    return {made.source: made.sha256 for made in files.values() if made.sha256 in hashes}


# --- files ------------------------------------------------------------------------------------------------------------


def _store(change: BrandChange, files: dict[str, Made], stored: Stored) -> None:
    """Before the transaction: storages can be slow, and on SQLite nobody else writes meanwhile."""
    before = change.before or state.blank()
    for part, model in FILES.items():
        for place, facts in change.target[part].items():
            if before[part].get(place, {}).get("sha256") != facts["sha256"]:
                row = model(uuid=uuid.uuid4(), **{column: facts[name] for name, column in COLUMNS[part].items()})
                name = model._meta.get_field("file").generate_filename(row, "file")
                content = _content(part, facts["sha256"], files)
                stored[part, place] = (row.uuid, default_storage.save(name, content, max_length=200))


def _content(part: str, sha256: str, files: dict[str, Made]) -> File:
    made = files[sha256]
    if made.path is not None:
        return ContentFile(made.path.read_bytes())
    if part == "artwork":
        return ContentFile(plates.open_artwork(sha256))
    with FILES[part].objects.filter(sha256=sha256).first().file.open("rb") as file:
        return ContentFile(file.read())


# --- rows -------------------------------------------------------------------------------------------------------------


def write(brand: Brand | None, target: State, stored: Stored) -> Brand:
    """Makes the rows of the brand what `target` says. In a transaction."""
    row = brand or Brand()
    for name in state.BRAND:
        setattr(row, name, target[name])
    row.save()
    if getattr(row, "profile", None) or target["profile"] != state.profile(PublishingProfile()):
        PublishingProfile.objects.update_or_create(brand=row, defaults=target["profile"])
    _write_fonts(row, target["fonts"], stored)
    for part in ("artwork", "clips"):
        _write_files(row, part, target[part], stored)
    _write_layers(row, target["layers"])
    row.fonts.exclude(name__in=target["fonts"]).delete()
    return row


def _write_fonts(brand: Brand, fonts: dict[str, Any], stored: Stored) -> None:
    for name, facts in fonts.items():
        row = brand.fonts.filter(name=name).first() or Font(brand=brand, name=name)
        _fill(row, "fonts", name, facts, stored)


def _write_files(brand: Brand, part: str, wanted: dict[str, Any], stored: Stored) -> None:
    model = FILES[part]
    rows = {state.key(row.kind, row.variant): row for row in model.objects.filter(brand=brand)}
    model.objects.filter(pk__in=[row.pk for place, row in rows.items() if place not in wanted]).delete()
    for place, facts in wanted.items():
        kind, variant = parted(place)
        _fill(rows.get(place) or model(brand=brand, kind=kind, variant=variant), part, place, facts, stored)


def _fill(row: Any, part: str, place: str, facts: dict[str, Any], stored: Stored) -> None:
    for name, column in COLUMNS[part].items():
        setattr(row, column, facts[name])
    if (part, place) in stored:
        own, name = stored[part, place]
        row.uuid, row.file.name = (row.uuid if row.pk else own), name
    row.save()


def _write_layers(brand: Brand, wanted: dict[str, Any]) -> None:
    rows = {state.key(row.name, row.variant): row for row in brand.layers.select_related("font")}
    brand.layers.filter(pk__in=[row.pk for place, row in rows.items() if place not in wanted]).delete()
    for place, values in wanted.items():
        name, variant = parted(place)
        row = rows.get(place) or Layer(brand=brand, name=name, variant=variant)
        if row.pk and state.layer(row) == values:
            continue
        for column in state.LAYER:
            setattr(row, column, values[column])
        row.font = _font(brand, values["font"]) if values["font"] else None
        row.save()


def _font(brand: Brand, sha256: str) -> Font:
    found = Font.objects.filter(models.Q(brand=brand) | models.Q(brand=None), sha256=sha256)
    font: Font | None = found.order_by("brand", "pk").first()
    if font is None:
        raise Outrun
    return font


# --- safe zones -------------------------------------------------------------------------------------------------------


@transaction.atomic
def _zones(zones: list[ZoneChange], run: ImportRun) -> None:
    for zone in zones:
        row = SafeZone.objects.filter(platform=zone.platform, variant=zone.variant).first()
        before = plain(row) if row else None
        row = row or SafeZone(platform=zone.platform, variant=zone.variant)
        for name, value in zone.target.items():
            setattr(row, name, value)
        row.save()
        run.before["zones"][str(row.pk)] = {"row": before, "after": plain(row), "name": str(row)}
    run.save(update_fields=["before"])


# --- rows as values ---------------------------------------------------------------------------------------------------


def rows(brand: Brand) -> dict[str, list[dict[str, Any]]]:
    """All rows of a brand, column by column, so that they can be put back."""
    found = {"brand": [plain(brand)]}
    for part, model in PARTS.items():
        found[part] = [plain(row) for row in model._default_manager.filter(brand=brand).order_by("pk")]
    return found


def plain(row: models.Model) -> dict[str, Any]:
    return {field.attname: _as_json(field.value_from_object(row)) for field in row._meta.concrete_fields}


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)
