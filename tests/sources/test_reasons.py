import pytest

from jobs.media.errors import CODES
from jobs.sources import reasons


@pytest.mark.parametrize(
    ("log", "code"),
    [
        ("ERROR: unable to write data: [Errno 27] File too large", "too_large"),
        ("ERROR: unable to write data: [Errno 28] No space left on device", "disk_full"),
        ("MemoryError", "resource_limit"),
        ("ERROR: [youtube] x: This live event will begin in 3 hours.", "live_stream"),
        ("ERROR: [youtube] x: Private video. Sign in if you've been granted access", "not_a_video_page"),
        ("ERROR: [youtube] x: Requested format is not available", "not_a_video_page"),
        ("ERROR: Unsupported URL: http://x/", "not_a_video_page"),
        ("ERROR: [generic] x: Unable to download webpage: HTTP Error 404: Not Found", "not_a_video_page"),
        ("ERROR: [generic] x: Unable to download webpage: HTTP Error 503: Unavailable", "network"),
        ("ERROR: [TikTok] x: Unable to download webpage: HTTP Error 429: Too Many Requests", "network"),
        ("ERROR: x: Unable to download webpage: [Errno 111] Connection refused", "network"),
        ("ERROR: x: Unable to download webpage: Failed to resolve 'x'", "network"),
        ("ERROR: x: Unable to download webpage: The read operation timed out", "network"),
        ("ERROR: x: Unable to connect to proxy: Tunnel connection failed: 502 Bad Gateway", "network"),
        ("ERROR: \r[download] Got error: Downloaded 65536 bytes, expected 1000000 bytes", "network"),
        ("ERROR: file:// URLs are disabled by default in yt-dlp for security reasons.", "blocked_address"),
        ('ERROR: RTMP download detected but "rtmpdump" could not be run.', "not_a_video_page"),
        ("ERROR: fragment 7 not found, unable to continue", "network"),
        ("ERROR: Tunnel connection failed: 403 egress-blocked", "blocked_address"),
        ("WARNING: private\nERROR: something new", "unknown"),
        ("", "unknown"),
    ],
)
def test_it_understands_what_yt_dlp_says(log, code):
    assert reasons.classify(log) == code


def test_every_code_has_a_sentence():
    assert {code for _, code in reasons.REASONS} <= set(CODES)
