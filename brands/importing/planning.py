"""What an import would change, brand by brand, before anything is done."""

import copy
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from brands.importing import history, legacy, state
from brands.importing.drafts import ERROR, WARNING, BrandDraft, FileDraft, Finding, ZoneDraft
from brands.importing.pictures import Files, Made, Refused
from brands.importing.state import Difference, State, key, parted
from brands.importing.values import Sheet
from brands.models import Artwork, Brand, Font, Layer, PublishingProfile, SafeZone
from wtfsite.lib import names
from wtfsite.lib.names import quoted

NEW, CHANGES, SAME, REFUSED = "new", "changes", "same", "refused"
ZONE = ("name", "top", "right", "bottom", "left", "source")


@dataclass(frozen=True)
class Changed:
    """A value before and after. `by_hand`: somebody changed it since the last import."""

    path: tuple[str, ...]
    old: Any
    new: Any
    by_hand: bool = False


@dataclass
class BrandChange:
    """What becomes of one brand. `pk` is None for a new one; `target` is all of it afterwards."""

    slug: str
    name: str
    where: str
    outcome: str
    changes: tuple[Changed, ...] = ()
    pk: int | None = None
    before: State | None = None
    target: State = field(default_factory=dict)


@dataclass
class ZoneChange:
    platform: str
    variant: str
    where: str
    outcome: str
    changes: tuple[Changed, ...]
    pk: int | None
    target: dict[str, Any]


@dataclass
class Changes:
    """The whole plan, with the files that it needs: those are there as long as the kit is open."""

    name: str
    brands: list[BrandChange]
    zones: list[ZoneChange]
    findings: list[Finding]
    files: dict[str, Made]
    fonts: dict[str, dict[str, Any]] = field(default_factory=dict)  # to be added to the house, by name
    understood: int = 0
    said: list[str] = field(default_factory=list)  # by those who waited for changes, when it was applied

    @property
    def changing(self) -> list[BrandChange]:
        return [one for one in self.brands if one.outcome in (NEW, CHANGES)]

    @property
    def has_changes(self) -> bool:
        return bool(self.changing or self.fonts or any(zone.outcome != SAME for zone in self.zones))

    @property
    def refused(self) -> bool:
        """Is there anything that was not taken?"""
        return any(one.outcome == REFUSED for one in self.brands) or any(one.level == ERROR for one in self.findings)

    @property
    def is_empty(self) -> bool:
        """Nothing in it was of use."""
        return not self.understood and not self.zones and not any(one.outcome != REFUSED for one in self.brands)

    def digest(self) -> str:
        """Two plans with this in common do the same."""
        said = [[one.slug, one.outcome, one.before, one.target] for one in self.brands]
        zones = [[one.platform, one.variant, one.outcome, one.target] for one in self.zones]
        return hashlib.sha256(json.dumps([said, zones, self.fonts], sort_keys=True).encode()).hexdigest()


@dataclass
class Planner:
    """`user`: whose brands may be changed; None for whoever has the command line."""

    files: Files
    sheet: Sheet
    user: Any = None
    made: dict[str, Made] = field(default_factory=dict)
    fonts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def house(self, drafts: Iterable[FileDraft]) -> None:
        """Fonts that every brand may use: those that are not there are added, none is replaced."""
        for file in drafts:
            made = self._take(file, file.where)
            if made is None or Font.objects.filter(brand=None, sha256=made.sha256).exists():
                continue
            if Font.objects.filter(brand=None, name=file.name).exists():
                about = _("The studio has another font called %(name)s. This one was left out.")
                self.sheet.say(ERROR, file.where, about % {"name": quoted(file.name)})
            else:
                self.fonts[file.name] = {**made.facts, **file.facts}

    def brand(self, draft: BrandDraft, rows: Mapping[str, Brand]) -> BrandChange:
        assert draft.slug
        assert draft.name
        row = rows.get(draft.slug)
        change = BrandChange(draft.slug, draft.name, draft.where, REFUSED)
        if reason := self._closed(draft, row, rows):
            self.sheet.say(ERROR, draft.where, reason)
            return change
        before = change.before = state.state(row) if row else None
        change.name, change.pk = (row.name, row.pk) if row else (draft.name, None)
        last = history.last(row.pk) if row else None
        change.target = self._target(draft, before or state.blank(), last or state.blank())
        if reason := _unfit(change.target):
            self.sheet.say(ERROR, draft.where, reason)
            return change
        found = state.differences(before or state.blank(), change.target)
        change.changes = tuple(self._changed(one, last if before else None, draft) for one in found)
        change.outcome = NEW if row is None else CHANGES if change.changes else SAME
        return change

    def _closed(self, draft: BrandDraft, row: Brand | None, rows: Mapping[str, Brand]) -> str:
        """Why this brand is not to be touched."""
        what = {"name": quoted(draft.name or ""), "slug": draft.slug}
        if row is None:
            twin = next((one for one in rows.values() if one.name == draft.name), None)
            return _("The studio has a brand called %(name)s already.") % what if twin else ""
        if self.user is not None and not type(row).objects.for_user(self.user).filter(pk=row.pk).exists():
            return _("The short name %(slug)s is taken by a brand that you may not change.") % what
        if row.locked:
            return _("%(name)s is protected. Take the protection off to change it.") % {"name": quoted(row.name)}
        twin = next((one for one in rows.values() if one.name == draft.name and one.pk != row.pk), None)
        return _("Another brand is called %(name)s already.") % what if twin else ""

    def _changed(self, one: Difference, last: State | None, draft: BrandDraft) -> Changed:
        by_hand = last is not None and state.at(last, one.path) != one.old
        if by_hand:
            what = {"what": " ".join(one.path)}
            self.sheet.say(
                WARNING,
                draft.where,
                _("%(what)s was changed by hand since the last import, and would be as in the kit again.") % what,
            )
        return Changed(one.path, one.old, one.new, by_hand)

    # --- what it would be ---------------------------------------------------------------------------------------------

    def _target(self, draft: BrandDraft, before: State, last: State) -> State:
        target = state.blank() if draft.whole else copy.deepcopy(before)
        given = {name: getattr(draft, name) for name in state.BRAND}
        target |= {name: value for name, value in given.items() if value is not None}
        target["profile"] |= draft.profile
        self._fonts(draft, target)
        brought = self._artwork(draft, target)
        self._clips(draft, target)
        if draft.whole:
            target["layers"] = self._written(draft, target)
        else:
            target["layers"] = legacy.layers(target["layers"], draft.mark, brought, last["layers"])
            self._told_hidden(draft, before, target)
        return target

    def _artwork(self, draft: BrandDraft, target: State) -> dict[str, set[str]]:
        """Puts the good pictures into the target; which kinds came, and the shapes that each then covers."""
        came = set()
        for file in draft.artwork:
            made = self._take(file, draft.where)
            if made is None:
                continue
            place = key(file.kind, file.variant)
            facts = {**made.facts, "name": names.clean(file.path), **file.facts}
            if target["artwork"].get(place, {}).get("sha256") != made.sha256 or draft.whole:
                target["artwork"][place] = facts
            came.add(file.kind)
        house = list(Artwork.objects.filter(brand=None).values_list("kind", "variant"))
        shapes = [*map(parted, target["artwork"]), *house]
        return {kind: {variant for one, variant in shapes if one == kind} for kind in came}

    def _take(self, file: FileDraft, where: str) -> Made | None:
        try:
            made = self.files.take(file)
        except Refused as error:
            about = _("%(file)s: %(reason)s It was left out.") % {"file": quoted(file.path), "reason": error}
            self.sheet.say(ERROR, file.where or where, about)
            return None
        self.made[made.sha256] = made
        return made

    def _fonts(self, draft: BrandDraft, target: State) -> None:
        for file in draft.fonts:
            if made := self._take(file, draft.where):
                target["fonts"][file.name] = {**made.facts, **file.facts}

    def _clips(self, draft: BrandDraft, target: State) -> None:
        for file in draft.clips:
            if made := self._take(file, draft.where):
                target["clips"][key(file.kind, file.variant)] = {**made.facts, **file.facts}

    def _written(self, draft: BrandDraft, target: State) -> dict[str, dict[str, Any]]:
        """The layers of our own format, those that fit their rules."""
        fonts = {font["sha256"] for font in [*target["fonts"].values(), *self.fonts.values()]}
        found = {}
        for values in draft.layers:
            values = dict(values)
            place, where = key(values.pop("name"), values.pop("variant")), values.pop("where")
            values = {**state.layer(Layer()), **values}
            if (
                values["font"]
                and values["font"] not in fonts
                and not Font.objects.filter(brand=None, sha256=values["font"]).exists()
            ):
                self.sheet.say(ERROR, where, _("The font of this layer is not there; the studio's own is used."))
                values["font"] = ""
            if reason := _unfit_layer(place, values):
                self.sheet.say(ERROR, where, reason)
            else:
                found[place] = values
        return found

    def _told_hidden(self, draft: BrandDraft, before: State, target: State) -> None:
        for place, values in target["layers"].items():
            if place not in before["layers"] and not values["visible"] and parted(place)[1]:
                name, variant = parted(place)
                about = _("There is no %(kind)s for %(variant)s; the layer is hidden there.")
                self.sheet.say(WARNING, draft.where, about % {"kind": name, "variant": variant})


def _unfit(target: State) -> str:
    """What the brand's own rules say against it."""
    values = {name: target[name] for name in ("name", "slug", "handle")}
    return _complaints(Brand(**values), set()) or _complaints(PublishingProfile(**target["profile"]), {"brand"})


def _unfit_layer(place: str, values: Mapping[str, Any]) -> str:
    name, variant = parted(place)
    row = Layer(name=name, variant=variant, **{name: value for name, value in values.items() if name != "font"})
    try:
        complaint = _complaints(row, {"brand", "font"})
    except (TypeError, ValueError):  # a list where a number belongs
        complaint = _("A value is of the wrong kind.")
    if not complaint and row.text != values["text"]:
        values["text"] = row.text  # type: ignore[index]  # as its rules clean it
    return complaint and complaint + " " + _("The layer was left out.")


def _complaints(row: Any, exclude: set[str]) -> str:
    try:
        row.full_clean(exclude=exclude, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        return "; ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
    return ""


# --- safe zones -------------------------------------------------------------------------------------------------------


def zones(drafts: Iterable[ZoneDraft]) -> list[ZoneChange]:
    """A zone for each platform and shape; the last one that is said counts."""
    found = {(draft.platform, draft.variant): _zone(draft) for draft in drafts}
    return [found[place] for place in sorted(found)]


def _zone(draft: ZoneDraft) -> ZoneChange:
    row = SafeZone.objects.filter(platform=draft.platform, variant=draft.variant).first()
    target = {"name": row.name if row else draft.name, **draft.margins}
    old = {name: getattr(row, name) for name in target} if row else {}
    changes = tuple(Changed((name,), old.get(name), value) for name, value in target.items() if old.get(name) != value)
    target["source"] = draft.source if changes else row.source if row else ""
    outcome = NEW if row is None else CHANGES if changes else SAME
    return ZoneChange(draft.platform, draft.variant, draft.where, outcome, changes, row.pk if row else None, target)
