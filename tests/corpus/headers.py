"""Headers that lie: about sizes, counts, places and kinds."""

import struct
import zlib

from tests.corpus.cases import Group, Kit
from tests.corpus.writers import (
    EBML,
    Track,
    avi,
    box,
    chunk,
    element,
    find,
    floating,
    full,
    jpeg,
    mkv,
    movie,
    number,
    patched,
    piece,
    plain,
    png,
    riff,
    u32,
    wav,
)

group = Group("headers")
case = group.case
FRAMES = [jpeg()] * 25


# The shape of the picture


@case("bad_picture_size")
def turned_by_45_degrees(kit: Kit) -> bytes:
    return movie(plain(matrix=(0.7071, 0.7071, -0.7071, 0.7071)))


@case("bad_picture_size")
def a_matrix_of_nothing(kit: Kit) -> bytes:
    return movie(plain(matrix=(0.0, 0.0, 0.0, 0.0)))


@case("accepted")
def a_matrix_that_enlarges_a_thousandfold(kit: Kit) -> bytes:
    return movie(plain(matrix=(1000.0, 0.0, 0.0, 1000.0)))


@case("bad_picture_size")
def pixels_a_thousand_times_higher_than_wide(kit: Kit) -> bytes:
    return movie(plain(extra=box("pasp", u32(1, 1000))))


@case("bad_picture_size")
def pixels_a_thousand_times_wider_than_high(kit: Kit) -> bytes:
    return movie(plain(extra=box("pasp", u32(1000, 1))))


@case("bad_picture_size")
def one_pixel(kit: Kit) -> bytes:
    return movie(Track((png(1, 1) + bytes(100),) * 25, width=1, height=1))


@case("bad_picture_size", file="clip.mkv")
def no_pixel(kit: Kit) -> bytes:
    return mkv([b"\xff\xd8" + bytes(100)] * 25, size=(0, 0))


@case("corrupt_media", file="clip.avi")
def a_negative_height(kit: Kit) -> bytes:
    return avi([b"\xff\xd8" + bytes(100)] * 25, size=(64, -64))


# Time


@case("accepted", door="render")
def no_rate(kit: Kit) -> bytes:
    """One frame and no duration of it: 0/0 frames a second."""
    return movie(plain(samples=(png(64, 64) + bytes(1500),), entries=((1, 0),), length=25))


@case("accepted", door="render")
def all_frames_at_the_same_moment(kit: Kit) -> bytes:
    return movie(plain(entries=((25, 0),), length=25))


@case("corrupt_media")
def no_length(kit: Kit) -> bytes:
    return movie(plain(entries=((25, 0),)), length=0)


@case("accepted")
def negative_lengths(kit: Kit) -> bytes:
    return movie(plain(scale=25, entries=((24, 1), (1, -5)), length=25))


@case("accepted")
def a_clock_of_nothing(kit: Kit) -> bytes:
    return movie(plain(scale=0, length=25))


@case("corrupt_media")
def an_edit_before_the_beginning(kit: Kit) -> bytes:
    return movie(plain(edits=box("edts", full("elst", u32(1), u32(1000, -2_000_000_000, 0x10000)))))


@case("corrupt_media")
def an_edit_behind_the_end(kit: Kit) -> bytes:
    return movie(plain(edits=box("edts", full("elst", u32(1), u32(1000, 2_000_000_000, 0x10000)))))


@case("corrupt_media", file="clip.mkv")
def a_length_that_is_no_number(kit: Kit) -> bytes:
    return mkv(FRAMES, seconds=float("nan"))


@case("corrupt_media", file="clip.mkv")
def a_negative_length(kit: Kit) -> bytes:
    return mkv(FRAMES, seconds=-5.0)


@case("accepted", file="clip.mkv")
def a_clock_without_ticks(kit: Kit) -> bytes:
    return mkv(FRAMES, info=number("2ad7b1", 0) + floating("4489", 1000.0))


@case("corrupt_media", file="clip.mkv")
def a_clock_of_years(kit: Kit) -> bytes:
    return mkv(FRAMES, info=number("2ad7b1", 2**62) + floating("4489", 1000.0))


@case("accepted", file="clip.avi")
def avi_without_a_clock(kit: Kit) -> bytes:
    return avi(FRAMES, micros=0, scale=(0, 0))


# MP4


@case("no_video")
def a_box_of_no_size(kit: Kit) -> bytes:
    good = movie(plain())
    begin, _end = find(good, b"trak")
    return good[:begin] + u32(1) + good[begin + 4 :]


@case("truncated")
def chunks_that_lie_behind_the_end(kit: Kit) -> bytes:
    return patched(movie(plain()), b"stco", 16, u32(2**31))


@case("unsupported_format")
def a_picture_in_no_known_codec(kit: Kit) -> bytes:
    return movie(plain(codec="mp2v"))


@case("unsupported_format")
def a_codec_that_is_off_the_list(kit: Kit) -> bytes:
    return movie(plain(codec="SVQ3"))


@case("no_video")
def only_a_sound(kit: Kit) -> bytes:
    return kit.clips.sound


@case("no_video")
def only_a_cover(kit: Kit) -> bytes:
    cover = box("covr", box("data", u32(14, 0), png(64, 64)))
    lists = full("meta", full("hdlr", u32(0), b"mdir", bytes(13)), box("ilst", cover))
    sound = Track((bytes(96_000),), codec="sowt", sound=1, scale=48_000, entries=((48_000, 1),))
    return movie(sound, more=box("udta", lists))


# Matroska


@case("unsupported_format", file="clip.mkv")
def a_header_longer_than_the_file(kit: Kit) -> bytes:
    return element("1a45dfa3", element("4282", b"matroska"), size=2**40) + mkv(FRAMES)[len(EBML) :]


@case("corrupt_media", file="clip.mkv")
def elements_of_unknown_size_in_each_other(kit: Kit) -> bytes:
    return EBML + element("18538067", size=-1) * 20_000


@case("corrupt_media", file="clip.mkv")
def numbers_of_two_to_the_56(kit: Kit) -> bytes:
    return mkv(FRAMES, head=EBML.replace(number("4285", 2), number("42f3", 2**56) + number("42f2", 2**56)))


@case("accepted", file="clip.mkv")
def lists_of_places_that_lead_in_a_circle(kit: Kit) -> bytes:
    entries = [
        element("4dbb", element("53ab", bytes.fromhex("114d9b74")), number("53ac", place)) for place in (0, 12, 0)
    ]
    return mkv(FRAMES, seek=element("114d9b74", *entries * 50))


@case("corrupt_media", file="clip.mkv")
def lacing_that_claims_more_frames_than_bytes(kit: Kit) -> bytes:
    return mkv([b"\xff" * 400] * 25, flags=0x86)


@case("corrupt_media", file="clip.mkv")
def lacing_of_the_fixed_kind_that_does_not_divide(kit: Kit) -> bytes:
    return mkv([b"\xfe" + bytes(101)] * 25, flags=0x84)


@case("accepted", file="clip.mkv")
def an_attachment_of_ten_megabytes(kit: Kit) -> bytes:
    name = element("466e", b"../../evil.ttf") + element("4660", b"application/x-truetype-font") + number("46ae", 1)
    return mkv(FRAMES, more=element("1941a469", element("61a7", name, element("465c", bytes(10_000_000)))))


@case("accepted", file="clip.mkv")
def an_attachment_of_a_terabyte(kit: Kit) -> bytes:
    lie = element("465c", bytes(1000), size=2**40)
    return mkv(FRAMES, more=element("1941a469", element("61a7", element("466e", b"x"), lie)))


@case("accepted", file="clip.mkv")
def frames_packed_a_thousandfold(kit: Kit) -> bytes:
    """Tracks may be packed with zlib; these frames unpack to 8 MB each."""
    packing = element("6d80", element("6240", element("5034", number("4254", 0))))
    return mkv([zlib.compress(jpeg() + bytes(8_000_000), 9)] * 25, track=packing)


@case("accepted", file="clip.mkv")
def tags_within_tags(kit: Kit) -> bytes:
    tag = b""
    for _ in range(60):
        tag = element("67c8", element("45a3", b"x"), tag)
    return mkv(FRAMES, more=element("1254c367", element("7373", tag)))


@case("too_long", file="clip.mkv")
def a_chapter_in_the_year_three_hundred(kit: Kit) -> bytes:
    chapter = element("b6", number("73c4", 1), number("91", 0), number("92", 2**63 - 1))
    return mkv(FRAMES, more=element("1043a770", element("45b9", chapter)), seconds=9.2e9)


# AVI


@case("accepted", file="clip.avi")
def an_index_of_a_million_nonsense_entries(kit: Kit) -> bytes:
    return avi(FRAMES, index=struct.pack("<4s3I", b"00dc", 16, 0xFFFFFFF0, 0xFFFFFFFF) * 1_000_000)


@case("too_many_streams", file="clip.avi")
def avi_of_sixty_five_streams(kit: Kit) -> bytes:
    return avi(FRAMES, streams=65)


@case("accepted", file="clip.avi")
def an_index_that_refers_to_itself(kit: Kit) -> bytes:
    """OpenDML: an index of indexes, each at the same place."""
    good = avi(FRAMES)
    table = struct.pack("<HBBI4s3I", 4, 0, 0, 1000, b"00dc", 0, 0, 0) + struct.pack("<QII", 200, 1000, 1000) * 1000
    return good.replace(piece(b"idx1"), piece(b"indx", table) + piece(b"idx1"))


@case("corrupt_media", file="clip.avi")
def a_list_larger_than_the_file(kit: Kit) -> bytes:
    return riff(b"AVI ", piece(b"LIST", b"hdrl", bytes(2000), size=0xFFFFFFF0), size=0xFFFFFFFF)


# Sounds


@case("no_video", file="clip.wav")
def wav_of_four_gigabytes(kit: Kit) -> bytes:
    return wav(2, 48_000, 16, size=0xFFFFFFFF)


@case("corrupt_media", file="clip.wav")
def wav_of_sixty_five_thousand_channels(kit: Kit) -> bytes:
    return wav(65_535, 0xFFFFFFFF, 65_535)


@case("no_video", file="clip.flac")
def flac_with_a_picture_of_four_gigabytes(kit: Kit) -> bytes:
    info = bytes.fromhex("1000100000000000000a0ac442f000000000") + bytes(16)
    lie = u32(3, 9) + b"image/png" + u32(0, 13_000, 13_000, 32, 0, 0xFFFFFFFF)
    return b"fLaC" + b"\x00\0\0\x22" + info + b"\x86" + len(lie).to_bytes(3, "big") + lie + bytes(2000)


@case("corrupt_media", file="clip.ogg")
def ogg_with_a_page_of_lies(kit: Kit) -> bytes:
    page = b"OggS\0\x02" + struct.pack("<qIII", 2**62, 1, 0, 0) + b"\xff" + b"\xff" * 255
    return page + b"\x01vorbis" + bytes(4000)


@case("corrupt_media", file="clip.mp3")
def id3_of_a_quarter_of_a_gigabyte(kit: Kit) -> bytes:
    return b"ID3\x04\0\x80\x7f\x7f\x7f\x7f" + b"TIT2\x7f\x7f\x7f\x7f\0\0" + bytes(4000)


@case("corrupt_media", file="clip.mp3")
def id3_in_id3(kit: Kit) -> bytes:
    return (b"ID3\x03\0\0\0\0\0\x0a" + b"ID3\x03\0\0\0\0\0\0") * 20_000


@case("unsupported_format", file="clip.aac")
def aac_frames_of_no_length(kit: Kit) -> bytes:
    return b"\xff\xf1\x50\x80\x00\x1f\xfc" * 2000


@case("no_video", file="clip.mp4")
def noise(kit: Kit) -> bytes:
    block = zlib.crc32(b"seed").to_bytes(4, "big")
    noise = b"".join(zlib.crc32(block + bytes([n % 256, n // 256])).to_bytes(4, "big") for n in range(5000))
    return box("ftyp", b"isom", u32(0)) + box("moov", noise)


@case("unsupported_format")
def zeros(kit: Kit) -> bytes:
    return bytes(100_000)


@case("still_picture", file="clip.mp4")
def a_moving_png(kit: Kit) -> bytes:
    """APNG with two billion frames; a reader for such is not on the list."""
    return png(64, 64, 1, chunk(b"acTL", u32(2**31 - 1, 0))) + bytes(1000)
