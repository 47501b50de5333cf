"""What `export_brands` writes: `wtf-brands.json` with all of each brand, and its files under the hash of their bytes.

{"format": "wtf-studio brands", "version": 1,
 "brands": [{"name":, "slug":, "handle":, "active":, "locked":, "profile": {...},
             "artwork": [{"kind":, "variant":, "file": "files/<hash>.png", "name":, "format":}],
             "clips": [...], "fonts": [...], "layers": [{"name":, "variant":, ...}]}],
 "fonts": [fonts of the house that these brands use]}
"""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from brands.importing import state
from brands.importing.drafts import ERROR, BrandDraft, FileDraft
from brands.importing.files import Unreadable
from brands.importing.readers.base import Document, Reading, said
from brands.importing.readers.brandlist import slug
from brands.importing.values import Row
from brands.models import ArtworkKind, ClipKind, Layer, Variant
from wtfsite.lib import names
from wtfsite.lib.names import quoted

FORMAT, VERSION = "wtf-studio brands", 1
DOCUMENT = "wtf-brands.json"
VARIANTS = ("", *Variant.values)


def knows(document: Document) -> bool:
    return document.value.get("format") == FORMAT


def read(document: Document, reading: Reading) -> None:
    top = Row(document.value, document.path, reading.sheet)
    top.skip("format")
    if top.number("version", VERSION, VERSION) is None:
        return
    for row in top.rows("brands"):
        row.where = f"{document.path}: {names.line(str(row.values.get('name') or ''), 80) or '?'}"
        if draft := _brand(row, document, reading):
            reading.brands.append(draft)
        row.done()
    reading.fonts += _files("fonts", [], top, document, reading)
    top.done()


def _brand(row: Row, document: Document, reading: Reading) -> BrandDraft | None:
    name, short = row.text("name", 80), slug(row)
    artwork = tuple(_files("artwork", ArtworkKind.values, row, document, reading))
    clips = tuple(_files("clips", ClipKind.values, row, document, reading))
    fonts = tuple(_files("fonts", [], row, document, reading))
    layers = tuple(filter(None, map(_layer, row.rows("layers"))))
    given: dict[str, Any] = {"handle": row.text("handle", 60), "active": row.yes("active"), "locked": row.yes("locked")}
    profile = row.row("profile")
    if not name or not short:
        row.sheet.say(ERROR, row.where, _("A brand needs a name and a slug. It was left out."))
        return None
    found: dict[str, Any] = {
        "profile": _profile(profile) if profile else {},
        "artwork": artwork,
        "clips": clips,
        "fonts": fonts,
        "layers": layers,
    }
    return BrandDraft(short, row.where, name=name, slug=short, whole=True, **given, **found)


def _profile(row: Row) -> dict[str, Any]:
    found = said(
        caption_ending=row.caption("caption_ending", 500),
        cadence_hours=row.number("cadence_hours", 0, 8760),
        filename_pattern=row.text("filename_pattern", 120),
        **{name: row.texts(name) for name in ("hashtags", "languages", "platforms", "priority")},
    )
    row.done()
    return found


def _files(part: str, kinds: list[str], row: Row, document: Document, reading: Reading) -> Iterator[FileDraft]:
    for item in row.rows(part):
        kind = item.choice("kind", kinds) if kinds else "font"
        variant = (item.choice("variant", VARIANTS) if kinds else None) or ""
        path, title, called = item.text("file", 300), item.text("font", 80), item.text("name")
        facts = said(format=item.text("format", 8), active=item.yes("active"), name=called)
        item.done()
        if kind and path and (kinds or title):
            try:
                found = reading.kit.look(path, document.folder).path
            except Unreadable as error:
                item.wrong(str(error))
                continue
            reading.used.add(found)
            yield FileDraft(kind, found, variant, title or "", item.where, facts)


def _layer(row: Row) -> dict[str, Any] | None:
    """Values of the right kind; what a value may be is for the model to say."""
    name, variant = row.text("name", 40), row.choice("variant", VARIANTS)
    plain = state.layer(Layer())
    values = {key: _value(row, key, default) for key, default in plain.items()}
    row.done()
    if not name:
        row.sheet.say(ERROR, row.where, _("A layer needs a name. It was left out."))
        return None
    return {"name": name, "variant": variant or "", "where": f"{row.where} {quoted(name)}", **said(**values)}


def _value(row: Row, key: str, default: Any) -> Any:
    if isinstance(default, bool):
        return row.yes(key)
    if isinstance(default, int | float):
        number = row.number(key, -1e9, 1e9)
        return number if number is None or isinstance(default, float) else round(number)
    return row.caption(key, 2000) if key == "text" else row.text(key, 64)
