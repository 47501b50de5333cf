"""Whether a file is as long as it says. A file that was cut in half still reports its full length."""

from pathlib import Path

from jobs.media import errors, formats
from jobs.media.probe import Probe
from jobs.media.progress import FfmpegMeter
from jobs.media.tools import Tools
from wtfsite.lib import process

TOLERANCE_US = 250_000  # or two frames
LIMITS = process.Limits(cpu_seconds=5, file_size=1 << 20, growth=1 << 20)


def check(path: Path, probe: Probe, tools: Tools, work: Path) -> None:
    """Read all packets of the picture, decode none; raises `truncated` when they end early."""
    assert probe.video is not None, "the gate lets no file without a picture through"
    meter = FfmpegMeter(probe.duration_us)
    command = [
        *(tools.ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-progress", "pipe:1"),
        *(*formats.arguments(tools.formats), "-i", f"file:{path.absolute()}"),
        *("-map", f"0:{probe.video.index}", "-c", "copy", "-f", "null", "-"),
    ]
    try:
        tools.run(command, work=work, reads=[path], limits=LIMITS, timeout=30, meter=meter)
    except process.ProcessError as error:
        raise errors.translate(error, "corrupt_media") from error
    if probe.duration_us - meter.mark > max(TOLERANCE_US, 2_000_000 / (probe.video.rate or 30)):
        raise errors.fail("truncated", f"{meter.mark / 1e6:.2f} of {probe.duration_us / 1e6:.2f} seconds")
