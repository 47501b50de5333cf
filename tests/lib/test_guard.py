import base64
import socket
import threading
from urllib.parse import urlsplit

import pytest

from tests.standins import hostile
from wtfsite.lib.clock import Clock
from wtfsite.lib.guard import HEAD_PATIENCE, MOST_CONNECTIONS, Guard, guard

MEGABYTE = 1_000_000
BOUNDS = {"max_bytes": MEGABYTE, "seconds": 60}


@pytest.fixture(scope="module")
def site():
    with hostile.serve() as site:
        yield site


@pytest.fixture
def bird():
    with hostile.canary() as bird:
        yield bird


@pytest.fixture(autouse=True)
def nothing_left():
    before = set(threading.enumerate())
    yield
    left = [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("guard")]
    assert not left


def ask(door: Guard, *lines: str, body: bytes = b"", token: str | None = None) -> socket.socket:
    """A connection over which a request of these lines was sent."""
    parts = urlsplit(door.url)
    credentials = base64.b64encode(f"{parts.username}:{token or parts.password}".encode()).decode()
    head = "\r\n".join([*lines, f"Proxy-Authorization: Basic {credentials}", "", ""])
    connection = socket.create_connection(("127.0.0.1", door.port), timeout=20)
    connection.sendall(head.encode() + body)
    return connection


def say(door: Guard, *lines: str, **options) -> bytes:
    """What the door answers to it."""
    with ask(door, *lines, **options) as connection:
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    data = b""
    while more := connection.recv(65536):
        data += more
    return data


def get(door: Guard, url: str, method: str = "GET", **options) -> bytes:
    return say(door, f"{method} {url} HTTP/1.1", "Host: elsewhere", **options)


def status(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


def test_it_brings_a_page(site):
    url = site.put("page", "words")
    with guard(hostile.SITE, **BOUNDS) as door:
        answer = get(door, f"{url}?a=1&b=%20")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nwords")
    assert b"Connection: close" in answer
    assert site.requests[-1] == "GET /page?a=1&b=%20"
    assert site.headers[-1]["host"] == f"127.0.0.1:{site.port}"
    assert not {"proxy-authorization"} & set(site.headers[-1])
    assert (door.blocked, door.tripped) == ("", "")
    assert door.bytes < 2000


def test_it_brings_heads_and_takes_forms(site):
    with guard(hostile.SITE, **BOUNDS) as door:
        assert get(door, site.put("page", "words"), "HEAD").endswith(b"\r\n\r\n")
        answer = say(door, f"POST {site.url('echo')} HTTP/1.1", "Content-Length: 4", body=b"a=12GET http://x")
        assert answer.endswith(b"\r\n\r\na=12")


def test_it_leaves_out_interim_answers(site):
    with guard(hostile.SITE, **BOUNDS) as door:
        answer = get(door, site.url("hints"))
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"after hints")


def test_it_opens_tunnels(site):
    site.put("page", "words")
    parts = f"127.0.0.1:{site.port}"
    with guard(hostile.SITE, **BOUNDS) as door:
        inner = f"GET /page HTTP/1.1\r\nHost: {parts}\r\nConnection: close\r\n\r\n".encode()
        answer = say(door, f"CONNECT {parts} HTTP/1.1", body=inner)
    assert answer.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK")
    assert answer.endswith(b"words")
    assert door.bytes >= len(answer.partition(b"\r\n\r\n")[2])


def test_a_second_request_does_not_slip_through(site, bird):
    """Whatever follows the first request on its connection is dropped."""
    first = f"GET {site.put('page', 'words')} HTTP/1.1"
    with guard(hostile.SITE, **BOUNDS) as door:
        answer = say(door, first, body=f"GET {bird.url()} HTTP/1.1\r\n\r\n".encode())
    assert answer.count(b"HTTP/1.1") == 1
    assert bird.hits == 0


@pytest.mark.parametrize("token", ["wrong", "x" * 32, "é"])
def test_it_needs_the_token(site, token):
    seen = len(site.requests)
    with guard(hostile.SITE, **BOUNDS) as door:
        for method in ("GET", "CONNECT", "DELETE"):
            assert status(get(door, site.url("page"), method, token=token)) == 407
    assert len(site.requests) == seen
    assert door.bytes == 0


def test_every_door_has_its_own_token():
    with guard(**BOUNDS) as one, guard(**BOUNDS) as other:
        assert urlsplit(one.url).password != urlsplit(other.url).password
        assert status(get(one, "http://x/", token=urlsplit(other.url).password)) == 407


@pytest.mark.parametrize("method", ["GET", "CONNECT"])
def test_it_goes_to_no_private_address(bird, method):
    for name, url in hostile.spellings(bird).items():
        target = urlsplit(url).netloc if method == "CONNECT" else url
        with guard(hostile.SITE, **BOUNDS, resolve=hostile.names()) as door:
            answer = get(door, target, method)
        assert answer.startswith(b"HTTP/1.1 403 egress-blocked\r\n"), name
        assert door.blocked, name
    assert bird.hits == 0


def test_the_canary_hears(bird):
    """Without this the test above would prove nothing."""
    with guard(["127.0.0.0/8", "::1/128"], **BOUNDS, resolve=hostile.names()) as door:
        for name, url in hostile.spellings(bird).items():
            if name != "userinfo":
                assert status(get(door, url)) == 502  # it hangs up
    assert bird.hits >= 10


def test_a_name_is_looked_up_once_for_each_request(site, bird):
    resolve = hostile.names()
    site.put("page", "words")
    with guard(hostile.SITE, **BOUNDS, resolve=resolve) as door:
        assert status(get(door, site.url("page", host="rebind.test"))) == 200
        assert status(get(door, bird.url(host="rebind.test"))) == 403
    assert resolve.asked == ["rebind.test"] * 2
    assert bird.hits == 0


@pytest.mark.parametrize(
    ("lines", "answered"),
    [
        (["GET / HTTP/1.1"], 403),
        (["GET ftp://127.0.0.1/x HTTP/1.1"], 403),
        (["GET file:///etc/passwd HTTP/1.1"], 403),
        (["GET https://example.com/ HTTP/1.1"], 400),
        (["CONNECT example.com HTTP/1.1"], 400),
        (["CONNECT example.com:443/x HTTP/1.1"], 400),
        (["DELETE http://example.com/ HTTP/1.1"], 405),
        (["GET http://8.8.8.8:22/ HTTP/1.1"], 403),
        (["CONNECT 8.8.8.8:25 HTTP/1.1"], 403),
        (["POST http://none.test/ HTTP/1.1", "Transfer-Encoding: chunked"], 411),
        (["POST http://none.test/ HTTP/1.1", "Content-Length: 1", "Content-Length: 2"], 400),
        (["POST http://none.test/ HTTP/1.1", "Content-Length: -1"], 400),
        (["GET http://none.test/ HTTP/1.1"], 502),
        (["nonsense"], 400),
        (["GET http://none.test/ HTTP/1.1", "X: " + "x" * 70_000], 400),
    ],
)
def test_it_declines_what_it_does_not_speak(lines, answered):
    with guard(**BOUNDS, resolve=hostile.names()) as door:
        assert status(say(door, *lines)) == answered


def test_it_says_when_nobody_answers(site):
    with hostile.serve() as gone:
        url = gone.url("page")
    with guard(hostile.SITE, **BOUNDS) as door:
        assert status(get(door, url)) == 502
        assert status(get(door, site.url("nonsense"))) == 502
    assert door.blocked == ""


def test_the_byte_cap_resets_the_connection(site):
    with guard(hostile.SITE, **BOUNDS) as door:
        with pytest.raises(ConnectionResetError):
            get(door, site.url("endless"))
        assert status(get(door, site.url("page"))) == 403
    assert door.tripped == "too_large"
    assert MEGABYTE < door.bytes < 2 * MEGABYTE


def test_connections_are_counted_together(site):
    url = site.put("half", bytes(600_000), hostile.VIDEO)
    with guard(hostile.SITE, **BOUNDS) as door:
        assert len(get(door, url)) > 600_000
        assert door.tripped == ""
        with pytest.raises(ConnectionResetError):
            get(door, url)
    assert door.tripped == "too_large"


def test_a_site_that_breaks_off_does_not_look_complete(site):
    """The length that it announced is passed on, so the reader can tell."""
    with guard(hostile.SITE, **BOUNDS) as door:
        assert b"Content-Length: 1000000" in get(door, site.url("short"))


def test_the_deadline_ends_a_drip(site):
    now, heard = [0.0], threading.Event()

    def tick() -> None:
        heard.wait(20)
        now[0] += 1

    site.on_byte = tick
    with guard(hostile.SITE, **BOUNDS, clock=Clock(monotonic=lambda: now[0])) as door:
        with ask(door, f"GET {site.url('drip')} HTTP/1.1") as connection:
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
            heard.set()
            with pytest.raises(ConnectionResetError):
                read_all(connection)
        assert status(get(door, site.url("page"))) == 502
    assert door.tripped == "timeout"


def test_it_leaves_at_once_with_connections_open(site):
    """No limit is to blame when the block just ends."""
    with guard(hostile.SITE, **BOUNDS) as door:
        silent = socket.create_connection(("127.0.0.1", door.port))
        tunnel = ask(door, f"CONNECT 127.0.0.1:{site.port} HTTP/1.1")
        assert tunnel.recv(100).startswith(b"HTTP/1.1 200")
    for connection in (silent, tunnel):
        with connection, pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert door.tripped == ""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", door.port))


def test_nobody_holds_a_place_without_asking(site):
    """Whoever knocks and says nothing is sent away. Every look at the clock takes a second."""
    seconds = iter(range(10**9))
    clock = Clock(monotonic=lambda: float(next(seconds)))
    with guard(hostile.SITE, max_bytes=MEGABYTE, seconds=1e9, clock=clock) as door:
        slow = [socket.create_connection(("127.0.0.1", door.port), timeout=20) for _ in range(MOST_CONNECTIONS)]
        for one in slow:
            with one:
                one.sendall(b"GET http://")
                assert status(read_all(one)) == 408
        assert status(get(door, site.put("page", "words"))) == 200
    assert door.tripped == ""


def test_a_slow_answer_is_not_a_slow_request(site):
    now = [0.0]

    def tick() -> None:
        now[0] += HEAD_PATIENCE / 4

    site.on_byte = tick
    options = {"max_bytes": MEGABYTE, "seconds": 1e9, "clock": Clock(monotonic=lambda: now[0])}
    with guard(hostile.SITE, **options) as door, ask(door, f"GET {site.url('drip')} HTTP/1.1") as child:
        heard = b""
        while not heard.endswith(b"x" * 20):
            heard += child.recv(1)
    assert now[0] > 2 * HEAD_PATIENCE


def test_it_does_not_wait_for_a_name(site):
    """A resolver may try for minutes; the door is shut at once, and at its deadline."""
    over, asked = threading.Event(), threading.Event()

    def resolve(host, port, **_):
        asked.set()
        over.wait(20)
        return []

    with guard(**BOUNDS, resolve=resolve) as door, ask(door, "GET http://slow.test/ HTTP/1.1"):
        assert asked.wait(20)
        door.shut()
    assert not over.is_set()
    over.set()


@pytest.mark.parametrize(
    "first", ["HTTP/1.1 200 OK\nX: y", "HTTP/1.1 200 O\rK", "HTTP/1.1 200 \0", "HTTP/1.1 2\u0660\u0660 "]
)
def test_a_status_line_is_one_line(first):
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        guard(hostile.SITE, **BOUNDS) as door,
        ask(door, f"GET http://127.0.0.1:{server.getsockname()[1]}/ HTTP/1.1") as child,
    ):
        connection, _ = server.accept()
        with connection:
            connection.sendall(f"{first}\r\n\r\n".encode())
            assert status(read_all(child)) == 502


def test_it_serves_many_at_once(site):
    url = site.put("page", "words")
    with guard(hostile.SITE, **BOUNDS) as door:
        answers: list[bytes] = []
        threads = [threading.Thread(target=lambda: answers.append(get(door, url))) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [status(answer) for answer in answers] == [200] * 20
