"""Which ffmpeg, and how it is run: the only things a maker may use of the machine."""

import hashlib
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from jobs.media import errors, formats
from wtfsite.lib import process
from wtfsite.lib.clock import Clock


@dataclass(frozen=True)
class Tools:
    """`build` shapes the bytes of every output and is part of its key. `run` has the signature of `process.run`.

    `formats` are the kinds of sources that may be opened.
    """

    ffmpeg: str
    ffprobe: str
    build: str
    run: process.Runner = field(default=process.run, compare=False)
    clock: Clock = field(default_factory=Clock, compare=False)
    formats: tuple[str, ...] = formats.DEFAULT


def find(ffmpeg_path: str = "", ffprobe_path: str = "", run: process.Runner = process.run) -> Tools:
    """The given programs, else those on PATH, else the ffmpeg of the imageio_ffmpeg wheel.

    The wheel holds no ffprobe, and without one no source can be judged: then, or when nothing is found, `tool_missing`
    is raised with the name of what is missing.
    """
    ffmpeg = _locate("ffmpeg", ffmpeg_path) or _from_wheel()
    if not ffmpeg:
        raise errors.fail("tool_missing", "ffmpeg")
    ffprobe = _locate("ffprobe", ffprobe_path)
    if not ffprobe:
        raise errors.fail("tool_missing", "ffprobe")
    return Tools(ffmpeg, ffprobe, _build(_ask(run, ffmpeg, "-version")), run)


def versions(tools: Tools) -> dict[str, str]:
    """Name and version of the two programs, `5.1.9-0+deb12u1`."""
    programs = {"ffmpeg": tools.ffmpeg, "ffprobe": tools.ffprobe}
    return {name: _version(_ask(tools.run, program, "-version")) for name, program in programs.items()}


def encoders(tools: Tools) -> set[str]:
    """Names of all encoders this ffmpeg has."""
    return _names(_ask(tools.run, tools.ffmpeg, "-hide_banner", "-encoders"))


def filters(tools: Tools) -> set[str]:
    """Names of all filters this ffmpeg has."""
    return _names(_ask(tools.run, tools.ffmpeg, "-hide_banner", "-filters"))


def _locate(name: str, given: str) -> str:
    """An absolute path, or "" when it is not there. A given path that is wrong is not replaced by another program."""
    return shutil.which(given or name) or ""


def _from_wheel() -> str:
    try:
        import imageio_ffmpeg
    except ImportError:
        return ""
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:  # a wheel for another platform holds no program
        return ""


def _ask(run: process.Runner, program: str, *options: str) -> str:
    with tempfile.TemporaryDirectory() as work:
        try:
            finished = run([program, *options], work=Path(work), timeout=20)
        except process.ProcessError as error:
            raise errors.translate(error) from error
    return finished.stdout.decode(errors="replace")


def _build(version: str) -> str:
    """`5.1.9-0+deb12u1-3fa9c2`: the version and six digits of a hash over how it was configured."""
    configuration = re.search(r"^\s*configuration:(.*)$", version, re.MULTILINE)
    digest = hashlib.sha256((configuration.group(1) if configuration else version).encode()).hexdigest()
    return f"{_version(version)}-{digest[:6]}"


def _version(told: str) -> str:
    found = re.match(r"ff\w+ version (\S+)", told)
    return found.group(1) if found else "unknown"


def _names(listing: str) -> set[str]:
    """The second word of each row; rows start with flags such as `V....D` or `TSC`."""
    return {match.group(1) for match in re.finditer(r"^ [A-Z.|]{2,6} +([\w-]+)", listing, re.MULTILINE)}
