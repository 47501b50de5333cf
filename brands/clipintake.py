"""Taking clips in: moving marks, intros, outros. A clip is kept as it came, once the gate has let it through."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from weakref import WeakKeyDictionary

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.utils.translation import gettext

from brands import plates
from brands.models import BrandClip, ClipKind
from jobs.media import disk, errors, formats, length, poster, probe, tools
from jobs.media.errors import MediaError
from jobs.media.probe import Gate, Probe
from jobs.media.tools import Tools
from wtfsite.lib import names, process

log = logging.getLogger(__name__)

CHUNK = 1 << 20


@dataclass(frozen=True)
class Seen:
    """What was found in a clip that may be kept."""

    sha256: str
    probe: Probe
    still: bytes


_seen: WeakKeyDictionary[File, Seen | MediaError] = WeakKeyDictionary()  # until it is taken in, or the request ends


def look(file: File, run: process.Runner = process.run) -> None:
    """Looks at an uploaded clip, so that `take_in` need not, which forms call in a transaction. What is wrong with it
    `take_in` says."""
    try:
        _seen[file] = _looked_at(file, run)
    except MediaError as error:
        _seen[file] = error


def take_in(clip: BrandClip, file: File, run: process.Runner = process.run) -> File:
    """Gives the row an uploaded clip and its facts; saves nothing. Returns the file.

    Raises MediaError: mostly a SourceError, as for any video. The row then stays as it was.
    """
    if file not in _seen:
        look(file, run)
    found = _seen.pop(file)
    if isinstance(found, MediaError):
        raise found
    clip.sha256, clip.facts = found.sha256, found.probe.to_dict()
    clip.container = formats.extension(found.probe.container)
    clip.original_name = names.clean(file.name or "")
    clip.file = file
    _keep_still(found.sha256, found.still)
    return file


def advice(clip: BrandClip) -> Iterator[str]:
    """What people should know about a clip that was let in."""
    found = Probe.from_dict(clip.facts)
    if clip.kind == ClipKind.MARK and not (found.video and found.video.alpha):
        yield gettext(
            "This mark has no transparent places and covers the video as a rectangle. MP4 cannot hold transparency:"
            " export it as WebM (VP9) with alpha, or as a ProRes 4444 film."
        )
    if clip.kind == ClipKind.MARK and found.audio:
        yield gettext("The sound of a mark is not heard.")
    if clip.kind != ClipKind.MARK and not found.audio:
        yield gettext("This film has no sound: it is silent in every video that it is joined to.")


# --- looking --------------------------------------------------------------------------------------------------------


def gate() -> Gate:
    return Gate(max_seconds=settings.MAX_CLIP_SECONDS, max_bytes=settings.MAX_CLIP_SIZE)


def _looked_at(file: File, run: process.Runner) -> Seen:
    if file.size > settings.MAX_CLIP_SIZE:  # before it is copied
        raise errors.fail("too_large", f"{file.size} of at most {settings.MAX_CLIP_SIZE} bytes")
    with disk.workspace(settings.TEMP_DIR / "work", "clip") as work:
        path = work / "upload"
        digest = _copied(file, path)
        found = probe.read(path, _tools(run), gate(), work)
        length.check(path, found, _tools(run), work)
        still = poster.take_clear(path, found, _tools(run), work)
        return Seen(digest, found, still.read_bytes())


def _copied(file: File, path: Path) -> str:
    """To the sandbox's folder; the SHA-256."""
    digest = hashlib.sha256()
    with path.open("wb") as copy:
        for chunk in file.chunks(CHUNK):
            digest.update(chunk)
            copy.write(chunk)
    return digest.hexdigest()


@cache
def _found(ffmpeg: str, ffprobe: str) -> Tools:
    return tools.find(ffmpeg, ffprobe)


def _tools(run: process.Runner) -> Tools:
    found = _found(settings.FFMPEG_PATH, settings.FFPROBE_PATH)
    return replace(found, run=run, formats=settings.SOURCE_FORMATS)


# --- stills for lists -----------------------------------------------------------------------------------------------


def still(clip: BrandClip) -> bytes:
    """One frame as a PNG of ours, with alpha; kept beside the plates, and made again where it is not there.

    Raises MediaError when the clip cannot be read.
    """
    name = _still_name(clip.sha256)
    try:
        with default_storage.open(name) as kept:
            return bytes(kept.read())
    except plates.storage_errors():
        return _made_again(clip)


def _made_again(clip: BrandClip) -> bytes:
    try:
        with clip.file.open("rb") as file:
            found = _looked_at(file, process.run)
    except FileNotFoundError:
        raise errors.fail("clip_missing", str(clip)) from None
    except plates.storage_errors() as error:
        raise errors.fail("storage", f"{clip}: {error}") from error
    _keep_still(found.sha256, found.still)
    return found.still


def _keep_still(sha256: str, data: bytes) -> None:
    name = _still_name(sha256)
    try:
        if not default_storage.exists(name):
            default_storage.save(name, ContentFile(data))
    except plates.storage_errors() as error:
        log.warning("The still %s could not be kept: %s", name, error)


def _still_name(sha256: str) -> str:
    return f"plates/{sha256[:2]}/clip-{sha256}.png"
