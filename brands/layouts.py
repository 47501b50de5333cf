"""Pure geometry: percent in, boxes of whole pixels out. No image is opened here and nothing is changed.

Positions are the centre of a box in percent of the canvas. Everything stays inside the safe area, so a layer keeps its
place on every shape: a logo asked for at 100/100 sits in the corner of a story as well as in the corner of a film.

A turned layer has two boxes with one centre: the upright one (what is turned, clockwise, in degrees) and `turned(box)`,
the smallest upright rectangle around it, which is what has to lie inside the safe area.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, cos, floor, radians, sin

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


def place(frame: Canvas, x: float, y: float, width: int, height: int, rotation: float = 0.0) -> Box:
    """The upright box with its centre at x, y percent, moved as little as needed to lie inside the safe area when it is
    turned. What is too large for that is made smaller: in proportion when it is turned, else side by side.
    """
    safe = safe_area(frame)
    width, height = _fitting(width, height, rotation, safe)
    across, along = extent(width, height, rotation)
    left = round(frame.width * x / 100 - across / 2)
    top = round(frame.height * y / 100 - along / 2)
    return _inside(left, top, width, height, rotation, safe)


def _inside(left: int, top: int, width: int, height: int, rotation: float, area: Box) -> Box:
    """The upright box whose turned one is nearest to `left`, `top`, and inside the area."""
    across, along = extent(width, height, rotation)
    left = min(max(left, area.x), area.right - across)
    top = min(max(top, area.y), area.bottom - along)
    return Box(left + (across - width) // 2, top + (along - height) // 2, width, height)


def _fitting(width: int, height: int, rotation: float, area: Box) -> tuple[int, int]:
    if not rotation:
        return min(width, area.width), min(height, area.height)
    return _scaled(width, height, rotation, area)


def _scaled(width: int, height: int, rotation: float, area: Box) -> tuple[int, int]:
    """In proportion, as large as fits."""
    across, along = extent(width, height, rotation)
    scale = min(1.0, area.width / across, area.height / along)
    width, height = max(1, int(width * scale)), max(1, int(height * scale))
    while not _fits(extent(width, height, rotation), area):  # by a pixel or two: sides are whole numbers
        width, height = max(1, width - 1), max(1, height - 1)
    return width, height


def _fits(size: tuple[int, int], area: Box) -> bool:
    return size[0] <= area.width and size[1] <= area.height


# --- turning --------------------------------------------------------------------------------------------------------


def extent(width: int, height: int, rotation: float) -> tuple[int, int]:
    """How wide and high a turned box is. Each is odd or even as its upright side is, so that both have one centre."""
    across, along = _slant(rotation)
    return _grown(width * across + height * along, width), _grown(width * along + height * across, height)


def turned(box: Box, rotation: float) -> Box:
    """The smallest upright rectangle around a box that is turned about its centre."""
    width, height = extent(box.width, box.height, rotation)
    return Box(box.x - (width - box.width) // 2, box.y - (height - box.height) // 2, width, height)


def _slant(rotation: float) -> tuple[float, float]:
    return abs(cos(radians(rotation))), abs(sin(radians(rotation)))


def _grown(length: float, upright: int) -> int:
    whole = ceil(length - 1e-6)  # a quarter turn's cosine is not quite zero
    return whole + (whole - upright) % 2


# --- layers ---------------------------------------------------------------------------------------------------------


def aspect(width: int, height: int, shape: str = "") -> Fraction:
    """Width by height of what is shown of a picture: a circle and a square are cut from its middle."""
    return Fraction(1) if shape else Fraction(width, height)


def image_box(
    frame: Canvas,
    x: float,
    y: float,
    width_percent: float,
    aspect: Fraction | float,
    full_frame: bool = False,
    rotation: float = 0.0,
) -> Box:
    """Where a picture of that aspect (width by height) goes, upright. It is made smaller rather than cut or distorted.

    With `full_frame` it is centred and covers the frame, whatever its shape: at 100 it touches the frame on the
    tighter side, at 115 it stands over on all sides. That box may be larger than the canvas; `crop` it. It is never
    turned: corners of the frame would stay bare.
    """
    if full_frame:
        return _cover(frame, width_percent, aspect)
    safe, (across, along) = safe_area(frame), _slant(rotation)
    width = min(
        frame.width * width_percent / 100,
        safe.width / (across + along / aspect),
        safe.height / (along + across / aspect),
    )
    return place(frame, x, y, max(1, round(width)), max(1, round(width / aspect)), rotation)


def _cover(frame: Canvas, width_percent: float, aspect: Fraction | float) -> Box:
    width = max(frame.width, frame.height * aspect) * width_percent / 100
    columns, rows = max(1, round(width)), max(1, round(width / aspect))
    return Box((frame.width - columns) // 2, (frame.height - rows) // 2, columns, rows)


def text_room(frame: Canvas, width_percent: float) -> tuple[int, int]:
    """The largest width and height a text may take, its box included."""
    safe = safe_area(frame)
    return max(1, min(round(frame.width * width_percent / 100), safe.width)), safe.height


def text_box(frame: Canvas, x: float, y: float, width: int, height: int, rotation: float = 0.0) -> Box:
    """Where a text block of that size in pixels goes, upright."""
    return place(frame, x, y, width, height, rotation)


# --- zones of platforms ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sides:
    """A length at each side: percent of the canvas for margins, pixels for what stands over."""

    top: float = 0
    right: float = 0
    bottom: float = 0
    left: float = 0


def free_area(frame: Canvas, margins: Sides) -> Box:
    """The part of the canvas that a platform leaves free; `margins` in percent of its height and width."""
    left, right = (ceil(frame.width * side / 100 - 1e-6) for side in (margins.left, margins.right))
    top, bottom = (ceil(frame.height * side / 100 - 1e-6) for side in (margins.top, margins.bottom))
    return Box(left, top, max(1, frame.width - left - right), max(1, frame.height - top - bottom))


def violation(box: Box, zone: Box, rotation: float = 0.0) -> Sides | None:
    """How many pixels the (turned) box stands over the zone at each side; None when it lies inside."""
    seen = turned(box, rotation)
    over = Sides(
        top=max(0, zone.y - seen.y),
        right=max(0, seen.right - zone.right),
        bottom=max(0, seen.bottom - zone.bottom),
        left=max(0, zone.x - seen.x),
    )
    return None if over == Sides() else over


def clamped(box: Box, zone: Box, rotation: float = 0.0) -> Box:
    """The nearest place inside the zone: moved as little as needed, and made smaller in proportion if it is larger."""
    width, height = _scaled(box.width, box.height, rotation, zone)
    across, along = extent(width, height, rotation)
    middle_x, middle_y = box.x + box.width / 2, box.y + box.height / 2
    return _inside(round(middle_x - across / 2), round(middle_y - along / 2), width, height, rotation, zone)


def centre(frame: Canvas, box: Box) -> tuple[float, float]:
    """The middle of a box in percent of the canvas, as layers say where they are."""
    return 100 * (box.x + box.width / 2) / frame.width, 100 * (box.y + box.height / 2) / frame.height


def even(box: Box) -> Box:
    """The smallest box around this one whose corners lie on even pixels."""
    x, y = 2 * floor(box.x / 2), 2 * floor(box.y / 2)
    return Box(x, y, 2 * ceil(box.right / 2) - x, 2 * ceil(box.bottom / 2) - y)
