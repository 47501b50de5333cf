"""What platforms ask for: `platforms: {tiktok: {aspect_ratios:, watermark_safe_zone: top-100px-bottom-200px, ...}}`.

Safe zones become rows, patterns of file names land on profiles. The rest is checked and waits for posting.
"""

import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from brands.importing.drafts import NOTE, PlatformDraft, ZoneDraft
from brands.importing.readers.base import PLATFORMS, Document, Reading, place
from brands.importing.values import Row, kind_of, meant
from brands.layouts import canvas
from wtfsite.lib import names
from wtfsite.lib.names import quoted

RATIOS = {"9:16": "vertical", "4:5": "portrait", "1:1": "square", "16:9": "landscape"}
PREFERRED = {"vertical": "9:16", "portrait": "4:5", "square": "1:1", "landscape": "16:9", "horizontal": "16:9"}
ZONE = re.compile(r"(top|right|bottom|left)-([0-9]{1,5}(?:\.[0-9]{1,3})?)(px|%)(?:-|$)")
RESOLUTION = re.compile(r"([0-9]{2,5})x([0-9]{2,5})")
UNUSED = ("video_specs", "text_constraints")
MOST = 90.0  # percent of a side


def knows(document: Document) -> bool:
    return "platforms" in document.value


def read(document: Document, reading: Reading) -> None:
    top = Row(document.value, document.path, reading.sheet)
    top.skip("version")
    platforms = top.row("platforms")
    defaults = top.row("defaults")
    if defaults:
        reading.pattern = _pattern(defaults) or reading.pattern
        defaults.skip(*UNUSED, "aspect_ratios", "preferred_orientation", "watermark_safe_zone", "enabled")
        defaults.done()
    top.done()
    for key, value in (platforms.values if platforms else {}).items():
        row = Row(value, place(document.path, key), reading.sheet) if isinstance(value, dict) else None
        if row is None:
            Row({}, place(document.path, key), reading.sheet).wrong(
                _("The rules of a platform have to be a mapping, and this is %(kind)s.") % {"kind": kind_of(value)}
            )
        elif key not in PLATFORMS:
            row.wrong(_("The platform %(name)s is not known.") % {"name": quoted(key)} + meant(key, PLATFORMS))
        else:
            _platform(key, row, reading)


def _platform(key: str, row: Row, reading: Reading) -> None:
    enabled = row.yes("enabled")
    pattern = _pattern(row) or ""
    reading.platforms[key] = PlatformDraft(key, row.where, enabled is not False, pattern)
    reading.zones += _zones(key, row)
    row.skip(*UNUSED)
    if any(name in row for name in UNUSED):
        reading.sheet.say(NOTE, row.where, _("Lengths, sizes and texts are not kept yet: the studio does not post."))
    row.done()


def _pattern(row: Row) -> str | None:
    return row.text("filename_pattern", 120)


def _zones(key: str, row: Row) -> Iterator[ZoneDraft]:
    ratios = row.texts("aspect_ratios") or []
    preferred = row.choice("preferred_orientation", PREFERRED)
    text = row.text("watermark_safe_zone")
    for ratio in ratios:
        if ratio not in RATIOS:
            row.wrong(_("The shape %(ratio)s is none of the studio's.") % {"ratio": quoted(ratio)})
    known = [ratio for ratio in ratios if ratio in RATIOS] or [PREFERRED[preferred or "vertical"]]
    for ratio in known if text else ():
        margins = _margins(text or "", row, RATIOS[ratio])
        if margins:
            yield ZoneDraft(key, RATIOS[ratio], row.where, margins, name=words(key), source=names.line(row.where, 200))


def _margins(text: str, row: Row, variant: str) -> dict[str, float]:
    """Percent of the canvas, for the sides that are named. Pixels are counted on the size that the rules give for this
    shape, or on ours."""
    found = {side: (float(amount), unit) for side, amount, unit in ZONE.findall(text)}
    if ZONE.sub("", text) or not found:
        row.wrong(_("watermark_safe_zone is %(text)s; write it as top-100px-bottom-200px.") % {"text": quoted(text)})
        return {}
    width, height = _frame(row, variant)
    whole = {"top": height, "bottom": height, "left": width, "right": width}
    margins = {side: amount if unit == "%" else 100 * amount / whole[side] for side, (amount, unit) in found.items()}
    if max(margins.values()) > MOST or any(
        margins.get(a, 0) + margins.get(b, 0) >= 100 for a, b in (("top", "bottom"), ("left", "right"))
    ):
        row.wrong(_("watermark_safe_zone is %(text)s; that leaves no room on the video.") % {"text": quoted(text)})
        return {}
    return {side: round(margin, 2) for side, margin in margins.items()}


def _frame(row: Row, variant: str) -> tuple[int, int]:
    frame = canvas(variant, 1080)
    specs = row.values.get("video_specs")
    given = specs.get("resolutions") if isinstance(specs, dict) else None
    for size in given if isinstance(given, list) else ():
        found = RESOLUTION.fullmatch(size) if isinstance(size, str) else None
        if found and abs(int(found[1]) * frame.height / (int(found[2]) * frame.width) - 1) < 0.02:
            return int(found[1]), int(found[2])
    return frame.width, frame.height


def words(key: str) -> str:
    """instagram_reels -> Instagram Reels."""
    return {"x_twitter": "X", "tiktok": "TikTok", "youtube": "YouTube", "youtube_shorts": "YouTube Shorts"}.get(
        key, key.replace("_", " ").title()
    )
