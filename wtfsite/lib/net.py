"""Which addresses the studio may visit: public ones, and the networks that the operator has opened.

A name is judged by all the addresses that it resolves to, for an attacker chooses which of them is used. This check
comes before a request; it does not hold for a redirect or for a second lookup, so it is never the only guard.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[..., Iterable[tuple[Any, ...]]]  # the shape of socket.getaddrinfo

LONGEST_URL = 2048  # characters
SCHEMES = ("http", "https")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Global by the registry, and still not for us: a cloud's host agent, the retired 6to4 relays, NAT64 inside a network.
NOT_FOR_US = tuple(
    ipaddress.ip_network(network) for network in ("168.63.129.16/32", "192.88.99.0/24", "64:ff9b:1::/48")
)
# urlsplit() drops tabs and newlines silently, and clients disagree about backslashes and spaces.
UNCLEAR = re.compile(r"[\x00-\x20\x7f-\xa0\\]")


class Refused(Exception):
    """An address that is not visited. `code` is bad_url, blocked_address or network; the text is a sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def is_public(address: str, allow: Sequence[str] = ()) -> bool:
    """Whether an IP address may be visited; `allow` lists opened networks in CIDR form.

    An IPv6 address that wraps an IPv4 one is judged by what it wraps, since that is where the packets go.
    Raises ValueError when the text is not an address.
    """
    outer = ipaddress.ip_address(address)
    return all(_is_open(inner, allow) or _is_global(inner) for inner in _unwrapped(outer))


def check_url(url: str, allow: Sequence[str] = (), resolve: Resolver = socket.getaddrinfo) -> SplitResult:
    """The parts of a URL that may be visited; raises Refused for any other."""
    parts = _split(url)
    host = parts.hostname or ""
    for address in _addresses(host, parts.port or 0, resolve):
        if not is_public(address, allow):
            raise Refused("blocked_address", f"{host} is at {address}, which is not a public address.")
    return parts


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST_URL:
        raise Refused("bad_url", f"The address is longer than {LONGEST_URL} characters.")
    if UNCLEAR.search(url):
        raise Refused("bad_url", "The address holds a space, a backslash or a control character.")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # both are parsed only now
    except ValueError as error:
        raise Refused("bad_url", "The address cannot be understood.") from error
    if parts.scheme not in SCHEMES:
        raise Refused("bad_url", "The address does not start with http:// or https://.")
    if not host or "%" in host:
        raise Refused("bad_url", "The address names no host.")
    if "@" in parts.netloc:
        raise Refused("bad_url", "The address holds a user name or password.")
    return parts


def _addresses(host: str, port: int, resolve: Resolver) -> list[str]:
    try:
        answers = resolve(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise Refused("bad_url", "The host's name is not a valid one.") from error
    except OSError as error:
        raise Refused("network", f"{host} could not be looked up.") from error
    addresses = [str(answer[4][0]) for answer in answers]
    if not addresses:
        raise Refused("network", f"{host} has no address.")
    return addresses


def _unwrapped(address: IPAddress) -> list[IPAddress]:
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped or address.sixtofour:
        return [inner for inner in (address.ipv4_mapped, address.sixtofour) if inner]
    if address.teredo:
        return list(address.teredo)
    if address in NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address]


def _is_global(address: IPAddress) -> bool:
    if any(address in network for network in NOT_FOR_US):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _is_open(address: IPAddress, allow: Sequence[str]) -> bool:
    return any(address in ipaddress.ip_network(network) for network in allow)
