"""yt-dlp behind the guard, against a site that means harm: everything ends in its code and the canary hears nothing."""

import base64
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from jobs.media.errors import MediaError
from jobs.media.tools import Tools
from jobs.sources import fetch, reasons
from jobs.sources.fetch import FetchLimits
from tests.clips import ffmpeg
from tests.standins import files, hostile
from wtfsite.lib import process

LIMITS = FetchLimits(max_bytes=5_000_000, max_seconds=60, retries=0, fragment_retries=0, socket_timeout=5)
DONE = process.Finished(0, b"", "", 0.0, 0, 0.0)
SPELLINGS = hostile.spellings(hostile.Canary(1))  # their names; the port is known when the bird is


@pytest.fixture(scope="module")
def site():
    with hostile.serve() as site:
        yield site


@pytest.fixture
def bird():
    with hostile.canary() as bird:
        yield bird


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return files.clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def tools() -> Tools:
    return Tools(shutil.which("ffmpeg") or "", shutil.which("ffprobe") or "", "test")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def code_of(url: str, work: Path, tools: Tools, **options) -> str:
    options = {"limits": LIMITS, "allow": hostile.SITE, "resolve": hostile.names(), **options}
    with pytest.raises(MediaError) as caught:
        fetch.fetch(url, work, tools, **options)
    return caught.value.code


def ffmpeg_ts(clip: Path, target: Path) -> bytes:
    ffmpeg(target, "-i", str(clip), "-c", "copy", "-f", "mpegts")
    return target.read_bytes()


def nothing_may_start(*commands, **options):
    raise AssertionError("nothing may start")


# What the operator enters


@pytest.mark.parametrize("name", SPELLINGS)
def test_no_spelling_of_a_private_address_is_tried(bird, work, name):
    url = hostile.spellings(bird)[name]
    code = code_of(url, work, Tools("", "", "test", nothing_may_start))
    assert code == ("bad_url" if name == "userinfo" else "blocked_address")
    assert bird.hits == 0


@pytest.mark.parametrize("url", ["file:///etc/passwd", "data:video/mp4,x", "ytsearch:cats", "ftp://127.0.0.1/x.mp4"])
def test_only_web_addresses_are_tried(work, url):
    assert code_of(url, work, Tools("", "", "test", nothing_may_start)) == "bad_url"


def test_a_name_that_changes_its_address_is_caught_at_the_door(bird, work, tools):
    """The first check hears the good answer, the connection gets the bad one."""
    names = hostile.names()
    assert code_of(bird.url(host="rebind.test"), work, tools, resolve=names) == "blocked_address"
    assert set(names.asked) == {"rebind.test"}
    assert len(names.asked) >= 2
    assert bird.hits == 0


def test_a_stream_with_a_missing_piece_is_not_taken_for_a_whole_one(site, clip, work, tools):
    site.put("good.ts", ffmpeg_ts(clip, work.parent / "good.ts"), "video/mp2t")
    text = hostile.hls("good.ts").replace("#EXT-X-ENDLIST", "#EXTINF:2.0,\nmissing.ts\n#EXT-X-ENDLIST")
    assert code_of(site.put("holes.m3u8", text), work, tools) == "network"


# Where the site leads to: many addresses, one yt-dlp, for its start takes longer than all of them


def fetch_all(urls: list[str], work: Path, tools: Tools, **options) -> tuple[str, list[str]]:
    """Have the one yt-dlp of a fetch visit all these addresses: the code of the fetch, and those of its ERROR lines."""
    logs = []

    def run(*commands: Any, **limits: Any) -> process.Finished:
        try:
            return process.run([*commands[0][:-2], "--ignore-errors", "--", *urls], **limits)
        except process.Failed as failed:
            logs.append(failed.finished.stderr)
            raise

    code = code_of(urls[0], work, Tools(tools.ffmpeg, tools.ffprobe, "test", run), **options)
    [log] = logs
    return code, [reasons.classify(line) for line in log.split("\n") if line.startswith("ERROR:")]


def redirects(site, bird) -> list[str]:
    places = enumerate(hostile.spellings(bird).values())
    return [site.redirect(place, f"redirect{number}.mp4") for number, place in places]


def test_it_follows_no_redirect_to_any_spelling_of_a_private_address(site, bird, work, tools):
    code, codes = fetch_all(redirects(site, bird), work, tools)
    assert code == "blocked_address"
    assert len(codes) == len(SPELLINGS)
    assert set(codes) <= {"blocked_address", *fetch.VAGUE}  # each alone would be the guard's refusal, too
    assert bird.hits == 0
    assert sum(request.startswith("GET /redirect") for request in site.requests) >= len(SPELLINGS)


LEADS = {
    "segment": lambda site, secret: site.put("segment.m3u8", hostile.hls(secret)),
    "key": lambda site, secret: site.put("key.m3u8", hostile.hls(site.put("a.ts", b"x" * 160), secret)),
    "sample key": lambda site, secret: site.put("sample.m3u8", hostile.hls(site.url("a.ts"), secret, "SAMPLE-AES")),
    "variant": lambda site, secret: site.put("variant.m3u8", hostile.master(secret)),
    "base": lambda site, secret: site.put("base.mpd", hostile.dash(secret), hostile.DASH),
    "video of a page": lambda site, secret: site.put("page.html", hostile.page(secret), "text/html"),
    "redirected segment": lambda site, secret: site.put("on.m3u8", hostile.hls(site.redirect(secret, "b.ts"))),
}


@pytest.mark.parametrize("lead", LEADS)
def test_no_part_of_a_stream_comes_from_a_private_address(site, bird, work, tools, lead):
    code = code_of(LEADS[lead](site, bird.url()), work, tools)
    assert code == ("protected" if lead == "sample key" else "blocked_address")
    assert bird.hits == 0
    assert not list(work.glob("source.mp4"))


def test_the_canary_hears(site, bird, work, tools):
    """With its network open it does, from everywhere but the name that has a good address, too: this is no accident."""
    urls = [*redirects(site, bird), *(LEADS[lead](site, bird.url()) for lead in ("segment", "base", "variant"))]
    fetch_all(urls, work, tools, allow=["127.0.0.0/8", "::1/128"])
    assert bird.hits >= len(urls) - 1


def test_the_web_leads_to_no_other_scheme(site, bird, work, tools):
    secret = work.parent / "secret"
    secret.write_text("do not read")
    places = [secret.as_uri(), *(bird.url().replace("http", scheme) for scheme in ("ftp", "rtmp", "ws"))]
    urls = [site.redirect(place, f"redirect{number}.mp4") for number, place in enumerate(places)]
    urls += [site.put(f"segment{number}.m3u8", hostile.hls(place)) for number, place in enumerate(places)]
    code, codes = fetch_all(urls, work, tools)
    assert code == "blocked_address"
    assert len(codes) >= len(urls)
    assert set(codes) <= {"blocked_address", *fetch.VAGUE}
    assert bird.hits == 0
    assert not any(b"do not read" in file.read_bytes() for file in work.rglob("*") if file.is_file())


# What has no end


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("endless", "too_large"),
        ("endless.html", "too_large"),
        ("gzip?size=50000000", "too_large"),
        ("bomb", "resource_limit"),
        ("short", "network"),
        ("nonsense", "network"),
    ],
)
def test_what_is_too_much_or_too_little_ends_in_its_code(site, work, tools, name, code):
    assert code_of(site.url(name), work, tools) == code
    assert sum(file.stat().st_size for file in work.iterdir()) <= LIMITS.max_bytes


def test_a_running_stream_is_not_waited_for(site, work, tools):
    url = site.put("list.m3u8", hostile.hls(site.put("a.ts", b"x"), ended=False))
    assert code_of(url, work, tools) == "live_stream"


def through(proxy: str, url: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
    with opener.open(url, timeout=20) as answer:
        return answer.read()


VAGUE = process.Finished(1, b"", "ERROR: Unable to download webpage: it did not come", 0.0, 0, 0.0)


@pytest.mark.parametrize(("name", "code"), [("endless", "too_large"), ("private", "blocked_address")])
def test_the_door_knows_better_than_a_child_why_nothing_came(site, bird, work, monkeypatch, name, code):
    monkeypatch.setattr(fetch, "SPARE_BYTES", 0)
    url = site.url("endless") if name == "endless" else bird.url()

    def run(*commands, env, **options):
        with pytest.raises(OSError, match=r"reset|403"):
            through(env["http_proxy"], url)
        raise process.Failed("exit 1", VAGUE)

    limits = FetchLimits(max_bytes=1_000_000, max_seconds=60)
    assert reasons.failure(VAGUE).code == "not_a_video_page"
    assert code_of(site.url("x.mp4"), work, Tools("", "", "test", run), limits=limits) == code
    assert bird.hits == 0


def test_what_the_door_cut_short_is_no_success(site, work, monkeypatch):
    """A child that is content with half a file: the guard knows better."""
    monkeypatch.setattr(fetch, "SPARE_BYTES", 0)
    limits = FetchLimits(max_bytes=1_000_000, max_seconds=60)

    def run(*commands, work, env, **options):
        with pytest.raises(OSError, match="reset"):
            through(env["http_proxy"], site.url("endless"))
        (work / "source.mp4").write_bytes(b"half")
        return DONE

    assert code_of(site.url("endless"), work, Tools("", "", "test", run), limits=limits) == "too_large"


def test_the_child_gets_the_door_and_nothing_else(site, work):
    seen = []

    def run(command, work, env, net, **options):
        seen.append((command, env, net))
        return DONE

    assert code_of(site.url("x"), work, Tools("", "", "test", run)) == "not_a_video_page"
    [(command, env, port)] = seen
    proxy = env["http_proxy"]
    assert env == {"YTDLP_NO_PLUGINS": "1", "http_proxy": proxy, "https_proxy": proxy, "all_proxy": proxy}
    assert proxy.endswith(f"@127.0.0.1:{port}")
    assert not any("127.0.0.1:" in word and "@" in word for word in command)  # all users can read a command line
    with pytest.raises(urllib.error.URLError):  # the door is gone with the run
        through(proxy, site.url("x"))


@pytest.mark.parametrize("way", ["fails", "takes long", "brings nothing"])
def test_the_token_of_the_door_is_in_no_log(site, work, way):
    tokens = []

    def run(command, work, env, **options):
        proxy = env["http_proxy"]
        user = proxy.removeprefix("http://").partition("@")[0]
        tokens.extend((user.partition(":")[2], base64.b64encode(user.encode()).decode()))
        finished = process.Finished(1, b"", f"ERROR: Proxy {proxy}, Basic {tokens[1]}: timed out", 0.0, 0, 0.0)
        if way == "brings nothing":
            return finished
        raise (process.Failed if way == "fails" else process.TimedOut)("yt-dlp ended", finished)

    with pytest.raises(MediaError) as caught:
        fetch.fetch(site.url("x"), work, Tools("", "", "test", run), LIMITS, hostile.SITE)
    told = f"{caught.value} {caught.value.detail} {caught.value.tail}"
    assert "Basic ***" in told
    assert not any(token in told for token in tokens)


@pytest.mark.parametrize(
    ("log", "number", "code"),
    [("yt-dlp: No such file or directory", 127, "fetcher_missing"), ("landlock: refused", 126, "sandbox_refused")],
)
def test_a_yt_dlp_that_cannot_start_is_not_blamed_on_ffmpeg(site, work, log, number, code):
    def run(*commands, **options):
        raise process.NotStarted(log, process.Finished(number, b"", log, 0.0, 0, 0.0))

    assert code_of(site.url("x"), work, Tools("", "", "test", run)) == code


# Once more, with other formats


def test_it_asks_once_more_when_there_is_no_picture(site, clip, tools, work):
    """The site calls a sound a video; what it has in one file is better."""
    asked = []

    def run(command, work, meter=None, **options):
        if meter is None:
            return process.run(command, work=work, **options)
        asked.append(command[command.index("-f") + 1])
        if len(asked) == 1:
            ffmpeg(work / "source.mp4", "-i", str(clip), "-vn")
        else:
            assert not list(work.iterdir())
            shutil.copy(clip, work / "source.mp4")
        return DONE

    fetched = fetch.fetch(site.url("x"), work, Tools(tools.ffmpeg, tools.ffprobe, "test", run), LIMITS, hostile.SITE)
    assert asked == [fetch.FORMAT, fetch.SECOND_FORMAT]
    assert fetched.path.read_bytes() == clip.read_bytes()


def test_it_asks_once_more_when_a_format_is_missing(site, work):
    asked = []

    def run(command, work, **options):
        asked.append(command)
        log = "ERROR: [x] y: Requested format is not available. Use --list-formats"
        raise process.Failed("yt-dlp exited with code 1", process.Finished(1, b"", log, 0.0, 0, 0.0))

    assert code_of(site.url("x"), work, Tools("", "", "test", run)) == "not_a_video_page"
    assert len(asked) == 2


def test_a_sound_stays_a_sound(site, clip, work, tools):
    sound = ffmpeg(work.parent / "sound.m4a", "-i", str(clip), "-vn")
    assert code_of(site.put("sound.m4a", sound.read_bytes(), "audio/mp4"), work, tools) == "no_video"
    assert site.requests.count("GET /sound.m4a") >= 2


# And the good ones


def test_a_good_file_and_a_good_stream_still_come(site, clip, work, tools, tmp_path):
    options = {"limits": LIMITS, "allow": hostile.SITE, "resolve": hostile.names()}
    site.put("good.mp4", clip.read_bytes(), hostile.VIDEO)
    got = fetch.fetch(site.redirect(site.url("good.mp4", host="public.test")), work, tools, **options)
    assert got.path.read_bytes() == clip.read_bytes()
    fetch._empty(work)
    files.hls(clip.parent, clip)
    for part in clip.parent.glob("hls*"):
        site.put(part.name, part.read_bytes())
    assert fetch.fetch(site.url("hls.m3u8"), work, tools, **options).path.suffix == ".mp4"
