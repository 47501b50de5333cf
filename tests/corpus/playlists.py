"""Playlists and their like, called clip.mp4. A reader that believes them opens a file or an address for the sender."""

from tests.corpus.cases import Group, Kit
from tests.corpus.writers import box, full, movie, pictures, plain, png, u16, u32
from tests.standins import hostile

group = Group("playlists")
case = group.case
PADDING = "#" + "x" * 1200 + "\n"  # a file of a few bytes would be refused for that


def text(*lines: str) -> bytes:
    return ("\n".join([*lines, ""]) + PADDING).encode()


def hls(segment: str, *tags: str) -> bytes:
    start = ("#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:2", "#EXT-X-MEDIA-SEQUENCE:0")
    return text(*start, *tags, "#EXTINF:2.0,", segment, "#EXT-X-ENDLIST")


@case("unsupported_format")
def hls_with_a_file(kit: Kit) -> bytes:
    return hls(kit.secret.as_uri())


@case("unsupported_format")
def hls_with_an_absolute_path(kit: Kit) -> bytes:
    return hls(str(kit.secret))


@case("unsupported_format")
def hls_with_a_path_upwards(kit: Kit) -> bytes:
    return hls("../" * 12 + str(kit.secret).lstrip("/"))


@case("unsupported_format")
def hls_with_a_web_segment(kit: Kit) -> bytes:
    return hls(kit.bird.url("a.ts"))


@case("unsupported_format")
def hls_with_a_web_key(kit: Kit) -> bytes:
    return hls(str(kit.secret), f'#EXT-X-KEY:METHOD=AES-128,URI="{kit.bird.url("key")}"')


@case("unsupported_format")
def hls_with_a_key_from_a_file(kit: Kit) -> bytes:
    return hls(kit.bird.url("a.ts"), f'#EXT-X-KEY:METHOD=AES-128,URI="{kit.secret.as_uri()}"')


@case("unsupported_format")
def hls_master_list(kit: Kit) -> bytes:
    return hostile.master(kit.bird.url("list.m3u8")).encode() + PADDING.encode()


@case("unsupported_format")
def hls_with_an_initial_part(kit: Kit) -> bytes:
    return hls(kit.bird.url("a.m4s"), f'#EXT-X-MAP:URI="{kit.secret.as_uri()}"')


@case("unsupported_format")
def hls_with_sound_elsewhere(kit: Kit) -> bytes:
    media = f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",DEFAULT=YES,URI="{kit.secret.as_uri()}"'
    return text("#EXTM3U", media, '#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"', kit.bird.url("v.m3u8"))


@case("unsupported_format")
def hls_that_joins_a_file_to_an_address(kit: Kit) -> bytes:
    return hls(f"concat:{kit.bird.url('head')}|{kit.secret}")


@case("unsupported_format")
def hls_with_a_piece_of_a_file(kit: Kit) -> bytes:
    return hls(f"subfile,,start,0,end,64,,:{kit.secret}")


@case("unsupported_format")
def hls_behind_a_byte_order_mark(kit: Kit) -> bytes:
    return b"\xef\xbb\xbf" + hls(str(kit.secret))


@case("unsupported_format")
def hls_without_an_end(kit: Kit) -> bytes:
    return hls(kit.bird.url("a.ts")).replace(b"#EXT-X-ENDLIST\n", b"")


@case("unsupported_format")
def dash_with_a_web_base(kit: Kit) -> bytes:
    return hostile.dash(kit.bird.url("v.mp4")).encode() + b" " * 1000


@case("unsupported_format")
def dash_with_a_file(kit: Kit) -> bytes:
    return hostile.dash(kit.secret.as_uri()).encode() + b" " * 1000


@case("unsupported_format")
def dash_with_a_foreign_entity(kit: Kit) -> bytes:
    entity = f'<!DOCTYPE MPD [<!ENTITY x SYSTEM "{kit.secret.as_uri()}">]><MPD'
    return hostile.dash("&x;").replace("<MPD", entity, 1).encode() + b" " * 1000


@case("unsupported_format")
def smooth_streaming_list(kit: Kit) -> bytes:
    url = kit.bird.url("f({start time})")
    return text(
        '<?xml version="1.0"?><SmoothStreamingMedia MajorVersion="2" Duration="1">', f'<StreamIndex Url="{url}"/>'
    )


@case("unsupported_format")
def ffconcat_with_an_absolute_path(kit: Kit) -> bytes:
    return text("ffconcat version 1.0", f"file '{kit.secret}'")


@case("unsupported_format")
def ffconcat_with_its_neighbour(kit: Kit) -> bytes:
    return text("ffconcat version 1.0", f"file {kit.secret.name}", "file source", "file poster.jpg")


@case("unsupported_format")
def ffconcat_with_an_address(kit: Kit) -> bytes:
    return text("ffconcat version 1.0", f"file {kit.bird.url('a.mp4')}")


@case("unsupported_format")
def session_description(kit: Kit) -> bytes:
    lines = ("v=0", "o=- 0 0 IN IP4 127.0.0.2", "s=x", "c=IN IP4 127.0.0.2", "t=0 0")
    return text(*lines, f"m=video {kit.bird.port} RTP/AVP 96", "a=rtpmap:96 H264/90000")


@case("unsupported_format")
def subtitles_srt(kit: Kit) -> bytes:
    return text("1", "00:00:00,000 --> 00:00:01,000", f"<img src='{kit.bird.url('x.png')}'>", "")


@case("unsupported_format")
def subtitles_ass(kit: Kit) -> bytes:
    lines = ("[Script Info]", "ScriptType: v4.00+", "", "[Events]", "Format: Layer, Start, End, Style, Text")
    return text(*lines, "Dialogue: 0,0:00:00.00,0:00:01.00,Default,{\\fn" + str(kit.secret) + "}Hello")


@case("unsupported_format")
def subtitles_webvtt(kit: Kit) -> bytes:
    return text(
        "WEBVTT", "", "STYLE", f"::cue {{ background: url({kit.bird.url('x')}) }}", "", "00:00.000 --> 00:01.000", "Hi"
    )


@case("unsupported_format")
def lyrics_lrc(kit: Kit) -> bytes:
    return text(f"[ti:{kit.secret}]", "[00:00.00]Hello", "[00:01.00]World")


@case("unsupported_format")
def list_xspf(kit: Kit) -> bytes:
    entry = f"<trackList><track><location>{kit.secret.as_uri()}</location></track></trackList>"
    return text('<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/">', entry, "</playlist>")


@case("unsupported_format")
def list_asx(kit: Kit) -> bytes:
    return text('<asx version="3.0">', f'<entry><ref href="{kit.bird.url("a.wmv")}"/></entry>', "</asx>")


@case("unsupported_format")
def list_m3u(kit: Kit) -> bytes:
    return text("#EXTM3U", "#EXTINF:1,x", str(kit.secret), kit.bird.url("a.mp4"))


@case("unsupported_format")
def list_pls(kit: Kit) -> bytes:
    return text("[playlist]", f"File1={kit.secret}", f"File2={kit.bird.url('a.mp4')}", "NumberOfEntries=2")


@case("unsupported_format")
def redirection_to_rtsp(kit: Kit) -> bytes:
    return text("RTSPtext", f"rtsp://127.0.0.2:{kit.bird.port}/x")


@case("unsupported_format")
def address_of_rtmp(kit: Kit) -> bytes:
    return text(f"rtmp://127.0.0.2:{kit.bird.port}/live/x", f"rtsp://127.0.0.2:{kit.bird.port}/x")


@case("unsupported_format")
def graph_that_opens_a_file(kit: Kit) -> bytes:
    return text(f"movie={kit.secret}[out0];amovie={kit.secret}[out1]")


@case("unsupported_format")
def metadata_of_ffmpeg(kit: Kit) -> bytes:
    return text(";FFMETADATA1", f"title={kit.secret}", "[CHAPTER]", "START=0", "END=9223372036854775807")


@case("unsupported_format")
def script_of_avisynth(kit: Kit) -> bytes:
    return text(f'DirectShowSource("{kit.secret}")', 'System("touch owned")')


@case("unsupported_format", file="clip.vpy")
def script_of_vapoursynth(kit: Kit) -> bytes:
    return text(
        "import os, vapoursynth as vs", f"os.system('cat {kit.secret}')", "vs.core.std.BlankClip().set_output()"
    )


@case("unsupported_format", file="clip.idx")
def index_of_vobsub(kit: Kit) -> bytes:
    return text(
        "# VobSub index file, v7 (do not modify this line!)", "id: en, index: 0", "timestamp: 00:00:00:000, filepos: 0"
    )


@case("unsupported_format")
def composition_of_imf(kit: Kit) -> bytes:
    name = "http://www.smpte-ra.org/schemas/2067-3/2016"
    return text(
        '<?xml version="1.0"?>',
        f'<CompositionPlaylist xmlns="{name}"><Id>urn:uuid:{kit.secret}</Id></CompositionPlaylist>',
    )


def elsewhere(reference: bytes) -> bytes:
    return movie(plain(reference=reference, samples=pictures()))


@case("accepted")
def mov_with_its_data_at_an_address(kit: Kit) -> bytes:
    """The reader must go on without it: the data is here, too."""
    return elsewhere(full("url ", kit.bird.url("data.mov").encode() + b"\0"))


@case("corrupt_media")
def mov_with_its_data_in_another_file(kit: Kit) -> bytes:
    """Its data is looked for here and not found. An alias record as the classic Mac OS wrote it."""
    path, volume = str(kit.secret).encode(), b"\x04disk"
    record = bytes(8) + u16(0, 2, 0) + volume.ljust(28, b"\0") + bytes(12) + b"\x06canary".ljust(64, b"\0") + bytes(16)
    record += u16(1, 1) + bytes(16) + u16(2, len(path)) + path + b"\0" * (len(path) % 2)
    record += u16(18, len(path)) + path + b"\0" * (len(path) % 2) + u16(0xFFFF, 0)
    return elsewhere(full("alis", record))


@case("no_video")
def mov_that_only_refers(kit: Kit) -> bytes:
    """A reference movie."""
    path = str(kit.secret).encode() + b"\0"
    entry = box("rmda", full("rdrf", b"url ", u32(len(path)), path))
    return box("ftyp", b"qt  ", u32(0)) + box("moov", box("rmra", entry)) + box("free", bytes(1500))


@case("still_picture", file="%03d.png")
def pattern_of_a_picture_sequence(kit: Kit) -> bytes:
    return png(64, 64) + bytes(1000)


@case("unsupported_format", file="clip.gz")
def packed_list(kit: Kit) -> bytes:
    import gzip

    return gzip.compress(hls(str(kit.secret))) + bytes(1000)
