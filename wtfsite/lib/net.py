"""Which addresses the studio may visit, and the one way to get there.

    name, port -> may the port be asked? -> one lookup -> is every answer public? -> connect to a checked answer

A name is judged by all the addresses that it resolves to, for an attacker chooses which of them is used. `dial` looks
up once and connects to what it has judged, so an answer that changes between two lookups changes nothing. Redirects and
the parts of a stream come as new connections, and each is dialled anew.

`check_url` is the same judgement without a connection: an early answer for people, never the only guard.
"""

import ipaddress
import re
import select
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from wtfsite.lib.clock import Clock

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Answer = tuple[Any, ...]
Resolver = Callable[..., Iterable[Answer]]  # the shape of socket.getaddrinfo

LONGEST_URL = 2048  # characters
PORTS = {"http": 80, "https": 443}  # the schemes that are spoken, and where they usually live
WEB_PORTS = frozenset({80, 443, 8000, 8080, 8443})  # of the public web; an opened network may use any
MOST_TRIED = 6  # addresses of one name; an attacker can publish hundreds that do not answer
PATIENCE = 10.0  # seconds for one address to accept a connection
LOOKUP_PATIENCE = 15.0  # seconds for one name
MOST_LOOKUPS = 64  # at once; one that nobody waits for any more goes on until the system's resolver gives up
TICK = 0.2  # seconds; a deadline that is ended early is noticed this late
REAL_TIME = Clock()
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
ISATAP = (0x00005EFE, 0x02005EFE)  # the third quarter of an address that wraps another in its last
# Global by the registry or to some versions of Python, and still not for us: a cloud's host agent, the retired 6to4
# relays, NAT64 inside a network, addresses of one site, of protocols and for documents.
NOT_FOR_US = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("168.63.129.16/32", "192.88.99.0/24", "192.0.0.0/24"),
        *("64:ff9b:1::/48", "fec0::/10", "3fff::/20", "5f00::/16"),
    )
)
LOOKUPS = threading.BoundedSemaphore(MOST_LOOKUPS)
# urlsplit() drops tabs and newlines silently, clients disagree about backslashes and spaces, and databases do not take
# halves of characters.
UNCLEAR = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff]")


class Refused(Exception):
    """An address that is not visited, or an answer that is not taken. The text is a sentence.

    `code` is bad_url, blocked_address, network, timeout or too_large.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Deadline:
    """The moment after which nothing is waited for: `seconds` from now, or earlier when `end` is called."""

    def __init__(self, seconds: float, clock: Clock = REAL_TIME) -> None:
        self._clock = clock
        self._moment = clock.monotonic() + seconds

    def left(self) -> float:
        """Seconds, never less than 0."""
        return max(0.0, self._moment - self._clock.monotonic())

    def end(self) -> None:
        self._moment = self._clock.monotonic()

    def check(self) -> None:
        """Raises Refused `timeout` when it is over."""
        if not self.left():
            raise Refused("timeout", "The other side took longer than allowed.")


@dataclass(frozen=True)
class Place:
    """One address that was judged, in the form that `connect` takes."""

    family: int
    address: tuple[Any, ...]


def is_public(address: str, allow: Sequence[str] = ()) -> bool:
    """Whether an IP address may be visited; `allow` lists opened networks in CIDR form.

    An IPv6 address that wraps an IPv4 one is judged by what it wraps, since that is where the packets go.
    Raises ValueError when the text is not an address.
    """
    outer = ipaddress.ip_address(address)
    return all(_is_open(inner, allow) or _is_global(inner) for inner in _unwrapped(outer))


def check_url(
    url: str,
    allow: Sequence[str] = (),
    resolve: Resolver = socket.getaddrinfo,
    deadline: Deadline | None = None,
) -> SplitResult:
    """The parts of a URL that may be visited; raises Refused for any other."""
    parts = parse_url(url)
    look_up(parts.hostname or "", port_of(parts), deadline or Deadline(LOOKUP_PATIENCE), allow, resolve)
    return parts


def parse_url(url: str, longest: int = LONGEST_URL) -> SplitResult:
    """The parts of a web address that all clients read alike; raises Refused `bad_url`. Nothing is looked up."""
    if len(url) > longest:
        raise Refused("bad_url", f"The address is longer than {longest} characters.")
    if UNCLEAR.search(url):
        raise Refused("bad_url", "The address holds a space, a backslash or a control character.")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # both are parsed only now
    except ValueError as error:
        raise Refused("bad_url", "The address cannot be understood.") from error
    if parts.scheme not in PORTS:
        raise Refused("bad_url", "The address does not start with http:// or https://.")
    if not host or "%" in host:
        raise Refused("bad_url", "The address names no host.")
    if "@" in parts.netloc:
        raise Refused("bad_url", "The address holds a user name or password.")
    return parts


def port_of(parts: SplitResult) -> int:
    return PORTS[parts.scheme] if parts.port is None else parts.port


def look_up(
    host: str, port: int, deadline: Deadline, allow: Sequence[str] = (), resolve: Resolver = socket.getaddrinfo
) -> list[Place]:
    """Where this name is, by one lookup; raises Refused unless all of it may be visited."""
    places = _places(host, port, deadline, resolve)
    for place in places:
        address = str(place.address[0])
        if not is_public(address, allow):
            raise Refused("blocked_address", f"{host} is at {address}, which is not a public address.")
        if port not in WEB_PORTS and not _is_opened(address, allow):
            raise Refused("blocked_address", f"Port {port} of {host} is not one of the web.")
    return places


def dial(
    host: str, port: int, deadline: Deadline, allow: Sequence[str] = (), resolve: Resolver = socket.getaddrinfo
) -> socket.socket:
    """A connection (not blocking) to one of the addresses that were just judged. The caller closes it.

    Raises Refused: blocked_address, timeout, or network when nothing answers.
    """
    places = look_up(host, port, deadline, allow, resolve)[:MOST_TRIED]
    for index, place in enumerate(places):
        deadline.check()
        patience = min(PATIENCE, deadline.left() / (len(places) - index))
        if connection := _connect(place, patience, deadline):
            return connection
    deadline.check()
    raise Refused("network", f"{host} does not answer.")


def _connect(place: Place, patience: float, deadline: Deadline) -> socket.socket | None:
    """None when it does not answer, or not in time."""
    connection = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        with suppress(BlockingIOError):
            connection.connect(place.address)
        if _accepted(connection, patience, deadline):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
    except OSError:  # no route, no such family here, refused at once
        pass
    except BaseException:
        connection.close()
        raise
    connection.close()
    return None


def _accepted(connection: socket.socket, patience: float, deadline: Deadline) -> bool:
    """Wait in short steps, so that a deadline that somebody ends is noticed."""
    waiting = select.poll()
    waiting.register(connection, select.POLLOUT)
    for _ in range(max(1, round(patience / TICK))):
        if waiting.poll(1000 * min(TICK, deadline.left())):
            return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        if not deadline.left():
            return False
    return False


def _places(host: str, port: int, deadline: Deadline, resolve: Resolver) -> list[Place]:
    try:
        answers = _in_time(lambda: list(resolve(host, port, type=socket.SOCK_STREAM)), deadline)
    except UnicodeError as error:
        raise Refused("bad_url", "The host's name is not a valid one.") from error
    except OSError as error:
        raise Refused("network", f"{host} could not be looked up.") from error
    if not answers:
        raise Refused("network", f"{host} has no address.")
    return [Place(answer[0], (answer[4][0], port, *answer[4][2:])) for answer in answers]


def _in_time(ask: Callable[[], list[Answer]], deadline: Deadline) -> list[Answer]:
    """Ask in a thread of its own, for a lookup cannot be cut short: it takes as long as this machine's resolver tries.

    Raises Refused `timeout` when the answer does not come before the deadline, or within LOOKUP_PATIENCE.
    """
    waits = round(LOOKUP_PATIENCE / TICK)
    if not any(LOOKUPS.acquire(timeout=TICK) for _ in range(waits) if deadline.left()):
        deadline.check()
        raise Refused("network", "Too many names are being looked up.")
    asked: Future[list[Answer]] = Future()
    threading.Thread(target=_answer, args=(asked, ask), name="lookup", daemon=True).start()
    for _ in range(waits):
        with suppress(FutureTimeout):
            return asked.result(min(TICK, deadline.left()))
        deadline.check()
    raise Refused("timeout", "The name could not be looked up in time.")


def _answer(asked: "Future[list[Answer]]", ask: Callable[[], list[Answer]]) -> None:
    try:
        asked.set_result(ask())
    except Exception as error:  # noqa: BLE001 - whoever asked gets it
        asked.set_exception(error)
    finally:
        LOOKUPS.release()


def _unwrapped(address: IPAddress) -> list[IPAddress]:
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped or address.sixtofour:
        return [inner for inner in (address.ipv4_mapped, address.sixtofour) if inner]
    if address.teredo:
        return list(address.teredo)
    last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in NAT64:
        return [last]
    return [address, last] if int(address) >> 32 & 0xFFFFFFFF in ISATAP else [address]


def _is_global(address: IPAddress) -> bool:
    if any(address in network for network in NOT_FOR_US):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _is_opened(address: str, allow: Sequence[str]) -> bool:
    return all(_is_open(inner, allow) for inner in _unwrapped(ipaddress.ip_address(address)))


def _is_open(address: IPAddress, allow: Sequence[str]) -> bool:
    return any(address in ipaddress.ip_network(network) for network in allow)
