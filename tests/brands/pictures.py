"""Small pictures, drawn when they are asked for."""

import io

from PIL import Image, ImageDraw


def logo(width: int = 200, height: int = 100, colour: tuple[int, int, int] = (230, 60, 30)) -> Image.Image:
    """A disc-ended bar on nothing."""
    image = Image.new("RGBA", (width, height))
    ImageDraw.Draw(image).rounded_rectangle((0, 0, width - 1, height - 1), height // 3, fill=(*colour, 255))
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()
