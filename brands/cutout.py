"""Cutting a logo out of a plain dark or light ground. Pictures in, pictures out: Pillow only.

cut(picture, ground, strength) --> the ground's colour, found at the border
    |
    +-- all of the picture that hangs together with the border and is of that colour goes (what it encloses stays)
    +-- along the edge: how far a pixel is from the ground, against the farthest next to it, is how solid it is,
        and its share of the ground is taken out of its colour, so that no rim stays
"""

import re
from collections.abc import Iterator
from statistics import median_low

from PIL import Image, ImageChops, ImageFilter

from jobs.media.errors import fail

AS_IT_IS, DARK, LIGHT, AUTO = "", "dark", "light", "auto"
GROUNDS = (AS_IT_IS, DARK, LIGHT, AUTO)
STRONGEST = 150  # levels of 255
STRENGTH = 60  # what is taken unless somebody says otherwise
MIDDLE = 128  # brightness from which a ground is light
PLAIN = 48  # levels: how far two pixels of a plain ground are from each other at most
SEEN = 8  # of 255: fainter pixels are nothing to see
LEAST_BORDER = 0.25  # of the border is of the ground
LEAST_SEEN = 0.01  # of the pixels
EDGE = 5  # pixels: side of the square in which the farthest neighbour is looked for
RUN = re.compile(rb"\xff+")

Colour = tuple[int, ...]


def cut(picture: Image.Image, ground: str, strength: int = STRENGTH) -> Image.Image:
    """The picture (RGBA) without its ground; a picture that stands on nothing comes back as it is.

    `strength` 0 to 150 is how many levels of 255 a pixel may be off the ground's colour and still belong to it. Raises
    `artwork_ground` when the border has no such ground.
    """
    colour = _ground(picture, ground) if ground else None
    return _without(picture, colour, min(max(strength, 0), STRONGEST)) if colour else picture


def trim(picture: Image.Image) -> Image.Image:
    """Without the margins in which there is nothing to see. An empty picture stays as it is."""
    box = _seen(picture).getbbox()
    return picture.crop(box) if box else picture


def check(picture: Image.Image) -> None:
    """Raises `artwork_invisible` when less than one percent of the pixels can be seen."""
    seen = _seen(picture).histogram()[255] / (picture.width * picture.height)
    if seen < LEAST_SEEN:
        raise fail("artwork_invisible", f"{100 * seen:.2f} %")


def fit(picture: Image.Image, longest: int) -> Image.Image:
    """Scaled down so that no side is longer than that; smaller pictures stay as they are."""
    if max(picture.size) <= longest:
        return picture
    small = picture.copy()
    small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return small


def _seen(picture: Image.Image) -> Image.Image:
    return picture.getchannel("A").point(lambda value: 255 if value >= SEEN else 0)


# --- the ground -----------------------------------------------------------------------------------------------------


def _ground(picture: Image.Image, wanted: str) -> Colour | None:
    """The colour of the ground; None when most of the border is transparent already."""
    border = list(_border(picture))
    solid = [pixel[:3] for pixel in border if pixel[3] >= SEEN]
    if 2 * len(solid) < len(border):
        return None
    dark = [pixel for pixel in solid if _brightness(pixel) < MIDDLE]
    light = [pixel for pixel in solid if _brightness(pixel) >= MIDDLE]
    chosen = {DARK: dark, LIGHT: light, AUTO: max(dark, light, key=len)}[wanted]
    if len(chosen) < LEAST_BORDER * len(solid):
        raise fail("artwork_ground", f"its border is not {wanted}")
    colour = tuple(median_low(pixel[band] for pixel in chosen) for band in range(3))
    near = sum(_distance(pixel, colour) <= PLAIN for pixel in chosen)
    if 2 * near < len(chosen):
        raise fail("artwork_ground", "its border has many colours")
    return colour


def _border(picture: Image.Image) -> Iterator[Colour]:
    width, height = picture.size
    for box in ((0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height)):
        data = picture.crop(box).tobytes()
        yield from (tuple(data[at : at + 4]) for at in range(0, len(data), 4))


def _brightness(pixel: Colour) -> float:
    return 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]


def _distance(one: Colour, other: Colour) -> int:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


# --- taking it out --------------------------------------------------------------------------------------------------


def _without(picture: Image.Image, colour: Colour, strength: int) -> Image.Image:
    alpha = picture.getchannel("A")
    far = _far(picture, colour)
    away = _reached(far.point(lambda value: 255 if value <= strength else 0))
    solid = _solid(far, away, strength)
    clean = _unmixed(picture.convert("RGB"), colour, solid)
    clean.putalpha(ImageChops.multiply(solid, alpha))
    return clean


def _far(picture: Image.Image, colour: Colour) -> Image.Image:
    """How far each pixel is from the colour, in levels of its farthest band; transparent pixels are the ground."""
    plain = Image.new("RGB", picture.size, colour)
    red, green, blue = ImageChops.difference(picture.convert("RGB"), plain).split()
    far = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return ImageChops.darker(far, _seen(picture))


def _solid(far: Image.Image, away: Image.Image, strength: int) -> Image.Image:
    """How solid each pixel is: 0 for the ground, 255 for what is not near it, between them along the edge."""
    near = away.filter(ImageFilter.MaxFilter(EDGE))
    farthest = far.filter(ImageFilter.MaxFilter(EDGE))
    beyond = farthest.point(lambda value: 255 if value > strength else 0)
    shares = bytearray(ImageChops.invert(ImageChops.subtract(near, beyond)).tobytes())
    least = strength // 4  # so much a ground may flicker
    here, there = far.tobytes(), farthest.tobytes()
    for run in RUN.finditer(ImageChops.darker(near, beyond).tobytes()):
        for at in range(*run.span()):
            shares[at] = 255 * max(0, here[at] - least) // (there[at] - least)
    return Image.frombytes("L", far.size, bytes(shares))


def _unmixed(picture: Image.Image, colour: Colour, solid: Image.Image) -> Image.Image:
    """What the colours were before the ground shone through them."""
    ground = ImageChops.invert(solid)
    bands = []
    for band, level in zip(picture.split(), colour, strict=True):
        mixed_in = ground.point(lambda value, level=level: (value * level + 127) // 255)
        bands.append(ImageChops.darker(ImageChops.subtract(band, mixed_in), solid))
    return Image.merge("RGBa", (*bands, solid)).convert("RGBA")


# --- what hangs together with the border ----------------------------------------------------------------------------


def _reached(near: Image.Image) -> Image.Image:
    """Of a mask (0 or 255) what can be reached from its border in steps to the side, up and down.

    Row by row in runs, of which neighbouring ones are one piece: whole rows cost as much as single pixels.
    """
    width, height = near.size
    data, pieces = near.tobytes(), _Pieces()
    rows: list[list[tuple[int, int, int]]] = []
    for row in range(height):
        runs = [
            (*run.span(), pieces.new(row in (0, height - 1) or run.start() == 0 or run.end() == width))
            for run in RUN.finditer(data[row * width : (row + 1) * width])
        ]
        if rows:
            _joined(pieces, rows[-1], runs)
        rows.append(runs)
    reached = bytearray(width * height)
    for row, runs in enumerate(rows):
        for start, end, piece in runs:
            if pieces.outside(piece):
                reached[row * width + start : row * width + end] = b"\xff" * (end - start)
    return Image.frombytes("L", near.size, bytes(reached))


def _joined(pieces: "_Pieces", above: list[tuple[int, int, int]], runs: list[tuple[int, int, int]]) -> None:
    at = 0
    for start, end, piece in runs:
        while at < len(above) and above[at][1] <= start:
            at += 1
        under = at
        while under < len(above) and above[under][0] < end:
            pieces.join(above[under][2], piece)
            under += 1


class _Pieces:
    """Which runs belong together, and whether one of them touches the border."""

    def __init__(self) -> None:
        self.first: list[int] = []
        self.touches: list[bool] = []

    def new(self, touches: bool) -> int:
        self.first.append(len(self.first))
        self.touches.append(touches)
        return len(self.first) - 1

    def root(self, piece: int) -> int:
        while self.first[piece] != piece:
            self.first[piece] = self.first[self.first[piece]]
            piece = self.first[piece]
        return piece

    def join(self, one: int, other: int) -> None:
        one, other = self.root(one), self.root(other)
        self.first[other] = one
        self.touches[one] = self.touches[one] or self.touches[other]

    def outside(self, piece: int) -> bool:
        return self.touches[self.root(piece)]
