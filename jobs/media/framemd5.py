"""What a file shows, frame by frame, as hashes: two files with the same ones look and sound the same."""

from pathlib import Path

from jobs.media import errors, formats
from jobs.media.tools import Tools
from wtfsite.lib import process

LONGEST = 3600.0  # seconds
MOST = 64 << 20  # bytes of hashes: days of video


def hashes(path: Path, tools: Tools, work: Path) -> list[str]:
    """The lines of ffmpeg's framemd5 for all streams. Raises MediaError."""
    command = [tools.ffmpeg, *["-nostdin", "-hide_banner", "-loglevel", "error", "-threads", "1"]]
    command += [*formats.arguments(tools.formats), "-i", f"file:{path.absolute()}", "-f", "framemd5", "-"]
    try:
        made = tools.run(command, work=work, reads=[path], timeout=LONGEST, stdout_limit=MOST)
    except process.ProcessError as error:
        raise errors.translate(error) from error
    return [line for line in made.stdout.decode("ascii", "replace").splitlines() if not line.startswith("#")]
