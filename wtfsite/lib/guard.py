"""A door to the web for one child: a forward proxy on loopback that dials public addresses only, and counts.

    child --http_proxy--> token? -> web address? -> net.dial -> the site
                           407          403         403, 502

    with guard(allow, max_bytes=..., seconds=...) as door:
        run a child with door.environment
    door.bytes, door.blocked, door.tripped

One connection carries one request (GET, HEAD, POST with the whole address) or one tunnel (CONNECT) and is then closed.
So every redirect, segment and key is dialled anew, and nothing slips through to a server that was judged for something
else. The token keeps other programs of this machine out. A tunnel is encrypted: only its host and size are seen.

An answer that is cut short is reset, not closed: to a reader that was told no length, a closed one looks complete.
"""

import base64
import hmac
import logging
import re
import secrets
import select
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import SplitResult

from wtfsite.lib import net
from wtfsite.lib.clock import Clock
from wtfsite.lib.net import REAL_TIME, TICK, Deadline, Refused, Resolver

CHUNK = 64 * 1024  # bytes
LONGEST_HEAD = 64 * 1024  # bytes of a request or an answer before its body
LONGEST_TARGET = 16 * 1024  # characters; signed addresses are longer than what people enter
MOST_CONNECTIONS = 64  # at once; each has a thread
HEAD_PATIENCE = 10.0  # seconds for a request; without the token anybody on this machine could hold all places
MOST_INTERIM = 8  # answers such as "103 Early Hints" before the real one
LAST_WORDS = 5  # ticks in which a child that was declined may finish sending, or it would miss the answer
USER = "guard"
STATUS = re.compile(r"HTTP/1\.[01] ([1-5])[0-9]{2}( [^\r\n\0]*)?")
REASONS = {
    400: "Bad Request",
    403: "egress-blocked",
    405: "Method Not Allowed",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    411: "Length Required",
    502: "Bad Gateway",
}
# They belong to one connection, not to the request.
HOP_HEADERS = {"connection", "proxy-connection", "keep-alive", "proxy-authorization", "proxy-authenticate"}
HOP_HEADERS |= {"te", "trailer", "upgrade", "expect"}
RESET = struct.pack("ii", 1, 0)  # linger for no time

log = logging.getLogger(__name__)


class Declined(Exception):
    """A request that gets an answer of ours, with this status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Guard:
    """One open door. The threads of all its connections count on it together."""

    def __init__(self, allow: Sequence[str], resolve: Resolver, max_bytes: int, seconds: float, clock: Clock) -> None:
        self.port = 0
        self.bytes = 0  # both ways, as they went over the wire, without the heads of requests
        self.blocked = ""  # why the first address was refused, a sentence
        self.tripped = ""  # the limit that was hit, "too_large" or "timeout": what has come is not complete
        self.over = False
        self._max_bytes = max_bytes
        self._deadline = Deadline(seconds, clock)
        self._allow = allow
        self._resolve = resolve
        self._token = secrets.token_urlsafe(24)
        self._lock = threading.Lock()
        self._clock = clock

    @property
    def url(self) -> str:
        """The proxy's address. It holds the token: keep it out of logs."""
        return f"http://{USER}:{self._token}@127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """For the child: every scheme goes through the door, what it does not speak it declines. Not for its command
        line, which every user of the machine can read."""
        return dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), self.url)

    def redact(self, text: str) -> str:
        """The text without the token, however it is written."""
        return text.replace(self._credentials, "***").replace(self._token, "***")

    def patience(self) -> Deadline:
        """How long a request may take to come."""
        return Deadline(HEAD_PATIENCE, self._clock)

    def knows(self, credentials: str) -> bool:
        return hmac.compare_digest(f"Basic {self._credentials}".encode(), credentials.encode())

    @property
    def _credentials(self) -> str:
        return base64.b64encode(f"{USER}:{self._token}".encode()).decode()

    def dial(self, parts: SplitResult) -> socket.socket:
        """Raises Refused."""
        self.check()
        return net.dial(parts.hostname or "", net.port_of(parts), self._deadline, self._allow, self._resolve)

    def count(self, size: int) -> None:
        """Raises Refused for the first byte that is too many, and for all that come after it."""
        with self._lock:
            self.bytes += size
        self.check()

    def check(self) -> None:
        """Raises Refused, too_large or timeout, when the door is closed."""
        if self.bytes > self._max_bytes:
            self._trip("too_large")
            raise Refused("too_large", f"More than {self._max_bytes} bytes have come.")
        if not self._deadline.left():
            self._trip("timeout")
            raise Refused("timeout", "The other side took longer than allowed.")

    def note(self, refused: Refused) -> None:
        if refused.code in ("blocked_address", "bad_url"):
            self.blocked = self.blocked or str(refused)

    def shut(self) -> None:
        """Nobody needs it any more: whoever still waits stops waiting, and no limit is to blame for that."""
        self.over = True
        self._deadline.end()

    def _trip(self, code: str) -> None:
        if not self.over:
            self.tripped = self.tripped or code


@contextmanager
def guard(
    allow: Sequence[str] = (),
    *,
    max_bytes: int,
    seconds: float,
    resolve: Resolver = socket.getaddrinfo,
    clock: Clock = REAL_TIME,
) -> Iterator[Guard]:
    """Keep a door open until the block ends; then no thread and no connection of it is left.

    `allow` lists opened networks (CIDR), `max_bytes` bounds all connections together, `seconds` the whole.
    """
    door = Guard(allow, resolve, max_bytes, seconds, clock)
    with Server(door) as server:
        door.port = server.server_address[1]
        accepting = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": TICK / 4}, name="guard")
        accepting.start()
        try:
            yield door
        finally:
            door.shut()
            server.shutdown()
            accepting.join()


class Server(socketserver.ThreadingTCPServer):
    """A thread for each connection; leaving the block waits for all of them."""

    daemon_threads = False
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, door: Guard) -> None:
        self.door = door
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(("127.0.0.1", 0), Handler)

    def process_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def] # socketserver's types
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        """Only faults of ours come here; what the other sides do wrong is dealt with in `attend`."""
        log.exception("A connection of the guard failed.")


class Handler(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        attend(Stream(self.request, self.server.door), self.server.door)


# One connection


class Stream:
    """A socket whose waits end with the door, and whose bytes are counted once `counted` is set."""

    def __init__(self, connection: socket.socket, door: Guard, counted: bool = False) -> None:
        connection.setblocking(False)
        self.counted = counted
        self.answered = False  # from then on no answer of ours can be sent
        self._socket = connection
        self._door = door
        self._rest = b""  # read, and not yet asked for
        self._patience: Deadline | None = None

    def fileno(self) -> int:
        return self._socket.fileno()

    def head(self, patience: Deadline | None = None) -> list[str]:
        """The lines before a body. Raises Declined when there are too many, or when they take too long."""
        data, self._patience = b"", patience
        while b"\r\n\r\n" not in data and len(data) <= LONGEST_HEAD:
            more = self.receive()
            if not more:
                raise ConnectionAbortedError("closed within the head")
            data += more
        self._patience = None
        head, _, self._rest = data.partition(b"\r\n\r\n")
        if len(head) > LONGEST_HEAD:
            raise Declined(400, "The lines before the body are too long.")
        return head.decode("latin-1").split("\r\n")

    def receive(self) -> bytes:
        """Some bytes, or b"" at the end."""
        if data := self.rest():
            return data
        while True:
            self._wait(select.POLLIN)
            with suppress(BlockingIOError):  # said to be ready, and was not
                data = self._socket.recv(CHUNK)
                break
        if self.counted:
            self._door.count(len(data))
        return data

    def rest(self) -> bytes:
        data, self._rest = self._rest, b""
        return data

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._wait(select.POLLOUT)
            with suppress(BlockingIOError):
                view = view[self._socket.send(view) :]

    def decline(self, status: int, sentence: str) -> None:
        """Answer instead of the site, or cut off an answer that has begun."""
        if self.answered or self._door.over:
            self.reset()
            return
        text = f"{sentence}\n".encode()
        lines = [f"HTTP/1.1 {status} {REASONS[status]}", "Content-Type: text/plain", f"Content-Length: {len(text)}"]
        if status == 407:
            lines.append('Proxy-Authenticate: Basic realm="guard"')
        with suppress(OSError):
            self._socket.send(head_bytes([*lines, "Connection: close"]) + text)  # it fits into an empty buffer
            self._socket.shutdown(socket.SHUT_WR)
            self._hear_out()

    def reset(self) -> None:
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self._socket.close()

    def close(self) -> None:
        self._socket.close()

    def _hear_out(self) -> None:
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        for _ in range(LAST_WORDS):
            if waiting.poll(1000 * TICK) and not self._socket.recv(CHUNK):
                return

    def _wait(self, event: int) -> None:
        waiting = select.poll()
        waiting.register(self._socket, event)
        while True:
            self._door.check()
            if self._patience and not self._patience.left():
                raise Declined(408, "The request takes too long.")
            if waiting.poll(1000 * TICK):
                return


@dataclass(frozen=True)
class Ask:
    """A request as it came: `headers` in their order, names as they were written."""

    method: str
    target: str
    headers: list[tuple[str, str]]

    @classmethod
    def read(cls, client: Stream, patience: Deadline) -> "Ask":
        first, *lines = client.head(patience)
        words = first.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise Declined(400, "This is no request to a proxy.")
        return cls(words[0], words[1], headers_of(lines))

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]

    def body_size(self) -> int:
        """Bytes. A body must say how long it is, and say it once."""
        sizes = self.values("content-length") or ["0"]
        if self.values("transfer-encoding"):
            raise Declined(411, "A body has to say its length.")
        if len(sizes) != 1 or not (sizes[0].isascii() and sizes[0].isdigit() and len(sizes[0]) < 16):
            raise Declined(400, "The length of the body cannot be understood.")
        return int(sizes[0])


def attend(client: Stream, door: Guard) -> None:
    """One connection of the child, from its request to its end."""
    try:
        ask = Ask.read(client, door.patience())
        if not any(door.knows(credentials) for credentials in ask.values("proxy-authorization")):
            raise Declined(407, "The token is missing or wrong.")
        client.counted = True
        if ask.method == "CONNECT":
            tunnel(ask, client, door)
        elif ask.method in ("GET", "HEAD", "POST"):
            forward(ask, client, door)
        else:
            raise Declined(405, "Only GET, HEAD, POST and CONNECT are spoken here.")
    except Declined as declined:
        client.decline(declined.status, str(declined))
    except Refused as refused:
        door.note(refused)
        client.decline(502 if refused.code in ("network", "timeout") else 403, str(refused))
    except OSError:
        client.decline(502, "The connection broke.")


def tunnel(ask: Ask, client: Stream, door: Guard) -> None:
    parts = net.parse_url(f"https://{ask.target}", LONGEST_TARGET)
    if parts.port is None or parts.netloc != ask.target:
        raise Declined(400, "A tunnel needs a host and a port.")
    with closing(Stream(door.dial(parts), door, counted=True)) as server:
        client.answered = True
        client.send(head_bytes(["HTTP/1.1 200 Connection established"]))
        server.send(client.rest())
        relay(server, client, door, both=True)


def forward(ask: Ask, client: Stream, door: Guard) -> None:
    parts = net.parse_url(ask.target, LONGEST_TARGET)
    if parts.scheme != "http" or not ask.target.isascii():
        raise Declined(400, "Only plain http is forwarded; https goes through a tunnel.")
    size = ask.body_size()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with closing(Stream(door.dial(parts), door, counted=True)) as server:
        server.send(head_bytes([f"{ask.method} {path} HTTP/1.1", f"Host: {parts.netloc}", *end_to_end(ask.headers)]))
        send_body(size, client, server)
        first, *lines = answer_head(server)
        client.answered = True
        client.send(head_bytes([first, *end_to_end(headers_of(lines))]) + server.rest())
        relay(server, client, door, both=False)


def send_body(size: int, client: Stream, server: Stream) -> None:
    while size > 0:
        data = client.receive()[:size]
        if not data:
            raise ConnectionAbortedError("closed within the body")
        server.send(data)
        size -= len(data)


def answer_head(server: Stream) -> list[str]:
    for _ in range(MOST_INTERIM):
        try:
            lines = server.head()
        except Declined as declined:
            raise Refused("network", str(declined)) from declined
        status = STATUS.fullmatch(lines[0])
        if status is None:
            break
        if status[1] != "1":
            return lines
    raise Refused("network", "The other side does not speak HTTP.")


def relay(server: Stream, client: Stream, door: Guard, both: bool) -> None:
    """Carry bytes until one side ends; unless `both`, what the child still sends is dropped."""
    waiting = select.poll()
    for side in (server, client):
        waiting.register(side, select.POLLIN)
    while True:
        door.check()
        for ready, _ in waiting.poll(1000 * TICK):
            side, other = (server, client) if ready == server.fileno() else (client, server)
            data = side.receive()
            if not data:
                return
            if both or side is server:
                other.send(data)


# Heads


def headers_of(lines: list[str]) -> list[tuple[str, str]]:
    """Lines that readers understand differently are left out: folded ones, spaces before the colon, lone CR or LF."""
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and name and name == "".join(name.split()) and not any(sign in line for sign in "\r\n\0"):
            headers.append((name, value.strip()))
    return headers


def end_to_end(headers: list[tuple[str, str]]) -> list[str]:
    """The lines to pass on: without those of the connection, and with our own word that it ends here."""
    named = {
        word.strip().lower() for name, value in headers if name.lower() == "connection" for word in value.split(",")
    }
    dropped = HOP_HEADERS | {"host"} | (named - {"content-length", "content-encoding", "transfer-encoding"})
    kept = [f"{name}: {value}" for name, value in headers if name.lower() not in dropped]
    return [*kept, "Connection: close"]


def head_bytes(lines: list[str]) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
