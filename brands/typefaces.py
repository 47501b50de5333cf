"""Font files: what they can draw, and in which order they are asked. No Django, no rows.

    the brand's own  ->  Inter (ours)  ->  files of the system that are known to be good, if they are installed
    emoji: the colour font first

A character that none of them has is left out, and `lettering.missing_glyphs` tells it.
"""

import hashlib
import io
import struct
import unicodedata
from array import array
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from sys import byteorder
from typing import BinaryIO, NamedTuple

import regex
from PIL import ImageFont, features

from jobs.media.errors import MediaError, fail

INTER = Path(__file__).parent / "fonts" / "Inter-SemiBold.otf"
FOLDERS = tuple(
    Path("/usr/share/fonts") / folder
    for folder in ("truetype/noto", "opentype/noto", "truetype/dejavu", "noto", "google-noto", "noto-cjk", "TTF")
)
EMOJI = "NotoColorEmoji.ttf"
# Scripts by how many people write them; bold, because Inter is half bold. The last ones have signs of all kinds.
SCRIPTS = (
    *("Arabic", "Hebrew", "Devanagari", "Bengali", "Thai", "Tamil", "Telugu", "Gujarati", "Gurmukhi", "Kannada"),
    *("Malayalam", "Oriya", "Sinhala", "Khmer", "Lao", "Myanmar", "Georgian", "Armenian", "Ethiopic", "Thaana"),
    *("Syriac", "Cherokee", "CanadianAboriginal", "Mongolian", "Math", "Symbols", "Symbols2"),
)
SYSTEM = (
    "NotoSans-Bold.ttf",
    *(f"NotoSans{script}-{weight}.ttf" for script in SCRIPTS for weight in ("Bold", "Regular")),
    *("NotoSansCJK-Bold.ttc", "NotoSansCJK-Regular.ttc", "DejaVuSans-Bold.ttf", "DejaVuSans.ttf"),
)
STRIKES = (109, 136, 128, 160, 96, 64)  # pixels: the sizes in which colour fonts hold their pictures
COLOURED = ("CBDT", "sbix")
SILENT = regex.compile(r"[\p{Default_Ignorable_Code_Point}\p{Variation_Selector}\p{White_Space}]+")
PICTURE = regex.compile(
    r"\p{Emoji_Presentation}|\p{Emoji}.*[\ufe0f\u20e3\p{Emoji_Modifier}]|\p{Extended_Pictographic}.*\u200d"
)
PLAIN = "\ufe0e"  # asks for the black and white form
DAMAGED = (struct.error, ValueError, IndexError, OSError)


@dataclass(frozen=True, eq=False)
class Face:
    """A font that can be drawn with: a file, or the bytes of one. `strike` is the one size in pixels that a font of
    coloured pictures has; outlines have every size, and 0 here.
    """

    source: Path | bytes
    characters: frozenset[int]
    strike: int = 0

    @cached_property
    def sha256(self) -> str:
        data = self.source if isinstance(self.source, bytes) else self.source.read_bytes()
        return hashlib.sha256(data).hexdigest()

    def has(self, text: str) -> bool:
        return all(ord(char) in self.characters for char in text)

    def font(self, size: int) -> ImageFont.FreeTypeFont:
        """Raises `font_unreadable`."""
        return _opened(self.source, self.strike or size)


def text_shaping() -> str:
    """`raqm` (kerning, ligatures, complex scripts) or `basic`: the layout engine that Pillow uses on this machine."""
    return "raqm" if features.check("raqm") else "basic"


# --- which font draws what ------------------------------------------------------------------------------------------


class Drawn(NamedTuple):
    """A letter with all that stands on it: the font, what of it that font draws, and what no font does."""

    face: Face | None
    text: str
    missing: str


class Chooser:
    """Finds the font of each letter; remembers what it found."""

    def __init__(self, own: Face | None = None) -> None:
        self._first = [own, inter()] if own else [inter()]
        self._found: dict[str, Drawn] = {}

    def __call__(self, cluster: str) -> Drawn:
        if cluster not in self._found:
            self._found[cluster] = self._choose(cluster)
        return self._found[cluster]

    def _choose(self, cluster: str) -> Drawn:
        needed = SILENT.sub("", cluster)
        if not needed and not self._first[-1].has(cluster):
            return Drawn(None, "", "")
        for face in self._asked(cluster):
            if face.has(needed) or face.has(unicodedata.normalize("NFD", needed)):
                return Drawn(face, cluster, "")
        for face in self._asked(cluster):
            if face.has(needed[0]):
                missing = "".join(char for char in needed if not face.has(char))
                return Drawn(face, "".join(char for char in cluster if char not in missing), missing)
        return Drawn(None, "", needed)

    def _asked(self, cluster: str) -> Iterator[Face]:
        coloured = PICTURE.match(cluster) and PLAIN not in cluster
        if coloured:
            yield from emoji()
        yield from self._first
        yield from system()
        if not coloured:
            yield from emoji()


def inter() -> Face:
    return _file(INTER, 0)


def emoji() -> list[Face]:
    return [face for path in _installed((EMOJI,)) if (face := _file(path, path.stat().st_mtime_ns)).strike]


def system() -> Iterator[Face]:
    for path in _installed(SYSTEM):
        yield _file(path, path.stat().st_mtime_ns)


def found() -> list[str]:
    """The names of the system's fonts that are used here."""
    return [path.name for path in _installed((EMOJI, *SYSTEM))]


@cache
def _installed(names: tuple[str, ...]) -> list[Path]:
    places = ((folder / name for folder in FOLDERS) for name in names)
    return [path for spots in places if (path := next((spot for spot in spots if spot.is_file()), None))]


# --- reading them ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=128)
def _file(path: Path, changed: int) -> Face:
    """`changed` is when it was: an update of the system's fonts is noticed."""
    with path.open("rb") as file:
        return _face(file, path)


def own(data: bytes) -> Face:
    """A brand's font, rebuilt when it was taken in. Raises `font_unreadable`."""
    try:
        return _face(io.BytesIO(data), data)
    except DAMAGED as error:
        raise fail("font_unreadable", str(error)) from None


def _face(file: BinaryIO, source: Path | bytes) -> Face:
    tables = _tables(file)
    characters = frozenset(_characters(_table(file, tables["cmap"])))
    coloured = not tables.keys().isdisjoint(COLOURED)
    return Face(source, characters, _strike(source) if coloured else 0)


def _strike(source: Path | bytes) -> int:
    for size in STRIKES:
        with suppress(MediaError):
            _opened(source, size)
            return size
    return 0


def _opened(source: Path | bytes, size: int) -> ImageFont.FreeTypeFont:
    engine = ImageFont.Layout.RAQM if text_shaping() == "raqm" else ImageFont.Layout.BASIC
    try:
        return ImageFont.truetype(io.BytesIO(source) if isinstance(source, bytes) else source, size, 0, "", engine)
    except OSError as error:
        raise fail("font_unreadable", str(error)) from None


def _tables(file: BinaryIO) -> dict[str, tuple[int, int]]:
    """Offset and length of each table; of a collection the first font's."""
    head = file.read(16)
    start = struct.unpack(">I", head[12:16])[0] if head[:4] == b"ttcf" else 0
    file.seek(start + 4)
    count = struct.unpack(">H", file.read(2))[0]
    file.seek(start + 12)
    rows = (struct.unpack(">4sIII", file.read(16)) for _ in range(count))
    tables = {tag.decode("latin-1"): (offset, length) for tag, _, offset, length in rows}
    if "cmap" not in tables:
        raise ValueError("it does not say which characters it has")
    return tables


def _table(file: BinaryIO, place: tuple[int, int]) -> bytes:
    file.seek(place[0])
    return file.read(place[1])


def _characters(cmap: bytes) -> Iterator[int]:
    """The code points that lead to a glyph, from the tables for Unicode: formats 4 and 12, which all fonts have."""
    for row in range(struct.unpack(">H", cmap[2:4])[0]):
        platform, encoding, offset = struct.unpack(">HHI", cmap[4 + 8 * row : 12 + 8 * row])
        if platform == 0 or (platform == 3 and encoding in (1, 10)):
            kind = struct.unpack(">H", cmap[offset : offset + 2])[0]
            yield from {4: _segments, 12: _groups}.get(kind, _none)(cmap[offset:])


def _none(table: bytes) -> Iterator[int]:
    return iter(())


def _groups(table: bytes) -> Iterator[int]:
    for row in range(struct.unpack(">I", table[12:16])[0]):
        first, last, glyph = struct.unpack(">III", table[16 + 12 * row : 28 + 12 * row])
        yield from range(first + (not glyph), min(last, 0x10FFFF) + 1)


def _segments(table: bytes) -> Iterator[int]:
    count = struct.unpack(">H", table[6:8])[0] // 2
    words = array("H", table[14 : len(table) & ~1])
    if byteorder == "little":
        words.byteswap()
    ends, starts, deltas, ranges = (words[begin : begin + count] for begin in _columns(count))
    for row, (start, end, delta, reach) in enumerate(zip(starts, ends, deltas, ranges, strict=True)):
        for code in range(start, end + 1):
            place = 3 * count + 1 + row + reach // 2 + code - start
            glyph = words[place] if reach and place < len(words) else 0 if reach else code
            if (glyph + delta * (not reach or glyph > 0)) & 0xFFFF:
                yield code


def _columns(count: int) -> tuple[int, int, int, int]:
    return 0, count + 1, 2 * count + 1, 3 * count + 1
