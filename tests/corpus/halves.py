"""Good clips of which a part is missing: uploads and recordings that broke off, disks that went bad."""

from tests.corpus.cases import Group, Kit
from tests.corpus.writers import all_boxes, find

group = Group("halves")
case = group.case


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def most(data: bytes) -> bytes:
    return data[: len(data) * 4 // 5]


@case("truncated", door="render")
def the_first_half_with_its_index(kit: Kit) -> bytes:
    """Read without complaint, of full length and with a poster: only the finished file shows what is missing."""
    return half(kit.clips.mp4)


@case("truncated", door="render")
def four_fifths_with_the_index(kit: Kit) -> bytes:
    return most(kit.clips.mp4)


@case("corrupt_media")
def the_first_half_without_its_index(kit: Kit) -> bytes:
    return half(kit.clips.late)


@case("unsupported_format")
def the_last_half(kit: Kit) -> bytes:
    return kit.clips.late[len(kit.clips.late) // 2 :]


@case("unsupported_format")
def the_last_half_of_one_with_the_index_in_front(kit: Kit) -> bytes:
    return kit.clips.mp4[len(kit.clips.mp4) // 2 :]


@case("corrupt_media")
def no_index(kit: Kit) -> bytes:
    begin, end = find(kit.clips.mp4, b"moov")
    return kit.clips.mp4[:begin] + kit.clips.mp4[end:]


@case("truncated")
def nothing_but_the_index(kit: Kit) -> bytes:
    begin, _end = find(kit.clips.mp4, b"mdat")
    return kit.clips.mp4[:begin]


@case("corrupt_media")
def the_first_kilobyte(kit: Kit) -> bytes:
    return kit.clips.mp4[:1024]


@case("empty_file")
def nothing(kit: Kit) -> bytes:
    return b""


@case("unsupported_format")
def one_byte(kit: Kit) -> bytes:
    return b"\0"


@case("truncated", door="render")
def a_tail_of_zeros(kit: Kit) -> bytes:
    return most(kit.clips.mp4).ljust(len(kit.clips.mp4), b"\0")


@case("corrupt_media")
def every_tenth_box_is_missing(kit: Kit) -> bytes:
    data = kit.clips.mp4
    changed = bytearray(data)
    for count, (_kind, begin, _end) in enumerate(all_boxes(data)):
        if count % 10 == 9:
            changed[begin + 4 : begin + 8] = b"free"
    return bytes(changed)


@case("unsupported_format")
def every_tenth_block_is_zero(kit: Kit) -> bytes:
    data = bytearray(kit.clips.mp4)
    for start in range(0, len(data), 5120):
        data[start : start + 512] = bytes(len(data[start : start + 512]))
    return bytes(data)


@case("truncated", door="render", file="clip.mkv")
def most_of_a_matroska(kit: Kit) -> bytes:
    return most(kit.clips.mkv)


@case("truncated", door="render", file="clip.webm")
def most_of_a_webm(kit: Kit) -> bytes:
    return most(kit.clips.webm)


@case("truncated", door="render", file="clip.avi")
def half_an_avi(kit: Kit) -> bytes:
    return half(kit.clips.avi)


@case("accepted", door="render")
def half_of_a_fragmented_film(kit: Kit) -> bytes:
    """Nothing says how long it once was: what is there is a film."""
    return half(kit.clips.fragments)
