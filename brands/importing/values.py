"""Mappings that other people wrote, read key by key. What is wrong is said and left out; nothing is guessed."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from brands.importing.drafts import ERROR, WARNING, Finding
from wtfsite.lib import names
from wtfsite.lib.names import quoted

MOST_ITEMS = 100  # of a list
# Kept where people write to people: joiners, the selectors of colour, and the signs that make the flags of Scotland,
# England and Wales. Nothing else that cannot be seen.
FLAG = "\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]+\U000e007f"
UNSEEN = re.compile(
    f"({FLAG})|[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


class Sheet:
    """Collects what is found while a kit is read."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def say(self, level: str, where: str, sentence: str) -> None:
        found = Finding(level, where, sentence)
        if found not in self.findings:
            self.findings.append(found)


class Row:
    """One mapping. Every getter gives None when the key is not there or its value is not taken; `done` then says which
    keys nobody asked for."""

    def __init__(self, values: dict[str, Any], where: str, sheet: Sheet) -> None:
        self.values, self.where, self.sheet = values, where, sheet
        self._asked: list[str] = []

    def __contains__(self, key: str) -> bool:
        return self.values.get(key) is not None

    def text(self, key: str, longest: int = 255) -> str | None:
        """One line; what cannot be seen is taken out."""
        value = self._typed(key, str, _("a text"))
        return None if value is None else self._fit(key, names.line(value, len(value) * 4 or 1), longest)

    def caption(self, key: str, longest: int) -> str | None:
        """Text as people post it: emoji, flags and line breaks stay."""
        value = self._typed(key, str, _("a text"))
        return None if value is None else self._fit(key, prose(value), longest)

    def number(self, key: str, least: float, most: float) -> float | None:
        value = self._typed(key, (int, float), _("a number"))
        if value is None:
            return None
        if not least <= value <= most:
            what = {"key": key, "value": f"{value:g}", "least": f"{least:g}", "most": f"{most:g}"}
            self.wrong(_("%(key)s is %(value)s; it has to be from %(least)s to %(most)s.") % what)
            return None
        return float(value)

    def yes(self, key: str) -> bool | None:
        value = self._typed(key, bool, _("true or false"))
        return None if value is None else bool(value)

    def texts(self, key: str, longest: int = 100) -> list[str] | None:
        """A list of lines, each once."""
        value = self._typed(key, list, _("a list"))
        if value is None:
            return None
        if len(value) > MOST_ITEMS:
            self.wrong(_("%(key)s has more than %(most)d items.") % {"key": key, "most": MOST_ITEMS})
            return None
        lines = [self._item(key, item, longest) for item in value]
        return list(dict.fromkeys(line for line in lines if line))

    def row(self, key: str) -> "Row | None":
        value = self._typed(key, dict, _("a mapping"))
        return None if value is None else Row(value, f"{self.where}: {names.line(key, 60)}", self.sheet)

    def rows(self, key: str) -> "list[Row]":
        """A list of mappings."""
        found = []
        for number, item in enumerate(self._typed(key, list, _("a list")) or [], 1):
            where = f"{self.where}: {key} {number}"
            if isinstance(item, dict):
                found.append(Row(item, where, self.sheet))
            else:
                self.sheet.say(ERROR, where, _("It has to be a mapping, and is %(kind)s.") % {"kind": kind_of(item)})
        return found

    def choice(self, key: str, known: Iterable[str]) -> str | None:
        value = self.text(key)
        known = list(known)
        if value is None or value in known:
            return value
        self.wrong(
            _("%(key)s is %(value)s, which is not known.") % {"key": key, "value": quoted(value)} + meant(value, known)
        )
        return None

    def skip(self, *keys: str) -> None:
        """Known keys that are not needed here."""
        self._asked.extend(keys)

    def done(self) -> None:
        for key in self.values:
            if key not in self._asked:
                about = _("The key %(key)s is not known and was left out.") % {"key": quoted(key)}
                self.sheet.say(WARNING, self.where, about + meant(key, self._asked))

    def wrong(self, sentence: str) -> None:
        self.sheet.say(ERROR, self.where, sentence + " " + _("It was left out."))

    def _typed(self, key: str, kind: Any, called: str) -> Any:
        self._asked.append(key)
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        self.wrong(
            _("%(key)s has to be %(called)s, and is %(kind)s.") % {"key": key, "called": called, "kind": kind_of(value)}
        )
        return None

    def _fit(self, key: str, text: str, longest: int) -> str | None:
        if len(text) <= longest:
            return text
        self.wrong(_("%(key)s is longer than %(most)d characters.") % {"key": key, "most": longest})
        return None

    def _item(self, key: str, item: Any, longest: int) -> str | None:
        if isinstance(item, str):
            return self._fit(key, names.line(item, len(item) * 4 or 1), longest)
        self.wrong(_("%(key)s holds %(kind)s where a text belongs.") % {"key": key, "kind": kind_of(item)})
        return None


def kind_of(value: Any) -> str:
    """A value as it stands in a sentence."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _("the text %(text)s") % {"text": quoted(value)} if value else _("an empty text")
    if isinstance(value, int | float):
        return _("the number %(number)s") % {"number": f"{value:g}"}
    return _("a list") if isinstance(value, list) else _("a mapping") if isinstance(value, dict) else _("nothing")


def meant(text: str, known: Iterable[str]) -> str:
    """A question that names what is most like it, by a part of the name if need be; or nothing."""
    known = list(known)
    parts = {part: name for name in reversed(known) for part in re.split(r"[ _-]", name) if len(part) > 3}
    near = names.nearest(text, known, 1) or [parts[part] for part in names.nearest(text, parts, 1)]
    return " " + _("Did you mean %(name)s?") % {"name": quoted(near[0])} if near else ""


def prose(text: str) -> str:
    """What people post: NFC, line breaks as \\n, without signs that only hide."""
    whole = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return UNSEEN.sub(lambda found: found[1] or "", whole).strip()
