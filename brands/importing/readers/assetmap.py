"""A map of assets: `NorthshoreNews: {display_name:, assets: {logo:, watermark:, template:}, options: {...}}`."""

from brands.importing.drafts import BrandDraft
from brands.importing.readers.base import Document, Reading, entries, mark
from brands.importing.readers.brandlist import identity
from brands.importing.values import Row

KINDS = ("template", "logo", "watermark")


def knows(document: Document) -> bool:
    return any(isinstance(value, dict) and value.keys() & {"assets", "options"} for value in document.value.values())


def read(document: Document, reading: Reading) -> None:
    for key, row in entries(document.value, document, reading):
        reading.brands.append(_brand(key, row, document, reading))
        row.done()


def _brand(key: str, row: Row, document: Document, reading: Reading) -> BrandDraft:
    assets, options = row.row("assets"), row.row("options")
    files = []
    for kind in KINDS if assets else ():
        path = assets.text(kind, 1000) if assets else None
        file = path and reading.file(path, row.where, kind, document.folder, "")
        files += [file] if file else []
    said = mark(options) if options else {}
    for part in (assets, options):
        if part:
            part.done()
    return BrandDraft(key=key, where=row.where, artwork=tuple(files), mark=said, **identity(row))
