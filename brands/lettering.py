"""Text to pixels: clean it, find lines and a size that fit, draw them. Pillow only.

Nothing is ever cut. Text that does not fit is made smaller down to a size that can still be read; then its words are
broken, then it takes the whole width, then its line breaks go, and only then it becomes smaller still.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, features

FONT = Path(__file__).parent / "fonts" / "Inter-SemiBold.otf"
LINE_PITCH = 1.24  # baseline to baseline, in letter sizes
PAD_X, PAD_Y = 0.55, 0.45  # between the letters and the edge of their box, in letter sizes
CORNER = 0.35  # radius of the box, in letter sizes
KEPT_JOINERS = "\u200c\u200d"
FILLERS = "\u115f\u1160\u3164\uffa0\u2800"  # called letters and symbols by Unicode, drawn as nothing


def text_shaping() -> str:
    """`raqm` (kerning, ligatures, complex scripts) or `basic`: the layout engine that Pillow uses on this machine."""
    return "raqm" if features.check("raqm") else "basic"


def clean(text: str) -> str:
    """The text with one kind of line break and space, without control and direction characters; "" if none is left."""
    tidy = "".join(_plain(char) for char in unicodedata.normalize("NFC", text.replace("\r\n", "\n")))
    tidy = re.sub(r" *\n *", "\n", re.sub(r" {2,}", " ", tidy))
    return re.sub(r"\n{3,}", "\n\n", tidy).strip() if any(map(_has_ink, tidy)) else ""


def _plain(char: str) -> str:
    if char in "\n\v\f\r\x85\u2028\u2029":
        return "\n"
    category = unicodedata.category(char)
    if category == "Zs" or char == "\t":
        return char if char in "\u00a0\u202f" else " "
    return "" if category in ("Cc", "Cs") or (category == "Cf" and char not in KEPT_JOINERS) else char


def _has_ink(char: str) -> bool:
    return not char.isspace() and char not in FILLERS and unicodedata.category(char)[0] not in "CMZ"


@dataclass(frozen=True)
class Block:
    """Lines with their letter size in pixels. Its four edges count from the middle of the first line's baseline."""

    lines: tuple[str, ...]
    size: int
    boxed: bool
    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


@dataclass(frozen=True)
class Room:
    """What a text may take, in pixels: the width asked for, the width there is, and the smallest readable size."""

    width: int
    widest: int
    height: int
    legible: int


def fit(text: str, size: int, room: Room, boxed: bool) -> Block:
    """The text (cleaned, not empty) laid out as large as it fits, at most `size` pixels high."""
    legible = min(size, room.legible)
    attempts: tuple[tuple[str, int, bool, int], ...] = (
        (text, room.width, False, legible),
        (text, room.width, True, legible),
        (text, room.widest, True, legible),
        (" ".join(text.split("\n")), room.widest, True, 1),
    )
    for words, width, breaking, smallest in attempts:
        if block := _largest(words, range(smallest, size + 1), (width, room.height), breaking, boxed):
            return block
    # Marks piled on marks can be higher than any room; `masks` scales what is left to the place it gets.
    return _measure(_wrap(attempts[-1][0], Ruler(1), room.widest, True) or (), Ruler(1), boxed)


def _largest(text: str, sizes: range, room: tuple[int, int], breaking: bool, boxed: bool) -> Block | None:
    """By bisection. Fitting is not strictly monotonous, but whatever is returned has been measured."""
    best, low, high = None, sizes.start, sizes.stop - 1
    while low <= high:
        size = high if best is None and high == sizes.stop - 1 else (low + high) // 2
        block = _laid_out(text, Ruler(size), room, breaking, boxed)
        if block:
            best, low = block, size + 1
        else:
            high = size - 1
    return best


def _laid_out(text: str, ruler: "Ruler", room: tuple[int, int], breaking: bool, boxed: bool) -> Block | None:
    width, height = room
    inner = width - 2 * round(PAD_X * ruler.size) * boxed
    lines = _wrap(text, ruler, inner, breaking)
    if not lines or _baseline(len(lines) - 1, ruler) > height:
        return None
    block = _measure(_balanced(text, ruler, inner, breaking, lines), ruler, boxed)
    return block if block.width <= width and block.height <= height else None


class Ruler:
    """Measures text at one size; remembers the pieces, because wrapping asks for the same ones again and again."""

    def __init__(self, size: int) -> None:
        engine = ImageFont.Layout.RAQM if text_shaping() == "raqm" else ImageFont.Layout.BASIC
        self.size = size
        self.font = ImageFont.truetype(FONT, size, layout_engine=engine)
        self._lengths: dict[str, float] = {}

    def __call__(self, text: str) -> float:
        if text not in self._lengths:
            self._lengths[text] = self.font.getlength(text)
        return self._lengths[text]


def _wrap(text: str, ruler: Ruler, width: float, breaking: bool) -> tuple[str, ...] | None:
    """The lines no wider than `width`; None when a word is wider and may not be broken."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        pieces: list[str] = []
        for word in paragraph.split(" "):
            if ruler(word) <= width:
                pieces.append(word)
            elif breaking:
                pieces.extend(_filled(_clusters(word), "", ruler, width))
            else:
                return None
        lines.extend(_filled(iter(pieces), " ", ruler, width))
    return tuple(lines)


def _filled(pieces: Iterator[str], glue: str, ruler: Callable[[str], float], width: float) -> Iterator[str]:
    """Pieces put together to lines as long as they fit. Sums of lengths, not lengths of sums: kerning is left out
    here, so that a word of two thousand letters is not measured two thousand times."""
    line, length, gap = [next(pieces)], 0.0, ruler(glue) if glue else 0.0
    length = ruler(line[0])
    for piece in pieces:
        if length + gap + ruler(piece) <= width:
            line.append(piece)
            length += gap + ruler(piece)
        else:
            yield glue.join(line)
            line, length = [piece], ruler(piece)
    yield glue.join(line)


def _clusters(word: str) -> Iterator[str]:
    """Letters together with the marks that stand on them."""
    cluster = ""
    for char in word:
        if cluster and unicodedata.category(char)[0] != "M" and char not in KEPT_JOINERS:
            yield cluster
            cluster = ""
        cluster += char
    yield cluster


def _balanced(text: str, ruler: Ruler, width: int, breaking: bool, lines: tuple[str, ...]) -> tuple[str, ...]:
    """As many lines, but of more equal length: no single word on the last one."""
    if not 1 < len(lines) <= 4:
        return lines
    low, high = 1, width
    while low < high:
        middle = (low + high) // 2
        narrower = _wrap(text, ruler, middle, breaking=False)
        if narrower and len(narrower) == len(lines):
            high, lines = middle, narrower
        else:
            low = middle + 1
    return lines


def _measure(lines: tuple[str, ...], ruler: Ruler, boxed: bool) -> Block:
    """The frame around capitals and baselines, widened by whatever ink stands over: accents, descenders, marks."""
    pad_x, pad_y = (round(PAD_X * ruler.size), round(PAD_Y * ruler.size)) if boxed else (0, 0)
    half = max(-_start(line, ruler) for line in lines)
    left, right = -half - pad_x, half + pad_x
    top = round(ruler.font.getbbox("H", anchor="ls")[1]) - pad_y
    bottom = _baseline(len(lines) - 1, ruler) + pad_y
    for number, line in enumerate(lines):
        ink = ruler.font.getbbox(line, anchor="ls")
        x, y = _start(line, ruler), _baseline(number, ruler)
        left, right = min(left, x + int(ink[0])), max(right, x + int(ink[2]))
        top, bottom = min(top, y + int(ink[1])), max(bottom, y + int(ink[3]))
    return Block(lines, ruler.size, boxed, left, top, right, bottom)


def _start(line: str, ruler: Ruler) -> int:
    return -round(ruler(line) / 2 + 0.5)


def _baseline(number: int, ruler: Ruler) -> int:
    return round(number * LINE_PITCH * ruler.size)


def masks(block: Block, width: int, height: int) -> tuple[Image.Image, Image.Image | None]:
    """Coverage of the letters and of the box behind them, as two images in mode L of exactly width x height."""
    ruler = Ruler(block.size)
    letters = Image.new("L", (max(1, block.width), max(1, block.height)))
    pen = ImageDraw.Draw(letters)
    for number, line in enumerate(block.lines):
        place = (_start(line, ruler) - block.left, _baseline(number, ruler) - block.top)
        pen.text(place, line, fill=255, font=ruler.font, anchor="ls")
    if letters.size != (width, height):
        letters = letters.resize((width, height), Image.Resampling.LANCZOS)
    return letters, _rounded(width, height, round(CORNER * block.size)) if block.boxed else None


def _rounded(width: int, height: int, radius: int) -> Image.Image:
    """A filled rectangle with smooth round corners: Pillow's own have steps, so a large disc is scaled down."""
    radius = min(radius, width // 2, height // 2)
    box = Image.new("L", (width, height), 255)
    if radius < 1:
        return box
    disc = Image.new("L", (radius * 8, radius * 8))
    ImageDraw.Draw(disc).ellipse((0, 0, radius * 8 - 1, radius * 8 - 1), fill=255)
    disc = disc.resize((radius * 2, radius * 2), Image.Resampling.LANCZOS)
    for right in (False, True):
        for low in (False, True):
            part = disc.crop((radius * right, radius * low, radius * (right + 1), radius * (low + 1)))
            box.paste(part, ((width - radius) * right, (height - radius) * low))
    return box
