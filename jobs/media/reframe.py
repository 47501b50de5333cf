"""How a picture is laid into a canvas. Numbers in, boxes out; nothing is opened.

source, upright -> turned -> mirrored -> crop -> fit x zoom --+-- larger than the canvas: cut
                                                              +-- smaller: placed, with bars

`pan` says where it is cut or placed. What falls off is worked out back to the source, so that it is never scaled.
"""

from dataclasses import dataclass
from fractions import Fraction

from jobs.media.probe import VideoFacts

FITS = ("fill", "fit", "blur")
TURNS = (0, 90, 180, 270)
LEAST_ZOOM, MOST_ZOOM = 0.25, 4.0


@dataclass(frozen=True)
class Box:
    """A rectangle in even pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Frame:
    """How a video is shown, in values that hold for every size.

    `fit` is "fill" (cover the canvas), "fit" (all of it, black bars) or "blur" (blurred bars); `turn` is clockwise;
    `crop` is left, top, width and height in shares of the turned and mirrored picture; `zoom` is 0.25 to 4; `pan` is
    the share of what stands over, or is free, that lies left of the picture and above it.
    """

    fit: str = "fill"
    turn: int = 0
    mirror: bool = False
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    zoom: float = 1.0
    pan: tuple[float, float] = (0.5, 0.5)

    def __post_init__(self) -> None:
        if self.fit not in FITS or self.turn not in TURNS:
            raise ValueError(f"no way to lay out a video: {self.fit!r}, turned by {self.turn!r}")


@dataclass(frozen=True)
class Placed:
    """What is done to one source for one canvas: `cut` from the upright source (`whole`: nothing falls off), brought to
    `size`, turned, mirrored, and laid into `box`; what stays free is filled with a blurred copy, or black.
    """

    cut: Box
    whole: bool
    size: tuple[int, int]
    turn: int
    mirror: bool
    box: Box
    full: bool
    blurred: bool

    @property
    def untouched(self) -> bool:
        """Whether all of the picture fills the canvas, as it is."""
        return self.whole and self.full and not (self.turn or self.mirror)

    @property
    def enlarged(self) -> float:
        """How many times larger the picture is than in the source; below 1 it is reduced."""
        return self.size[1] / self.cut.height

    def facts(self) -> list[object]:
        """Everything of it that shapes pixels."""
        cut, box = ([each.x, each.y, each.width, each.height] for each in (self.cut, self.box))
        return [cut, self.turn, self.mirror, box, self.blurred and not self.full]


def even(value: Fraction | float) -> int:
    """The nearest even number, at least 2: colour is kept for blocks of two by two pixels."""
    return max(2, 2 * int(value / 2 + Fraction(1, 2)))


def upright(video: VideoFacts) -> tuple[int, int, Fraction]:
    """Width, height and pixel shape after ffmpeg has turned the picture upright, which it does by itself."""
    if video.rotation in (90, 270):
        return video.height, video.width, 1 / video.sar
    return video.width, video.height, video.sar


def place(video: VideoFacts, width: int, height: int, frame: Frame) -> Placed:
    """The frame on a canvas of that size."""
    source = upright(video)
    full_width, full_height, pixel = _turned(*source, frame.turn)
    x, wide = _part(frame.crop[0], frame.crop[2], full_width)
    y, high = _part(frame.crop[1], frame.crop[3], full_height)
    if frame.fit == "fill":
        wide, high = _floor(wide), _floor(high)
    scale = _scale(wide * pixel, high, width, height, frame)
    across, down = _along(wide, scale * pixel, width, frame.pan[0]), _along(high, scale, height, frame.pan[1])
    whole = (across.length, down.length) == (full_width, full_height)
    if not whole:
        across, down = across.even(), down.even()
    seen = Box(x + across.start, y + down.start, across.length, down.length)
    box = Box(across.place, down.place, across.size, down.size)
    return Placed(
        cut=_in_source(seen, frame, source[0], source[1]),
        whole=whole,
        size=_swapped((box.width, box.height), frame.turn),
        turn=frame.turn,
        mirror=frame.mirror,
        box=box,
        full=(box.width, box.height) == (width, height),
        blurred=frame.fit == "blur",
    )


@dataclass(frozen=True)
class _Axis:
    """Of the picture `length` pixels from `start` on; on the canvas `size` from `place` on."""

    start: int
    length: int
    place: int
    size: int

    def even(self) -> "_Axis":
        return _Axis(self.start, _floor(self.length), self.place, self.size)


def _along(length: int, scale: Fraction, canvas: int, pan: float) -> _Axis:
    if length * scale > canvas:
        seen = min(even(canvas / scale), _floor(length))
        return _Axis(_share(length - seen, pan), seen, 0, canvas)
    size = min(canvas, even(length * scale))
    return _Axis(0, length, _share(canvas - size, pan), size)


def _scale(wide: Fraction, high: int, width: int, height: int, frame: Frame) -> Fraction:
    choose = max if frame.fit == "fill" else min
    return choose(width / wide, Fraction(height, high)) * Fraction(_clamped(frame.zoom, LEAST_ZOOM, MOST_ZOOM))


def _part(start: float, share: float, length: int) -> tuple[int, int]:
    """Where a crop begins on one side, and how long it is; inside the picture whatever was asked for."""
    if share >= 1:
        return 0, length
    size = min(even(length * share), _floor(length))
    return int(_clamped(_floor(round(length * start)), 0, _floor(length) - size)), size


def _share(room: int, pan: float) -> int:
    return 2 * int(room * Fraction(_clamped(pan, 0, 1)) / 2)


def _clamped(value: float, least: float, most: float) -> float:
    return min(max(value, least), most)


def _floor(length: int) -> int:
    return max(1, length - length % 2)


def _swapped(size: tuple[int, int], turn: int) -> tuple[int, int]:
    return (size[1], size[0]) if turn in (90, 270) else size


def _turned(width: int, height: int, pixel: Fraction, turn: int) -> tuple[int, int, Fraction]:
    return (height, width, 1 / pixel) if turn in (90, 270) else (width, height, pixel)


def _in_source(box: Box, frame: Frame, width: int, height: int) -> Box:
    """The same part, on the source of that size before it is turned and mirrored."""
    across, _ = _swapped((width, height), frame.turn)
    x = across - box.x - box.width if frame.mirror else box.x
    x, y = {
        0: (x, box.y),
        90: (box.y, height - x - box.width),
        180: (width - x - box.width, height - box.y - box.height),
        270: (width - box.y - box.height, x),
    }[frame.turn]
    return Box(x - x % 2, y - y % 2, *_swapped((box.width, box.height), frame.turn))
