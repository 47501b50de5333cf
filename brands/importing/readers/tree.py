"""Pictures that say by their own name or folder whose they are: `Watermarks/Square/Northshore_watermark.png`."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from brands.importing.drafts import FileDraft
from brands.importing.files import is_picture, parent, stem
from brands.importing.readers import brandfolder
from brands.importing.readers.base import ORIENTATIONS, Named, Reading

MARK = re.compile(r"(.+?)[_-]watermark(?:[_-](low|medium|high))?", re.IGNORECASE)
LOGO = re.compile(r"(.+?)[_-]logo", re.IGNORECASE)
LOGOS = {"square": "logo", "circle": "second_logo"}  # the square one loses nothing at its corners


def read(reading: Reading) -> None:
    """What stands in the folder of a single brand with a list belongs to that one and is left out."""
    for path in filter(is_picture, reading.kit.names):
        if parent(path) and parent(path) not in reading.folders:
            reading.named += _named(path, [part.casefold() for part in PurePosixPath(parent(path)).parts])


def _named(path: str, folders: list[str]) -> Iterator[Named]:
    if "watermarks" in folders and (mark := MARK.fullmatch(stem(path))):
        for shape in ORIENTATIONS.get(folders[-1], ("",)):
            yield Named(mark[1], FileDraft("watermark", path, shape), (mark[2] or "").casefold())
    elif "logos" in folders and folders[-1] in LOGOS and (logo := LOGO.fullmatch(stem(path))):
        yield Named(logo[1], FileDraft(LOGOS[folders[-1]], path))
    else:
        for file in brandfolder.by_name(path):
            yield Named(PurePosixPath(parent(path)).name, file)
