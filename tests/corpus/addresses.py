"""Addresses, and what a site that means harm answers. The site may be reached, the canary on another address not."""

from collections.abc import Callable

from tests.corpus.cases import Group, Kit
from tests.standins import hostile

group = Group("addresses", door="address")
case = group.case

# Refused before anything starts. `{}` is the canary's port.
WRITTEN = {
    "plain": ("blocked_address", "http://127.0.0.2:{}/x.mp4"),
    "decimal": ("blocked_address", "http://2130706434:{}/x.mp4"),
    "hexadecimal": ("blocked_address", "http://0x7f000002:{}/x.mp4"),
    "octal": ("blocked_address", "http://0177.0.0.02:{}/x.mp4"),
    "short": ("blocked_address", "http://127.2:{}/x.mp4"),
    "all addresses": ("blocked_address", "http://0.0.0.0:{}/x.mp4"),
    "loopback of IPv6": ("blocked_address", "http://[::1]:{}/x.mp4"),
    "mapped": ("blocked_address", "http://[::ffff:127.0.0.2]:{}/x.mp4"),
    "6to4": ("blocked_address", "http://[2002:7f00:2::]:{}/x.mp4"),
    "NAT64": ("blocked_address", "http://[64:ff9b::7f00:2]:{}/x.mp4"),
    "clouds keep their keys here": ("blocked_address", "http://169.254.169.254/latest/meta-data/"),
    "private": ("blocked_address", "http://10.0.0.1/x.mp4"),
    "userinfo": ("bad_url", "http://example.com@127.0.0.2:{}/x.mp4"),
    "a password": ("bad_url", "http://a:b@127.0.0.2:{}/x.mp4"),
    "a file": ("bad_url", "file:///etc/passwd"),
    "data": ("bad_url", "data:video/mp4;base64,AAAA"),
    "a search": ("bad_url", "ytsearch:cats"),
    "another protocol": ("bad_url", "ftp://127.0.0.2:{}/x.mp4"),
    "a script": ("bad_url", "javascript:alert(1)//http://example.com/"),
    "an option": ("bad_url", "--exec=touch owned"),
    "a line break": ("bad_url", "http://example.com/\r\nX-Evil: 1"),
    "three thousand letters": ("bad_url", "http://example.com/" + "a" * 3000),
}


def _written(pattern: str) -> Callable[[Kit], bytes]:
    return lambda kit: pattern.format(kit.bird.port).encode()


for _name, (_code, _pattern) in WRITTEN.items():
    group.add(_name, _code, _written(_pattern))


@case("blocked_address")
def a_redirection_to_a_private_address(kit: Kit) -> bytes:
    return kit.site.redirect(kit.bird.url(), "redirect.mp4").encode()


@case("blocked_address")
def a_redirection_to_a_private_name(kit: Kit) -> bytes:
    return kit.site.redirect(f"http://[::ffff:7f00:2]:{kit.bird.port}/x.mp4", "mapped.mp4").encode()


@case("blocked_address")
def a_segment_from_a_private_address(kit: Kit) -> bytes:
    return kit.site.put("segment.m3u8", hostile.hls(kit.bird.url("a.ts"))).encode()


@case("blocked_address")
def a_key_from_a_private_address(kit: Kit) -> bytes:
    return kit.site.put("key.m3u8", hostile.hls(kit.site.put("a.ts", b"x" * 160), kit.bird.url("key"))).encode()


@case("blocked_address")
def a_list_that_leads_to_a_private_list(kit: Kit) -> bytes:
    return kit.site.put("master.m3u8", hostile.master(kit.bird.url("list.m3u8"))).encode()


@case("blocked_address")
def a_dash_base_at_a_private_address(kit: Kit) -> bytes:
    return kit.site.put("base.mpd", hostile.dash(kit.bird.url("v.mp4")), hostile.DASH).encode()


@case("blocked_address")
def a_page_with_a_private_video(kit: Kit) -> bytes:
    return kit.site.put("page.html", hostile.page(kit.bird.url()), "text/html").encode()


@case("blocked_address")
def a_segment_that_is_a_file(kit: Kit) -> bytes:
    return kit.site.put("file.m3u8", hostile.hls(kit.secret.as_uri())).encode()


@case("live_stream")
def a_stream_without_an_end(kit: Kit) -> bytes:
    return kit.site.put("live.m3u8", hostile.hls(kit.site.put("live.ts", b"x"), ended=False)).encode()


@case("too_large")
def a_file_without_an_end(kit: Kit) -> bytes:
    return kit.site.url("endless").encode()


@case("too_large")
def a_small_answer_that_unpacks_to_fifty_megabytes(kit: Kit) -> bytes:
    return kit.site.url("gzip?size=50000000").encode()


@case("network")
def less_than_was_announced(kit: Kit) -> bytes:
    return kit.site.url("short").encode()


@case("network")
def no_web_server(kit: Kit) -> bytes:
    return kit.site.url("nonsense").encode()


@case("timeout")
def a_byte_at_a_time(kit: Kit) -> bytes:
    return kit.site.url("drip").encode()


@case("not_a_video_page")
def a_page_without_a_video(kit: Kit) -> bytes:
    return kit.site.put("words.html", "<!doctype html><title>Words</title>", "text/html").encode()


@case("unsupported_format")
def a_playlist_that_is_called_a_film(kit: Kit) -> bytes:
    text = f"ffconcat version 1.0\nfile '{kit.secret}'\n" + "#" * 1200
    return kit.site.put("list.mp4", text, hostile.VIDEO).encode()


@case("accepted")
def a_good_film(kit: Kit) -> bytes:
    return kit.site.put("good.mp4", kit.clips.mp4, hostile.VIDEO).encode()
