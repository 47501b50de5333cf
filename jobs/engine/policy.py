"""What becomes of work that failed, by the kind of its failure.

    AT_ONCE     it would fail again: ends now, a person must put something right first
    BACK_OFF    it may pass: again after 15 s, 30 s, 1 min ... up to 10 min, each spread by half, so that what failed
                together does not come back together; as long as there are attempts left
    TO_A_TIME   the other side says when (Retry-After), or is known to need long; uses up an attempt, too
    WAITS       it was not even begun (NotYet): waits for its time, for nothing

A code that is not named below is AT_ONCE or BACK_OFF by what errors.CODES says of it.
"""

import random
from enum import StrEnum

from jobs.media import errors

FIRST_WAIT = 15.0  # seconds before the second attempt; doubled for each further one
LONGEST_WAIT = 600.0
LONGEST_TOLD = 86400.0  # seconds; whoever tells us to wait for longer is asked once a day
LATER = {"rate_limited": 900.0, "not_ready": 3600.0}  # seconds, when the other side names none
NOT_BEGUN = ("site_paced", "site_closed", "disk_floor")


class Policy(StrEnum):
    AT_ONCE = "at once"
    BACK_OFF = "back off"
    TO_A_TIME = "to a time"
    WAITS = "waits"


def of(code: str) -> Policy:
    if code in NOT_BEGUN:
        return Policy.WAITS
    if code in LATER:
        return Policy.TO_A_TIME
    return Policy.BACK_OFF if errors.explain(code).retryable else Policy.AT_ONCE


def pause(code: str, attempt: int, told: float | None = None, spread: float | None = None) -> float:
    """Seconds until the next attempt. `told` is what the other side asked for; `spread` (0 to 1) is drawn."""
    spread = random.random() if spread is None else spread  # noqa: S311 - not a secret
    fixed = LATER.get(code) if told is None else told
    if fixed is not None:
        return min(fixed, LONGEST_TOLD) * (1 + spread / 10)  # not earlier
    return float(min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT) * (0.5 + spread))
