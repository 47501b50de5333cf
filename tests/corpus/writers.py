"""Writers of the few formats that the hostile inputs are made of: every size and count may be a lie."""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from PIL import Image

# MP4 and MOV


def box(kind: bytes | str, *parts: bytes, size: int | None = None) -> bytes:
    """A box with its content; `size` is what it claims."""
    name = kind.encode("latin-1") if isinstance(kind, str) else kind
    content = b"".join(parts)
    return struct.pack(">I", (8 + len(content) if size is None else size) & 0xFFFFFFFF) + name + content


def full(kind: str, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box that begins with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def u32(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *(value & 0xFFFFFFFF for value in values))


def u16(*values: int) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


UPRIGHT = (1.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Track:
    """One track of a movie; times are in ticks of `scale` a second. Counts of None are the true ones.

    `entries` is the table of durations (count, ticks), `codec` four letters; `extra` goes into the sample description.
    """

    samples: tuple[bytes, ...] = ()
    codec: str = "png "
    width: int = 64
    height: int = 64
    scale: int = 25
    entries: tuple[tuple[int, int], ...] = ()
    length: int | None = None
    matrix: tuple[float, float, float, float] = UPRIGHT
    extra: bytes = b""
    sound: int = 0  # channels of a sound track
    reference: bytes = b""  # an entry of `dref`
    edits: bytes = b""
    sizes: bytes | None = None  # in place of `stsz`

    @property
    def ticks(self) -> int:
        return sum(count * each for count, each in self.table) if self.length is None else self.length

    @property
    def table(self) -> tuple[tuple[int, int], ...]:
        return self.entries or ((len(self.samples), 1),)

    def atom(self, number: int, offset: int) -> bytes:
        header = u32(0, 0, number, 0, self.ticks, 0, 0) + bytes(8)
        shape = _matrix(*self.matrix) + u32(self.width << 16, self.height << 16)
        media = full("mdhd", u32(0, 0, self.scale, self.ticks, 0x55C40000))
        handler = full("hdlr", u32(0), b"soun" if self.sound else b"vide", bytes(12), b"\0")
        kind = full("smhd", u32(0)) if self.sound else full("vmhd", bytes(8), flags=1)
        dref = full("dref", u32(1), self.reference or full("url ", flags=1))
        info = box("minf", kind, box("dinf", dref), self._table(offset))
        return box("trak", full("tkhd", header, shape, flags=3), self.edits, box("mdia", media, handler, info))

    def _table(self, offset: int) -> bytes:
        durations = full("stts", u32(len(self.table)), *(u32(*pair) for pair in self.table))
        chunks = full("stsc", u32(1, 1, max(1, len(self.samples)), 1))
        sizes = full("stsz", u32(0, len(self.samples)), u32(*map(len, self.samples)))
        sizes = sizes if self.sizes is None else self.sizes
        return box("stbl", self._description(), durations, chunks, sizes, full("stco", u32(1, offset)))

    def _description(self) -> bytes:
        start = bytes(6) + u16(1)
        if self.sound:
            entry = start + bytes(8) + u16(self.sound, 16) + bytes(4) + u32(48000 << 16)
        else:
            size = u16(self.width & 0xFFFF, self.height & 0xFFFF) + u32(72 << 16, 72 << 16, 0)
            entry = start + bytes(16) + size + u16(1) + bytes(32) + b"\0\x18\xff\xff"
        return full("stsd", u32(1), box(self.codec, entry, self.extra))


def _matrix(a: float, b: float, c: float, d: float) -> bytes:
    fixed = [round(value * 65536) for value in (a, b)], [round(value * 65536) for value in (c, d)]
    return u32(*fixed[0], 0, *fixed[1], 0, 0, 0, 0x40000000)


def movie(*tracks: Track, front: bytes = b"", more: bytes = b"", length: int | None = None) -> bytes:
    """A whole file: the data first, then the index. `front` comes before both, `more` into `moov`; `length`
    (milliseconds) is the claim in its header."""
    start = box("ftyp", b"qt  ", u32(0x200), b"qt  ") + front
    offset = len(start) + 8
    atoms: list[bytes] = []
    data: list[bytes] = []
    for number, track in enumerate(tracks, 1):
        atoms.append(track.atom(number, offset))
        data += track.samples
        offset += sum(map(len, track.samples))
    longest = max((track.ticks * 1000 // max(1, track.scale) for track in tracks), default=0)
    times = u32(0, 0, 1000, longest if length is None else length, 0x10000, 0x01000000) + bytes(8)
    head = full("mvhd", times, _matrix(*UPRIGHT), bytes(24), u32(len(tracks) + 1))
    return start + box("mdat", *data) + box("moov", head, *atoms, more)


def pictures(count: int = 25, width: int = 64, height: int = 64) -> tuple[bytes, ...]:
    """Frames of a plain clip as PNG, each of another grey. Padded: a file of a few bytes is refused as such."""
    return tuple(png(width, height, 255 * number // count) + bytes(64) for number in range(count))


def plain(**changes: object) -> Track:
    """A good track of one second, with the given lies."""
    return replace(Track(pictures()), **changes)  # type: ignore[arg-type]  # fields by name


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """The boxes of a file, one level: kind, begin, end."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        size = size if size >= 8 else end - start
        yield kind, start, min(end, start + size)
        start += size


INSIDE = {b"moov": 8, b"trak": 8, b"mdia": 8, b"minf": 8, b"stbl": 8, b"udta": 8, b"edts": 8, b"dinf": 8}


def all_boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """The same with those inside."""
    for kind, begin, stop in boxes(data, start, end):
        yield kind, begin, stop
        if kind in INSIDE:
            yield from all_boxes(data, begin + INSIDE[kind], stop)


def find(data: bytes, kind: bytes) -> tuple[int, int]:
    """Where the first such box begins and ends."""
    return next((begin, end) for found, begin, end in all_boxes(data) if found == kind)


def patched(data: bytes, kind: bytes, offset: int, new: bytes) -> bytes:
    """With other bytes `offset` bytes into each such box."""
    changed = bytearray(data)
    for found, begin, _end in all_boxes(data):
        if found == kind:
            changed[begin + offset : begin + offset + len(new)] = new
    return bytes(changed)


# H.264: just enough of a parameter set to claim a size


def avc(width: int, height: int) -> bytes:
    """The `avcC` box of a stream of this size (multiples of 16)."""
    bits = "1" + "1" + _golomb(2) + _golomb(1) + "0" + _golomb(width // 16 - 1) + _golomb(height // 16 - 1) + "11001"
    bits += "0" * (-len(bits) % 8)
    sps = b"\x67\x42\x00\x34" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    pps = b"\x68\xce\x3c\x80"
    return box("avcC", b"\x01\x42\x00\x34\xff\xe1", u16(len(sps)), sps, b"\x01", u16(len(pps)), pps)


def _golomb(value: int) -> str:
    code = f"{value + 1:b}"
    return "0" * (len(code) - 1) + code


# PNG


def chunk(kind: bytes, data: bytes = b"", crc: int | None = None) -> bytes:
    checksum = zlib.crc32(kind + data) if crc is None else crc
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png(width: int, height: int, grey: int = 128, *more: bytes, claim: tuple[int, int] | None = None) -> bytes:
    """One plain picture of eight bits grey; `more` are chunks before the data, `claim` the size in the header."""
    packer = zlib.compressobj(9)
    row = b"\0" + bytes([grey]) * width
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", *(claim or (width, height)), 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND")


def big_png(width: int, height: int) -> bytes:
    """One bit a pixel: a picture of a hundred megapixels in a few kilobytes."""
    row = bytes(1 + (width + 7) // 8)
    packer = zlib.compressobj(1)
    block = b"".join(packer.compress(row * min(500, height - top)) for top in range(0, height, 500)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", block) + chunk(b"IEND")


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def jpeg(width: int = 64, height: int = 64) -> bytes:
    return encoded(Image.linear_gradient("L").resize((width, height)).convert("RGB"), "JPEG")


# Matroska


def element(name: str, *parts: bytes, size: int | None = None) -> bytes:
    """An element by the hexadecimal name; a `size` of -1 is "unknown", any other is what it claims."""
    content = b"".join(parts)
    return bytes.fromhex(name) + _vint(len(content) if size is None else size) + content


def _vint(value: int) -> bytes:
    return b"\x01" + b"\xff" * 7 if value < 0 else (value | 1 << 56).to_bytes(8, "big")


def number(name: str, value: int) -> bytes:
    return element(name, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def floating(name: str, value: float) -> bytes:
    return element(name, struct.pack(">d", value))


EBML = element("1a45dfa3", element("4282", b"matroska"), number("4287", 4), number("4285", 2))


def mkv(
    frames: Sequence[bytes],
    *,
    seek: bytes = b"",
    info: bytes = b"",
    track: bytes = b"",
    more: bytes = b"",
    flags: int = 0x80,
    size: tuple[int, int] = (64, 64),
    step: int = 40,
    seconds: float = 1.0,
    head: bytes = EBML,
) -> bytes:
    """A Matroska file of JPEG frames, `step` milliseconds apart."""
    facts = info or number("2ad7b1", 1_000_000) + floating("4489", 1000 * seconds)
    picture = element("e0", number("b0", size[0]), number("ba", size[1]))
    entry = number("d7", 1) + number("73c5", 1) + number("83", 1) + element("86", b"V_MJPEG") + picture + track
    blocks = [b"\x81" + struct.pack(">hB", n * step, flags) + frame for n, frame in enumerate(frames)]
    cluster = element("1f43b675", number("e7", 0), *(element("a3", block) for block in blocks))
    parts = (seek, element("1549a966", facts), element("1654ae6b", element("ae", entry)), more, cluster)
    return head + element("18538067", *parts)


# RIFF


def riff(kind: bytes, *parts: bytes, size: int | None = None) -> bytes:
    content = kind + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(content) if size is None else size) + content


def piece(kind: bytes, *parts: bytes, size: int | None = None) -> bytes:
    content = b"".join(parts)
    return kind + struct.pack("<I", len(content) if size is None else size) + content + b"\0" * (len(content) % 2)


def avi(
    frames: Sequence[bytes],
    *,
    streams: int = 1,
    micros: int = 40_000,
    scale: tuple[int, int] = (1, 25),
    size: tuple[int, int] = (64, 64),
    index: bytes | None = None,
    count: int | None = None,
) -> bytes:
    """An AVI of JPEG frames. `count` is how many it claims, `index` its table of frames."""
    claimed = len(frames) if count is None else count
    main = struct.pack("<8I2i4I", micros, 0, 0, 0x10, claimed, 0, streams, 0, *size, 0, 0, 0, 0)
    header = b"vidsMJPG" + struct.pack("<10I4h", 0, 0, 0, *scale, 0, claimed, 0, 0, 0, 0, 0, 64, 64)
    form = struct.pack("<IiiHH4s5I", 40, *size, 1, 24, b"MJPG", 0, 0, 0, 0, 0)
    stream = piece(b"LIST", b"strl", piece(b"strh", header), piece(b"strf", form))
    data = piece(b"LIST", b"movi", *(piece(b"00dc", frame) for frame in frames))
    table = piece(b"idx1", b"" if index is None else index)
    return riff(b"AVI ", piece(b"LIST", b"hdrl", piece(b"avih", main), *([stream] * streams)), data, table)


def wav(channels: int, rate: int, bits: int, data: bytes = bytes(4000), size: int | None = None) -> bytes:
    align = channels * bits // 8 & 0xFFFF
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * align & 0xFFFFFFFF, align, bits)
    return riff(b"WAVE", piece(b"fmt ", form), piece(b"data", data, size=size), size=size)
