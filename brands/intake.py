"""Taking artwork in: a PNG of ours in the place of the bytes that came, and their file name as text only.

what came --> picture.rebuild (decoded in the sandbox, made smaller) --> cutout (ground, margins) --> PNG
"""

import hashlib
import io
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from weakref import WeakKeyDictionary

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from PIL import Image

from brands import cutout, plates
from brands.artwork import read_image
from brands.mark import mark
from brands.models import Artwork, ArtworkKind, Brand, Layer
from jobs.media import disk, picture
from jobs.media.errors import ArtworkError, MediaError, fail
from wtfsite.lib import names, process

log = logging.getLogger(__name__)

LONGEST = 2048  # pixels on a side of what is kept
LONGEST_LOGO = 1024
QUICK = 1  # of 9, as the child writes


@dataclass(frozen=True)
class Wishes:
    """What is to be done to a picture: a ground of `cutout.GROUNDS` to remove, how strongly (0 to 150), whether empty
    margins go, and how many pixels it may have on a side."""

    ground: str = cutout.AS_IT_IS
    strength: int = cutout.STRENGTH
    trim: bool = False
    longest: int = LONGEST


Made = tuple[picture.Rebuilt, bytes]  # with the bytes of the PNG: its file is gone with the folder
# Until it is taken in, or the request ends.
_decoded: WeakKeyDictionary[File, tuple[Wishes, Made | MediaError]] = WeakKeyDictionary()


def longest(kind: str) -> int:
    """How many pixels on a side a picture of this kind keeps."""
    return LONGEST_LOGO if kind in (ArtworkKind.LOGO, ArtworkKind.SECOND_LOGO) else LONGEST


def decode(file: File, run: process.Runner = process.run, wishes: Wishes | None = None) -> None:
    """Rebuilds an uploaded picture, so that `take_in` need not: that takes seconds, and `take_in` is called by forms
    in a transaction, which on SQLite keeps everybody else from writing. What is wrong with it `take_in` says."""
    wishes = wishes or Wishes()
    try:
        _decoded[file] = wishes, _rebuilt(file, run, wishes)
    except MediaError as error:
        _decoded[file] = wishes, error


def take_in(artwork: Artwork, file: File, run: process.Runner = process.run, wishes: Wishes | None = None) -> File:
    """Rebuilds an uploaded picture and gives the artwork the new PNG and its facts; saves nothing. Returns the PNG.

    What came in is kept nowhere. Without `wishes` it is only made as small as its kind asks for. Raises MediaError with
    the reason as detail: an ArtworkError when it lies in the picture. The artwork then stays as it was.
    """
    rebuilt, data = _found(file, run, wishes or Wishes(longest=longest(artwork.kind)))
    png = ContentFile(data, name=rebuilt.path.name)
    artwork.sha256 = hashlib.sha256(data).hexdigest()
    artwork.width, artwork.height = rebuilt.width, rebuilt.height
    artwork.image_format = rebuilt.format
    artwork.original_name = names.clean(file.name or "")
    artwork.file = png
    return png


def picture_of(file: File, run: process.Runner = process.run, wishes: Wishes | None = None) -> Image.Image:
    """What would be kept of an uploaded picture. Raises as `take_in`."""
    return read_image(_found(file, run, wishes or Wishes())[1])


def as_file(image: Image.Image, name: str) -> File:
    """A picture that was drawn here, in the form in which others come."""
    target = io.BytesIO()
    image.save(target, "PNG", compress_level=QUICK)
    return ContentFile(target.getvalue(), name=name)


def _found(file: File, run: process.Runner, wishes: Wishes) -> Made:
    """Decoded before with these wishes, or now."""
    if file not in _decoded or _decoded[file][0] != wishes:
        decode(file, run, wishes)
    _wishes, found = _decoded.pop(file)
    if isinstance(found, MediaError):
        raise found
    return found


def _rebuilt(file: File, run: process.Runner, wishes: Wishes) -> Made:
    picture.check_bytes(file.size)
    try:
        with disk.workspace(settings.TEMP_DIR / "work", "picture") as work:
            cuts = wishes.ground or wishes.trim
            most = min(2 * wishes.longest, LONGEST) if cuts else wishes.longest  # margins go before it is made smaller
            rebuilt = picture.rebuild(_copied(file, work / "upload"), work, run, longest=most)
            return _worked(rebuilt, wishes)
    except MediaError as error:
        if not isinstance(error, ArtworkError):
            log.warning("A picture could not be rebuilt: %s\n%s", error, error.tail)
        raise


def _worked(rebuilt: picture.Rebuilt, wishes: Wishes) -> Made:
    """Without its ground and margins, if that is wished. Raises `artwork_invisible` for what is empty."""
    data = rebuilt.path.read_bytes()
    image = cutout.cut(came := read_image(data), wishes.ground, wishes.strength)
    cutout.check(image)
    image = cutout.fit(cutout.trim(image) if wishes.trim else image, wishes.longest)
    if image is came:
        return rebuilt, data
    with as_file(image, "") as file:
        return replace(rebuilt, width=image.width, height=image.height), file.read()


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


def lacks_watermark(brand: Brand) -> bool:
    """It has a logo that one can be drawn from, and no watermark of its own."""
    kinds = set(brand.artwork.values_list("kind", flat=True))
    return ArtworkKind.LOGO in kinds and ArtworkKind.WATERMARK not in kinds


def watermark(brand: Brand, with_name: bool = False, run: process.Runner = process.run) -> Artwork:
    """A watermark for all variants in the shape of the brand's logo, not saved. Raises MediaError about the logo."""
    logo = brand.artwork.filter(kind=ArtworkKind.LOGO).order_by("variant").first()
    if logo is None:
        raise fail("artwork_missing", str(brand))
    image = mark(read_image(plates.open_artwork(logo.sha256)), brand.name if with_name else "")
    artwork = Artwork(brand=brand, kind=ArtworkKind.WATERMARK)
    take_in(artwork, as_file(image, f"{brand.slug}-watermark.png"), run)
    return artwork


def drop_files(names: Iterable[str]) -> None:
    """After the commit, removes those files that no artwork holds any more."""
    wanted = [name for name in names if name]
    transaction.on_commit(lambda: _drop(wanted))


def _drop(names: list[str]) -> None:
    held = set(Artwork.objects.filter(file__in=names).values_list("file", flat=True))
    for name in set(names) - held:
        default_storage.delete(name)
