"""The one client for our own requests: httpx over the dialler of `net`, with an end to everything.

    with client(deadline=20, max_bytes=1 << 20) as web:
        web.get(url)

A read timeout is no deadline: a byte a second keeps it happy for ever. Here every wait of a request and its redirects
ends at one moment. Answers come as they are: a compressed one is refused, since its size says nothing about what comes
out of it. Nothing is taken from the environment, so no proxy of it gets round the dialler; redirects are followed only
when asked for, each dialled anew, and to another site without our headers, cookies and body; a connection serves one
request.

Everything that goes wrong is a `net.Refused` with its code.
"""

import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from wtfsite.lib import net
from wtfsite.lib.clock import Clock
from wtfsite.lib.net import REAL_TIME, Deadline, Refused, Resolver

LONGEST_URL = 16 * 1024  # characters; signed addresses are longer than what people enter
AGENT = "wtf-studio"
SHORTEST_WAIT = 0.001  # seconds; a timeout of 0 would mean another mode of the socket
DEADLINE, ORIGIN = "wtf.deadline", "wtf.origin"  # among a request's extensions, which redirects inherit
FOR_ANYBODY = {"host", "accept", "accept-encoding", "user-agent", "connection", "content-length"}


def client(
    allow: Sequence[str] = (),
    *,
    deadline: float = 30.0,
    max_bytes: int = 1 << 20,
    redirects: int = 0,
    resolve: Resolver = socket.getaddrinfo,
    tls: ssl.SSLContext | None = None,
    clock: Clock = REAL_TIME,
) -> "Client":
    """A client to be closed after use.

    `allow` lists opened networks (CIDR), `deadline` bounds one call in seconds, `max_bytes` one body, `redirects` says
    how many are followed. `tls` replaces the usual authorities.
    """
    context = tls or httpx.create_ssl_context(trust_env=False)
    return Client(
        transport=Transport(allow, deadline, max_bytes, resolve, context, clock),
        trust_env=False,
        follow_redirects=redirects > 0,
        max_redirects=redirects,
        timeout=None,  # the deadline is the transport's
        headers={"Accept-Encoding": "identity", "User-Agent": AGENT},
    )


class Client(httpx.Client):
    """httpx.Client whose failures are all `net.Refused`."""

    def build_request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Request:
        net.parse_url(str(url), LONGEST_URL)
        try:
            return super().build_request(method, url, **options)
        except httpx.InvalidURL as error:
            raise Refused("bad_url", "The address cannot be understood.") from error

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        try:
            return super().send(request, **options)
        except httpx.TooManyRedirects as error:
            raise Refused("network", "The other side sends from one address to the next.") from error
        except (httpx.TransportError, httpx.InvalidURL) as error:  # httpx's own: Transport raises no such thing
            raise Refused("bad_url", "The other side sends on to an address that cannot be understood.") from error


class Transport(httpx.BaseTransport):
    """Sends one request over a connection of its own."""

    def __init__(
        self,
        allow: Sequence[str],
        seconds: float,
        max_bytes: int,
        resolve: Resolver,
        tls: ssl.SSLContext,
        clock: Clock,
    ) -> None:
        self._allow = allow
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._resolve = resolve
        self._tls = tls
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        net.parse_url(str(request.url), LONGEST_URL)  # a redirect comes here without build_request
        self._forget(request)
        deadline = request.extensions.setdefault(DEADLINE, Deadline(self._seconds, self._clock))
        backend = Backend(deadline, self._allow, self._resolve)
        pool = httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend, max_keepalive_connections=0)
        try:
            answer = self._ask(pool, request)
            self._judge(answer)
        except BaseException:
            pool.close()
            raise
        body = Body(answer, pool, self._max_bytes)
        return httpx.Response(answer.status, headers=answer.headers, stream=body, extensions=answer.extensions)

    def _forget(self, request: httpx.Request) -> None:
        """Leave out what was meant for the first site: httpx knows Authorization, and not a key in X-Api-Key."""
        origin = request.url.scheme, request.url.host, request.url.port
        if request.extensions.setdefault(ORIGIN, origin) == origin:
            return
        if request.method not in ("GET", "HEAD"):
            raise Refused("network", "The other side sends what was meant for it on to another site.")
        for name in set(request.headers) - FOR_ANYBODY:
            del request.headers[name]

    def _ask(self, pool: httpcore.ConnectionPool, request: httpx.Request) -> httpcore.Response:
        url = request.url
        assert isinstance(request.stream, httpx.SyncByteStream)
        with translated():
            return pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                )
            )

    def _judge(self, answer: httpcore.Response) -> None:
        headers = httpx.Headers(answer.headers)
        if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise Refused("network", "The answer is compressed though that was not asked for.")
        announced = headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > self._max_bytes:
            raise Refused("too_large", f"The answer is larger than {self._max_bytes} bytes.")


class Body(httpx.SyncByteStream):
    """An answer's body as it comes, up to a size; closing it closes the connection."""

    def __init__(self, answer: httpcore.Response, pool: httpcore.ConnectionPool, max_bytes: int) -> None:
        self._answer = answer
        self._pool = pool
        self._max_bytes = max_bytes

    def __iter__(self) -> Iterator[bytes]:
        seen = 0
        assert isinstance(self._answer.stream, Iterable)
        with translated():
            for data in self._answer.stream:
                seen += len(data)
                if seen > self._max_bytes:
                    raise Refused("too_large", f"The answer is larger than {self._max_bytes} bytes.")
                yield data

    def close(self) -> None:
        self._answer.close()
        self._pool.close()


class Backend(httpcore.NetworkBackend):
    """How httpcore gets its connections: from our dialler, for one request with its deadline."""

    def __init__(self, deadline: Deadline, allow: Sequence[str], resolve: Resolver) -> None:
        self._deadline = deadline
        self._allow = allow
        self._resolve = resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> "Wire":
        return Wire(net.dial(host, port, self._deadline, self._allow, self._resolve), self._deadline)


class Wire(httpcore.NetworkStream):
    """A connection on which every wait ends with the request's deadline, whatever its parts may take."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._socket = connection
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._in_time(httpcore.ReadError):
            return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with self._in_time(httpcore.WriteError):
            self._socket.sendall(buffer)

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "Wire":
        """The certificate is held against the name that was asked for, not the address that was dialled."""
        try:
            with self._in_time(httpcore.ConnectError):
                return Wire(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname), self._deadline)
        except BaseException:
            self.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._socket if info == "socket" else None

    @contextmanager
    def _in_time(self, failure: type[Exception]) -> Iterator[None]:
        self._deadline.check()
        self._socket.settimeout(max(self._deadline.left(), SHORTEST_WAIT))
        try:
            yield
        except TimeoutError as error:
            raise Refused("timeout", "The other side took longer than allowed.") from error
        except OSError as error:
            raise failure(str(error)) from error


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Refused("network", "The other side did not answer as it should.") from error
