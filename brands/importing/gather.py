"""From what many lists say to one draft a brand: what belongs together is joined, what only looks alike is told.

reading -> lists of one key joined -> who it is in the studio -> twins refused -> pictures and routes by name -> drafts
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from django.utils.translation import gettext as _

from brands.importing import spelling
from brands.importing.drafts import ERROR, NOTE, WARNING, BrandDraft, PlatformDraft
from brands.importing.files import is_picture
from brands.importing.readers.base import Named, Reading
from brands.importing.values import Sheet, meant
from wtfsite.lib.names import quoted

GRADES = ("", "high", "medium", "low")  # of one mark: the plainest first, for the layer has an opacity of its own
PARTS = ("mark", "profile")


@dataclass
class Gathered:
    drafts: list[BrandDraft] = field(default_factory=list)
    refused: list[BrandDraft] = field(default_factory=list)


def gather(reading: Reading, studio: Mapping[str, str]) -> Gathered:
    """One draft a brand, each with a name and a short name. `studio` has the names of the brands that are there, by
    their short names."""
    sheet = reading.sheet
    found = Gathered()
    for draft in joined(reading.brands, sheet):
        known = identified(draft, studio, sheet)
        if known and not _twin(known, found.drafts, sheet):
            found.drafts.append(known)
        else:
            found.refused.append(draft)
    _pictures(found, reading, studio)
    _routes(found, reading, studio)
    found.drafts = [_ruled(draft, reading) for draft in found.drafts]
    _unnamed(reading)
    return found


# --- lists of one brand -----------------------------------------------------------------------------------------------


def joined(drafts: Iterable[BrandDraft], sheet: Sheet) -> list[BrandDraft]:
    """Those with the very same key are one brand. What an earlier list says counts."""
    by_key: dict[str, BrandDraft] = {}
    for draft in drafts:
        by_key[draft.key] = _both(by_key[draft.key], draft, sheet) if draft.key in by_key else draft
    return list(by_key.values())


def _both(one: BrandDraft, more: BrandDraft, sheet: Sheet) -> BrandDraft:
    values: dict[str, Any] = {}
    for item in fields(BrandDraft):
        first, second = getattr(one, item.name), getattr(more, item.name)
        if item.name in PARTS:
            for key in first.keys() & second.keys():
                _differs(key, first[key], second[key], one, more, sheet)
            values[item.name] = {**second, **first}
        elif item.name in ("artwork", "clips", "fonts", "layers"):
            taken = {(file.kind, file.variant) for file in first} if item.name == "artwork" else set()
            values[item.name] = first + tuple(file for file in second if (file.kind, file.variant) not in taken)
        elif item.name not in ("key", "where"):
            _differs(item.name, first, second, one, more, sheet)
            values[item.name] = second if first in (None, "", False) and item.name != "active" else first
    if one.active is None:
        values["active"] = more.active
    return replace(one, **values)


def _differs(key: str, first: Any, second: Any, one: BrandDraft, more: BrandDraft, sheet: Sheet) -> None:
    if first in (None, "", False) or second in (None, "", False) or first == second:
        return
    what = {"key": key, "this": quoted(str(second)), "other": quoted(str(first)), "where": one.where}
    sheet.say(WARNING, more.where, _("%(key)s is %(this)s here and %(other)s in %(where)s, which was taken.") % what)


# --- who it is --------------------------------------------------------------------------------------------------------


def identified(draft: BrandDraft, studio: Mapping[str, str], sheet: Sheet) -> BrandDraft | None:
    """The draft with the short name that it has in the studio, or gets; None when that cannot be told."""
    name = draft.name or spelling.words(draft.key)
    if draft.slug:
        return _by_slug(replace(draft, name=draft.name or studio.get(draft.slug, name)), studio, sheet)
    candidates = spelling.slugs(name, draft.key)
    slug = next((slug for slug in candidates if slug in studio), "") or _written_otherwise(draft, name, studio, sheet)
    if not slug and not candidates:
        sheet.say(
            ERROR,
            draft.where,
            _("%(name)s gives no short name. Give it a slug of letters from a to z.") % {"name": quoted(name)},
        )
        return None
    if not slug:
        slug = candidates[0][:60]
        _maybe(draft, name, studio, sheet)
    return replace(draft, slug=slug, name=draft.name or studio.get(slug, name))


def _by_slug(draft: BrandDraft, studio: Mapping[str, str], sheet: Sheet) -> BrandDraft | None:
    assert draft.slug
    assert draft.name
    if draft.slug in studio:
        return draft
    twin = next((slug for slug, name in studio.items() if spelling.plain(name) == spelling.plain(draft.name)), "")
    if not twin:
        _maybe(draft, draft.name, studio, sheet)
        return draft
    what = {"name": quoted(studio[twin]), "slug": twin}
    sheet.say(
        ERROR,
        draft.where,
        _(
            "The studio has %(name)s with the short name %(slug)s. Write slug: %(slug)s if it is meant, "
            "or give this one another name."
        )
        % what,
    )
    return None


def _written_otherwise(draft: BrandDraft, name: str, studio: Mapping[str, str], sheet: Sheet) -> str:
    for wanted in (name, draft.key):
        slug, sure = spelling.one_of(wanted, _names(studio))
        if slug:
            if not sure:
                _taken(draft.where, wanted, studio[slug], sheet)
            return slug
    return ""


def _names(studio: Mapping[str, str]) -> dict[str, str]:
    return {**{slug: slug for slug in studio}, **{name: slug for slug, name in studio.items()}}


def _maybe(draft: BrandDraft, name: str, studio: Mapping[str, str], sheet: Sheet) -> None:
    alike = next(
        (other for other in studio.values() if spelling.near(other, name) or spelling.near(other, draft.key)), ""
    )
    if alike:
        about = _("This may be %(other)s under another spelling; it becomes a brand of its own.")
        sheet.say(WARNING, draft.where, about % {"other": quoted(alike)})


def _twin(draft: BrandDraft, before: list[BrandDraft], sheet: Sheet) -> bool:
    """Is it one of these, written otherwise? That is for people to say."""
    for other in before:
        what = {"this": quoted(draft.key), "other": quoted(other.key), "where": other.where, "slug": draft.slug}
        if draft.slug == other.slug:
            sheet.say(
                ERROR,
                draft.where,
                _(
                    "The short name %(slug)s is that of %(other)s (%(where)s). Give one of them another, "
                    "or both one key."
                )
                % what,
            )
            return True
        if not any(spelling.near(a, b) for a in (draft.key, draft.name or "") for b in (other.key, other.name or "")):
            continue
        one = (_told(draft) and _told(other)) or draft.where.partition(":")[0] == other.where.partition(":")[0]
        same = any(
            spelling.looks(a or "") == spelling.looks(b or "")
            for a, b in ((draft.key, other.key), (draft.name, other.name))
        )
        if same or not one:
            sheet.say(
                ERROR,
                draft.where,
                _(
                    "%(this)s and %(other)s (%(where)s) look like one brand under two spellings. "
                    "It was left out: give both one key, or each a slug."
                )
                % what,
            )
            return True
        sheet.say(
            WARNING,
            draft.where,
            _("%(this)s and %(other)s (%(where)s) are alike; they were taken for two brands.") % what,
        )
    return False


def _told(draft: BrandDraft) -> bool:
    """Has a short name that somebody wrote."""
    return draft.slug is not None and draft.slug not in spelling.slugs(draft.name or "", draft.key)


# --- pictures by their names ------------------------------------------------------------------------------------------


def _pictures(found: Gathered, reading: Reading, studio: Mapping[str, str]) -> None:
    """Gives the brands the pictures that say whose they are. Where no list names a brand, these make brands."""
    listed = bool(reading.brands or reading.routes)
    for named in sorted(reading.named, key=_rank):
        if named.file.path in reading.used and named.file.kind != "watermark":
            continue
        draft = _owner(named, found, studio, listed, reading.sheet)
        if draft is None:
            if named.file.path not in reading.used:
                _stray(named, found, studio, reading)
            continue
        reading.used.add(named.file.path)
        _hand_over(named, draft, found, reading.sheet)
    for draft in found.drafts:
        _check_mark(draft, reading)


def _rank(named: Named) -> tuple[int, bool, str]:
    """The plainest grade of a mark first, and logos before second ones, which take the place of one that is missing."""
    return GRADES.index(named.grade), named.file.kind == "second_logo", named.file.path


def _owner(named: Named, found: Gathered, studio: Mapping[str, str], listed: bool, sheet: Sheet) -> BrandDraft | None:
    slug, sure = spelling.one_of(named.key, _known(found.drafts))
    if slug:
        draft = found.drafts[_place(slug, found)]
        if not sure:
            _taken(named.file.path, named.key, draft.name or slug, sheet)
        return draft
    if any(spelling.looks(named.key) == spelling.looks(other) for draft in found.refused for other in _called(draft)):
        return None
    if slug := _in_studio(named.key, studio):
        found.drafts.append(BrandDraft(named.key, named.file.path, name=studio[slug], slug=slug))
        return found.drafts[-1]
    return None if listed else _new(named, found, studio, sheet)


def _new(named: Named, found: Gathered, studio: Mapping[str, str], sheet: Sheet) -> BrandDraft | None:
    draft = BrandDraft(named.key, named.file.path)
    known = identified(draft, studio, sheet)
    if known is None or _twin(known, found.drafts, sheet):
        found.refused.append(draft)
        return None
    found.drafts.append(known)
    return known


def _known(drafts: list[BrandDraft]) -> dict[str, str]:
    """All that the brands are called, and their short names; the first of two counts."""
    return {name: draft.slug or "" for draft in reversed(drafts) for name in _called(draft)}


def _called(draft: BrandDraft) -> list[str]:
    return [name for name in (draft.mark_key, draft.key, draft.slug, draft.name) if name]


def _in_studio(key: str, studio: Mapping[str, str]) -> str:
    """The short name of the brand that is called so, but for large letters, spaces and signs."""
    slug, sure = spelling.one_of(key, _names(studio))
    same = {spelling.plain(slug), spelling.plain(studio.get(slug, ""))}
    return slug if slug and (sure or spelling.plain(key) in same) else ""


def _hand_over(named: Named, draft: BrandDraft, found: Gathered, sheet: Sheet) -> None:
    """A picture for a place that is taken stays out; of a mark's grades only one is needed."""
    has = {(file.kind, file.variant): file for file in draft.artwork}
    file = named.file
    kind = "logo" if file.kind == "second_logo" and not any(one.kind == "logo" for one in draft.artwork) else file.kind
    if (kind, file.variant) in has:
        other = has[kind, file.variant].path
        if not named.grade and other != file.path:
            sheet.say(
                NOTE,
                file.path,
                _("%(brand)s has %(other)s there; this one was left out.")
                % {"brand": quoted(draft.key), "other": quoted(other)},
            )
        return
    found.drafts[_place(draft.slug or "", found)] = replace(draft, artwork=(*draft.artwork, replace(file, kind=kind)))


def _place(slug: str, found: Gathered) -> int:
    return next(number for number, one in enumerate(found.drafts) if one.slug == slug)


def _check_mark(draft: BrandDraft, reading: Reading) -> None:
    if not draft.mark_key or any(file.kind == "watermark" for file in draft.artwork):
        return
    wanted = f"watermarks/{draft.mark_key}_watermark.png"
    missing = _("There is no file %(file)s in the kit.") % {"file": quoted(wanted)}
    left = " " + _("The %(kind)s was left out.") % {"kind": "watermark"}
    reading.sheet.say(ERROR, draft.where, missing + reading.kit.near(wanted) + left)


def _stray(named: Named, found: Gathered, studio: Mapping[str, str], reading: Reading) -> None:
    known = [name for draft in found.drafts for name in _called(draft)] + list(studio)
    sentence = _("%(key)s is no brand here; the picture was left out.") % {"key": quoted(named.key)}
    reading.used.add(named.file.path)
    reading.sheet.say(WARNING, named.file.path, sentence + meant(named.key, known))


def _unnamed(reading: Reading) -> None:
    for path in filter(is_picture, reading.kit.names):
        if path not in reading.used:
            reading.sheet.say(NOTE, path, _("Nobody names this picture; it was left out."))


# --- routes and rules -------------------------------------------------------------------------------------------------


def _routes(found: Gathered, reading: Reading, studio: Mapping[str, str]) -> None:
    for route in reading.routes:
        known = _known(found.drafts)
        slug, sure = spelling.one_of(route.key, known)
        if slug:
            place = _place(slug, found)
            draft = found.drafts[place]
            if not sure:
                _taken(route.where, route.key, draft.name or slug, reading.sheet)
            found.drafts[place] = _both(draft, replace(route, key=draft.key), reading.sheet)
        elif slug := _in_studio(route.key, studio):
            found.drafts.append(replace(route, slug=slug, name=studio[slug]))
        else:
            sentence = _("%(key)s is no brand here; its route was left out.") % {"key": quoted(route.key)}
            reading.sheet.say(ERROR, route.where, sentence + meant(route.key, [*known, *studio.values()]))


def _ruled(draft: BrandDraft, reading: Reading) -> BrandDraft:
    """Platforms that the rules switch off go; the pattern of the first one that has one is the brand's."""
    profile = dict(draft.profile)
    for key in ("platforms", "priority"):
        if key in profile:
            profile[key] = [name for name in profile[key] if _is_on(name, draft, reading)]
    ranked = [*(profile.get("priority") or []), *(profile.get("platforms") or [])]
    if "filename_pattern" not in profile and (ranked or not draft.whole):
        rules: list[PlatformDraft] = [reading.platforms[name] for name in ranked if name in reading.platforms]
        pattern = next((rule.filename_pattern for rule in rules if rule.filename_pattern), reading.pattern)
        profile |= {"filename_pattern": pattern} if pattern else {}
    return replace(draft, profile=profile)


def _is_on(name: str, draft: BrandDraft, reading: Reading) -> bool:
    rule = reading.platforms.get(name)
    if rule is None or rule.enabled:
        return True
    sentence = _("The rules switch %(platform)s off; it was left out.") % {"platform": name}
    reading.sheet.say(NOTE, draft.where, sentence)
    return False


def _taken(where: str, wanted: str, meaning: str, sheet: Sheet) -> None:
    about = {"wanted": quoted(wanted), "found": quoted(meaning)}
    sheet.say(WARNING, where, _("%(wanted)s was taken to mean %(found)s.") % about)
