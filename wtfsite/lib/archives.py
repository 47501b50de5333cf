"""ZIP files that other people made: listed, and read one member at a time. Nothing is ever unpacked as a whole.

    pack(file, members)                                   the other way: the same members give the same bytes

    with open_zip(path) as archive:
        archive.names()                                   "net/logos/northshore.png", ... in the archive's order
        archive.read("brands.yml", max_bytes=65536)
        archive.copy("net/logos/northshore.png", target, max_bytes=20_000_000)

All members are looked at when the archive is opened: how many, how large, how tightly packed, what they are and are
called, and that each has bytes of its own. A header may lie, so what comes out is counted once more while it is read.
An archive inside the archive is a file as any other. Other kinds of archives are refused by name.
"""

import stat
import struct
import unicodedata
import zipfile  # noqa: TID251  # made safe here for everybody else
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from wtfsite.lib import names
from wtfsite.lib.names import BadName, quoted

MOST_MEMBERS = 500
MOST_BYTES = 500_000_000  # of all members, unpacked
RATIO = 100  # unpacked to packed; text gets to 20, deflate at its best to 1,032
CHUNK = 256 * 1024
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a ZIP can tell
MOST_AT_ONCE = 1 << 20  # bytes of one read: a list of 500 members, with names of 255 characters, is half as long

ENCRYPTED = 0x1 | 0x40 | 0x2000  # flags: by password, strongly, and the list too
UTF8 = 0x800
LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, length of the name, length of the extra field
STARTS = (b"PK\x03\x04", b"PK\x05\x06")  # of a member, of the end of an empty archive
OTHERS = (
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"MSCF", "a cabinet file"),
)
# What `zipfile` and `zlib` say to bytes that are no good archive
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError),
)


class BadArchive(Exception):
    """An archive or member that is not read. The message is for people: what is wrong, and what to do."""

    code = "bad_archive"


@contextmanager
def open_zip(source: Path | BinaryIO, max_total: int = MOST_BYTES) -> "Iterator[Archive]":
    """The archive in a file. At most `max_total` bytes come out of it; what is read twice counts twice.

    Raises BadArchive, and OSError when the file cannot be opened. A file that was given open stays open.
    """
    if isinstance(source, Path):
        with source.open("rb") as file, open_zip(file, max_total) as archive:
            yield archive
        return
    _check_kind(source)
    with _sound():
        opened = zipfile.ZipFile(_Sips(source))
    with opened:
        yield Archive(opened, source, max_total)


def pack(file: BinaryIO, members: Iterable[tuple[str, bytes]]) -> None:
    """Writes a ZIP with these members in this order. Nothing in it tells when or where it was made.

    Pictures and films are packed already, so nothing is packed again. What `open_zip` would refuse is not made: raises
    BadArchive.
    """
    total = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for number, (name, data) in enumerate(members, 1):
            total += len(data)
            if number > MOST_MEMBERS or total > MOST_BYTES:
                raise BadArchive(
                    f"An archive holds {MOST_MEMBERS} files and {_size(MOST_BYTES)} at most, and this is more."
                )
            member = zipfile.ZipInfo(name, EPOCH)
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(member, data)


class Archive:
    """An open archive whose members have all been looked at. Every method raises BadArchive."""

    def __init__(self, opened: zipfile.ZipFile, file: BinaryIO, max_total: int) -> None:
        self._zip = opened
        self._left = max_total
        members = opened.infolist()
        if len(members) > MOST_MEMBERS:
            raise BadArchive(f"The archive holds more than {MOST_MEMBERS} files. Split it into several.")
        if sum(member.file_size for member in members) > max_total:
            raise BadArchive(f"The archive unpacks to more than {_size(max_total)}. Split it into several.")
        with _sound():
            _check_places(members, file, opened.start_dir)
        named = [(_checked_name(member), member) for member in members]
        self._members = {name: member for name, member in named if not member.is_dir()}
        _check_doubles([name for name, member in named if not member.is_dir()])
        for name, member in self._members.items():
            _check_member(name, member)

    def names(self) -> tuple[str, ...]:
        """The files, folders left out."""
        return tuple(self._members)

    def read(self, name: str, max_bytes: int) -> bytes:
        return b"".join(self._chunks(name, max_bytes))

    def copy(self, name: str, target: Path, max_bytes: int) -> None:
        """Into a new file; when that fails there is none. OSError when it is there already, or cannot be written."""
        with target.open("xb") as file:
            try:
                for chunk in self._chunks(name, max_bytes):
                    file.write(chunk)
            except BaseException:  # whatever stopped us, half a file helps nobody
                target.unlink()
                raise

    def _chunks(self, name: str, max_bytes: int) -> Iterator[bytes]:
        member, size = self._find(name), 0
        with _sound(), self._zip.open(member) as content:
            while chunk := content.read(CHUNK):
                size += len(chunk)
                self._left -= len(chunk)
                if size > max_bytes:
                    raise BadArchive(f"{quoted(name)} is larger than {_size(max_bytes)}. Bring a smaller file.")
                if self._left < 0:
                    raise BadArchive("More is read from the archive than it may hold. Split it into several.")
                yield chunk
        if size != member.file_size:
            raise BadArchive(f"{quoted(name)} is shorter than the archive says. Make the archive again.")

    def _find(self, name: str) -> zipfile.ZipInfo:
        try:
            wanted = unicodedata.normalize("NFC", "/".join(names.parts(name)))
        except BadName as error:
            raise BadArchive(str(error)) from error
        if wanted in self._members:
            return self._members[wanted]
        near = " or ".join(map(quoted, names.nearest(wanted, self._members)))
        raise BadArchive(f"The archive holds no file {quoted(name)}.{f' Did you mean {near}?' if near else ''}")


class _Sips:
    """A file that is not read in one go, whatever the archive says about the length of its list."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(MOST_AT_ONCE + 1 if size < 0 else min(size, MOST_AT_ONCE + 1))
        if len(data) > MOST_AT_ONCE:
            raise BadArchive(f"The archive's list is too long: more than {MOST_MEMBERS} files. Split it into several.")
        return data


@contextmanager
def _sound() -> Iterator[None]:
    try:
        yield
    except BROKEN as error:
        raise BadArchive("The archive is damaged or incomplete. Make it again, or bring it here once more.") from error


def _check_kind(file: BinaryIO) -> None:
    file.seek(0)
    head = file.read(512)
    if head.startswith(STARTS):
        return
    kind = "a TAR archive" if head[257:262] == b"ustar" else ""
    kind = kind or next((kind for start, kind in OTHERS if head.startswith(start)), "no ZIP file")
    raise BadArchive(f"This is {kind}. Make a ZIP file of the files themselves.")


def _check_places(members: list[zipfile.ZipInfo], file: BinaryIO, list_begins: int) -> None:
    """One member after the other from the first byte on: nothing hidden in front, and no bytes unpacked many times."""
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        start = member.header_offset
        if start < end or start > list_begins or (end == 0 and start):
            raise BadArchive("Files share bytes in this archive, or others stand before it. Make a plain ZIP file.")
        file.seek(start)
        _, name, extra = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
        end = start + LOCAL_HEADER.size + name + extra + member.compress_size
    if end > list_begins:
        raise zipfile.BadZipFile("a member reaches into the list")


def _checked_name(member: zipfile.ZipInfo) -> str:
    """NFC, parts with / between them. Many programs write UTF-8 without saying so."""
    name = member.orig_filename  # the other one ends at the first NUL
    if not member.flag_bits & UTF8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    try:
        return unicodedata.normalize("NFC", "/".join(names.parts(name)))
    except BadName as error:
        raise BadArchive(f"In the archive: {error}") from error


def _check_doubles(files: list[str]) -> None:
    """Two files that are one on some disks, and a file that is a folder too. Large letters count as small ones."""
    seen: set[str] = set()
    for name in files:
        if name.casefold() in seen:
            raise BadArchive(f"The archive holds {quoted(name)} twice. Rename or delete one of them.")
        seen.add(name.casefold())
    for name in files:
        if any(str(folder) in seen for folder in PurePosixPath(name.casefold()).parents):
            raise BadArchive(f"The folder of {quoted(name)} is a file too. Rename one of them.")


def _check_member(name: str, member: zipfile.ZipInfo) -> None:
    if member.flag_bits & ENCRYPTED:
        raise BadArchive(f"{quoted(name)} is encrypted. Make the archive without a password.")
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise BadArchive(f"{quoted(name)} is a link or a device. Put the file itself into the archive.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadArchive(f"{quoted(name)} is packed in a way that is not taken. Make a plain ZIP file (deflate).")
    if member.volume:
        raise BadArchive("This is one part of a split archive. Make a ZIP file in one piece.")
    if member.file_size > RATIO * member.compress_size:
        raise BadArchive(f"{quoted(name)} unpacks to more than {RATIO} times its size. Bring it without an archive.")


def _size(count: int) -> str:
    return f"{count / 1e6:g} MB" if count >= 1_000_000 else f"{count} bytes"
