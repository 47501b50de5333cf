"""A list of brands: `brands: {NorthshoreNews: {display_name: ..., logo: ..., watermark_key: ...}}`."""

import re
from typing import Any

from django.utils.translation import gettext as _

from brands.importing.drafts import BrandDraft
from brands.importing.readers.base import Document, Reading, entries, mark, platforms, said
from brands.importing.values import Row
from wtfsite.lib.names import quoted

LOGO_FOLDERS = ("logos", "logos_clean", "")
SLUG = re.compile(r"[a-zA-Z0-9_-]+")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def knows(document: Document) -> bool:
    return "brands" in document.value and document.name != "routing"


def read(document: Document, reading: Reading) -> None:
    top = Row(document.value, document.path, reading.sheet)
    top.skip("version")
    brands = top.row("brands")
    top.done()
    for key, row in entries(brands.values if brands else {}, document, reading):
        reading.brands.append(brand(key, row, document, reading))
        row.done()


def brand(key: str, row: Row, document: Document, reading: Reading) -> BrandDraft:
    logo, template = row.text("logo"), row.text("template")
    folders = [f"{document.folder}/{name}".strip("/") for name in LOGO_FOLDERS] + [*LOGO_FOLDERS]
    files = [
        logo and reading.file(logo, row.where, "logo", *folders),
        template and reading.file(template, row.where, "template", *folders),
    ]
    return BrandDraft(
        key=key,
        where=row.where,
        artwork=tuple(file for file in files if file),
        mark=mark(row),
        mark_key=row.text("watermark_key") or "",
        profile=profile(row),
        **identity(row),
    )


def identity(row: Row) -> dict[str, Any]:
    return {
        "name": row.text("display_name", 80) or None,
        "slug": slug(row),
        "handle": row.text("handle", 60),
        "active": row.yes("active"),
    }


def slug(row: Row) -> str | None:
    given = row.text("slug", 60)
    if given and not SLUG.fullmatch(given):
        row.wrong(_("slug is %(slug)s; it may hold letters from a to z, digits, - and _.") % {"slug": quoted(given)})
        return None
    return given or None


def profile(row: Row) -> dict[str, object]:
    return said(
        caption_ending=row.caption("default_caption_postfix", 500),
        hashtags=row.texts("default_hashtags"),
        cadence_hours=row.number("posting_cadence_hours", 0, 8760),
        languages=languages(row),
        platforms=platforms(row, "platforms"),
        priority=platforms(row, "priority"),
        filename_pattern=row.text("filename_pattern", 120),
    )


def languages(row: Row) -> list[str] | None:
    given = row.texts("languages", 35)
    for code in given or []:
        if not LANGUAGE.fullmatch(code):
            row.wrong(_("The language %(code)s is no code such as en or pt-BR.") % {"code": quoted(code)})
    return given and [code for code in given if LANGUAGE.fullmatch(code)]
