"""Taking artwork in: a PNG of ours in the place of the bytes that came, and their file name as text only."""

import hashlib
import logging
from collections.abc import Iterable
from pathlib import Path
from weakref import WeakKeyDictionary

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction

from brands.models import Artwork, ArtworkKind, Brand, Layer
from jobs.media import disk, picture
from jobs.media.errors import ArtworkError, MediaError
from wtfsite.lib import names, process

log = logging.getLogger(__name__)

Made = tuple[picture.Rebuilt, bytes]  # with the bytes of the PNG: its file is gone with the folder
_decoded: WeakKeyDictionary[File, Made | MediaError] = WeakKeyDictionary()  # until it is taken in, or the request ends


def decode(file: File, run: process.Runner = process.run) -> None:
    """Rebuilds an uploaded picture, so that `take_in` need not: that takes seconds, and `take_in` is called by forms
    in a transaction, which on SQLite keeps everybody else from writing. What is wrong with it `take_in` says."""
    try:
        _decoded[file] = _rebuilt(file, run)
    except MediaError as error:
        _decoded[file] = error


def take_in(artwork: Artwork, file: File, run: process.Runner = process.run) -> File:
    """Rebuilds an uploaded picture and gives the artwork the new PNG and its facts; saves nothing. Returns the PNG.

    What came in is kept nowhere. Raises MediaError with the reason as detail: an ArtworkError when it lies in the
    picture. The artwork then stays as it was.
    """
    if file not in _decoded:
        decode(file, run)
    found = _decoded.pop(file)
    if isinstance(found, MediaError):
        raise found
    rebuilt, data = found
    png = ContentFile(data, name=rebuilt.path.name)
    artwork.sha256 = hashlib.sha256(data).hexdigest()
    artwork.width, artwork.height = rebuilt.width, rebuilt.height
    artwork.image_format = rebuilt.format
    artwork.original_name = names.clean(file.name or "")
    artwork.file = png
    return png


def _rebuilt(file: File, run: process.Runner) -> Made:
    picture.check_bytes(file.size)
    try:
        with disk.workspace(settings.TEMP_DIR / "work", "picture") as work:
            rebuilt = picture.rebuild(_copied(file, work / "upload"), work, run)
            return rebuilt, rebuilt.path.read_bytes()
    except MediaError as error:
        if not isinstance(error, ArtworkError):
            log.warning("A picture could not be rebuilt: %s\n%s", error, error.tail)
        raise


def _copied(file: File, path: Path) -> Path:
    with path.open("wb") as copy:
        copy.writelines(file.chunks())
    return path


def place_logo(brand: Brand) -> Layer | None:
    """Puts the logo into the lower right corner of all variants, 15 percent wide; None when there is no logo, or the
    brand has layers already."""
    if brand.layers.exists() or not brand.artwork.filter(kind=ArtworkKind.LOGO).exists():
        return None
    # 100/100 is pushed back into the safe area: that many pixels from both edges, whatever the logo's shape.
    return brand.layers.create(name="logo", artwork_kind=ArtworkKind.LOGO, x=100.0, y=100.0, width=15.0)


def drop_files(names: Iterable[str]) -> None:
    """After the commit, removes those files that no artwork holds any more."""
    wanted = [name for name in names if name]
    transaction.on_commit(lambda: _drop(wanted))


def _drop(names: list[str]) -> None:
    held = set(Artwork.objects.filter(file__in=names).values_list("file", flat=True))
    for name in set(names) - held:
        default_storage.delete(name)
