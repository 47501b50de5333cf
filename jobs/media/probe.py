"""What a media file is: ffprobe's answer as a small typed record, behind a gate.

Only this module knows what ffprobe prints. Every field of it is hostile: sizes lie, rates are 0/0, lengths are absurd.
"""

from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from jobs.media.tools import Tools

HDR_TRANSFERS = frozenset({"smpte2084", "arib-std-b67"})


@dataclass(frozen=True)
class VideoFacts:
    """The picture. `width` and `height` are as coded; `rotation` is how far to turn it clockwise to stand upright.

    `rate` is the average, `base_rate` the smallest that all timestamps fit in. Colour names are ffmpeg's, "" when
    untagged.
    `start_us` counts from the start of the file; `duration_us` and `frames` are 0 when the file does not say.
    """

    index: int
    codec: str
    profile: str
    width: int
    height: int
    sar: Fraction
    rotation: int
    rate: Fraction
    base_rate: Fraction
    pix_fmt: str
    primaries: str = ""
    transfer: str = ""
    matrix: str = ""
    full_range: bool = False
    interlaced: bool = False
    frames: int = 0
    start_us: int = 0
    duration_us: int = 0


@dataclass(frozen=True)
class AudioFacts:
    index: int
    codec: str
    profile: str
    sample_rate: int
    channels: int


@dataclass(frozen=True)
class Probe:
    """One file. `duration_us` is how long the picture lasts, counted from the start of the file."""

    container: str
    duration_us: int
    bytes: int
    streams: int
    video: VideoFacts | None
    audio: AudioFacts | None

    @property
    def display_width(self) -> int:
        """Width after rotation, in square pixels; 0 without a picture."""
        return _display(self.video)[0]

    @property
    def display_height(self) -> int:
        """Height after rotation, in square pixels; 0 without a picture."""
        return _display(self.video)[1]

    @property
    def hdr(self) -> bool:
        return self.video is not None and self.video.transfer in HDR_TRANSFERS

    @property
    def variable_rate(self) -> bool:
        """Whether frames come irregularly.

        Phones wander by a few per mille around their rate; that is no variable rate. Fields may be counted as frames.
        """
        if self.video is None or not self.video.rate or not self.video.base_rate:
            return True
        ratio = self.video.base_rate / self.video.rate
        if self.video.interlaced and ratio > Fraction(3, 2):
            ratio /= 2
        return abs(ratio - 1) > Fraction(2, 100)

    @property
    def has_audio(self) -> bool:
        return self.audio is not None

    def summary(self) -> str:
        """One line for people: `1080x1920 · 30 fps · H.264 + AAC stereo · 0:12 · 9.1 MB`."""
        parts = [_picture(self), _rate(self), _codecs(self), _clock(self.duration_us), f"{self.bytes / 1e6:.1f} MB"]
        return " · ".join(part for part in parts if part)

    def to_dict(self) -> dict[str, Any]:
        """JSON safe; fractions as "30000/1001"."""
        return {key: _plain(value) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Probe":
        return cls(**{**data, "video": _video_from(data["video"]), "audio": _audio_from(data["audio"])})


@dataclass(frozen=True)
class Gate:
    """What is let in. The defaults bound what one frame and one second can cost; length and size are the operator's."""

    max_seconds: float
    max_bytes: int
    max_pixels: int = 40_000_000
    max_side: int = 8192
    min_side: int = 16
    max_rate: int = 120
    max_streams: int = 8
    min_bytes: int = 1000
    max_sar: int = 4


def read(path: Path, tools: Tools, gate: Gate, work: Path) -> Probe:
    """Probe one file and let it through the gate, or raise a MediaError that says why not."""
    raise NotImplementedError


_FRACTIONS = ("sar", "rate", "base_rate")


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _video_from(data: dict[str, Any] | None) -> VideoFacts | None:
    if data is None:
        return None
    return VideoFacts(**{key: Fraction(value) if key in _FRACTIONS else value for key, value in data.items()})


def _audio_from(data: dict[str, Any] | None) -> AudioFacts | None:
    return AudioFacts(**data) if data else None


def _display(video: VideoFacts | None) -> tuple[int, int]:
    if video is None:
        return 0, 0
    width, height = round(video.width * video.sar), video.height
    return (height, width) if video.rotation in (90, 270) else (width, height)


_NAMES = {
    "h264": "H.264", "hevc": "HEVC", "vp8": "VP8", "vp9": "VP9", "av1": "AV1", "mpeg4": "MPEG-4", "prores": "ProRes",
    "aac": "AAC", "mp3": "MP3", "opus": "Opus", "vorbis": "Vorbis", "flac": "FLAC", "alac": "ALAC", "ac3": "AC-3",
    "eac3": "E-AC-3",
}  # fmt: skip
_CHANNELS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def _picture(probe: Probe) -> str:
    return f"{probe.display_width}x{probe.display_height}{' HDR' if probe.hdr else ''}" if probe.video else ""


def _rate(probe: Probe) -> str:
    if probe.video is None or not probe.video.rate:
        return ""
    return f"{float(probe.video.rate):.4g} fps{' variable' if probe.variable_rate else ''}"


def _codecs(probe: Probe) -> str:
    names = [_NAMES.get(probe.video.codec, probe.video.codec)] if probe.video else []
    if probe.audio:
        channels = _CHANNELS.get(probe.audio.channels, f"{probe.audio.channels} channels")
        names.append(f"{_NAMES.get(probe.audio.codec, probe.audio.codec)} {channels}")
    return " + ".join(names) + ("" if probe.audio else ", no sound")


def _clock(us: int) -> str:
    seconds = round(us / 1_000_000)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"
