"""Good films with tags that mean harm, or tell more than their author knew. None may be in what we make."""

from tests.corpus.cases import Group, Kit
from tests.corpus.writers import box, full, movie, plain, u16, u32

group = Group("metadata")
case = group.case
SCRIPT = "<script>alert('tag')</script>"
PLACE = "+52.5200+013.4050/"
MARKS = (SCRIPT, PLACE, "canary@example.com")  # what to look for in a finished file


def tag(name: bytes, text: str) -> bytes:
    """A tag as QuickTime writes it."""
    data = text.encode()[:65_535]
    return box(name, u16(len(data), 0x55C4), data)


def note(key: str, text: str) -> bytes:
    """A tag as Apple's phones write it, in `moov/meta`."""
    keys = full("keys", u32(1), box("mdta", key.encode()))
    values = box("ilst", box(u32(1), box("data", u32(1, 0), text.encode())))
    return box("meta", full("hdlr", u32(0), b"mdta", bytes(13)), keys, values)


@case("accepted", door="render")
def a_tag_with_a_script(kit: Kit) -> bytes:
    return movie(plain(), more=box("udta", tag(b"\xa9nam", SCRIPT), tag(b"\xa9ART", "canary@example.com")))


@case("accepted", door="render")
def a_tag_with_a_place(kit: Kit) -> bytes:
    return movie(plain(), more=box("udta", tag(b"\xa9xyz", PLACE)))


@case("accepted", door="render")
def a_phone_s_place(kit: Kit) -> bytes:
    return movie(plain(), more=note("com.apple.quicktime.location.ISO6709", PLACE))


@case("accepted", door="render")
def a_hundred_kilobytes_of_tags(kit: Kit) -> bytes:
    return movie(plain(), more=box("udta", *(tag(b"\xa9cmt", SCRIPT * 1700) for _ in range(2))))


@case("accepted")
def ten_thousand_tags(kit: Kit) -> bytes:
    return movie(plain(), more=box("udta", *(tag(b"\xa9cmt", f"{SCRIPT}{n}") for n in range(10_000))))


@case("accepted")
def a_tag_that_claims_to_be_longer(kit: Kit) -> bytes:
    return movie(plain(), more=box("udta", box(b"\xa9nam", u16(65_535, 0x55C4), b"short")))


@case("accepted")
def a_tag_that_is_no_text(kit: Kit) -> bytes:
    return movie(plain(), more=box("udta", box(b"\xa9nam", u16(8, 0x55C4), b"\xff\xfe\xed\xa0\x80\0\x1b[")))
