import gc
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.standins import hostile
from wtfsite.lib import net
from wtfsite.lib.client import client
from wtfsite.lib.clock import Clock

UNREADABLE = {"userinfo", "octal", "hex in parts"}  # httpx refuses to read the numbers


@pytest.fixture(scope="module")
def site():
    with hostile.serve() as site:
        yield site


@pytest.fixture
def bird():
    with hostile.canary() as bird:
        yield bird


def code_of(url: str, **options) -> str:
    options = {"allow": hostile.SITE, "resolve": hostile.names(), **options}
    with client(**options) as web, pytest.raises(net.Refused) as caught:
        web.get(url)
    assert str(caught.value).endswith(".")
    return caught.value.code


def test_it_brings_a_page(site):
    url = site.put("page", "words")
    with client(hostile.SITE) as web:
        answer = web.get(url, headers={"X-Ours": "1"})
        assert (answer.status_code, answer.text) == (200, "words")
        assert web.post(site.url("echo"), json={"a": 1}).json() == {"a": 1}
    assert site.headers[-2]["x-ours"] == "1"
    assert site.headers[-2]["accept-encoding"] == "identity"


def test_it_goes_to_no_private_address(bird):
    for name, url in hostile.spellings(bird).items():
        code = code_of(url)
        assert code == "blocked_address" or (name in UNREADABLE and code == "bad_url"), name
    assert bird.hits == 0


def test_it_follows_no_redirect_to_a_private_address(site, bird):
    for name, url in hostile.spellings(bird).items():
        code = code_of(site.redirect(url), redirects=5)
        assert code == "blocked_address" or (name in UNREADABLE and code == "bad_url"), name
    assert bird.hits == 0


def test_the_canary_hears(site, bird):
    assert code_of(site.redirect(bird.url()), redirects=5, allow=["127.0.0.0/8"]) == "network"
    assert bird.hits == 1


def test_redirects_are_followed_only_when_asked_for(site):
    target = site.put("page", "words")
    with client(hostile.SITE) as web:
        assert web.get(site.redirect(target)).status_code == 302
    with client(hostile.SITE, redirects=1) as web:
        assert web.get(site.redirect(target)).text == "words"
    assert code_of(site.redirect(site.url("clip.mp4")), redirects=3) == "network"  # to itself


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "data:video/mp4,x",
        "ytsearch:cats",
        "ftp://example.com/",
        "//example.com/",
        "http://user:secret@example.com/",
        "http://example.com/\n",
        "http://[::1/",
        "http://example.com/" + "x" * 20_000,
    ],
)
def test_it_refuses_what_is_no_web_address(url):
    assert code_of(url) == "bad_url"


@pytest.mark.parametrize("to", ["file:///etc/passwd", "data:text/plain,x", "ftp://127.0.0.2/", "http://a:b@127.0.0.1/"])
def test_a_redirect_has_to_be_a_web_address(site, to):
    assert code_of(site.redirect(to), redirects=5) == "bad_url"


@pytest.fixture
def other():
    with hostile.serve() as other:
        yield other


def test_another_site_gets_nothing_that_was_not_meant_for_it(site, other):
    """The cookie is one that the first site has set: to a browser, too, both are one host."""
    ours = {"Authorization": "Bearer secret", "X-Api-Key": "secret", "Cookie": "a=secret"}
    with client(hostile.SITE, redirects=2) as web:
        web.cookies.set("b", "secret")
        web.get(site.redirect(other.put("page", "words")), headers=ours)
        assert site.headers[-1]["x-api-key"] == "secret"
        web.get(site.redirect(site.put("page", "words")), headers=ours)
        assert site.headers[-1]["x-api-key"] == "secret", "the same site keeps it"
    assert "secret" not in str(other.headers)
    assert set(other.headers[-1]) == {"host", "accept", "accept-encoding", "user-agent", "connection"}


def test_what_is_sent_goes_to_no_other_site(site, other):
    url = site.redirect(other.put("page", "words"), status=307)
    with client(hostile.SITE, redirects=2) as web, pytest.raises(net.Refused) as caught:
        web.post(url, content=b"secret")
    assert caught.value.code == "network"
    assert other.requests == []


def test_a_name_is_looked_up_once_for_each_request(site, bird):
    site.put("page", "words")
    names = hostile.names()
    with client(hostile.SITE, resolve=names) as web:
        assert web.get(site.url("page", host="rebind.test")).text == "words"
        assert names.asked == ["rebind.test"]
        with pytest.raises(net.Refused) as caught:
            web.get(bird.url(host="rebind.test"))
    assert caught.value.code == "blocked_address"
    assert bird.hits == 0


def test_a_proxy_of_the_environment_is_not_used(site, bird, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, bird.url(""))
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    with client(hostile.SITE) as web:
        assert web.get(site.put("page", "words")).text == "words"
    assert bird.hits == 0


def test_it_stops_at_the_size_limit(site):
    assert code_of(site.url("endless"), max_bytes=100_000) == "too_large"
    assert code_of(site.put("large", bytes(1001)), max_bytes=1000) == "too_large"
    with client(hostile.SITE, max_bytes=1000) as web:
        assert len(web.get(site.put("fits", bytes(1000))).content) == 1000


def test_it_takes_nothing_compressed(site):
    assert code_of(site.url("gzip?size=1000000"), max_bytes=2_000_000) == "network"


def test_it_notices_what_breaks_off(site):
    assert code_of(site.url("short")) == "network"
    assert code_of(site.url("nonsense")) == "network"


@pytest.mark.parametrize("redirects", [0, 2])
def test_the_deadline_ends_a_drip(site, redirects):
    """The clock moves a second for each byte, and the redirect belongs to the same call."""
    now = [0.0]
    served = [0]

    def tick() -> None:
        now[0] += 1
        served[0] += 1

    site.on_byte = tick
    clock = Clock(monotonic=lambda: now[0])
    url = site.redirect(site.url("drip")) if redirects else site.url("drip")
    assert code_of(url, deadline=30, redirects=redirects, clock=clock) == "timeout"
    assert served[0] >= 30


def test_a_stream_is_bounded_too(site):
    with (
        client(hostile.SITE, max_bytes=100_000) as web,
        web.stream("GET", site.url("endless")) as answer,
        pytest.raises(net.Refused) as caught,
    ):
        answer.read()
    assert caught.value.code == "too_large"


def test_it_leaves_no_connection_when_the_body_is_not_read(site):
    with client(hostile.SITE) as web, web.stream("GET", site.put("page", "words")) as answer:
        assert answer.status_code == 200
    del answer, web
    gc.collect()  # an open one would warn, and warnings are errors


def test_nobody_there_is_a_network_error():
    with hostile.serve() as gone:
        url = gone.url("page")
    assert code_of(url) == "network"
    assert code_of("http://none.test/") == "network"


# With certificates


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Path:
    """A certificate for right.test and its key, signed by itself."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("authority")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=right.test", "-addext", "subjectAltName=DNS:right.test"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def test_a_certificate_is_held_against_the_name(authority):
    asked: list[str | None] = []
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    server.sni_callback = lambda connection, name, context: asked.append(name)
    names = hostile.Names(right_test=[["127.0.0.1"]], wrong_test=[["127.0.0.1"]])
    options = {"resolve": names, "tls": ssl.create_default_context(cafile=str(authority / "cert.pem"))}
    with hostile.serve(tls=server) as site:
        site.put("page", "words")
        with client(hostile.SITE, **options) as web:
            assert web.get(f"https://right.test:{site.port}/page").text == "words"
        assert code_of(f"https://wrong.test:{site.port}/page", **options) == "network"
        assert code_of(f"https://right.test:{site.port}/page", resolve=names) == "network"  # an unknown authority
    assert asked == ["right.test", "wrong.test", "right.test"]
