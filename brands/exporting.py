"""Brands out of the studio, as `brands.importing` reads them back: one list, and each file once under its hash.

rows -> state.py -> wtf-brands.json + files/<hash>.png ... -> a folder, or a ZIP that has the same bytes each time
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from brands.importing import state
from brands.importing.readers.own import DOCUMENT, FORMAT, VERSION
from brands.importing.state import PREFETCH, parted
from brands.models import Artwork, Brand, BrandClip, Font
from brands.plates import storage_errors
from wtfsite.lib import archives

ENDINGS = {"artwork": "png", "clips": "webm", "fonts": "otf"}  # where the format is not the ending


@dataclass
class Export:
    """The list, its files, and what had to be left out because its file is gone."""

    document: dict[str, Any]
    files: dict[str, Artwork | BrandClip | Font]
    missing: list[str] = field(default_factory=list)

    def members(self) -> Iterator[tuple[str, bytes]]:
        """Files one by one; the list comes last, for only then it is known what is missing."""
        lost = set()
        for name, row in sorted(self.files.items()):
            data = _content(row)
            if data is None:
                lost.add(name)
                self.missing.append(f"{row}")
            else:
                yield name, data
        yield DOCUMENT, _bytes(_without(self.document, lost))


def export(brands: Iterable[Brand]) -> Export:
    """Of these brands everything but who may see them."""
    found = Export({"format": FORMAT, "version": VERSION, "brands": [], "fonts": []}, {})
    keys = [brand.pk for brand in brands]
    for brand in Brand.objects.filter(pk__in=keys).order_by("slug").prefetch_related(*PREFETCH):
        found.document["brands"].append(_brand(brand, found.files))
    house = Font.objects.filter(brand=None, layer__brand__in=keys).distinct().order_by("name")
    found.document["fonts"] = [
        _file("fonts", font.name, state.facts(font, state.FONT), font, found.files) for font in house
    ]
    return found


def write(exported: Export, target: Path) -> None:
    """Into a ZIP if its name ends so, else into a folder. Raises OSError and archives.BadArchive."""
    if target.suffix.casefold() == ".zip":
        with target.open("wb") as file:
            pack(exported, file)
        return
    for name, data in exported.members():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def pack(exported: Export, file: BinaryIO) -> None:
    """Raises archives.BadArchive when it is more than one archive may hold."""
    archives.pack(file, exported.members())


def _brand(brand: Brand, files: dict[str, Any]) -> dict[str, Any]:
    found = state.state(brand)
    rows: dict[str, dict[str, Any]] = {
        "artwork": {state.key(row.kind, row.variant): row for row in brand.artwork.all()},
        "clips": {state.key(row.kind, row.variant): row for row in brand.clips.all()},
        "fonts": {row.name: row for row in brand.fonts.all()},
    }
    for part, wanted in rows.items():
        found[part] = [_file(part, place, facts, wanted[place], files) for place, facts in found[part].items()]
    found["layers"] = [
        {"name": parted(place)[0], "variant": parted(place)[1], **values} for place, values in found["layers"].items()
    ]
    return found


def _file(part: str, place: str, facts: dict[str, Any], row: Any, files: dict[str, Any]) -> dict[str, Any]:
    ending = facts["format"].casefold() if part != "artwork" and facts["format"] else ENDINGS[part]
    name = f"files/{facts['sha256']}.{ending}"
    files[name] = row
    kind, variant = parted(place)
    whose: dict[str, Any] = {"font": place} if part == "fonts" else {"kind": kind, "variant": variant}
    told: dict[str, Any] = {key: facts[key] for key in ("name", "format", "active") if key in facts}
    return {**whose, "file": name, **told}


def _content(row: Any) -> bytes | None:
    """None when the file is gone, or is not the one that was taken in."""
    try:
        with row.file.open("rb") as file:
            data = bytes(file.read())
    except ValueError:  # a row without a file
        return None
    except storage_errors():
        return None
    return data if hashlib.sha256(data).hexdigest() == row.sha256 else None


def _without(document: dict[str, Any], lost: set[str]) -> dict[str, Any]:
    document["fonts"] = [one for one in document["fonts"] if one["file"] not in lost]
    for brand in document["brands"]:
        for part in ENDINGS:
            brand[part] = [one for one in brand[part] if one["file"] not in lost]
    return document


def _bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"
