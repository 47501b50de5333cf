"""What becomes of work that failed: every code, one by one."""

import pytest

from jobs.engine import policy
from jobs.engine.policy import Policy
from jobs.media.errors import CODES
from jobs.services import sites

AT_ONCE = """
    bad_url blocked_address not_a_video_page live_stream login_required age_limited removed not_here protected
    site_unsupported site_refused fetcher_outdated
    missing_file empty_file unsupported_format still_picture corrupt_media truncated too_large too_long
    too_many_streams no_video bad_picture_size bad_rate bad_name
    bad_manifest bad_archive
    artwork_missing artwork_unreadable artwork_format artwork_too_large artwork_invisible artwork_ground brand_removed
    font_missing font_unreadable font_format font_too_large clip_missing clip_unreadable
    tool_missing fetcher_missing sandbox_refused unknown_encoder unknown_filter bad_filter bad_option odd_size
    cancelled permission bad_output
"""
BACK_OFF = """
    network killed crashed stalled timeout abandoned encoder_failed wrong_result wrong_length missing_sound unknown
    disk_full resource_limit storage
"""
TO_A_TIME = "rate_limited not_ready"
WAITS = "site_paced site_closed disk_floor"

TABLE = {
    code: kind
    for kind, codes in (
        (Policy.AT_ONCE, AT_ONCE),
        (Policy.BACK_OFF, BACK_OFF),
        (Policy.TO_A_TIME, TO_A_TIME),
        (Policy.WAITS, WAITS),
    )
    for code in codes.split()
}


def test_every_code_has_its_policy():
    assert {code: policy.of(code) for code in CODES} == TABLE


def test_a_code_of_another_version_is_treated_as_unknown():
    assert policy.of("from the future") == policy.of("unknown")


def test_what_waits_for_its_site_is_known_to_both():
    assert set(sites.WAITS) < set(policy.NOT_BEGUN)


def test_waits_double_and_spread():
    assert [policy.pause("network", attempt, spread=0.5) for attempt in (1, 2, 3, 10)] == [15, 30, 60, 600]
    assert (policy.pause("network", 1, spread=0.0), policy.pause("network", 1, spread=1.0)) == (7.5, 22.5)


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_a_time_that_was_told_is_kept_and_never_come_before(spread):
    assert 120 <= policy.pause("network", 3, told=120, spread=spread) < 133
    assert 900 <= policy.pause("rate_limited", 1, spread=spread) < 991
    assert 3600 <= policy.pause("not_ready", 4, spread=spread) < 3961


def test_nobody_makes_us_wait_for_ever():
    assert policy.pause("rate_limited", 1, told=10**9, spread=0.0) == 86400
