"""Good files, broken in ways that a seed decides: the same seed and number are the same mutant on every machine."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from PIL import Image

from tests.corpus import playlists
from tests.corpus.cases import Clips, Kit
from tests.corpus.writers import all_boxes, avi, encoded, jpeg, mkv, movie, pictures, plain, png

MEDIA, PICTURE, YAML, JSON, ZIP = "media", "picture", "yaml", "json", "zip"
# How often each kind comes: what costs a process less often than its formats would have it
WEIGHTS = {MEDIA: 50, PICTURE: 25, YAML: 8, JSON: 7, ZIP: 10}
MOST = 4  # changes of one mutant
EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)


@dataclass(frozen=True)
class Mutant:
    number: int
    kind: str
    name: str  # of the good file that it was, and of what was done to it
    data: bytes


def mutant(seed: int, number: int, good: dict[str, dict[str, bytes]]) -> Mutant:
    """The mutant of this number. `good` has the good files by kind and name."""
    random = Random(f"{seed}:{number}")
    kind = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    name, data = random.choice(sorted(good[kind].items()))
    done = []
    for _ in range(random.randint(1, MOST)):
        change = random.choice(CHANGES)
        data = change(data, random)
        done.append(change.__name__)
    if name.startswith("png") and random.random() < 0.5:
        data = with_checksums(data)
    return Mutant(number, kind, f"{name} {'+'.join(done)}", data)


def good_files(kit: Kit) -> dict[str, dict[str, bytes]]:
    return {
        MEDIA: media(kit.clips) | {"mov that refers": playlists.mov_with_its_data_in_another_file(kit)},
        PICTURE: stills(),
        YAML: {"list": b"# Brands\n" + YAML_LIST.encode()},
        JSON: {"list": json.dumps(LIST, indent=1).encode()},
        ZIP: {"deflated": archive(zipfile.ZIP_DEFLATED), "stored": archive(zipfile.ZIP_STORED)},
    }


def media(clips: Clips) -> dict[str, bytes]:
    small = [jpeg()] * 25
    real = {"mp4": clips.mp4, "fragments": clips.fragments, "mkv": clips.mkv, "webm": clips.webm, "avi": clips.avi}
    # Where nearly all is header, nearly every change hits one
    return real | {"small mov": movie(plain(samples=pictures(10))), "small mkv": mkv(small), "small avi": avi(small)}


def stills() -> dict[str, bytes]:
    picture = Image.effect_noise((96, 64), 80).convert("RGB")
    frames = [picture, picture.rotate(180)]
    moving = {"save_all": True, "append_images": frames[1:]}
    return {
        "png": png(64, 64),
        "png palette": encoded(picture.quantize(), "PNG"),
        "png animated": encoded(picture, "PNG", **moving),
        "jpg": encoded(picture, "JPEG"),
        "jpg progressive": encoded(picture, "JPEG", progressive=True),
        "webp": encoded(picture, "WEBP"),
        "webp lossless": encoded(picture, "WEBP", lossless=True),
        "webp animated": encoded(picture, "WEBP", **moving),
        "gif": encoded(picture.quantize(), "GIF"),
        "gif animated": encoded(picture.quantize(), "GIF", save_all=True, append_images=[frames[1].quantize()]),
    }


LIST = {
    "brands": [
        {"name": "Northshore", "slug": "northshore", "handle": "@northshore", "active": True, "size": 15.5},
        {"name": "Östra", "slug": "ostra", "logo": "logos/ostra.png", "tags": ["a", "b"], "count": 3, "none": None},
    ],
    "title": 'With "quotes", a \\ and an emoji \U0001f3ac',
}
YAML_LIST = """\
brands:
  - name: Northshore
    slug: northshore
    handle: "@northshore"
    active: true
    size: 15.5
  - {name: Östra, slug: ostra, tags: [a, 'b'], count: 3, none: ~}
text: |
  Two lines,
  kept as they are.
folded: >-
  One
  line.
"""


def archive(packing: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", packing) as made:
        made.writestr("brands.yaml", YAML_LIST)
        made.writestr("logos/ostra.png", png(64, 64))
        made.writestr("logos/northshore.jpg", jpeg())
    return target.getvalue()


# What is done to a file

Change = Callable[[bytes, Random], bytes]


def place(data: bytes, random: Random) -> int:
    """Somewhere; half of the time near the beginning, where headers are."""
    return random.randrange(max(1, min(len(data), 512) if random.random() < 0.5 else len(data)))


def flip(data: bytes, random: Random) -> bytes:
    """One to sixteen bits."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 16)):
        if changed:
            changed[place(data, random)] ^= 1 << random.randrange(8)
    return bytes(changed)


def cut(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def behead(data: bytes, random: Random) -> bytes:
    return data[random.randrange(min(len(data), 64) + 1) :]


def _piece(data: bytes, random: Random) -> tuple[int, int]:
    start = place(data, random)
    return start, min(len(data), start + random.choice((1, 4, 16, 256, 4096)))


def lose(data: bytes, random: Random) -> bytes:
    start, end = _piece(data, random)
    return data[:start] + data[end:]


def double(data: bytes, random: Random) -> bytes:
    start, end = _piece(data, random)
    return data[:start] + data[start:end] * random.choice((2, 2, 3, 50)) + data[end:]


def swap(data: bytes, random: Random) -> bytes:
    """Two pieces change places."""
    (start, middle), other = _piece(data, random), place(data, random)
    rest = data[:start] + data[middle:]
    return rest[:other] + data[start:middle] + rest[other:]


def blank(data: bytes, random: Random) -> bytes:
    start, end = _piece(data, random)
    return data[:start] + random.choice((b"\0", b"\xff", b" ", b"[", b"9")) * (end - start) + data[end:]


def noise(data: bytes, random: Random) -> bytes:
    start, end = _piece(data, random)
    return data[:start] + random.randbytes(end - start) + data[end:]


def edge(data: bytes, random: Random) -> bytes:
    """A whole number becomes one at which programs err."""
    width, order = random.choice((1, 2, 4, 8)), random.choice("<>")
    start, value = place(data, random), random.choice(EDGES)
    number = value & (1 << 8 * width) - 1
    return data[:start] + number.to_bytes(width, "little" if order == "<" else "big") + data[start + width :]


def box_size(data: bytes, random: Random) -> bytes:
    """The size of a box lies, or its first field does. A file without boxes gets an edge."""
    found = list(all_boxes(data))
    if not found:
        return edge(data, random)
    _kind, begin, _end = random.choice(found)
    start = begin + random.choice((0, 0, 12, 16))
    return data[:start] + struct.pack(">I", random.choice(EDGES)) + data[start + 4 :]


CHANGES: tuple[Change, ...] = (
    flip,
    flip,
    cut,
    behead,
    lose,
    double,
    swap,
    blank,
    noise,
    edge,
    edge,
    box_size,
    box_size,
)


def with_checksums(data: bytes) -> bytes:
    """A PNG whose checksums are right, so that what is wrong is found later."""
    changed, start = bytearray(data), 8
    while start + 12 <= len(changed):
        size = int.from_bytes(changed[start : start + 4], "big")
        end = start + 8 + size
        if end + 4 > len(changed):
            break
        changed[end : end + 4] = struct.pack(">I", zlib.crc32(changed[start + 4 : end]))
        start = end + 4
    return bytes(changed)
