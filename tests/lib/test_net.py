import socket
import threading
from contextlib import ExitStack
from typing import Any

import pytest

from wtfsite.lib import net
from wtfsite.lib.clock import Clock

PUBLIC = "93.184.216.34"


def resolver(*addresses: str) -> net.Resolver:
    return lambda host, port, **_: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses
    ]


def code_of(url: str, **options: Any) -> str:
    with pytest.raises(net.Refused) as caught:
        net.check_url(url, **options)
    assert str(caught.value).endswith(".")
    return caught.value.code


@pytest.mark.parametrize(
    "address",
    [
        PUBLIC,
        "8.8.8.8",
        "2606:4700:4700::1111",
        "::ffff:8.8.8.8",
        "2002:808:808::1",
        "64:ff9b::8.8.8.8",
        "2606:4700::5efe:8.8.8.8",
    ],
)
def test_it_knows_public_addresses(address):
    assert net.is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.1.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "192.88.99.1",
        "192.0.0.8",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:168.63.129.16",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2001:0:808:808:0:0:80ff:fffe",  # Teredo around 127.0.0.1
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "fec0::1",
        "3fff::1",
        "5f00::1",
        "2606:4700::5efe:127.0.0.1",  # ISATAP
        "2606:4700::200:5efe:a9fe:a9fe",
        "fe80::5efe:808:808",
    ],
)
def test_it_knows_addresses_that_are_not_public(address):
    assert not net.is_public(address)


@pytest.mark.parametrize(
    ("address", "allow", "public"),
    [
        ("127.0.0.1", ["127.0.0.0/8"], True),
        ("::ffff:127.0.0.1", ["127.0.0.0/8"], True),
        ("10.0.0.1", ["127.0.0.0/8", "10.0.0.0/24"], True),
        ("10.0.1.1", ["127.0.0.0/8", "10.0.0.0/24"], False),
        ("::1", ["127.0.0.0/8"], False),
        ("::1", ["::1/128"], True),
    ],
)
def test_networks_can_be_opened(address, allow, public):
    assert net.is_public(address, allow) is public


def test_it_needs_an_address():
    with pytest.raises(ValueError, match="does not appear to be"):
        net.is_public("example.com")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/clip.mp4",
        "//example.com/clip.mp4",
        "http://",
        "http:///clip.mp4",
        "http://:80/",
        "file:///etc/passwd",
        "ftp://example.com/clip.mp4",
        "data:video/mp4;base64,AAAA",
        "ytsearch:cats",
        "javascript:alert(1)",
        "-i",
        "http://user@example.com/",
        "http://user:secret@example.com/",
        "http://example.com@127.0.0.1/",
        "http://@example.com/",
        "http://example.com:port/",
        "http://example.com:99999/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://127.0.0.1%2f.example.com/",
        "http://example.com\\@127.0.0.1/",
        "http://exam\nple.com/",
        "http://example.com/a b",
        "http://example.com/\x00",
        " http://example.com/",
        "http://example.com/\x85",
        "http://example.com/\ud800",
        "http://\u2100.example.com/",
        "http://" + "a" * 64 + ".example.com/",
        "http://example.com/" + "a" * 2048,
    ],
)
def test_it_refuses_what_is_not_a_web_address(url):
    def resolve(host, port, **_):
        host.encode("idna")
        raise AssertionError("it must be refused before any lookup")

    assert code_of(url, resolve=resolve) == "bad_url"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "0", "[::1]", "[::ffff:127.0.0.1]"],
)
def test_it_refuses_every_spelling_of_this_machine(host):
    assert code_of(f"http://{host}/clip.mp4") == "blocked_address"  # numbers are looked up without a network


@pytest.mark.parametrize("answers", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC], ["::1"]])
def test_one_private_answer_blocks_a_name(answers):
    assert code_of("https://example.com/", resolve=resolver(*answers)) == "blocked_address"


def test_it_returns_the_parts_of_a_good_address():
    parts = net.check_url("https://Example.com:8443/clip.mp4?x=1#t", resolve=resolver(PUBLIC, "2606:4700:4700::1111"))
    assert (parts.hostname, parts.port, parts.path) == ("example.com", 8443, "/clip.mp4")


def test_opened_networks_can_be_visited():
    assert net.check_url("http://127.0.0.1:8000/", allow=["127.0.0.0/8"]).port == 8000


def test_a_failed_lookup_is_a_network_error():
    def resolve(host, port, **_):
        raise socket.gaierror(-2, "Name or service not known")

    assert code_of("http://example.com/", resolve=resolve) == "network"
    assert code_of("http://example.com/", resolve=resolver()) == "network"


@pytest.fixture
def silent():
    """A resolver that does not answer before the test has ended."""
    over = threading.Event()

    def resolve(host, port, **_):
        over.wait(20)
        return []

    yield resolve
    over.set()


def clock_that_runs() -> Clock:
    """Every look at it takes a second."""
    seconds = iter(range(10**6))
    return Clock(monotonic=lambda: float(next(seconds)))


def test_a_lookup_ends_with_the_deadline(silent):
    deadline = net.Deadline(5, clock_that_runs())
    assert code_of("http://example.com/", resolve=silent, deadline=deadline) == "timeout"


def test_lookups_that_nobody_waits_for_are_bounded(silent):
    with ExitStack() as taken:
        for _ in range(net.MOST_LOOKUPS):
            taken.enter_context(net.LOOKUPS)
        deadline = net.Deadline(5, clock_that_runs())
        assert code_of("http://example.com/", resolve=resolver(PUBLIC), deadline=deadline) == "timeout"
    assert net.check_url("http://example.com/", resolve=resolver(PUBLIC))


def test_a_fault_of_a_resolver_is_not_hidden():
    def resolve(host, port, **_):
        raise KeyError(host)

    with pytest.raises(KeyError):
        net.check_url("http://example.com/", resolve=resolve)


# Dialling


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def dial(server: socket.socket, *addresses: str, **options: Any) -> socket.socket:
    options = {"allow": ["127.0.0.0/8"], "resolve": resolver(*addresses), "deadline": net.Deadline(20), **options}
    return net.dial("example.com", server.getsockname()[1], **options)


def test_it_connects_to_the_address_that_it_judged(server):
    with dial(server, "127.0.0.1") as connection:
        assert connection.getpeername() == server.getsockname()


def test_it_tries_the_next_address_when_one_does_not_answer(server):
    with dial(server, "127.0.0.9", "127.0.0.1") as connection:
        assert connection.getpeername() == server.getsockname()


def test_it_tries_only_some_of_many_addresses(server):
    with pytest.raises(net.Refused) as caught:
        dial(server, *["127.0.0.9"] * net.MOST_TRIED, "127.0.0.1")
    assert caught.value.code == "network"


def test_it_looks_up_once(server):
    asked = []

    def resolve(host, port, **_):
        asked.append(host)
        return resolver("127.0.0.9" if len(asked) > 1 else "127.0.0.1")(host, port)

    with dial(server, resolve=resolve) as connection:
        assert connection.getpeername()[0] == "127.0.0.1"
    assert asked == ["example.com"]


def test_it_connects_to_none_of_them_when_one_is_private(server):
    with pytest.raises(net.Refused) as caught:
        dial(server, "127.0.0.1", "10.0.0.1")
    assert caught.value.code == "blocked_address"


def test_it_does_not_dial_after_the_deadline(server):
    deadline = net.Deadline(20)
    deadline.end()
    with pytest.raises(net.Refused) as caught:
        dial(server, "127.0.0.1", deadline=deadline)
    assert caught.value.code == "timeout"


def test_it_stops_waiting_when_the_deadline_passes():
    """A full backlog does not answer at all. Every look at the clock takes a second."""
    now = [0.0]

    def monotonic() -> float:
        now[0] += 1
        return now[0]

    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        for _ in range(3):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        with pytest.raises(net.Refused) as caught:
            dial(full, "127.0.0.1", deadline=net.Deadline(10, Clock(monotonic=monotonic)))
    assert caught.value.code == "timeout"


@pytest.mark.parametrize("port", [22, 25, 6379, 0])
def test_the_public_is_visited_on_ports_of_the_web_only(port):
    assert code_of(f"http://example.com:{port}/", resolve=resolver(PUBLIC)) == "blocked_address"


def test_an_opened_network_may_use_any_port():
    assert net.check_url("http://example.com:9000/", ["10.0.0.0/8"], resolver("10.0.0.1")).port == 9000
    assert code_of("http://example.com:9000/", allow=["10.0.0.0/8"], resolve=resolver("10.0.0.1", PUBLIC)) == (
        "blocked_address"
    )
