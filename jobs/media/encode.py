"""Encoder settings as data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """One way to encode. `bytes_per_px` is what one encoder keeps in memory for each pixel of its canvas."""

    name: str
    preset: str
    crf: float
    x264: str
    bytes_per_px: int


PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile("draft", "superfast", 25.5, "", 65),
        # superfast's searches with veryfast's lookahead: the same bits as veryfast 23 for 55 % of the CPU
        Profile("standard", "superfast", 23.5, "mbtree=1:rc-lookahead=10", 90),
        Profile("high", "superfast", 21.5, "mbtree=1:rc-lookahead=10", 90),
    )
}
