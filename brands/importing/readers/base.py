"""What the readers share."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from brands.importing.drafts import ERROR, WARNING, BrandDraft, FileDraft, PlatformDraft, ZoneDraft
from brands.importing.files import Kit, Unreadable, is_picture, parent
from brands.importing.values import Row, Sheet, kind_of, meant
from wtfsite.lib import names
from wtfsite.lib.names import quoted

PLATFORMS = (
    *("tiktok", "instagram_reels", "instagram_feed", "youtube_shorts", "youtube"),
    *("facebook", "x_twitter", "linkedin", "reddit"),
)
ROWS, COLUMNS = {"top": 0.0, "center": 50.0, "bottom": 100.0}, {"left": 0.0, "center": 50.0, "right": 100.0}
# By name, the centre in percent; None covers the frame. What stands at 0 or 100 is pushed into the safe area.
POSITIONS: dict[str, tuple[float, float] | None] = {
    **{f"{row}-{column}": (x, y) for row, y in ROWS.items() for column, x in COLUMNS.items()},
    "center": (50.0, 50.0),
    "full": None,
}
# The names that folders and rules give to shapes
ORIENTATIONS = {
    "vertical_hd": ("vertical", "portrait"),
    "vertical": ("vertical", "portrait"),
    "portrait": ("vertical", "portrait"),
    "square": ("square",),
    "landscape": ("landscape",),
    "horizontal": ("landscape",),
}
SMALLEST, LARGEST = 0.01, 2.0  # of a mark, as a share of the width


@dataclass(frozen=True)
class Document:
    path: str
    name: str  # of the file, without its ending, in small letters
    value: dict[str, Any]

    @property
    def folder(self) -> str:
        return parent(self.path)


@dataclass(frozen=True)
class Named:
    """A picture that says by its own name whose it is."""

    key: str
    file: FileDraft
    grade: str = ""


@dataclass
class Reading:
    kit: Kit
    sheet: Sheet
    understood: int = 0  # documents
    brands: list[BrandDraft] = field(default_factory=list)
    routes: list[BrandDraft] = field(default_factory=list)
    fonts: list[FileDraft] = field(default_factory=list)  # of the house
    zones: list[ZoneDraft] = field(default_factory=list)
    platforms: dict[str, PlatformDraft] = field(default_factory=dict)
    pattern: str = ""  # of file names, where a platform has none
    named: list[Named] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    folders: dict[str, int] = field(default_factory=dict)  # of single brands -> their place in `brands`

    def file(self, wanted: str, where: str, kind: str, *folders: str) -> FileDraft | None:
        """The picture that a list names; None, and a sentence, when it is not there."""
        try:
            found = self.kit.look(wanted, *folders)
        except Unreadable as error:
            self.sheet.say(ERROR, where, f"{error} " + _("The %(kind)s was left out.") % {"kind": kind})
            return None
        if not is_picture(found.path):
            sentence = _("%(file)s is not a PNG, JPEG, WebP or GIF picture.") % {"file": quoted(found.path)}
            self.sheet.say(ERROR, where, sentence)
            return None
        if not found.sure:
            self.taken(where, wanted, found.path)
        self.used.add(found.path)
        return FileDraft(kind, found.path, where=where)

    def taken(self, where: str, wanted: str, meaning: str) -> None:
        about = _("%(wanted)s is not there; it was taken to mean %(found)s.")
        self.sheet.say(WARNING, where, about % {"wanted": quoted(wanted), "found": quoted(meaning)})


def entries(values: dict[str, Any], document: Document, reading: Reading) -> list[tuple[str, Row]]:
    """The brands of a list; what is no mapping is said."""
    found = []
    for key, value in values.items():
        where = place(document.path, key)
        if isinstance(value, dict) and names.line(key):
            found.append((names.line(key, 80), Row(value, where, reading.sheet)))
        else:
            sentence = _("A brand has to be a mapping with a name, and this is %(kind)s. It was left out.")
            reading.sheet.say(ERROR, where, sentence % {"kind": kind_of(value)})
    return found


def place(path: str, key: str) -> str:
    return f"{path}: {names.line(key, 80) or '?'}"


def mark(row: Row, prefix: str = "watermark_") -> dict[str, Any]:
    """Position, scale and opacity of the watermark, as far as they are said."""
    said = {
        "position": position(row, f"{prefix}position"),
        "scale": row.number(f"{prefix}scale", SMALLEST, LARGEST),
        "opacity": row.number(f"{prefix}opacity", 0.01, 1.0),
    }
    return {key: value for key, value in said.items() if value is not None}


def position(row: Row, key: str) -> str | list[float] | None:
    """One of the names, or a centre of one's own: {x: 50, y: 12} in percent."""
    if not isinstance(row.values.get(key), dict):
        return row.choice(key, POSITIONS)
    point = row.row(key)
    assert point
    x, y = point.number("x", 0, 100), point.number("y", 0, 100)
    point.done()
    return None if x is None or y is None else [x, y]


def platforms(row: Row, key: str) -> list[str] | None:
    """The known ones of a list of platforms."""
    given = row.texts(key)
    if given is None:
        return None
    for name in given:
        if name not in PLATFORMS:
            sentence = _("The platform %(name)s is not known.") % {"name": quoted(name)}
            row.wrong(sentence + meant(name, PLATFORMS))
    return [name for name in given if name in PLATFORMS]


def said(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
