"""Small pictures, drawn when they are asked for."""

import hashlib
import io

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from brands.models import Artwork, Brand


def logo(width: int = 200, height: int = 100, colour: tuple[int, int, int] = (230, 60, 30)) -> Image.Image:
    """A disc-ended bar on nothing."""
    image = Image.new("RGBA", (width, height))
    ImageDraw.Draw(image).rounded_rectangle((0, 0, width - 1, height - 1), height // 3, fill=(*colour, 255))
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def keep_artwork(brand: Brand | None, data: bytes, kind: str = "logo", variant: str = "") -> Artwork:
    """A picture of ours in the default storage, for a brand or (None) the house."""
    artwork = Artwork(brand=brand, kind=kind, variant=variant, sha256=hashlib.sha256(data).hexdigest())
    with Image.open(io.BytesIO(data)) as image:
        artwork.width, artwork.height = image.size
    artwork.file.save("upload.png", ContentFile(data), save=True)
    return artwork
