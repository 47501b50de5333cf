"""Small files that claim, or become, more than a machine can hold."""

import struct
from functools import cache

from tests.corpus.cases import Group, Kit
from tests.corpus.writers import (
    Track,
    avc,
    avi,
    big_png,
    box,
    element,
    find,
    full,
    jpeg,
    mkv,
    movie,
    number,
    patched,
    pictures,
    plain,
    png,
    u32,
)

group = Group("bombs")
case = group.case
HOUR = 3600
DAY = 24 * HOUR


@cache
def huge_picture() -> bytes:
    """169 megapixels in some 20 kB."""
    return big_png(13_000, 13_000)


# Tracks and boxes


@case("too_many_streams")
def nine_tracks(kit: Kit) -> bytes:
    return movie(*[plain()] * 9)


@case("too_many_streams")
def two_hundred_tracks(kit: Kit) -> bytes:
    return movie(*[plain()] * 200)


@case("too_many_streams")
def three_thousand_tracks(kit: Kit) -> bytes:
    return movie(*[Track((b"x" * 8,))] * 3000)


@case("too_many_streams", file="clip.mkv")
def three_hundred_matroska_tracks(kit: Kit) -> bytes:
    entries = b"".join(
        element("ae", number("d7", n), number("73c5", n), number("83", 2), element("86", b"A_PCM/INT/LIT"))
        for n in range(2, 302)
    )
    return mkv([jpeg()] * 25).replace(
        element("1654ae6b", b"")[:4], element("1654ae6b", entries) + b"\x16\x54\xae\x6b", 1
    )


@case("corrupt_media")
def boxes_nested_sixty_thousand_deep(kit: Kit) -> bytes:
    depth = 60_000
    nest = b"".join(u32(8 * (depth - level)) + b"moov" for level in range(depth))
    return box("ftyp", b"isom", u32(0)) + nest


@case("corrupt_media")
def boxes_of_a_track_nested_ten_thousand_deep(kit: Kit) -> bytes:
    depth = 10_000
    nest = b"".join(u32(8 * (depth - level)) + b"udta" for level in range(depth))
    return box("ftyp", b"isom", u32(0)) + box("moov", box("trak", nest))


@case("accepted")
def a_hundred_thousand_empty_boxes(kit: Kit) -> bytes:
    good = movie(plain())
    return good + box("free") * 100_000


@case("corrupt_media")
def a_box_larger_than_any_disk(kit: Kit) -> bytes:
    good = movie(plain())
    begin, _end = find(good, b"mdat")
    return good[:begin] + u32(1) + b"mdat" + struct.pack(">Q", 2**63 - 1) + good[begin + 8 :]


@case("corrupt_media")
def a_table_of_two_billion_samples(kit: Kit) -> bytes:
    return movie(plain(sizes=full("stsz", u32(0, 2**31))))


@case("corrupt_media")
def two_billion_samples_of_one_size(kit: Kit) -> bytes:
    return movie(plain(sizes=full("stsz", u32(100, 2**31 - 1))))


@case("resource_limit")
def a_table_of_two_billion_durations(kit: Kit) -> bytes:
    return patched(movie(plain()), b"stts", 12, u32(2**31))


@case("resource_limit")
def a_table_of_two_billion_chunks(kit: Kit) -> bytes:
    return patched(movie(plain()), b"stco", 12, u32(2**31))


@case("corrupt_media")
def a_hundred_thousand_edits(kit: Kit) -> bytes:
    count = 100_000
    return movie(plain(edits=box("edts", full("elst", u32(count), u32(1, 0, 0x10000) * count))))


@case("unsupported_format")
def sixty_five_thousand_channels(kit: Kit) -> bytes:
    """A sound that no reader can take; the picture is good."""
    return movie(plain(), Track((bytes(4096),), codec="sowt", sound=65_535, scale=48_000, entries=((1, 1024),)))


# Pixels


@case("bad_picture_size", file="clip.mov")
def frames_of_169_megapixels(kit: Kit) -> bytes:
    return movie(Track((huge_picture(),) * 25, width=13_000, height=13_000))


@case("bad_picture_size", file="clip.mov")
def frames_larger_than_they_say(kit: Kit) -> bytes:
    return movie(Track((huge_picture(),) * 25))


@case("bad_picture_size")
def h264_wider_than_allowed(kit: Kit) -> bytes:
    return movie(
        Track((b"\0\0\0\x02\x65\x88" + bytes(400),) * 10, codec="avc1", width=8208, height=64, extra=avc(8208, 64))
    )


@case("bad_picture_size")
def h264_of_67_megapixels(kit: Kit) -> bytes:
    size = 8192
    frame = b"\0\0\0\x02\x65\x88" + bytes(400)
    return movie(Track((frame,) * 10, codec="avc1", width=size, height=size, extra=avc(size, size)))


@case("bad_picture_size")
def h264_of_a_billion_pixels(kit: Kit) -> bytes:
    frame = b"\0\0\0\x02\x65\x88" + bytes(400)
    return movie(Track((frame,) * 10, codec="avc1", width=32_768, height=32_768, extra=avc(32_768, 32_768)))


@case("accepted", file="clip.avi")
def avi_of_a_billion_pixels(kit: Kit) -> bytes:
    """Its header claims them, its frames are small: they are believed."""
    return avi([jpeg()] * 25, size=(32_000, 32_000))


@case("bad_picture_size", file="clip.mkv")
def matroska_of_a_billion_pixels(kit: Kit) -> bytes:
    return mkv([b"\xff\xd8" + bytes(100)] * 25, size=(32_000, 32_000))


@case("accepted")
def a_cover_of_169_megapixels(kit: Kit) -> bytes:
    """The cover is never drawn; the film beside it is good."""
    cover = box("covr", box("data", u32(14, 0), huge_picture()))
    lists = full("meta", full("hdlr", u32(0), b"mdir", bytes(13)), box("ilst", cover))
    return movie(plain(), more=box("udta", lists))


@case("accepted")
def a_cover_of_twenty_megabytes(kit: Kit) -> bytes:
    cover = box("covr", box("data", u32(14, 0), png(64, 64) + bytes(20_000_000)))
    lists = full("meta", full("hdlr", u32(0), b"mdir", bytes(13)), box("ilst", cover))
    return movie(plain(), more=box("udta", lists))


# Rate and length


@case("bad_rate")
def hundred_thousand_frames_a_second(kit: Kit) -> bytes:
    frame = png(16, 16) + bytes(16)
    return movie(Track((frame,) * 20_000, width=16, height=16, scale=100_000))


@case("bad_rate")
def two_hundred_frames_a_second(kit: Kit) -> bytes:
    return movie(plain(samples=pictures(100, 16, 16), width=16, height=16, scale=200))


@case("bad_rate", file="clip.avi")
def avi_of_a_million_frames_a_second(kit: Kit) -> bytes:
    return avi([jpeg()] * 25, micros=1, scale=(1, 1_000_000))


@case("too_long")
def a_gap_of_thirty_hours(kit: Kit) -> bytes:
    return movie(plain(samples=pictures(3), scale=1000, entries=((1, 40), (1, 30 * HOUR * 1000), (1, 40))))


@case("too_long")
def a_claim_of_forty_nine_days(kit: Kit) -> bytes:
    half = 2**31 - 100
    return movie(plain(scale=1000, entries=((23, 4), (2, half)), length=2**32 - 1), length=2**32 - 1)


@case("too_long", file="clip.mkv")
def matroska_of_a_thousand_years(kit: Kit) -> bytes:
    return mkv([jpeg()] * 25, seconds=1000 * 365 * DAY)


@case("too_long", file="clip.avi")
def avi_of_four_billion_frames(kit: Kit) -> bytes:
    return avi([jpeg()] * 25, count=2**31 - 1)


@case("accepted")
def a_header_that_claims_thirty_hours(kit: Kit) -> bytes:
    """The film's header lies, its track does not; the track is believed."""
    return movie(plain(), length=30 * HOUR * 1000)


@case("accepted")
def a_gap_of_an_hour(kit: Kit) -> bytes:
    """Three frames in an hour, which is allowed: looking at it costs no more than at three frames."""
    return movie(plain(samples=pictures(3), scale=1000, entries=((1, 40), (1, HOUR * 1000), (1, 40))))


@case("corrupt_media")
def deep_in_a_hundred_levels_of_user_data(kit: Kit) -> bytes:
    data = b"x" * 64
    for _ in range(100):
        data = box("udta", data)
    return movie(plain(), more=data)
