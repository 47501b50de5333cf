import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from jobs.media.errors import MediaError
from jobs.media.tools import Tools
from jobs.sources import fetch
from jobs.sources.fetch import FetchLimits
from tests.standins import files
from wtfsite.lib import process

LOOPBACK = ("127.0.0.0/8",)
LIMITS = FetchLimits(max_bytes=5_000_000, max_seconds=60, retries=0, fragment_retries=0, socket_timeout=5)
DONE = process.Finished(0, b"", "", 0.0, 0, 0.0)


class Site(NamedTuple):
    server: files.Server
    size: int  # bytes of its clip; the streams are made of it and a little larger

    def url(self, name: str) -> str:
        return self.server.url(name)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    clip = files.clip(folder, seconds=3)
    for make in (files.hls, files.live, files.dash):
        make(folder, clip)
    files.page(folder)
    with files.serve(folder) as server:
        yield Site(server, clip.stat().st_size)


@pytest.fixture
def tools() -> Tools:
    return Tools(shutil.which("ffmpeg") or "", shutil.which("ffprobe") or "", "test")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def streams(path: Path, tools: Tools) -> tuple[str, list[str]]:
    asked = ["-v", "error", "-show_entries", "format=format_name:stream=codec_name", "-of", "json", str(path)]
    told = json.loads(process.run([tools.ffprobe, *asked], work=path.parent, timeout=60).stdout)
    return told["format"]["format_name"], [stream["codec_name"] for stream in told["streams"]]


def code_of(url: str, work: Path, tools: Tools, limits: FetchLimits = LIMITS, allow=LOOPBACK) -> str:
    with pytest.raises(MediaError) as caught:
        fetch.fetch(url, work, tools, limits, allow)
    return caught.value.code


@pytest.mark.parametrize(
    "words",
    [
        *(
            "--ignore-config",
            "--no-plugin-dirs",
            "--no-cache-dir",
            "--no-exec",
            "--no-write-info-json",
            "--no-playlist",
        ),
        *("--ffmpeg-location /nonexistent", "--fixup never", "--downloader native", "--hls-prefer-native"),
        *("--default-search error", "--restrict-filenames", "-o source.%(ext)s -- --exec=x"),
    ],
)
def test_its_command_leaves_nothing_to_others(tmp_path, words):
    """No other test notices when one of these is gone: behind the sandbox most of it would be in vain anyway."""
    command = fetch.command("--exec=x", tmp_path, LIMITS)
    assert command[1:4] == ["-I", "-m", "yt_dlp"]
    assert f" {words} " in f" {' '.join(command)} "


# The walk with the real yt-dlp


def test_it_fetches_a_file(site, work, tools):
    told: list[float | None] = []
    fetched = fetch.fetch(site.url("clip.mp4"), work, tools, LIMITS, LOOPBACK, on_progress=told.append)
    assert list(work.iterdir()) == [fetched.path]
    assert fetched.path.name == "source.mp4"
    assert (fetched.title, fetched.author, fetched.platform) == ("clip", "", "")
    assert fetched.url == site.url("clip.mp4")
    assert told[-1] == 1.0


def test_it_joins_picture_and_sound(site, work, tools):
    fetched = fetch.fetch(site.url("dash.mpd"), work, tools, LIMITS, LOOPBACK)
    assert list(work.iterdir()) == [fetched.path]
    assert fetched.path.suffix == ".mp4"
    assert streams(fetched.path, tools)[1] == ["h264", "aac"]


def test_it_turns_a_segmented_stream_into_a_real_mp4(site, work, tools):
    fetched = fetch.fetch(site.url("hls.m3u8"), work, tools, LIMITS, LOOPBACK)
    assert list(work.iterdir()) == [fetched.path]
    kind, codecs = streams(fetched.path, tools)
    assert "mp4" in kind
    assert sorted(codecs) == ["aac", "h264"]


@pytest.mark.parametrize(
    ("name", "code"),
    [("page.html", "not_a_video_page"), ("missing.mp4", "removed"), ("live.m3u8", "live_stream")],
)
def test_it_says_why_there_is_no_video(site, work, tools, name, code):
    assert code_of(site.url(name), work, tools) == code


@pytest.mark.parametrize(
    ("name", "share"),
    [("clip.mp4", 0.5), ("hls.m3u8", 0.1), ("hls.m3u8", 0.8), ("dash.mpd", 0.97)],  # 0.1: less than one piece
)
def test_it_stops_at_the_size_limit(site, work, tools, name, share):
    limits = FetchLimits(int(site.size * share), max_seconds=60, retries=0, fragment_retries=0)
    assert code_of(site.url(name), work, tools, limits) == "too_large"


def test_it_refuses_a_long_video(site, work, tools):
    limits = FetchLimits(max_bytes=5_000_000, max_seconds=1, retries=0, fragment_retries=0)
    assert code_of(site.url("hls.m3u8"), work, tools, limits) == "too_long"


def test_it_tells_a_dead_server_from_a_missing_video(work, tools, tmp_path):
    with files.serve(tmp_path) as server:
        url = server.url("clip.mp4")
    assert code_of(url, work, tools) == "network"


def test_it_joins_what_only_mkv_can_hold(site, work, tools, tmp_path):
    """Both files are called .webm, and the sound is the larger one."""
    picture, sound = tmp_path / "picture.webm", tmp_path / "sound.webm"
    clip = str(files.clip(tmp_path))
    make = ["-v", "error", "-i", clip]
    vp8 = ["-c:v", "libvpx", "-deadline", "realtime", "-b:v", "9k"]
    process.run([tools.ffmpeg, *make, "-an", *vp8, str(picture)], work=tmp_path, timeout=60)
    process.run([tools.ffmpeg, *make, "-vn", "-c:a", "flac", "-f", "matroska", str(sound)], work=tmp_path, timeout=60)

    def run(*commands, meter=None, **options):
        if meter is None:
            return process.run(*commands, **options)
        shutil.copy(picture, work / "source.f1.webm")
        shutil.copy(sound, work / "source.f2.webm")
        return DONE

    joining = Tools(tools.ffmpeg, tools.ffprobe, "test", run)
    fetched = fetch.fetch(site.url("clip.mp4"), work, joining, LIMITS, LOOPBACK)
    assert list(work.iterdir()) == [fetched.path]
    assert fetched.path.name == "source.mkv"
    assert streams(fetched.path, tools)[1] == ["vp8", "flac"]


def test_a_joined_file_may_be_no_larger_than_a_fetched_one(work):
    joins = []

    def run(command, work, meter=None, limits=None, **options):
        if meter is not None:
            (work / "source.f1.mp4").write_bytes(b"picture")
            (work / "source.f2.m4a").write_bytes(b"sound")
            return DONE
        joins.append((command[command.index("-format_whitelist") + 1], limits.file_size))
        finished = process.Finished(-25, b"", "ffmpeg was ended by SIGXFSZ: File too large", 0.0, 0, 0.0)
        raise process.Failed("ffmpeg exited with code -25", finished)

    tools = Tools("ffmpeg", "ffprobe", "test", run, formats=("mov", "matroska"))
    assert code_of("http://127.0.0.1/", work, tools) == "too_large"
    assert set(joins) == {("mov,matroska,mpegts", LIMITS.max_bytes)}


def test_all_files_together_are_bounded(work):
    """A file's own limit says nothing about a thousand pieces."""
    growth = []

    def run(command, work, meter=None, limits=None, **options):
        growth.append(limits.growth)
        for name in ("source.f1.mp4", "source.f2.m4a") if meter is not None else ():
            (work / name).write_bytes(b"piece")
        if meter is None:
            raise process.Overgrown("stopped", process.Finished(-15, b"", "File too large", 0.0, 0, 0.0))
        return DONE

    assert code_of("http://127.0.0.1/", work, Tools("ffmpeg", "ffprobe", "test", run)) == "too_large"
    assert set(growth) == {2 * LIMITS.max_bytes, LIMITS.max_bytes}


# Before and after it, with a runner that is a function


def runner(*names: str, says: tuple[str, ...] = (), error: process.ProcessError | None = None):
    """A yt-dlp that leaves files with these names, and an ffmpeg that knows how to join none of them."""

    def run(*commands, work, meter=None, **options):
        if meter is None:
            raise process.Failed("ffmpeg exited with code 1", DONE)
        for line in says:
            meter.feed(line)
        for name in names:
            (work / name).write_bytes(b"content")
        if error:
            raise error
        return DONE

    return Tools("ffmpeg", "ffprobe", "test", run)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1/clip.mp4", "blocked_address"),
        ("http://169.254.169.254/latest", "blocked_address"),
        ("file:///etc/passwd", "bad_url"),
        ("data:video/mp4,x", "bad_url"),
        ("ytsearch:cats", "bad_url"),
        ("--exec=id", "bad_url"),
    ],
)
def test_it_starts_nothing_for_a_bad_address(work, url, code):
    def run(*commands, **options):
        raise AssertionError("nothing may start")

    assert code_of(url, work, Tools("", "", "test", run), allow=()) == code


def test_the_url_comes_last_and_is_no_option(work):
    command = fetch.command("http://example.com/", work, LIMITS)
    assert command[-2:] == ["--", "http://example.com/"]


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ((), "not_a_video_page"),
        (("other.mp4",), "not_a_video_page"),
        (("source.exe",), "unsupported_format"),
        (("source.mp4.desktop",), "unsupported_format"),
        (("source.f1.mp4", "source.f2.m4a", "source.f3.m4a"), "not_a_video_page"),
        (("source.f1.mp4", "source.f2.m4a"), "unknown"),
    ],
)
def test_it_looks_at_what_came(work, names, code):
    assert code_of("http://127.0.0.1/", work, runner(*names)) == code


def test_it_follows_no_link(work, tmp_path):
    (tmp_path / "secret.mp4").write_text("secret")
    (work / "source.mp4").symlink_to(tmp_path / "secret.mp4")
    assert code_of("http://127.0.0.1/", work, runner()) == "not_a_video_page"


def test_it_counts_both_files(work):
    limits = FetchLimits(max_bytes=10, max_seconds=60)
    assert code_of("http://127.0.0.1/", work, runner("source.f1.mp4", "source.f2.m4a"), limits) == "too_large"


@pytest.mark.parametrize(("error", "code"), [(process.TimedOut, "timeout"), (process.Stalled, "stalled")])
def test_it_names_the_limit_that_was_hit(work, error, code):
    assert code_of("http://127.0.0.1/", work, runner(error=error("too long", DONE))) == code


def asking(*lines: str):
    """A run that prints these lines and then asks whether to go on."""

    def run(*commands, meter=None, keep_going=None, **options):
        for line in lines:
            meter.feed(line)
        if not keep_going():
            raise process.Cancelled("no longer wanted", DONE)
        return DONE

    return Tools("", "", "test", run)


def test_a_fetch_can_be_cancelled(work):
    tools = asking("PROGRESS 10 40 NA")
    with pytest.raises(process.Cancelled):
        fetch.fetch("http://127.0.0.1/", work, tools, LIMITS, LOOPBACK, keep_going=lambda: False)


def test_it_stops_early_when_the_server_names_a_large_size(work):
    tools = asking(f"PROGRESS 1024 {LIMITS.max_bytes + 1} NA")
    assert code_of("http://127.0.0.1/", work, tools) == "too_large"


def test_a_guessed_size_stops_nothing(work):
    tools = asking(f"PROGRESS 1024 NA {LIMITS.max_bytes * 9}")
    assert code_of("http://127.0.0.1/", work, tools) == "not_a_video_page"


def test_it_keeps_what_the_page_says(work):
    facts = {
        "title": "A\u202e \x00title\ud83d\n",
        "uploader": None,
        "channel": "Somebody",
        "webpage_url": "javascript:x",
    }
    tools = runner("source.mp4", says=("META " + json.dumps(facts), 'META {"title": "other"}', "META nonsense"))
    fetched = fetch.fetch("http://127.0.0.1/", work, tools, LIMITS, LOOPBACK)
    assert (fetched.title, fetched.author, fetched.url) == ("A title", "Somebody", "http://127.0.0.1/")


def test_its_progress_never_goes_back():
    told: list[float | None] = []
    page = fetch.Page(told.append)
    marks = []
    for line in ("NA NA NA", "10 NA NA", "10 40 50", "20 NA 40.0", "5 10 NA", "30 40 NA", "x", ""):
        page.feed(f"PROGRESS {line}")
        marks.append(page.mark)
    assert told == [None, None, 0.25, 0.5, 0.5, 0.75, None, None]
    assert marks[:6] == ["NA", "10", "10", "20", "5", "30"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.tiktok.com/@a/video/1", "tiktok"),
        ("https://vm.tiktok.com/x/", "tiktok"),
        ("https://www.instagram.com/reel/x/", "instagram"),
        ("https://x.com/a/status/1", "x"),
        ("https://mobile.twitter.com/a/status/1", "x"),
        ("https://youtu.be/x", "youtube"),
        ("https://m.youtube.com/shorts/x", "youtube"),
        ("https://fb.watch/x/", "facebook"),
        ("https://m.facebook.com/watch/?v=1", "facebook"),
        ("https://www.threads.net/@a/post/x", "threads"),
        ("https://THREADS.com./x", "threads"),
        ("https://netflix.com/", ""),
        ("https://notyoutube.com/", ""),
        ("https://youtube.com.example.org/", ""),
        ("https://example.org/youtube.com", ""),
        ("http://[", ""),
    ],
)
def test_it_tells_the_platform_by_the_host(url, name):
    assert fetch.platform(url) == name
