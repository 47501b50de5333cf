"""Why yt-dlp brought nothing: its ERROR lines, told apart by their words."""

import re

from jobs.sources import upload

# What yt-dlp says on its ERROR lines; the first row that is found counts.
REASONS = tuple(
    (re.compile(pattern, re.IGNORECASE), code)
    for pattern, code in (
        (r"No space left on device|Disk quota exceeded", "disk_full"),
        (r"File too large", "too_large"),
        (r"MemoryError|Cannot allocate memory|CPU time limit exceeded", "resource_limit"),
        (r"live event (will|has)|livestream|live stream|is not currently live|premieres? (in|will)", "live_stream"),
        (r"egress-blocked|file:// URLs are disabled", "blocked_address"),
        (r"Tunnel connection failed: 50\d", "network"),
        (r"HTTP Error (408|425|429|5\d\d)", "network"),
        (r"HTTP Error 4\d\d", "not_a_video_page"),
        (r"timed? ?out|connection (refused|reset|aborted|broken)|remote end closed|unreachable", "network"),
        (r"failed to resolve|name resolution|name or service not known|getaddrinfo", "network"),
        (
            r"\bSSL\b|certificate verify|IncompleteRead|more expected|bytes, expected|did not get any data blocks",
            "network",
        ),
        (r"fragment \d+ not found", "network"),
        (r"rtmpdump|requires WebSocket support", "not_a_video_page"),
        (r"unsupported url|is not a valid url|unsupported url scheme", "not_a_video_page"),
        (r"no video|there is no video|requested format is not available|only images", "not_a_video_page"),
        (r"private|log ?in|sign in|unavailable|removed|deleted|not exist|not available|DRM", "not_a_video_page"),
        (r"unable to extract|unable to download", "not_a_video_page"),
    )
)


def classify(log: str) -> str:
    """The code for a failed run of yt-dlp, by what it wrote to stderr."""
    said = "\n".join(_lines(log)) or log
    return next((code for pattern, code in REASONS if pattern.search(said)), "unknown")


def last(log: str) -> str:
    """Its last ERROR line, fit for a page."""
    said = _lines(log)
    return upload.clean_name(said[-1]) if said else ""


def _lines(log: str) -> list[str]:
    """Its ERROR lines. Not splitlines(): some hold a carriage return, to write over a progress line."""
    return [line.removeprefix("ERROR:") for line in log.split("\n") if line.startswith("ERROR:")]
