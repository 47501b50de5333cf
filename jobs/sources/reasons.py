"""Why yt-dlp brought nothing: its ERROR lines, told apart by their words.

    stderr -> its ERROR lines -> without addresses and names -> the first row of REASONS -> a code

Rows come from the messages in yt-dlp itself and from those that sites send through it. What is certain comes first (a
full disk, an HTTP status), then what a person can act on, then what only says that something was not found.
"""

import re

from jobs.media import errors
from jobs.media.errors import MediaError
from wtfsite.lib import names, process

REASONS = tuple(
    (re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL), code)
    for code, *patterns in (
        # this machine
        ("disk_full", r"No space left on device|Disk quota exceeded"),
        ("too_large", r"File too large"),
        ("resource_limit", r"MemoryError|Cannot allocate memory|Resource temporarily unavailable"),
        ("resource_limit", r"CPU time limit exceeded|can't start new thread|Too many open files"),
        ("fetcher_missing", r"No module named '?yt_dlp"),
        ("fetcher_outdated", r"py: error: "),  # it does not know an option of ours
        ("permission", r"unable to (create directory|open for writing).*\[Errno (1|13|30)\]"),
        ("blocked_address", r"egress-blocked|file:// URLs are disabled"),
        # the way there
        ("network", r"Tunnel connection failed: (407|50\d)|Unable to connect to proxy|A network error has occurred"),
        ("network", r"HTTP Error (407|408|416|425|50[0-8]|51\d|52\d|530)|fragment \d+ not found"),
        ("network", r"timed? ?out|connection (refused|reset|aborted|broken)|remote end closed|no route to host"),
        ("network", r"(network|host) (is )?unreachable|getaddrinfo|service not known|failed to resolve '"),
        ("network", r"name resolution|\bSSL\b|SSLV3|certificate verify|EOF occurred|IncompleteRead|Broken pipe"),
        ("network", r"more expected|bytes, expected|content too short|any data blocks|downloaded file is empty"),
        ("network", r"temporarily unavailable|server-side|internal (server )?error|something went wrong"),
        ("network", r"error occurred|incomplete data"),
        # what the site says of us
        ("rate_limited", r"HTTP Error (420|429|509|999)|rate.?limit|too many requests|bad guest token|captcha"),
        ("rate_limited", r"not a (bot|robot)|unusual traffic|try (again )?later|wait a (few|little)|play limit"),
        ("login_required", r"HTTP Error 40[12]\b"),
        ("not_here", r"HTTP Error 451\b"),
        ("removed", r"HTTP Error (404|410)\b"),
        ("fetcher_outdated", r"API page: HTTP Error 400\b"),
        ("site_refused", r"HTTP Error 403\b|access denied|your IP\b|anti-bot|playback on other websites"),
        ("site_refused", r"(blocked|rejected) by server|inaccessible|access to .* forbidden|(not|n't) be accessed"),
        ("not_here", r"blocked by (websense|indian|decision)|blocked (it )?in (your|this)"),
        # what it says of the video
        ("removed", r"recording is not available|replay is disabled|broadcast no longer|stream (has )?expired"),
        ("not_ready", r"not downloadable yet|available (shortly|after)|processing this video|check back"),
        ("not_ready", r"is (still )?(being )?process(ing|ed)"),
        ("live_stream", r"live event (will|has|is)|live ?stream|live broadcast|not (currently )?live\b|is offline"),
        ("live_stream", r"(live|event) has ended|event will (start|begin)|scheduled (to start|for)|Live (DASH|HLS)"),
        ("live_stream", r"premieres? (in|will)|not (yet )?started"),
        ("not_ready", r"will be available (on|at)|not available yet|not yet available"),
        # with our options it hands nothing to ffmpeg but what is encrypted in a way that it cannot undo (SAMPLE-AES)
        ("protected", r"m3u8 download detected but ffmpeg could not"),
        ("protected", r"\bDRM\b|copy.?protect|SAMPLE-AES|widevine|playready|fairplay"),
        ("age_limited", r"confirm your age|\bage.?(restricted|limit|verif|gate)|\bnsfw\b|adult (content|verif)"),
        ("age_limited", r"(under|over) 18\b|18 years|sensitive content"),
        ("age_limited", r"(inappropriate|offensive|comfortable|suitable) [\w ]*(audiences|users)"),
        ("not_here", r"geo.?(restrict|block)|(in|from|outside|to) (your|this) (country|region|location|area)"),
        ("not_here", r"available in \w+ only|only available in\b|licensed to users"),
        ("login_required", r"\bprivate\b|\blog.?in\b|\blogged\b|\bsign(ed)?.?(in|up)\b|\bregister|--cookies"),
        ("login_required", r"cookies .*needed|password|members|subscri|premium|payment|purchase|\bpa(y|id)\b"),
        ("login_required", r"supporter|\bvip\b|authenticat|authoriz|not have (permission|access)|follow this account"),
        ("login_required", r"your account does not have|account (is needed|that has)|limits who can"),
        ("login_required", r"is (locked|restricted)|tokens? .*(not valid|invalid)"),
        # what yt-dlp cannot
        ("site_unsupported", r"impersonat|requires WebSocket|rtmpdump|PhantomJS|pycryptodome|ffmpeg (could|not)"),
        ("site_unsupported", r"no longer supported|not (currently |be )?supported|embed-only|where it is embedded"),
        ("site_unsupported", r"Unsupported (features|url scheme)|Initialization fragment"),
        # no video there
        ("not_a_video_page", r"no video|no media|no (suitable |supported )?(formats|streams?)\b|not a (video|file)"),
        ("not_a_video_page", r"requested format is not available|only images|(not|n't) contain|not have (a|any) "),
        ("not_a_video_page", r"\bno (?!longer)([\w']+ ){1,3}(found|exists)|no such|no valid|nothing found"),
        ("not_a_video_page", r"unsupported url|not a valid url|invalid .*url|truncated|blob url|missing a highlight"),
        ("not_a_video_page", r"without video id|not archived|no archive|neither archive|copy the link|quote the url"),
        ("unsupported_format", r"extension .* is unusual|unsafe (file )?extension"),
        ("not_a_video_page", r"HTTP Error [34]\d\d"),
        # the site has changed
        ("fetcher_outdated", r"(unable|failed) to (extract|parse|find|retrieve|get|obtain|solve|decode|decrypt)"),
        ("fetcher_outdated", r"(could|can) ?not (extract|parse|find|retrieve|get|obtain|identify|decrypt)"),
        ("fetcher_outdated", r"in (the )?webpage|page needs to be reloaded|player response|JS challenge"),
        ("fetcher_outdated", r"extractor error|returned empty|Unknown (\w+ )*(type|status)|File \"[^\"]*yt_dlp"),
        # what remains of a video that is gone, and of a page that never had one
        ("removed", r"unavailable|removed|deleted|no longer|terminated|suspended|closed|expired|taken down"),
        ("removed", r"not exist|not found|isn't available|not available|not been made available|unplayable"),
        ("removed", r"copyright|withheld|violat"),
        ("fetcher_outdated", r"please report this issue|confirm you are on the latest"),
        ("not_a_video_page", r"unable to download"),
    )
)
LONGEST = 4000  # characters that are looked at: a page can make its message as long as it likes
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
    said = "\n".join(map(_bare, _lines(log)))[:LONGEST] or log[-LONGEST:]
    return next((code for pattern, code in REASONS if pattern.search(said)), "unknown")


def last(log: str) -> str:
    """Its last ERROR line, fit for a page."""
    said = _lines(log)
    return names.line(said[-1]) if said else ""


def _bare(line: str) -> str:
    """A line in the site's own words. Names in an address (`/private/`, `?login=`) say nothing about the video."""
    return ADDRESS.sub("", LEAD.sub("", line)).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _lines(log: str) -> list[str]:
    """Its ERROR lines. Not splitlines(): some hold a carriage return, to write over a progress line."""
    return [line.removeprefix("ERROR:") for line in log.split("\n") if line.startswith("ERROR:")]
