"""A watermark from a logo: its shape in white and light greys, with a name below it if wanted. Pillow only."""

from PIL import Image

from brands import cutout
from brands.artwork import PlateSpec, TextLayer, draw, no_image
from brands.layouts import Canvas

DARKEST = 150  # of 255: what is darkest in the logo
FLAT = 40  # levels: logos with less between their darkest and their brightest become white
NAME_PERCENT = 16.0  # of the logo's longer side
LEAST_ROOM = 256  # pixels: so much a name gets, however small the logo is


def mark(logo: Image.Image, name: str = "") -> Image.Image:
    """The watermark (RGBA). A logo without transparency is cut out of its ground first.

    Raises `artwork_ground` when it has no plain one, `artwork_invisible` when nothing would be left.
    """
    see_through = any(logo.getchannel("A").histogram()[: cutout.SEEN])
    free = logo if see_through else cutout.cut(logo, cutout.AUTO)
    cutout.check(free)
    light = _light(cutout.trim(free))
    return _below(light, name) if name.strip() else light


def _light(picture: Image.Image) -> Image.Image:
    alpha = picture.getchannel("A")
    grey = picture.convert("L")
    low, high = _extent(grey, alpha)
    if high - low < FLAT:
        light = Image.new("L", grey.size, 255)
    else:
        light = grey.point(lambda value: DARKEST + (255 - DARKEST) * (min(max(value, low), high) - low) // (high - low))
    return Image.merge("RGBA", (light, light, light, alpha))


def _extent(grey: Image.Image, alpha: Image.Image) -> tuple[int, int]:
    """The darkest and the brightest of what can be seen."""
    counts = grey.histogram(alpha.point(lambda value: 255 if value >= cutout.SEEN else 0))
    levels = [level for level, count in enumerate(counts) if count]
    return levels[0], levels[-1]


def _below(picture: Image.Image, name: str) -> Image.Image:
    side = max(*picture.size, LEAST_ROOM)
    text = TextLayer(name, x=50, y=50, width=100, size_percent=NAME_PERCENT)
    plate = draw(PlateSpec(Canvas(side, side), (text,)), no_image)
    if plate is None:
        return picture
    letters, gap = cutout.trim(plate.image), side // 20
    whole = Image.new("RGBA", (max(picture.width, letters.width), picture.height + gap + letters.height))
    whole.paste(picture, ((whole.width - picture.width) // 2, 0))
    whole.paste(letters, ((whole.width - letters.width) // 2, picture.height + gap))
    return whole
