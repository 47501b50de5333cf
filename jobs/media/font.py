"""A stranger's font in, one that a sanitiser has written anew out: the OpenType Sanitizer, which browsers use for fonts
of pages. It runs in the sandbox; nothing reads the font before.

rebuild(path, work) --> Rebuilt (path of the new font, format)
"""

import os
import stat
import uuid
from dataclasses import dataclass
from pathlib import Path

import ots

from jobs.media import errors
from jobs.media.errors import MediaError
from wtfsite.lib import process

MAX_BYTES = 20_000_000
FORMATS = {b"\0\1\0\0": "ttf", b"true": "ttf", b"OTTO": "otf"}
OTHERS = {b"ttcf": "a collection of several fonts", b"wOFF": "a font for web pages", b"wOF2": "a font for web pages"}
# Twenty megabytes take it 60 MB and half a second.
LIMITS = process.Limits(cpu_seconds=10, address_space=1 << 29, file_size=2 * MAX_BYTES)
TIMEOUT = 20.0  # seconds
WORDS = 200  # characters of a detail


@dataclass(frozen=True)
class Rebuilt:
    """A font with nothing in it that the sanitiser does not know. `format` is ttf or otf."""

    path: Path
    format: str


def rebuild(path: Path, work: Path, run: process.Runner = process.run, max_bytes: int = MAX_BYTES) -> Rebuilt:
    """The font in `path` as a new one in the folder `work`.

    Raises MediaError: `font_format` for what is no TrueType or OpenType font, `font_too_large` (bytes),
    `font_unreadable` for one that the sanitiser refuses, and what errors.translate() says of a run that did not end
    well.
    """
    check_bytes(path.stat().st_size, max_bytes)
    with path.open("rb") as file:
        _check_start(file.read(4))
    target = work / f"font-{uuid.uuid4().hex}"
    command = [ots.OTS_SANITIZE, str(path.absolute()), str(target.absolute())]
    try:
        run(command, work=work, reads=[path], limits=LIMITS, timeout=TIMEOUT)
    except process.ProcessError as error:
        raise _failure(error) from error
    return Rebuilt(target, _format(target))


def check_bytes(size: int, max_bytes: int = MAX_BYTES) -> None:
    """Raises `font_too_large` for a file of more bytes than are taken."""
    if size > max_bytes:
        raise errors.fail("font_too_large", f"{size / 1e6:.1f} MB, at most {max_bytes / 1e6:.0f} MB are taken")


def _check_start(start: bytes) -> None:
    if start not in FORMATS:
        raise errors.fail("font_format", OTHERS.get(start, "the file is no font" if start else "the file is empty"))


def _failure(error: process.ProcessError) -> MediaError:
    if isinstance(error, process.Failed) and error.returncode == 1 and "ERROR: " in error.finished.stderr:
        reason = error.finished.stderr.partition("ERROR: ")[2].partition("\n")[0]
        return errors.fail("font_unreadable", "".join(sign for sign in reason if sign.isprintable())[:WORDS])
    found = errors.translate(error)
    return errors.fail("font_unreadable", "its reader crashed", found.tail) if found.code == "crashed" else found


def _format(path: Path) -> str:
    """Of what was written, if it is a file and begins as a font."""
    try:
        with open(path, "rb", opener=_no_link) as file:
            start = file.read(4) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
    except OSError:
        start = b""
    if start not in FORMATS:
        raise errors.fail("font_unreadable", "what its reader wrote is no font")
    return FORMATS[start]


def _no_link(path: str, flags: int) -> int:
    """Nor does it wait for somebody to write into a pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
