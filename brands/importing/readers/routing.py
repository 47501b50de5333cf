"""Where brands post: `NorthshoreNews: {platforms: [...], priority: [...]}`."""

from brands.importing.drafts import BrandDraft
from brands.importing.readers.base import Document, Reading, entries, platforms, said

TOP = ("routing", "brands")


def knows(document: Document) -> bool:
    if document.name == "routing":
        return True
    brands = [value for value in document.value.values() if isinstance(value, dict)]
    return bool(brands) and all(brand and brand.keys() <= {"platforms", "priority"} for brand in brands)


def read(document: Document, reading: Reading) -> None:
    inner = next((document.value[name] for name in TOP if isinstance(document.value.get(name), dict)), document.value)
    for key, row in entries(inner, document, reading):
        profile = said(platforms=platforms(row, "platforms"), priority=platforms(row, "priority"))
        reading.routes.append(BrandDraft(key, row.where, profile=profile))
        row.done()
