"""Encoder settings as data: options in, nothing run. Names and values are ffmpeg's."""

from dataclasses import dataclass
from fractions import Fraction

from jobs.media.probe import AudioFacts, Probe

Options = dict[str, str | int | float]

AUDIO_RATE = 48_000
KEY_FRAME_SECONDS = 4  # 2 would cost 6 % more bits, 4 costs 1 %


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


def video(profile: Profile, rate: Fraction) -> Options:
    """x264 on one thread: more threads cost memory for each and gain nothing beside the other encoders of the pass.

    There is no `maxrate`. With ten frames of lookahead the rate control overreacts: on grainy 1080x1920 material a cap
    of 16 Mb/s at crf 21.5 took a 19 Mb/s file to 11 and 5 dB off its quality. The pipeline bounds file sizes.
    """
    options: Options = {
        "c:v": "libx264",
        "preset": profile.preset,
        "crf": profile.crf,
        "threads": 1,
        "profile:v": "high",
        "g": round(rate * KEY_FRAME_SECONDS),
    }
    if profile.x264:
        options["x264-params"] = profile.x264
    return options


def audio() -> Options:
    return {"c:a": "aac", "b:a": "128k", "ar": AUDIO_RATE, "ac": 2}


def is_ours(audio: AudioFacts) -> bool:
    """Whether sound is as ours is."""
    return (audio.codec, audio.sample_rate, audio.channels) == ("aac", AUDIO_RATE, 2)


RATES: tuple[Fraction, ...] = tuple(
    Fraction(whole * 1000, divisor)
    for whole in (24, 25, 30, 50, 60)
    for divisor in (1000, 1001)
    if (whole % 25 or divisor == 1000)
)
ODD_RATE = Fraction(30)


def target_rate(probe: Probe, fps: Fraction | None = None) -> Fraction:
    """The constant rate of the outputs: `fps` when it is asked for, else the source's own among the usual ones.

    A fixed 30 would make 24 and 25 stutter and halve 60. High-speed 100 and 120 are halved; what varies, or lies
    near none of the usual rates, becomes 30.
    """
    if fps:
        return fps
    if probe.video is None or probe.variable_rate:
        return ODD_RATE
    rate = probe.video.rate
    return _usual(rate) or _usual(rate / 2, lowest=Fraction(49)) or ODD_RATE


def _usual(rate: Fraction, lowest: Fraction = Fraction(0)) -> Fraction | None:
    nearest = min(RATES, key=lambda usual: abs(usual - rate))
    return nearest if nearest >= lowest and abs(nearest - rate) <= nearest / 50 else None
