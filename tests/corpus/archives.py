"""Archives: names that lead elsewhere, members that become large, files that only look like archives."""

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable

from tests.corpus.cases import Group, Kit
from tests.corpus.writers import jpeg

group = Group("archives", door="zip", file="brands.zip")
BAD = "bad_archive"
LINK = 0o120777 << 16  # the mode of a symbolic link, where ZIP keeps it
DEVICE = 0o020666 << 16
Fill = Callable[[zipfile.ZipFile], None]


def archive(fill: Fill, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", packing) as made:
        fill(made)
    return target.getvalue()


def several(names: Iterable[str], data: bytes, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    def fill(made: zipfile.ZipFile) -> None:
        for name in names:
            made.writestr(name, data)

    return archive(fill, packing)


def member(name: str, data: bytes = b"x", mode: int = 0o644 << 16) -> bytes:
    info = zipfile.ZipInfo(name)
    info.external_attr, info.create_system = mode, 3
    return archive(lambda made: made.writestr(info, data))


def renamed(data: bytes, old: bytes, new: bytes) -> bytes:
    """A name that no writer would write, of the same length."""
    assert len(old) == len(new)
    return data.replace(old, new)


NAMES = {
    "a name that leads upwards": "../evil.png",
    "a name that leads upwards within": "brands/../../evil.png",
    "an absolute name": "/etc/cron.d/evil",
    "a drive": "C:/evil.png",
    "a place upwards in another writing": "..%2fevil.png/../../x",
    "a name of dots": "..",
    "a name with a line break": "logo\n.png",
    "a name of three thousand letters": "a" * 3000,
    "a hundred folders": "a/" * 100 + "logo.png",
}
for _name, _path in NAMES.items():
    group.add(_name, BAD, member(_path))
group.add("a name with backslashes", BAD, renamed(member("__xevil.png"), b"__xevil.png", b"..\\evil.png"))
group.add("a name with NUL", BAD, renamed(member("logo.pngx.sh"), b"logo.pngx.sh", b"logo.png\0.sh"))
group.add("a link to a file", BAD, lambda kit: member("logo.png", str(kit.secret).encode(), LINK))
group.add("a device", BAD, member("logo.png", b"", DEVICE))


@group.case(BAD)
def a_thousandfold(kit: Kit) -> bytes:
    return member("logo.png", bytes(100_000_000))


@group.case(BAD)
def six_hundred_megabytes_together(kit: Kit) -> bytes:
    """Each below the ratio that is taken, all together above the size."""
    block = b"".join(zlib.crc32(bytes([n % 256, n // 256])).to_bytes(4, "big") for n in range(2000)) + bytes(400_000)
    part = block * 50
    return several((f"{n}.png" for n in range(31)), part)


@group.case(BAD)
def twenty_thousand_members(kit: Kit) -> bytes:
    return several((f"{n}.png" for n in range(20_000)), b"", zipfile.ZIP_STORED)


@group.case(BAD)
def the_same_name_twice(kit: Kit) -> bytes:
    return renamed(archive(_two), b"logo2.png", b"logo1.png")


@group.case(BAD)
def names_that_differ_by_their_case(kit: Kit) -> bytes:
    return renamed(archive(_two), b"logo2.png", b"LOGO1.png")


def _two(made: zipfile.ZipFile) -> None:
    made.writestr("logo1.png", b"first")
    made.writestr("logo2.png", b"second")


@group.case(BAD)
def members_that_overlap(kit: Kit) -> bytes:
    """All entries of the list share one member's bytes."""
    data = member("logo.png", bytes(1000))
    place = data.index(b"PK\x01\x02")
    entry, rest = data[place : data.index(b"PK\x05\x06")], data[data.index(b"PK\x05\x06") :]
    entries = b"".join(entry.replace(b"logo.png", f"log{n}.png".encode()) for n in range(10))
    end = rest[:8] + struct.pack("<HHI", 10, 10, len(entries)) + rest[16:]
    return data[:place] + entries + end


@group.case(BAD)
def one_that_is_encrypted(kit: Kit) -> bytes:
    """The flag alone: nobody asks for a password."""
    data = bytearray(member("logo.png"))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


group.add("a name that reads backwards", "accepted", member("logo\u202egnp.exe"))  # shown cleaned, never opened


@group.case("accepted")
def a_member_that_is_an_archive(kit: Kit) -> bytes:
    """A file as any other: nobody unpacks it."""
    return member("more.zip", member("logo.png", bytes(1_000_000)))


@group.case(BAD)
def a_wrong_checksum(kit: Kit) -> bytes:
    data = archive(lambda made: made.writestr("logo.png", jpeg()), zipfile.ZIP_STORED)
    return data.replace(jpeg()[-20:], bytes(20))


@group.case(BAD)
def a_size_that_lies(kit: Kit) -> bytes:
    """Says ten bytes and holds a hundred thousand."""
    data = bytearray(member("logo.png", bytes(100_000)))
    for start, offset in ((0, 22), (data.index(b"PK\x01\x02"), 24)):
        data[start + offset : start + offset + 4] = struct.pack("<I", 10)
    return bytes(data)


@group.case(BAD)
def an_unknown_way_of_packing(kit: Kit) -> bytes:
    data = bytearray(member("logo.png"))
    data[8:10] = data[data.index(b"PK\x01\x02") + 10 : data.index(b"PK\x01\x02") + 12] = b"\x62\0"
    return bytes(data)


@group.case(BAD)
def the_first_half(kit: Kit) -> bytes:
    data = member("logo.png", jpeg())
    return data[: len(data) // 2]


@group.case(BAD)
def a_list_of_members_that_lies_elsewhere(kit: Kit) -> bytes:
    data = member("logo.png")
    end = data.index(b"PK\x05\x06")
    return data[: end + 16] + struct.pack("<I", 0xFFFFFFF0) + data[end + 20 :]


@group.case(BAD)
def a_tar_called_zip(kit: Kit) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as made:
        info = tarfile.TarInfo("../evil.png")
        info.size = 1
        made.addfile(info, io.BytesIO(b"x"))
    return target.getvalue()


@group.case(BAD)
def a_film_called_zip(kit: Kit) -> bytes:
    return kit.clips.mp4


@group.case(BAD)
def nothing(kit: Kit) -> bytes:
    return b""


@group.case(BAD)
def a_plain_one_with_a_script_before_it(kit: Kit) -> bytes:
    """What self-extracting archives look like."""
    return b"#!/bin/sh\ntouch owned\n" + member("brands/logo.png", jpeg())


@group.case("accepted")
def a_plain_one(kit: Kit) -> bytes:
    return member("brands/logo.png", jpeg())
