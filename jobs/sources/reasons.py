"""Why yt-dlp brought nothing: its ERROR lines, told apart by their words.

    stderr -> its ERROR lines -> without addresses and names -> the first row of REASONS -> a code

Rows come from the messages in yt-dlp itself and from those that sites send through it. What is certain comes first (a
full disk, an HTTP status), then what a person can act on, then what only says that something was not found.
"""

import re

from jobs.media import errors
from jobs.media.errors import MediaError
from jobs.sources import upload
from wtfsite.lib import process

REASONS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), code)
    for pattern, code in (
        # this machine
        (r"No space left on device|Disk quota exceeded", "disk_full"),
        (r"File too large", "too_large"),
        (r"MemoryError|Cannot allocate memory|Resource temporarily unavailable", "resource_limit"),
        (r"CPU time limit exceeded|can't start new thread|Too many open files", "resource_limit"),
        (r"No module named '?yt_dlp", "fetcher_missing"),
        (r"unable to (create directory|open for writing).*\[Errno (1|13|30)\]", "permission"),
        (r"egress-blocked|file:// URLs are disabled", "blocked_address"),
        # the way there
        (r"Tunnel connection failed: (407|50\d)|Unable to connect to proxy", "network"),
        (r"fragment \d+ not found|A network error has occurred", "network"),
        (r"HTTP Error (407|408|416|425|50[0-8]|51\d|52\d|530)", "network"),
        (r"timed? ?out|connection (refused|reset|aborted|broken)|remote end closed|no route to host", "network"),
        (r"(network|host) (is )?unreachable|getaddrinfo|service not known|failed to resolve '", "network"),
        (r"name resolution|\bSSL\b|SSLV3|certificate verify|EOF occurred|IncompleteRead|Broken pipe", "network"),
        (r"more expected|bytes, expected|content too short|any data blocks|downloaded file is empty", "network"),
        (r"temporarily unavailable|server-side|internal (server )?error|something went wrong", "network"),
        # what the site says of us
        (r"HTTP Error (420|429|509|999)|rate.?limit|too many requests|bad guest token", "rate_limited"),
        (r"not a (bot|robot)|captcha|unusual traffic|try again later|wait a (few|little)|play limit", "rate_limited"),
        (r"HTTP Error 40[12]\b", "login_required"),
        (r"HTTP Error 451\b", "not_here"),
        (r"HTTP Error (404|410)\b", "removed"),
        (r"API page: HTTP Error 400\b", "fetcher_outdated"),
        (r"HTTP Error 403\b|access denied|your IP\b|anti-bot|playback on other websites", "site_refused"),
        (r"blocked by (websense|indian|decision)|blocked (it )?in (your|this)", "not_here"),
        # what it says of the video
        (r"recording is not available|replay is disabled|broadcast no longer|stream (has )?expired", "removed"),
        (r"not downloadable yet|processing this video|is (still )?(being )?process(ing|ed)|check back", "not_ready"),
        (r"live event (will|has|is)|live ?stream|live broadcast|not (currently )?live\b|is offline", "live_stream"),
        (r"premieres? (in|will)|not (yet )?started|Live (DASH|HLS)|event will (start|begin)", "live_stream"),
        (r"will be available (after|on|at)|not available yet|not yet available", "not_ready"),
        (r"\bDRM\b|copy.?protect|SAMPLE-AES|widevine|playready|fairplay", "protected"),
        (r"confirm your age|\bage.?(restricted|limit|verif|gate)|\bnsfw\b|adult (content|verif)", "age_limited"),
        (r"(under|over) 18\b|18 years|sensitive content", "age_limited"),
        (r"(inappropriate|offensive|comfortable|suitable) [\w ]*(audiences|users)", "age_limited"),
        (r"geo.?(restrict|block)|(in|from|outside|to) (your|this) (country|region|location|area)", "not_here"),
        (r"available in \w+ only|only available in\b", "not_here"),
        (r"\bprivate\b|\blog.?in\b|\blogged\b|\bsign(ed)?.?(in|up)\b|\bregister", "login_required"),
        (r"--cookies|cookies .*needed|password|members|subscri|premium|payment|purchase", "login_required"),
        (r"\bpa(y|id)\b|supporter|\bvip\b|authenticat|authoriz|not have (permission|access)", "login_required"),
        (r"account (is needed|that has)|limits who can|follow this account", "login_required"),
        # what yt-dlp cannot
        (r"impersonat|requires WebSocket|rtmpdump|PhantomJS|pycryptodome|ffmpeg (could|not)", "site_unsupported"),
        (r"no longer supported|(not|NOT) (currently |be )?supported", "site_unsupported"),
        (r"Unsupported (features|url scheme)|Initialization fragment", "site_unsupported"),
        # no video there
        (
            r"no video|no media|no (suitable |supported )?(formats|streams?)\b|only images|not a video",
            "not_a_video_page",
        ),
        (r"requested format is not available|not (contain|have) (a|any) video", "not_a_video_page"),
        (r"unsupported url|not a valid url|invalid url|truncated|blob url|missing a highlight", "not_a_video_page"),
        (r"extension .* is unusual|unsafe (file )?extension", "unsupported_format"),
        (r"HTTP Error [34]\d\d", "not_a_video_page"),
        # the site has changed
        (
            r"(unable|failed) to (extract|parse|find|retrieve|get|obtain|solve|decode|decrypt|recogni)",
            "fetcher_outdated",
        ),
        (r"(could|can) ?not (extract|parse|find|retrieve|get|obtain|identify|decrypt)", "fetcher_outdated"),
        (
            r"in (the )?webpage|page needs to be reloaded|player response|JS challenge|extractor error",
            "fetcher_outdated",
        ),
        (r"error: no such option|error: invalid|Traceback.*yt_dlp", "fetcher_outdated"),
        # what remains of a video that is gone, and of a page that never had one
        (r"unavailable|removed|deleted|no longer|terminated|suspended|closed|expired|taken down", "removed"),
        (r"not exist|not found|isn't available|not available|copyright|withheld|violat", "removed"),
        (r"please report this issue|confirm you are on the latest", "fetcher_outdated"),
        (r"unable to download", "not_a_video_page"),
    )
)
# Not the site's words: "[TikTok] 7123: " before them, and addresses in them.
LEAD = re.compile(r"^\s*\[[\w:.+ -]+\] (?:[^\s:]+: )?")
ADDRESS = re.compile(r"https?://\S+")


def failure(finished: process.Finished) -> MediaError:
    """The error behind a run of yt-dlp that did not end with 0."""
    if finished.returncode < 0:  # a signal ended it: it could not say why
        return errors.classify(finished)
    return errors.fail(classify(finished.stderr), last(finished.stderr), finished.stderr)


def classify(log: str) -> str:
    """The code for a failed run of yt-dlp, by what it wrote to stderr."""
    said = "\n".join(map(_bare, _lines(log) or [log]))
    return next((code for pattern, code in REASONS if pattern.search(said)), "unknown")


def last(log: str) -> str:
    """Its last ERROR line, fit for a page."""
    said = _lines(log)
    return upload.clean_name(said[-1]) if said else ""


def _bare(line: str) -> str:
    """A line in the site's own words. Names in an address (`/private/`, `?login=`) say nothing about the video."""
    return ADDRESS.sub("", LEAD.sub("", line)).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _lines(log: str) -> list[str]:
    """Its ERROR lines. Not splitlines(): some hold a carriage return, to write over a progress line."""
    return [line.removeprefix("ERROR:") for line in log.split("\n") if line.startswith("ERROR:")]
