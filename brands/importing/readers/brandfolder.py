"""A folder for one brand: manifest.yml, watermark.yml, orientation.yml, and logo.png, watermark.png, template.png."""

from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from brands.importing.drafts import BrandDraft, FileDraft
from brands.importing.files import is_picture, stem
from brands.importing.readers.base import ORIENTATIONS, Document, Reading, mark
from brands.importing.readers.brandlist import identity
from brands.importing.values import Row
from wtfsite.lib import names
from wtfsite.lib.names import quoted

LISTS = ("manifest", "watermark", "orientation")
KINDS = ("logo", "watermark", "template")


def knows(document: Document) -> bool:
    return document.name in LISTS


def read(document: Document, reading: Reading) -> None:
    """Each list adds what it says; the folder's name is what they have in common."""
    key = names.line(PurePosixPath(document.folder).name or stem(reading.kit.name), 80)
    row = Row(document.value, document.path, reading.sheet)
    if document.folder not in reading.folders:
        reading.folders[document.folder] = len(reading.brands)
        reading.brands.append(BrandDraft(key, document.folder or key, artwork=_pictures(document.folder, reading)))
    number = reading.folders[document.folder]
    reading.brands[number] = _more(reading.brands[number], document, row, reading)
    row.done()


def _more(draft: BrandDraft, document: Document, row: Row, reading: Reading) -> BrandDraft:
    if document.name == "watermark":
        return replace(draft, mark={**draft.mark, **mark(row, "")})
    if document.name == "orientation":
        return replace(draft, artwork=_turned(draft.artwork, _rules(row)))
    return replace(draft, mark={**mark(row), **draft.mark}, **identity(row))


def _pictures(folder: str, reading: Reading) -> tuple[FileDraft, ...]:
    """logo.png and its like, and those for one shape: watermark_square.png."""
    found: list[FileDraft] = []
    for path in filter(is_picture, reading.kit.within(folder)):
        reading.used.update(file.path for file in by_name(path))
        found += by_name(path)
    return tuple(found)


def by_name(path: str) -> list[FileDraft]:
    kind, _sign, shape = stem(path).casefold().replace("-", "_").partition("_")
    if kind not in KINDS or (shape and shape not in ORIENTATIONS):
        return []
    return [FileDraft(kind, path, variant) for variant in ORIENTATIONS.get(shape, ("",))]


def _rules(row: Row) -> list[tuple[str, str]]:
    """(pattern of file names, orientation), the first that fits counts; `auto` leaves a picture for all shapes."""
    found = []
    for rule in row.rows("rules"):
        match, turned = rule.text("match"), rule.text("orientation")
        rule.done()
        if turned and turned.casefold() != "auto" and turned.casefold() not in ORIENTATIONS:
            known = _("auto, vertical, square or landscape")
            rule.wrong(_("The orientation %(name)s is not %(known)s.") % {"name": quoted(turned), "known": known})
        elif match and turned:
            found.append((match.casefold(), turned.casefold()))
    return found


def _turned(files: tuple[FileDraft, ...], rules: list[tuple[str, str]]) -> tuple[FileDraft, ...]:
    """Logos are for every shape whatever the rules say: they name the orientation of what covers the frame."""
    return tuple(turned for file in files for turned in _for_shapes(file, rules))


def _for_shapes(file: FileDraft, rules: list[tuple[str, str]]) -> list[FileDraft]:
    name = PurePosixPath(file.path).name.casefold()
    shape = next((shape for pattern, shape in rules if fnmatchcase(name, pattern)), "auto")
    if file.variant or shape == "auto" or file.kind == "logo":
        return [file]
    return [replace(file, variant=variant) for variant in ORIENTATIONS[shape]]
