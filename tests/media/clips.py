"""One-second clips of every kind, made by ffmpeg from its own test patterns."""

import subprocess
from fractions import Fraction
from pathlib import Path

from jobs.media.probe import AudioFacts, Probe, VideoFacts

X264 = ("-c:v", "libx264", "-preset", "ultrafast")
AAC = ("-c:a", "aac")
SUBTITLES = "1\n00:00:00,000 --> 00:00:01,000\nHello\n"


def ffmpeg(*words: object, work: Path | None = None) -> None:
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, words)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, cwd=work)


def pattern(size: str = "320x240", rate: object = 30, seconds: float = 1) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}")


def tone(layout: str = "stereo", seconds: float = 1) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"sine=f=440:r=44100:d={seconds},aformat=channel_layouts={layout}")


def plain(path: Path, size: str = "320x240", rate: object = 30, seconds: float = 1) -> Path:
    ffmpeg(*pattern(size, rate, seconds), *tone(seconds=seconds), *X264, "-pix_fmt", "yuv420p", *AAC, path)
    return path


def facts(**changes: object) -> VideoFacts:
    usual: dict[str, object] = {
        "index": 0,
        "codec": "h264",
        "profile": "High",
        "width": 1080,
        "height": 1920,
        "sar": Fraction(1),
        "rotation": 0,
        "rate": Fraction(30),
        "base_rate": Fraction(30),
        "pix_fmt": "yuv420p",
        "primaries": "bt709",
        "transfer": "bt709",
        "matrix": "bt709",
        "frames": 30,
        "duration_us": 1_000_000,
    }
    return VideoFacts(**{**usual, **changes})  # type: ignore[arg-type]  # a table of fields


def probe(sound: bool = True, **changes: object) -> Probe:
    """The record of a one-second file, without a file."""
    audio = AudioFacts(1, "aac", "LC", 48000, 2) if sound else None
    return Probe("mov", 1_000_000, 500_000, 2 if sound else 1, facts(**changes), audio)
