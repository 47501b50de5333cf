"""A stranger's picture in, a PNG of our own making out. What was hidden in the one is not in the other.

rebuild(path, work) --> picture_child.py, in the sandbox: looks, decodes, turns, sRGB, writes
    |
    +-- Rebuilt (path of the PNG, width, height, format that came in)

dimensions(file)    --> the size of a PNG made here; None for every other file
"""

import json
import os
import stat
import struct
import sys
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from jobs.media import errors
from jobs.media.errors import MediaError
from wtfsite.lib import process

MAX_BYTES = 20_000_000
MAX_SIDE = 8192
MAX_PIXELS = 40_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
CHILD = Path(__file__).with_name("picture_child.py")
# The largest picture takes 340 MB and five seconds; of noise, the PNG is as large as the pixels. The decoder of WebP
# asks for more memory than it uses, before the picture's size is known.
LIMITS = process.Limits(cpu_seconds=10, address_space=1 << 30, file_size=4 * MAX_PIXELS + (10 << 20))
TIMEOUT = 20.0  # seconds
ANSWER = 4096  # bytes
WORDS = 200  # characters of a detail

_one_at_a_time = threading.Lock()  # in this process: several large pictures at once are more than a small host holds


@dataclass(frozen=True)
class Rebuilt:
    """A PNG in sRGB with alpha, 8 bits, upright, that holds its pixels and nothing else. `format` is what came in."""

    path: Path
    width: int
    height: int
    format: str


def rebuild(
    path: Path, work: Path, run: process.Runner = process.run, max_bytes: int = MAX_BYTES, longest: int = 0
) -> Rebuilt:
    """The picture in `path` as a new PNG in the folder `work`, made smaller if it has more pixels than `longest` on a
    side (0: as large as it came).

    Raises MediaError: `artwork_format` for what is no picture of the four formats, `artwork_too_large` (bytes, sides,
    pixels), `artwork_unreadable` for a damaged one, and what errors.translate() says of a run that did not end well.
    """
    check_bytes(path.stat().st_size, max_bytes)
    target = work / f"picture-{uuid.uuid4().hex}.png"
    with _one_at_a_time:
        kind = _ask(path, target, work, run, {"longest": longest, "limits": _limits(max_bytes)})
    size = _size(target)
    if kind not in FORMATS or size is None:
        raise errors.fail("artwork_unreadable", "what its reader wrote is no picture")
    return Rebuilt(target, *size, kind)


def check_bytes(size: int, max_bytes: int = MAX_BYTES) -> None:
    """Raises `artwork_too_large` for a file of more bytes than are taken."""
    if size > max_bytes:
        raise errors.fail("artwork_too_large", f"{size / 1e6:.1f} MB, at most {max_bytes / 1e6:.0f} MB are taken")


# --- the child ------------------------------------------------------------------------------------------------------


def _limits(max_bytes: int) -> dict[str, int]:
    return {"bytes": max_bytes, "side": MAX_SIDE, "pixels": MAX_PIXELS}


def _ask(path: Path, target: Path, work: Path, run: process.Runner, wishes: dict[str, object]) -> str:
    """Lets the child write `target`; the format that it read."""
    spec = {"source": str(path.absolute()), "target": str(target.absolute()), **wishes}
    command = [sys.executable, "-I", str(CHILD), json.dumps(spec)]
    try:
        finished = run(command, work=work, reads=[path, CHILD], limits=LIMITS, timeout=TIMEOUT, stdout_limit=ANSWER)
    except process.ProcessError as error:
        raise _failure(error) from error
    return _answer(finished.stdout)


def _failure(error: process.ProcessError) -> MediaError:
    found = errors.translate(error)
    if found.code == "crashed":
        return errors.fail("artwork_unreadable", "its reader crashed", found.tail)
    if found.code == "unknown":  # a traceback, which ends with the reason
        return errors.fail("unknown", found.tail.strip().rpartition("\n")[2] or found.detail, found.tail)
    return found


def _answer(stdout: bytes) -> str:
    """The format that the child names. Somebody else may speak for it: it is believed nothing that is shown or used."""
    try:
        answer = json.loads(stdout)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise errors.fail("artwork_unreadable", "its reader gave no answer")
    code, detail, kind = (str(answer.get(name, "")) for name in ("code", "detail", "format"))
    if code:
        known = code if code in ("artwork_format", "artwork_too_large", "resource_limit") else "artwork_unreadable"
        raise errors.fail(known, "".join(sign for sign in detail if sign.isprintable())[:WORDS])
    return kind


# --- what was made --------------------------------------------------------------------------------------------------

START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
HEADER = 33  # bytes: the start, width, height, how the pixels are written, checksum
RGBA = b"\x08\x06\0\0\0"  # 8 bits each, not interlaced
END = b"\0\0\0\0IEND\xaeB`\x82"


def dimensions(file: BinaryIO) -> tuple[int, int] | None:
    """Width and height of a PNG such as the child writes: header, pixels and end, and no other piece anywhere.

    None for every other file. Nothing is decoded.
    """
    header = file.read(HEADER)
    if len(header) < HEADER or not header.startswith(START) or header[24:29] != RGBA:
        return None
    width, height = struct.unpack(">II", header[16:24])
    fits = 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS
    return (width, height) if fits and _pixels_only(file) else None


def _pixels_only(file: BinaryIO) -> bool:
    while (head := file.read(8))[4:] == b"IDAT":
        file.seek(int.from_bytes(head[:4], "big") + 4, os.SEEK_CUR)  # the pixels and their checksum
    return head + file.read(len(END)) == END


def _size(path: Path) -> tuple[int, int] | None:
    """The size of the PNG at this path; None when there is something else, a link or a pipe for instance."""
    try:
        with open(path, "rb", opener=_no_link) as file:
            return dimensions(file) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
    except OSError:
        return None


def _no_link(path: str, flags: int) -> int:
    """Nor does it wait for somebody to write into a pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
