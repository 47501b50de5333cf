"""Text to pixels: clean it, find lines and a size that fit, draw them. Pillow only.

Nothing is ever cut. Text that does not fit is made smaller down to a size that can still be read; then its words are
broken, then it takes the whole width, then its line breaks go, and only then it becomes smaller still.

A letter is never parted from what stands on it or is joined to it (marks, skin tones, the parts of a flag). Each is
drawn with the first font that has it (`typefaces`), and lines of two writing directions are put in order by `bidi`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import NamedTuple

import regex
from PIL import Image, ImageDraw, ImageFont

from brands import bidi, typefaces
from brands.typefaces import Chooser, Face, text_shaping

LINE_PITCH = 1.24  # baseline to baseline, in letter sizes
PAD_X, PAD_Y = 0.55, 0.45  # between the letters and the edge of their box, in letter sizes
CORNER = 0.35  # radius of the box, in letter sizes
KEPT_JOINERS = "\u200c\u200d"
FILLERS = "\u115f\u1160\u3164\uffa0\u2800"  # called letters and symbols by Unicode, drawn as nothing
CLUSTER = regex.compile(r"\X")
REGIONAL_FLAG = regex.compile(r"\U0001f3f4[\U000e0030-\U000e007a]{3,6}\U000e007f")  # England, Scotland, Wales
# Written without spaces: a line may end before and behind each of these.
IDEOGRAPH = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\u3000-\u303f\uff00-\uffef]")
NEVER_FIRST = regex.compile(r"[\p{Pe}\p{Pf}、。，．・：；！？ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ!?.,:;%]")
NEVER_LAST = regex.compile(r"[\p{Ps}\p{Pi}]")


def clean(text: str) -> str:
    """The text with one kind of line break and space, without control and direction characters; "" if none is left."""
    tidy = "".join(_tidied(unicodedata.normalize("NFC", text.replace("\r\n", "\n"))))
    tidy = re.sub(r" *\n *", "\n", re.sub(r" {2,}", " ", tidy))
    return re.sub(r"\n{3,}", "\n\n", tidy).strip() if any(map(_has_ink, tidy)) else ""


def _tidied(text: str) -> Iterator[str]:
    end = 0
    for flag in REGIONAL_FLAG.finditer(text):
        yield from map(_plain, text[end : flag.start()])
        yield flag.group()
        end = flag.end()
    yield from map(_plain, text[end:])


def _plain(char: str) -> str:
    if char in "\n\v\f\r\x85\u2028\u2029":
        return "\n"
    category = unicodedata.category(char)
    if category == "Zs" or char == "\t":
        return char if char in "\u00a0\u202f" else " "
    return "" if category in ("Cc", "Cs") or (category == "Cf" and char not in KEPT_JOINERS) else char


def _has_ink(char: str) -> bool:
    return not char.isspace() and char not in FILLERS and unicodedata.category(char)[0] not in "CMZ"


def missing_glyphs(text: str, font: bytes = b"") -> str:
    """The characters of a text that no font here can draw, each once; `font` is a brand's own. They are left out."""
    chosen = Chooser(typefaces.own(font) if font else None)
    return "".join(dict.fromkeys("".join(chosen(cluster).missing for cluster in CLUSTER.findall(clean(text)))))


def fonts_used(text: str) -> list[str]:
    """The hashes of the fonts that may be used beside a brand's own."""
    chosen = Chooser()
    faces = {face for cluster in CLUSTER.findall(clean(text)) if (face := chosen(cluster).face)}
    return sorted({typefaces.inter().sha256, *(face.sha256 for face in faces)})


class Run(NamedTuple):
    """Letters beside one another of one font and one writing direction."""

    text: str
    face: Face
    level: int


@dataclass(frozen=True)
class Block:
    """Lines with their letter size in pixels. Its four edges count from the middle of the first line's baseline."""

    lines: tuple[str, ...]
    runs: tuple[tuple[Run, ...], ...]  # of each line, from left to right
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

    @property
    def visible(self) -> bool:
        """Not when fonts for all of its letters are missing."""
        return any(typefaces.SILENT.sub("", run.text) for line in self.runs for run in line)


@dataclass(frozen=True)
class Room:
    """What a text may take, in pixels: the width asked for, the width there is, and the smallest readable size."""

    width: int
    widest: int
    height: int
    legible: int


def fit(text: str, size: int, room: Room, boxed: bool, own: Face | None = None) -> Block:
    """The text (cleaned, not empty) laid out as large as it fits, at most `size` pixels high; `own` is asked first for
    each letter.
    """
    chosen, legible = Chooser(own), min(size, room.legible)
    joined = " ".join(text.split("\n"))
    attempts: tuple[tuple[str, int, bool, int], ...] = (
        (text, room.width, False, legible),
        (text, room.width, True, legible),
        (text, room.widest, True, legible),
        (joined, room.widest, True, 1),
    )
    for words, width, breaking, smallest in attempts:
        page = Page(words, chosen)
        if block := _largest(page, range(smallest, size + 1), (width, room.height), breaking, boxed):
            return block
    # Marks piled on marks can be higher than any room; `pictures` scales what is left to the place it gets.
    page, ruler = Page(joined, chosen), Ruler(1, chosen)
    return _measure(page, _wrap(page, ruler, room.widest, True) or (), ruler, boxed)


class Piece(NamedTuple):
    """What stays on one line if it can: a word, or a part of a text without spaces."""

    text: str
    spaced: bool  # from the piece before


class Page:
    """A text in its paragraphs: where its lines may end, and which way its letters run."""

    def __init__(self, text: str, chosen: Chooser) -> None:
        self.chosen = chosen
        self.text = text
        self.paragraphs = [list(_pieces(paragraph)) for paragraph in text.split("\n")]
        self._levels = [level for paragraph in text.split("\n") for level in (*bidi.levels(paragraph), 0)]

    def runs(self, lines: Iterable[str]) -> tuple[tuple[Run, ...], ...]:
        """Of its lines in their order."""
        found, place = [], 0
        for line in lines:
            place = self.text.index(line, place)
            found.append(tuple(self._runs(line, place)))
            place += len(line)
        return tuple(found)

    def _runs(self, line: str, place: int) -> list[Run]:
        runs = _grouped(line, self.chosen, self._levels[place : place + len(line)])
        return [runs[number] for number in bidi.order([run.level for run in runs])]


def _grouped(text: str, chosen: Chooser, levels: Sequence[int]) -> list[Run]:
    """In the order in which they are read."""
    runs: list[Run] = []
    place = 0
    for cluster in CLUSTER.findall(text):
        drawn, level = chosen(cluster), levels[place]
        place += len(cluster)
        if drawn.face is None:
            continue
        if runs and (runs[-1].face, runs[-1].level) == (drawn.face, level):
            runs[-1] = runs[-1]._replace(text=runs[-1].text + drawn.text)
        else:
            runs.append(Run(drawn.text, drawn.face, level))
    return runs


def _pieces(paragraph: str) -> Iterator[Piece]:
    for number, word in enumerate(paragraph.split(" ")):
        for part, text in enumerate(_parts(word)):
            yield Piece(text, number > 0 and part == 0)


def _parts(word: str) -> Iterator[str]:
    """The word, or the pieces into which a text without spaces may fall."""
    if not IDEOGRAPH.search(word):
        yield word
        return
    part, before = "", ""
    for cluster in CLUSTER.findall(word):
        may_end = IDEOGRAPH.match(before) or IDEOGRAPH.match(cluster)
        if part and may_end and not NEVER_FIRST.match(cluster) and not NEVER_LAST.match(before):
            yield part
            part = ""
        part, before = part + cluster, cluster
    yield part


def _largest(page: Page, sizes: range, room: tuple[int, int], breaking: bool, boxed: bool) -> Block | None:
    """By bisection. Fitting is not strictly monotonous, but whatever is returned has been measured."""
    best, low, high = None, sizes.start, sizes.stop - 1
    while low <= high:
        size = high if best is None and high == sizes.stop - 1 else (low + high) // 2
        block = _laid_out(page, Ruler(size, page.chosen), room, breaking, boxed)
        if block:
            best, low = block, size + 1
        else:
            high = size - 1
    return best


def _laid_out(page: Page, ruler: "Ruler", room: tuple[int, int], breaking: bool, boxed: bool) -> Block | None:
    width, height = room
    inner = width - 2 * round(PAD_X * ruler.size) * boxed
    lines = _wrap(page, ruler, inner, breaking)
    if not lines or _baseline(len(lines) - 1, ruler) > height:
        return None
    block = _measure(page, _balanced(page, ruler, inner, breaking, lines), ruler, boxed)
    return block if block.width <= width and block.height <= height else None


class Ruler:
    """Measures text at one size; remembers the pieces, because wrapping asks for the same ones again and again."""

    def __init__(self, size: int, chosen: Chooser) -> None:
        self.size = size
        self._chosen = chosen
        self._fonts: dict[Face, ImageFont.FreeTypeFont] = {}
        self._lengths: dict[str, float] = {}

    def font(self, face: Face) -> ImageFont.FreeTypeFont:
        if face not in self._fonts:
            self._fonts[face] = face.font(self.size)
        return self._fonts[face]

    def scale(self, face: Face) -> float:
        """By how much what this font draws has to be scaled: a font of pictures has one size only."""
        return self.size / face.strike if face.strike else 1.0

    def __call__(self, text: str) -> float:
        if text not in self._lengths:
            self._lengths[text] = sum(map(self.length, _grouped(text, self._chosen, [0] * len(text))))
        return self._lengths[text]

    def length(self, run: Run) -> float:
        return self.font(run.face).getlength(run.text) * self.scale(run.face)

    def ink(self, run: Run) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of what is drawn, from the start of the baseline."""
        left, top, right, bottom = self.font(run.face).getbbox(_letters(run), anchor="ls", direction=_direction(run))
        scale = self.scale(run.face)
        return left * scale, top * scale, right * scale, bottom * scale


def _direction(run: Run) -> str | None:
    if text_shaping() != "raqm":
        return None
    return "rtl" if run.level % 2 else "ltr"


def _letters(run: Run) -> str:
    """As Pillow has to be given them: without raqm it draws them in their order from left to right."""
    turned = run.level % 2 and text_shaping() != "raqm"
    return "".join(reversed(CLUSTER.findall(run.text))) if turned else run.text


def _wrap(page: Page, ruler: Ruler, width: float, breaking: bool) -> tuple[str, ...] | None:
    """The lines no wider than `width`; None when a word is wider and may not be broken."""
    lines: list[str] = []
    for paragraph in page.paragraphs:
        pieces: list[Piece] = []
        for piece in paragraph:
            if ruler(piece.text) <= width:
                pieces.append(piece)
            elif breaking:
                pieces.extend(_broken(piece, ruler, width))
            else:
                return None
        lines.extend(_filled(iter(pieces), ruler, width))
    return tuple(lines)


def _broken(piece: Piece, ruler: Callable[[str], float], width: float) -> Iterator[Piece]:
    clusters = (Piece(cluster, False) for cluster in CLUSTER.findall(piece.text))
    for number, part in enumerate(_filled(clusters, ruler, width)):
        yield Piece(part, piece.spaced and number == 0)


def _filled(pieces: Iterator[Piece], ruler: Callable[[str], float], width: float) -> Iterator[str]:
    """Pieces put together to lines as long as they fit. Sums of lengths, not lengths of sums: kerning is left out
    here, so that a word of two thousand letters is not measured two thousand times."""
    first = next(pieces)
    line, length, space = [first.text], ruler(first.text), ruler(" ")
    for piece in pieces:
        gap = space if piece.spaced else 0.0
        if length + gap + ruler(piece.text) <= width:
            line.append(" " * piece.spaced + piece.text)
            length += gap + ruler(piece.text)
        else:
            yield "".join(line)
            line, length = [piece.text], ruler(piece.text)
    yield "".join(line)


def _balanced(page: Page, ruler: Ruler, width: int, breaking: bool, lines: tuple[str, ...]) -> tuple[str, ...]:
    """As many lines, but of more equal length: no single word on the last one."""
    if not 1 < len(lines) <= 4:
        return lines
    low, high = 1, width
    while low < high:
        middle = (low + high) // 2
        narrower = _wrap(page, ruler, middle, breaking=False)
        if narrower and len(narrower) == len(lines):
            high, lines = middle, narrower
        else:
            low = middle + 1
    return lines


def _measure(page: Page, lines: tuple[str, ...], ruler: Ruler, boxed: bool) -> Block:
    """The frame around capitals and baselines, widened by whatever ink stands over: accents, descenders, marks."""
    runs = page.runs(lines)
    pad_x, pad_y = (round(PAD_X * ruler.size), round(PAD_Y * ruler.size)) if boxed else (0, 0)
    half = max(-_start(line, ruler) for line in runs)
    left, right = -half - pad_x, half + pad_x
    top = round(ruler.font(typefaces.inter()).getbbox("H", anchor="ls")[1]) - pad_y
    bottom = _baseline(len(lines) - 1, ruler) + pad_y
    for number, line in enumerate(runs):
        y = _baseline(number, ruler)
        for x, run in _placed(line, ruler):
            ink = ruler.ink(run)
            left, right = min(left, floor(x + ink[0])), max(right, ceil(x + ink[2]))
            top, bottom = min(top, floor(y + ink[1])), max(bottom, ceil(y + ink[3]))
    return Block(lines, runs, ruler.size, boxed, left, top, right, bottom)


def _start(line: tuple[Run, ...], ruler: Ruler) -> int:
    return -round(sum(map(ruler.length, line)) / 2 + 0.5)


def _placed(line: tuple[Run, ...], ruler: Ruler) -> Iterator[tuple[int, Run]]:
    """Whole pixels: letters are the same ones wherever they stand."""
    x: float = _start(line, ruler)
    for run in line:
        yield round(x), run
        x += ruler.length(run)


def _baseline(number: int, ruler: Ruler) -> int:
    return round(number * LINE_PITCH * ruler.size)


# --- drawing --------------------------------------------------------------------------------------------------------


class Pictures(NamedTuple):
    """Three images of one size: coverage of the letters, coloured signs (RGBA) and coverage of the box behind them."""

    letters: Image.Image
    coloured: Image.Image | None
    behind: Image.Image | None


def pictures(block: Block, width: int, height: int) -> Pictures:
    """The block in exactly width x height pixels."""
    ruler = Ruler(block.size, Chooser())
    size = max(1, block.width), max(1, block.height)
    letters, coloured = Image.new("L", size), None
    pen = ImageDraw.Draw(letters)
    for number, line in enumerate(block.runs):
        y = _baseline(number, ruler) - block.top
        for x, run in _placed(line, ruler):
            if run.face.strike:
                coloured = coloured or Image.new("RGBA", size)
                _put(coloured, run, ruler, (x - block.left, y))
            else:
                place = (x - block.left, y)
                font, direction = ruler.font(run.face), _direction(run)
                pen.text(place, _letters(run), fill=255, font=font, anchor="ls", direction=direction)
    if size != (width, height):
        letters = letters.resize((width, height), Image.Resampling.LANCZOS)
        coloured = coloured and coloured.resize((width, height), Image.Resampling.LANCZOS)
    behind = rounded(width, height, round(CORNER * block.size)) if block.boxed else None
    return Pictures(letters, coloured, behind)


def _put(ground: Image.Image, run: Run, ruler: Ruler, place: tuple[int, int]) -> None:
    """Coloured signs, drawn in the one size they have and scaled."""
    font, direction, scale = ruler.font(run.face), _direction(run), ruler.scale(run.face)
    left, top, right, bottom = font.getbbox(_letters(run), anchor="ls", direction=direction)
    sheet = Image.new("RGBA", (ceil(right - left), ceil(bottom - top)))
    ImageDraw.Draw(sheet).text(
        (-left, -top), _letters(run), font=font, anchor="ls", direction=direction, embedded_color=True
    )
    # Pillow has laid them on transparent black, which leaves their colours premultiplied.
    sheet = Image.frombytes("RGBa", sheet.size, sheet.tobytes()).convert("RGBA")
    x, y = floor(place[0] + left * scale), floor(place[1] + top * scale)
    size = max(1, round(sheet.width * scale)), max(1, round(sheet.height * scale))
    ground.alpha_composite(sheet.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0), (max(0, x), max(0, y)))


def rounded(width: int, height: int, radius: int) -> Image.Image:
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
