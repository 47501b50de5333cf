"""Taking artwork in: look at the bytes, write down what they are, keep the uploader's file name as text only."""

import hashlib
import unicodedata
from collections.abc import Iterable

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction

from brands.artwork import MAX_BYTES, image_format, read_image
from brands.models import Artwork, ArtworkKind, Brand, Layer
from jobs.media.errors import fail


def take_in(artwork: Artwork, file: File) -> None:
    """Fills the artwork's facts (hash, size in pixels, format, name) from an uploaded file; saves nothing.

    Raises `artwork_unreadable`, with the reason as detail, for anything that cannot be shown later.
    """
    if file.size > MAX_BYTES:
        raise fail("artwork_unreadable", f"{file.size / 1e6:.0f} MB, at most {MAX_BYTES // 1_000_000} MB are taken")
    file.seek(0)
    data = bytes(file.read())
    file.seek(0)
    picture = read_image(data)
    artwork.sha256 = hashlib.sha256(data).hexdigest()
    artwork.width, artwork.height = picture.size
    artwork.image_format = image_format(data)
    artwork.original_name = clean_name(file.name or "")


def clean_name(name: str) -> str:
    """A file name fit for showing: the last part, without control, direction and other invisible characters."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in last if unicodedata.category(char)[0] != "C").strip()[:255]


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
