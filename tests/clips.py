"""Short clips made by ffmpeg when they are asked for."""

import subprocess
from pathlib import Path

PICTURE = "testsrc2=s={size}:r={rate}:d={seconds}"
SOUND = "sine=f=440:r=48000:d={seconds}"


def clip(path: Path, *, size: str = "180x320", rate: str = "30", seconds: float = 1, sound: bool = True) -> Path:
    """A moving test picture, with a tone unless told otherwise; H.264 and AAC in whatever `path` ends with."""
    inputs = ["-f", "lavfi", "-i", PICTURE.format(size=size, rate=rate, seconds=seconds)]
    if sound:
        inputs += ["-f", "lavfi", "-i", SOUND.format(seconds=seconds)]
    encoders = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest"]
    return ffmpeg(path, *inputs, *encoders)


def ffmpeg(path: Path, *options: str) -> Path:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *options, str(path)], check=True, timeout=60)
    return path
