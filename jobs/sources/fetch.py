"""Bring a video in from a URL: check the address, download with yt-dlp, make one file of what came.

    url -> check -> yt-dlp (a child process) -> one or two files -> join -> a picture in it? -> Fetched
                       |                                                        | no: once more, other formats
                       +-- guard (the only way out) -- the web

yt-dlp is a child and never a library here: it reads what strangers wrote, it can be stopped, and its memory is its own.
Every address that a redirect, a playlist or a page leads it to goes through the guard, which visits public ones only.
It gets no ffmpeg either, for it would start one that we neither limit nor can be sure to stop. So a video and its sound
may come as two files, and an HLS stream as MPEG-TS in a file called .mp4; both are put right by a run of our own.
"""

import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jobs.media import errors, formats, probe
from jobs.media.errors import MediaError
from jobs.media.tools import Tools
from jobs.sources import reasons
from wtfsite.lib import names, net, process
from wtfsite.lib.documents import BadDocument, read_json
from wtfsite.lib.guard import Guard, guard

PLATFORMS = {
    "tiktok": ("tiktok.com",),
    "instagram": ("instagram.com", "instagr.am"),
    "x": ("x.com", "twitter.com"),
    "youtube": ("youtube.com", "youtu.be", "youtube-nocookie.com"),
    "facebook": ("facebook.com", "fb.watch", "fb.com"),
    "threads": ("threads.net", "threads.com"),
}
PICTURES = {".mp4", ".m4v", ".mov", ".3gp", ".webm", ".mkv", ".avi", ".ts", ".flv", ".wmv", ".asf"}
SOUNDS = {".m4a", ".mp3", ".aac", ".opus", ".ogg", ".flac", ".wav"}
MEMORY = 512 << 20  # bytes of address space for yt-dlp; it unpacks answers in memory, and needs 50 MB for itself
CPU_SECONDS = 600
FORMAT = "bv*[ext=mp4]+ba[ext=m4a]/b[ext=mp4]/bv*+ba/b"
SECOND_FORMAT = "b/bv*+ba"  # picture and sound in one: what sites mislabel is mostly the separate ones
SPARE_BYTES = 32 << 20  # of the web for one file besides the file: pages, lists, pieces that are asked for again
SPARE_SECONDS = 5  # the guard outlasts the child, so that the child's own limit is the one that is named
META = "META "
PROGRESS = "PROGRESS "
FIELDS = "title,uploader,channel,webpage_url,is_live,live_status,duration"

FORMAT_MISSING = re.compile(r"requested format is not available", re.IGNORECASE)
# Codes for which a refusal of the guard is the better reason: yt-dlp says them of anything that does not come.
VAGUE = {"not_a_video_page", "network", "unknown", "unsupported_format"}
VAGUE |= {"removed", "site_refused", "site_unsupported", "rate_limited", "fetcher_outdated"}


@dataclass(frozen=True)
class FetchLimits:
    """Bounds of one fetch. `stall_seconds` is the longest time without a new byte, `wall_seconds` bounds the whole."""

    max_bytes: int
    max_seconds: int
    retries: int = 5
    fragment_retries: int = 5
    socket_timeout: int = 15
    stall_seconds: int = 300
    wall_seconds: int = 1800


@dataclass(frozen=True)
class Fetched:
    """One file, and what its page says about it. `author` and `platform` may be empty."""

    path: Path
    title: str
    author: str
    platform: str
    url: str


def platform(url: str) -> str:
    """The platform's name by the URL's host, or "" for any other site."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
    for name, domains in PLATFORMS.items():
        if any(host == domain or host.endswith(f".{domain}") for domain in domains):
            return name
    return ""


@dataclass(frozen=True)
class Errand:
    """One fetch: what all its steps need to know. `deadline` bounds both attempts together."""

    url: str
    work: Path
    tools: Tools
    limits: FetchLimits
    allow: Sequence[str]
    resolve: net.Resolver
    keep_going: Callable[[], bool] | None
    deadline: net.Deadline


def fetch(
    url: str,
    work: Path,
    tools: Tools,
    limits: FetchLimits,
    allow: Sequence[str] = (),
    keep_going: Callable[[], bool] | None = None,
    on_progress: Callable[[float | None], None] | None = None,
    resolve: net.Resolver = socket.getaddrinfo,
) -> Fetched:
    """Download the one video behind `url` into `work`, an empty folder.

    `allow` lists opened networks (CIDR); `on_progress` gets a fraction, or None while the size is unknown. Raises
    MediaError with a code, and process.Cancelled.
    """
    _check(url, allow, resolve)
    deadline = net.Deadline(limits.wall_seconds, tools.clock)
    errand = Errand(url, work, tools, limits, allow, resolve, keep_going, deadline)
    page = Page(on_progress)
    try:
        path = _attempt(errand, page, FORMAT)
    except MediaError as error:
        if error.code != "no_video" and not FORMAT_MISSING.search(error.tail):
            raise
        _empty(work)
        path = _attempt(errand, page, SECOND_FORMAT)
    return Fetched(path, page.text("title"), page.text("uploader", "channel"), platform(url), page.url(url))


def command(url: str, work: Path, limits: FetchLimits, choice: str = FORMAT) -> list[str]:
    """yt-dlp's arguments: one item, our file names, nothing from config files, plugins or the site run or kept."""
    return [
        # -I: a file in the work folder must not be imported in place of a module
        *(sys.executable, "-I", "-m", "yt_dlp"),
        *("--ignore-config", "--no-plugin-dirs", "--no-cache-dir", "--no-exec", "--no-write-info-json"),
        *("--no-playlist", "-I", "1", "--default-search", "error"),
        *("--match-filters", f"!is_live & duration<=?{limits.max_seconds}"),
        *("-f", choice),
        *("--ffmpeg-location", "/nonexistent", "--fixup", "never"),
        # not --max-filesize: it passes over a large piece of a stream, and is silent. The file size limit is neither.
        *("--downloader", "native", "--hls-prefer-native"),
        *("--retries", str(limits.retries), "--fragment-retries", str(limits.fragment_retries)),
        # without it a missing piece of a stream is skipped, and the video has a hole
        "--abort-on-unavailable-fragments",
        *("--socket-timeout", str(limits.socket_timeout)),
        *("--restrict-filenames", "--trim-filenames", "120", "--no-mtime"),
        *("--no-simulate", "--progress", "--newline", "--progress-delta", "0.5"),
        # pre_process comes before the filters: a live stream or a long video is described, too
        *("--print", f"pre_process:{META}%(.{{{FIELDS}}})j"),
        "--progress-template",
        f"download:{PROGRESS}%(progress.downloaded_bytes)s %(progress.total_bytes)s %(progress.total_bytes_estimate)s",
        *("-P", str(work), "-o", "source.%(ext)s", "--", url),
    ]


class Page:
    """Reads yt-dlp's stdout: what the page says about the video, and how much of it has come."""

    def __init__(self, on_progress: Callable[[float | None], None] | None) -> None:
        self.mark: object = None
        self.announced = 0.0  # bytes, the largest total that a server has named
        self._on_progress = on_progress
        self._facts: dict[str, Any] = {}
        self._furthest = 0.0

    def feed(self, line: str) -> None:
        if line.startswith(META) and not self._facts:
            self._facts = _object(line.removeprefix(META))
        elif line.startswith(PROGRESS):
            self._advance(*line.removeprefix(PROGRESS).split()[:3])

    def reason(self, limits: FetchLimits) -> str:
        """Why there is no file although yt-dlp is content: what it filters out it does not call an error."""
        duration = self._facts.get("duration")
        if self._facts.get("is_live") or self._facts.get("live_status") in ("is_live", "is_upcoming"):
            return "live_stream"
        if isinstance(duration, int | float) and duration > limits.max_seconds:
            return "too_long"
        return "not_a_video_page"

    def text(self, *facts: str) -> str:
        """The first of these facts that says something."""
        values = (self._facts.get(fact) for fact in facts)
        return next((text for value in values if (text := names.line(str(value or "")))), "")

    def url(self, given: str) -> str:
        """The page's own address if it is one, else the given one."""
        own = self._facts.get("webpage_url")
        if isinstance(own, str) and own.startswith(("http://", "https://")) and len(own) <= net.LONGEST_URL:
            return own
        return given

    def _advance(self, done: str = "", total: str = "", guess: str = "") -> None:
        self.mark = done
        done_bytes, total_bytes = _number(done), _number(total)
        self.announced = max(self.announced, total_bytes or 0.0)
        total_bytes = total_bytes or _number(guess)
        if self._on_progress is None:
            return
        if done_bytes is None or not total_bytes:
            self._on_progress(None)
            return
        # the sound comes after the picture and starts from 0 again
        self._furthest = max(self._furthest, min(1.0, done_bytes / total_bytes))
        self._on_progress(self._furthest)


def _check(url: str, allow: Sequence[str], resolve: net.Resolver) -> None:
    try:
        net.check_url(url, allow, resolve)
    except net.Refused as refused:
        raise errors.fail(refused.code, str(refused)) from refused


def _attempt(errand: Errand, page: Page, choice: str) -> Path:
    """One run of yt-dlp, and the one file that came of it."""
    limits, spare = errand.limits, errand.limits.max_bytes // 4 + SPARE_BYTES
    with guard(
        errand.allow,
        max_bytes=limits.max_bytes + spare,
        seconds=errand.deadline.left() + SPARE_SECONDS,
        resolve=errand.resolve,
    ) as door:
        log = _download(errand, page, door, choice)
    files = _files(errand.work)
    if not files:
        raise _blamed(door, errors.fail(page.reason(limits), tail=log))
    if sum(file.stat().st_size for file in files) > limits.max_bytes:
        raise errors.fail("too_large", f"more than {limits.max_bytes} bytes")
    path = _one_file(files, errand)
    _look(path, errand)
    return path


def _download(errand: Errand, page: Page, door: Guard, choice: str) -> str:
    """Run yt-dlp; returns its log."""
    try:
        log = _run(errand, page, door, choice)
    except process.Cancelled as cancelled:
        if page.announced > errand.limits.max_bytes:
            raise errors.fail("too_large", f"{page.announced:.0f} bytes") from cancelled
        raise
    except process.Failed as failed:
        raise _blamed(door, reasons.failure(failed.finished)) from failed
    except (process.TimedOut, process.Stalled, process.NotStarted) as error:
        raise _blamed(door, _named(errors.translate(error))) from error
    if door.tripped:  # yt-dlp may well be content with half a file
        raise errors.fail(door.tripped, f"{door.bytes} bytes came", log)
    return log


def _run(errand: Errand, page: Page, door: Guard, choice: str) -> str:
    limits, keep_going = errand.limits, errand.keep_going

    def wanted() -> bool:
        return page.announced <= limits.max_bytes and (keep_going is None or keep_going())

    try:
        finished = errand.tools.run(
            command(errand.url, errand.work, limits, choice),
            work=errand.work,
            net=door.port,
            limits=process.Limits(CPU_SECONDS, MEMORY, limits.max_bytes, growth=2 * limits.max_bytes),
            timeout=errand.deadline.left(),
            stall=limits.stall_seconds,
            meter=page,
            keep_going=wanted,
            env={"YTDLP_NO_PLUGINS": "1", **door.environment},
        )
    except process.ProcessError as error:
        if error.finished is not None:  # the end of its log is kept and shown
            error.finished = replace(error.finished, stderr=door.redact(error.finished.stderr))
        raise
    return door.redact(finished.stderr)


def _named(error: MediaError) -> MediaError:
    """`tool_missing` speaks of ffmpeg; what is missing here is yt-dlp, or the Python that runs it."""
    return errors.fail("fetcher_missing", error.detail, error.tail) if error.code == "tool_missing" else error


def _blamed(door: Guard, error: MediaError) -> MediaError:
    """The error with the guard's reason, if it has one: yt-dlp sees only that something did not come."""
    if door.tripped == "too_large":
        return errors.fail("too_large", f"{door.bytes} bytes came", error.tail)
    if door.blocked and error.code in VAGUE:
        return errors.fail("blocked_address", door.blocked, error.tail)
    return error


def _look(path: Path, errand: Errand) -> None:
    """Raises `no_video` for a file without a picture. All else that may be wrong with it is for the gate to say."""
    try:
        probe.read_output(path, errand.tools, errand.work)
    except MediaError as error:
        if error.code == "no_video":
            raise


def _empty(work: Path) -> None:
    for left in work.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink()


def _files(work: Path) -> list[Path]:
    """What came, the picture first. Links are not followed, and names are ours by the output template."""
    files = [file for file in work.glob("source.*") if file.is_file() and not file.is_symlink()]
    for file in files:
        if file.suffix not in PICTURES | SOUNDS:
            raise errors.fail("unsupported_format", file.suffix[1:16])
    return sorted(files, key=lambda file: (file.suffix in SOUNDS, -file.stat().st_size))


def _one_file(files: list[Path], errand: Errand) -> Path:
    """The one file as it is, or a joined one. More than two files are not one video."""
    if len(files) > 2:
        raise errors.fail("not_a_video_page", f"{len(files)} files")
    if len(files) == 1 and probe.sniff(files[0])[0] != "MPEG-TS":
        return files[0]
    joined = _join(files, errand)
    for file in files:
        file.unlink()
    return joined.rename(errand.work / f"source{joined.suffix}")


def _join(files: list[Path], errand: Errand) -> Path:
    """Copy the streams into one mp4, or into mkv when mp4 cannot hold them.

    Two files may both be webm: when the guess which one holds the picture is wrong, the other order is tried.
    """
    tools, work, limits = errand.tools, errand.work, errand.limits
    failures = []
    for order in permutations(files):
        for extension, options in ((".mp4", ["-movflags", "+faststart", "-f", "mp4"]), (".mkv", ["-f", "matroska"])):
            target = work / f"joined{extension}"
            try:
                tools.run(
                    [tools.ffmpeg, *_join_options(order, tools), *options, f"file:{target}"],
                    work=work,
                    reads=files,
                    limits=process.Limits(CPU_SECONDS, file_size=limits.max_bytes, growth=limits.max_bytes),
                    timeout=errand.deadline.left(),
                    keep_going=errand.keep_going,
                )
                return target
            except process.Failed as failed:
                target.unlink(missing_ok=True)
                failures.append(failed)
            except (process.TimedOut, process.NotStarted) as error:
                raise errors.translate(error) from error
    raise _join_error(failures[0]) from failures[0]


def _join_error(failed: process.Failed) -> MediaError:
    error = errors.translate(failed)
    return errors.fail("too_large", tail=error.tail) if "File too large" in error.tail else error


def _join_options(files: Iterable[Path], tools: Tools) -> list[str]:
    """Inputs and maps for a picture's file and, if there are two, its sound's file.

    Pieces of a stream come as MPEG-TS whatever the installation takes: what is made of them is looked at as a new file.
    """
    safe = formats.arguments((*tools.formats, "mpegts"))
    options = ["-v", "error", "-nostdin", "-y"]
    inputs = list(files)
    for file in inputs:
        options += [*safe, "-i", f"file:{file}"]  # a playlist inside a file called .mp4 would open other files
    sound = "1:a:0" if len(inputs) == 2 else "0:a:0?"
    return [*options, "-map", "0:V:0", "-map", sound, "-c", "copy"]


def _object(text: str) -> dict[str, Any]:
    try:
        value = read_json(text, mend=True)
    except BadDocument:
        return {}
    return value if isinstance(value, dict) else {}


def _number(text: str) -> float | None:
    """yt-dlp writes NA for what it does not know."""
    return float(text) if re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?", text) else None
