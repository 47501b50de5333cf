"""A web server that means harm, and a canary that must not be heard.

    with hostile.serve() as site, hostile.canary() as bird:
        site.put("list.m3u8", hostile.hls(segment=bird.url("x.ts")))
        ...
        assert bird.hits == 0

The site is on 127.0.0.1, which a test opens with SITE; the canary is on 127.0.0.2 and ::1, which stay closed.
"""

import gzip
import select
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

SITE = ("127.0.0.1/32",)  # opens the site and not the canary
VIDEO = "video/mp4"
MPEGURL = "application/vnd.apple.mpegurl"
DASH = "application/dash+xml"
BLOCK = bytes(64 * 1024)


@dataclass
class Site:
    port: int
    pages: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)  # "GET /path"
    headers: list[dict[str, str]] = field(default_factory=list)  # of each request, names in lower case
    bodies: list[bytes] = field(default_factory=list)
    on_byte: Callable[[], None] = lambda: None  # is called before each byte of /drip
    closed: Event = field(default_factory=Event)

    def url(self, name: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/{name}"

    def put(self, name: str, content: bytes | str, kind: str = MPEGURL) -> str:
        self.pages[f"/{name}"] = kind, content.encode() if isinstance(content, str) else content
        return self.url(name)

    def redirect(self, to: str, name: str = "clip.mp4", status: int = 302) -> str:
        self.pages[f"/{name}"] = f"redirect {status}", to.encode()
        return self.url(name)


class Handler(BaseHTTPRequestHandler):
    """What was put there, and: /endless /endless.html /drip /gzip?size= /bomb /short /hints /nonsense /echo"""

    protocol_version = "HTTP/1.1"

    def __init__(self, site: Site, *args, **kwargs) -> None:
        self.site = site
        super().__init__(*args, **kwargs)

    def handle(self) -> None:
        with suppress(OSError):  # the other side hangs up when it likes
            super().handle()

    def do_GET(self) -> None:
        self.site.requests.append(f"{self.command} {self.path}")
        self.site.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.site.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        parts = urlsplit(self.path)
        with suppress(OSError):  # the other side may have seen enough
            if parts.path in self.site.pages:
                self.put(*self.site.pages[parts.path])
            elif act := getattr(self, f"do_{parts.path.strip('/').replace('.', '_')}", None):
                act(**{name: values[0] for name, values in parse_qs(parts.query).items()})
            else:
                self.send_error(404)

    do_HEAD = do_GET
    do_POST = do_GET

    def head(self, kind: str, status: int = 200, **more: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def put(self, kind: str, content: bytes) -> None:
        if kind.startswith("redirect "):
            self.head("text/plain", int(kind.split()[1]), Location=content.decode(), Content_Length="0")
            return
        self.head(kind, Content_Length=str(len(content)))
        if self.command != "HEAD":
            self.wfile.write(content)

    def do_endless(self, kind: str = VIDEO) -> None:
        self.close_connection = True
        self.head(kind)
        while not self.site.closed.is_set():
            self.wfile.write(BLOCK)

    def do_endless_html(self) -> None:
        self.do_endless("text/html")

    def do_drip(self) -> None:
        self.close_connection = True
        self.head(VIDEO)
        while not self.site.closed.is_set():
            self.site.on_byte()
            self.wfile.write(b"x")

    def do_gzip(self, size: str) -> None:
        data = gzip.compress(bytes(int(size)))
        self.head(VIDEO, Content_Encoding="gzip", Content_Length=str(len(data)))
        self.wfile.write(data)

    def do_bomb(self) -> None:
        """Some 16 MB that unpack to 16 GB; the same packed block a thousand times, so that we need not pack them."""
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        block = packer.compress(bytes(16_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
        self.close_connection = True
        self.head("text/html", Content_Encoding="gzip")
        self.wfile.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block * 1000)

    def do_short(self) -> None:
        """Says more than it gives."""
        self.close_connection = True
        self.head(VIDEO, Content_Length="1000000")
        self.wfile.write(BLOCK)

    def do_hints(self) -> None:
        self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        self.put("text/plain", b"after hints")

    def do_nonsense(self) -> None:
        self.close_connection = True
        self.wfile.write(b"ICY 200 OK\r\n\r\nmusic")

    def do_echo(self) -> None:
        self.put("text/plain", self.site.bodies[-1])

    def log_message(self, *args) -> None:
        """Silent: the requests are on the list."""


@contextmanager
def serve(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    site = Site(0)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, site)) as http:
        if tls:
            http.socket = tls.wrap_socket(http.socket, server_side=True)
        site.port = http.server_address[1]
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield site
        finally:
            site.closed.set()
            http.shutdown()
            thread.join()


@dataclass
class Canary:
    port: int
    hits: int = 0  # connections

    def url(self, name: str = "secret.mp4", host: str = "127.0.0.2") -> str:
        return f"http://{host}:{self.port}/{name}"


@contextmanager
def canary() -> Iterator[Canary]:
    """Listens on one port of 127.0.0.2 and ::1 (where there is one) and hears every connection."""
    with ExitStack() as stack:
        first = stack.enter_context(socket.create_server(("127.0.0.2", 0)))
        bird = Canary(first.getsockname()[1])
        ears = [first]
        with suppress(OSError):
            ears.append(stack.enter_context(socket.create_server(("::1", bird.port), family=socket.AF_INET6)))
        stop = Event()
        thread = Thread(target=_listen, args=(bird, ears, stop))
        thread.start()
        try:
            yield bird
        finally:
            stop.set()
            thread.join()


def _listen(bird: Canary, ears: list[socket.socket], stop: Event) -> None:
    """Whoever has knocked before the stop is still heard."""
    while True:
        last = stop.is_set()
        for ear in select.select(ears, [], [], 0 if last else 0.02)[0]:
            connection, _ = ear.accept()
            bird.hits += 1
            connection.close()
        if last:
            return


class Names:
    """A resolver: known names get their answers in turn (the last one stays), numbers are read by the system."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): list(turns) for name, turns in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, **options: Any) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        if host not in self.answers:
            return socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST, **options)
        turns = self.answers[host]
        addresses = turns.pop(0) if len(turns) > 1 else turns[0]
        return [_answer(address, port) for address in addresses]


def _answer(address: str, port: int) -> tuple[Any, ...]:
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)


def spellings(bird: Canary) -> dict[str, str]:
    """The canary's address in every form that some reader takes for a harmless one."""
    hosts = {
        "plain": "127.0.0.2",
        "decimal": "2130706434",
        "hex": "0x7f000002",
        "hex in parts": "0x7f.0.0.0x2",
        "octal": "0177.0.0.02",
        "short": "127.2",
        "IPv6": "[::1]",
        "mapped": "[::ffff:127.0.0.2]",
        "mapped in hex": "[::ffff:7f00:2]",
        "userinfo": "127.0.0.1@127.0.0.2",
        "a name": "private.test",
        "a name with one private answer": "mixed.test",
    }
    return {name: bird.url(host=host) for name, host in hosts.items()}


def names() -> Names:
    """public.test is the site, private.test the canary, mixed.test both, rebind.test first the one, then the other."""
    site, bird = ["127.0.0.1"], ["127.0.0.2"]
    return Names(
        public_test=[site], private_test=[bird], mixed_test=[[*site, *bird]], rebind_test=[site, bird], none_test=[[]]
    )


def hls(segment: str, key: str = "", method: str = "AES-128", ended: bool = True) -> str:
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:2", "#EXT-X-MEDIA-SEQUENCE:0"]
    lines += [f'#EXT-X-KEY:METHOD={method},URI="{key}"'] if key else []
    lines += ["#EXTINF:2.0,", segment, *(["#EXT-X-ENDLIST"] if ended else [])]
    return "\n".join([*lines, ""])


def master(variant: str) -> str:
    return f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000,RESOLUTION=320x240\n{variant}\n"


def dash(base: str) -> str:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011">'
        f"<Period><AdaptationSet mimeType='{VIDEO}'><Representation id='1' bandwidth='100000' codecs='avc1.42c00d' "
        f"width='320' height='240'><BaseURL>{base}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    )


def page(video: str) -> str:
    return f'<!doctype html><title>A page</title><video src="{video}" type="{VIDEO}"></video>'
