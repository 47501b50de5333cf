"""Pure geometry: percent in, boxes of whole pixels out. No image is opened here and nothing is changed.

Positions are the centre of a box in percent of the canvas. Everything stays inside the safe area, so a layer keeps its
place on every shape: a logo asked for at 100/100 sits in the corner of a story as well as in the corner of a film.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

SIZES = (1080, 720)
# The length of the shorter side is the size; the longer one follows from the shape.
SHAPES = {
    "vertical": Fraction(9, 16),
    "portrait": Fraction(4, 5),
    "square": Fraction(1, 1),
    "landscape": Fraction(16, 9),
}
# 40 pixels at 720: the distance to the edge at which a corner logo looks placed on purpose.
SAFE_PERCENT = 100 * 40 / 720


@dataclass(frozen=True)
class Canvas:
    """A frame in pixels; both sides are even, because chroma is stored for blocks of two by two."""

    width: int
    height: int

    @property
    def short_side(self) -> int:
        return min(self.width, self.height)

    @property
    def box(self) -> "Box":
        return Box(0, 0, self.width, self.height)


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, measured from the top left corner of the canvas."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    def contains(self, other: "Box") -> bool:
        return self.x <= other.x and self.y <= other.y and other.right <= self.right and other.bottom <= self.bottom

    def crop(self, other: "Box") -> "Box":
        """The part of this box that lies inside the other one; width or height is 0 when there is none."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        return Box(x, y, max(0, min(self.right, other.right) - x), max(0, min(self.bottom, other.bottom) - y))


def canvas(variant: str, size: int) -> Canvas:
    """The frame of a variant, for example vertical at 720: 720 x 1280. An unknown variant or size is a ValueError."""
    if variant not in SHAPES:
        raise ValueError(f"Unknown variant {variant!r}; there are {', '.join(SHAPES)}.")
    if size not in SIZES:
        raise ValueError(f"Unknown size {size!r}; there are {', '.join(map(str, SIZES))}.")
    shape = SHAPES[variant]
    return Canvas(int(size * shape), size) if shape > 1 else Canvas(size, int(size / shape))


def safe_area(frame: Canvas, percent: float = SAFE_PERCENT) -> Box:
    """The canvas without a margin of `percent` of its shorter side, the same number of pixels on all four sides."""
    margin = min(round(frame.short_side * percent / 100), frame.short_side // 2 - 1)
    return Box(margin, margin, frame.width - 2 * margin, frame.height - 2 * margin)


def place(frame: Canvas, x: float, y: float, width: int, height: int) -> Box:
    """A box of that size with its centre at x, y percent, moved as little as needed to lie inside the safe area."""
    safe = safe_area(frame)
    width, height = min(width, safe.width), min(height, safe.height)
    left = round(frame.width * x / 100 - width / 2)
    top = round(frame.height * y / 100 - height / 2)
    return Box(min(max(left, safe.x), safe.right - width), min(max(top, safe.y), safe.bottom - height), width, height)


def image_box(
    frame: Canvas, x: float, y: float, width_percent: float, aspect: Fraction | float, full_frame: bool = False
) -> Box:
    """Where a picture of that aspect (width by height) goes. It is made smaller rather than cut or distorted.

    With `full_frame` it is centred and covers the frame, whatever its shape: at 100 it touches the frame on the
    tighter side, at 115 it stands over on all sides. That box may be larger than the canvas; `crop` it.
    """
    if full_frame:
        return _cover(frame, width_percent, aspect)
    safe = safe_area(frame)
    width = min(frame.width * width_percent / 100, safe.width, safe.height * aspect)
    return place(frame, x, y, max(1, round(width)), max(1, round(width / aspect)))


def _cover(frame: Canvas, width_percent: float, aspect: Fraction | float) -> Box:
    width = max(frame.width, frame.height * aspect) * width_percent / 100
    columns, rows = max(1, round(width)), max(1, round(width / aspect))
    return Box((frame.width - columns) // 2, (frame.height - rows) // 2, columns, rows)


def text_room(frame: Canvas, width_percent: float) -> tuple[int, int]:
    """The largest width and height a text may take, its box included."""
    safe = safe_area(frame)
    return max(1, min(round(frame.width * width_percent / 100), safe.width)), safe.height


def text_box(frame: Canvas, x: float, y: float, width: int, height: int) -> Box:
    """Where a text block of that size in pixels goes."""
    return place(frame, x, y, width, height)


def even(box: Box) -> Box:
    """The smallest box around this one whose corners lie on even pixels."""
    x, y = 2 * floor(box.x / 2), 2 * floor(box.y / 2)
    return Box(x, y, 2 * ceil(box.right / 2) - x, 2 * ceil(box.bottom / 2) - y)
