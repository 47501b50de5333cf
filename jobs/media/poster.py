"""One still of a source, for lists and players."""

from pathlib import Path

from jobs.media import errors, formats
from jobs.media.errors import MediaError
from jobs.media.probe import Probe
from jobs.media.tools import Tools
from wtfsite.lib import process

WIDTH = 360
AT_SECONDS = 1.0  # many clips begin with a black frame
CPU_SECONDS = 3  # for each of two tries; with what ffprobe may take an upload costs ten at most
LARGEST = 16 << 20  # bytes; a still of noise, four times as high as wide, takes less than one of them


def take(source: Path, probe: Probe, tools: Tools, work: Path) -> Path:
    """A JPEG, 360 pixels wide, of the frame at one second (half-way in shorter clips).

    It also proves that the picture can be decoded at all: raises MediaError when it cannot.
    """
    target = work / "poster.jpg"
    at = min(AT_SECONDS, probe.duration_us / 2_000_000)
    # The second time from the start: in a file without an index a jump may land behind the only key frame, and in a
    # very large picture all frames since the last one may take longer than they may.
    if not (_affordable(source, probe, tools, target, at) or _still(source, probe, tools, target, 0.0)):
        raise errors.fail("corrupt_media", detail="no picture could be decoded")
    return target


def take_clear(source: Path, probe: Probe, tools: Tools, work: Path) -> Path:
    """The same as a PNG that keeps what is transparent."""
    assert probe.video is not None
    target, at = work / "poster.png", min(AT_SECONDS, probe.duration_us / 2_000_000)
    if not (_still(source, probe, tools, target, at) or _still(source, probe, tools, target, 0.0)):
        raise errors.fail("corrupt_media", detail="no picture could be decoded")
    return target


def _affordable(source: Path, probe: Probe, tools: Tools, target: Path, at: float) -> bool:
    """The same as `_still`, where too much work is no error."""
    try:
        return _still(source, probe, tools, target, at)
    except MediaError as error:
        if error.code != "resource_limit":
            raise
        return False


def _still(source: Path, probe: Probe, tools: Tools, target: Path, at: float) -> bool:
    """Write the frame at so many seconds; whether there was one."""
    assert probe.video is not None
    clear = target.suffix == ".png"
    command = [
        *(tools.ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-threads", "1"),
        *(*_input(probe, tools, clear), "-ss", f"{at:.3f}", "-i", f"file:{source.absolute()}"),
        *("-map", f"0:{probe.video.index}", "-frames:v", "1", "-sn", "-dn", "-map_metadata", "-1"),
        *("-vf", f"scale={WIDTH}:-2,setsar=1,format={'rgba' if clear else 'yuvj420p'}"),
        *(("-f", "image2") if clear else ("-q:v", "3")),
        f"file:{target}",
    ]
    limits = process.Limits(cpu_seconds=CPU_SECONDS, file_size=LARGEST, growth=2 * LARGEST)
    try:
        tools.run(command, work=target.parent, reads=[source], timeout=60, limits=limits)
    except process.ProcessError as error:
        told = errors.translate(error, "corrupt_media")
        if told.code == "killed":  # at its limit of CPU time ffmpeg ends as if somebody had asked it to
            told = errors.fail("resource_limit", told.detail, told.tail)
        raise told from error
    return target.exists() and target.stat().st_size > 0


def _input(probe: Probe, tools: Tools, clear: bool) -> list[str]:
    """Options of the source: ffmpeg's own decoders of VP8 and VP9 leave the alpha out."""
    options = formats.safe_input(tools.formats)
    assert probe.video is not None
    if clear and (decoder := formats.ALPHA_DECODERS.get(probe.video.codec)):
        options |= {"codec_whitelist": f"{options['codec_whitelist']},{decoder}", "c:v": decoder}
    return [word for key, value in options.items() for word in (f"-{key}", str(value))]
