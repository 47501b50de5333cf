"""Taking fonts in: one that a sanitiser has written anew in the place of the bytes that came."""

import hashlib
import logging
from weakref import WeakKeyDictionary

from django.conf import settings
from django.core.files.base import ContentFile, File

from brands import typefaces
from brands.artwork import PlateSpec, TextLayer, draw, no_image
from brands.layouts import canvas
from brands.models import Font
from jobs.media import disk, font
from jobs.media.errors import ArtworkError, MediaError, fail
from wtfsite.lib import names, process

log = logging.getLogger(__name__)

TRIED = 200  # letters that are drawn for a trial
Made = tuple[str, bytes]  # format and bytes
_rebuilt: WeakKeyDictionary[File, Made | MediaError] = WeakKeyDictionary()  # until it is taken in, or the request ends


def rebuild(file: File, run: process.Runner = process.run) -> None:
    """Has an uploaded font written anew, so that `take_in` need not, which forms call in a transaction. What is wrong
    with it `take_in` says."""
    try:
        _rebuilt[file] = _made(file, run)
    except MediaError as error:
        _rebuilt[file] = error


def take_in(row: Font, file: File, run: process.Runner = process.run) -> File:
    """Gives the row the new font and its facts; saves nothing. Returns the font.

    What came in is kept nowhere. Raises MediaError with the reason as detail: an ArtworkError when it lies in the font.
    The row then stays as it was.
    """
    if file not in _rebuilt:
        rebuild(file, run)
    found = _rebuilt.pop(file)
    if isinstance(found, MediaError):
        raise found
    kind, data = found
    row.sha256 = hashlib.sha256(data).hexdigest()
    row.font_format = kind
    row.original_name = names.clean(file.name or "")
    made = ContentFile(data, name=f"font.{kind}")
    row.file = made
    return made


def _made(file: File, run: process.Runner) -> Made:
    font.check_bytes(file.size)
    try:
        with disk.workspace(settings.TEMP_DIR / "work", "font") as work:
            path = work / "upload"
            with path.open("wb") as copy:
                copy.writelines(file.chunks())
            made = font.rebuild(path, work, run)
            data = made.path.read_bytes()
    except MediaError as error:
        if not isinstance(error, ArtworkError):
            log.warning("A font could not be rebuilt: %s\n%s", error, error.tail)
        raise
    _check(data)
    return made.format, data


def _check(data: bytes) -> None:
    """That it has letters (fonts of signs alone say of no character what it is), and that some of them can be drawn."""
    letters = sorted(typefaces.own(data).characters)
    if not letters:
        raise fail("font_unreadable", "it has no letters")
    sample = "Hamburg 123 " + "".join(map(chr, letters[:TRIED]))
    words = TextLayer(sample, x=50, y=50, width=100, size_percent=10, font="sample")
    draw(PlateSpec(canvas("square", 720), (words,)), no_image, lambda sha256: data)
