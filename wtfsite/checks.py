"""System checks: prove at start that what the studio stands on works, and say what to do where it does not.

`manage.py check` runs the cheap ones; those that start a program or write a file wait for `--deploy` (or for the demo,
which runs the ones tagged `studio` before it starts).
"""

import errno
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, register
from django.core.checks import Warning as CheckWarning
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import DatabaseError

from brands import typefaces
from jobs.media import tools
from jobs.media.errors import MediaError
from jobs.services import confinement, tenancy
from jobs.services.confinement import Confinement

NEEDED_ENCODERS = {"libx264", "aac", "mjpeg"}
NEEDED_FILTERS = {
    "aformat",
    "aresample",
    "bwdif",
    "channelmap",
    "colorspace",
    "crop",
    "format",
    "fps",
    "gblur",
    "overlay",
    "pad",
    "scale",
    "select",
    "setparams",
    "setsar",
    "split",
    "tonemap",
    "zscale",
}
STUDIO = "studio"

Apps = Sequence[AppConfig] | None


@register(Tags.security)
def queue_settings(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """The settings that keep a message from running twice at once or forever."""
    found: list[CheckMessage] = []
    clusters = {name: {**settings.Q_CLUSTER, **own} for name, own in settings.Q_CLUSTER["ALT_CLUSTERS"].items()}
    for name, cluster in clusters.items():
        if cluster["retry"] <= 3 * cluster["timeout"] and cluster["workers"] >= 1:
            found.append(
                Error(
                    f"Queue {name}: retry must be more than three times its timeout.",
                    hint="Otherwise django-q2 hands out a task again that is still running.",
                    id="studio.E001",
                )
            )
        if cluster["queue_limit"] != 1 or cluster["scheduler"]:
            found.append(
                Error(
                    f"Queue {name}: queue_limit must be 1 and scheduler False.",
                    hint="Prefetched tasks are leased without running; schedules run any code a row names.",
                    id="studio.E002",
                )
            )
    return found


@register(Tags.security, deploy=True)
def hosts_are_named(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    hint = "Set WTF_ALLOWED_HOSTS to the names under which the studio is reached."
    return [CheckWarning("Any host name is accepted.", hint=hint, id="studio.W001")]


@register(STUDIO, deploy=True)
def ffmpeg_works(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """ffmpeg and ffprobe start, and have the encoders and filters that the pipelines use."""
    try:
        found = tools.find(settings.FFMPEG_PATH, settings.FFPROBE_PATH)
        missing = (NEEDED_ENCODERS - tools.encoders(found)) | (NEEDED_FILTERS - tools.filters(found))
    except MediaError as error:
        return [Error(error.sentence, hint=error.remedy, id="studio.E003")]
    if not missing:
        return []
    hint = "Install a full build (Debian: apt-get install ffmpeg) or point FFMPEG_PATH at one."
    return [Error(f"ffmpeg lacks: {', '.join(sorted(missing))}.", hint=hint, id="studio.E004")]


@register(STUDIO, deploy=True)
def text_can_be_drawn(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if not typefaces.INTER.is_file():
        hint = "It is part of the project: restore brands/fonts."
        return [Error(f"The font {typefaces.INTER.name} is missing.", hint=hint, id="studio.E005")]
    if typefaces.text_shaping() != "raqm":
        hint = "Arabic, Hebrew and Indic text is drawn without joining letters. Install libraqm (Debian: libraqm0)."
        return [CheckWarning("Text is drawn without complex shaping.", hint=hint, id="studio.W002")]
    return []


@register(STUDIO, deploy=True)
def storage_is_writable(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Writes, reads and deletes one small file."""
    name = f"checks/{uuid.uuid4()}"
    try:
        saved = default_storage.save(name, ContentFile(b"studio"))
        with default_storage.open(saved) as file:
            intact = file.read() == b"studio"
        default_storage.delete(saved)
    except Exception as error:  # noqa: BLE001  any backend, any failure: this is the place that reports it
        hint = "Check STORAGE_URL or MEDIA_ROOT, its permissions and, for S3, its keys."
        return [Error(f"Storage cannot be used: {error}", hint=hint, id="studio.E006")]
    if intact:
        return []
    return [Error("Storage gave back other bytes than were written.", hint="Check STORAGE_URL.", id="studio.E007")]


@register(STUDIO, deploy=True)
def storage_is_ours_alone(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """No other studio keeps files there, whose rows we cannot know."""
    try:
        others = tenancy.others()
    except DatabaseError:  # then nobody can tell whose marks these are, and there is worse to be told
        return []
    except Exception as error:  # noqa: BLE001  any backend, any failure: this is the place that reports it
        hint = "Let the studio list its files (for S3: s3:ListBucket). Until then none goes for want of a row."
        return [CheckWarning(f"Storage does not list its files: {error}", hint=hint, id="studio.W007")]
    if not others:
        return []
    hint = (
        "Give each studio a place of its own; remove the marks of those that are no more, or were ours before a move."
    )
    text = f"Another studio keeps files in this storage, so none goes for want of a row: {', '.join(others)}."
    return [CheckWarning(text, hint=hint, id="studio.W006")]


@register(STUDIO, deploy=True)
def files_are_taken_in_whole(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """A finished file can be renamed from TEMP_DIR into a local storage, so that nobody ever sees half of it."""
    if not isinstance(default_storage, FileSystemStorage) or _renames(Path(default_storage.location)):
        return []
    hint = "Put TEMP_DIR on the file system and mount of MEDIA_ROOT: a copy can be cut off in the middle."
    return [CheckWarning("TEMP_DIR and MEDIA_ROOT lie on different file systems.", hint=hint, id="studio.W003")]


@register(STUDIO, deploy=True)
def there_is_room_to_work(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """TEMP_DIR can be written, and its disk is not below the floor at which renders wait."""
    mark = settings.TEMP_DIR / f"check-{uuid.uuid4()}"
    try:
        mark.write_bytes(b"studio")
        mark.unlink()
    except OSError as error:
        hint = "Set TEMP_DIR to a folder that the studio's user may write."
        return [Error(f"TEMP_DIR cannot be written: {error.strerror}.", hint=hint, id="studio.E008")]
    free, floor = free_mb(), settings.DISK_FLOOR_MB
    if free >= floor:
        return []
    hint = "Free some disk space, or lower DISK_FLOOR_MB. Renders wait until then."
    return [CheckWarning(f"{free} MB of disk are free, {floor} MB are the floor.", hint=hint, id="studio.W004")]


def free_mb() -> int:
    """Of the disk on which work is done."""
    return shutil.disk_usage(settings.TEMP_DIR).free // 10**6


@register(STUDIO, deploy=True)
def tools_are_locked_in(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Tells the level of the sandbox, found by starting a program behind it."""
    return [sandbox_message(confinement.found())]


def sandbox_message(here: Confinement) -> CheckMessage:
    if here.firm:
        return Info(here.says, hint=here.remedy or None, id="studio.I001")
    if here.required:
        return Error(here.says, hint=here.remedy, id="studio.E009")
    return CheckWarning(here.says, hint=here.remedy, id="studio.W005")


def _renames(storage: Path) -> bool:
    """Tried with a file: two mounts of one disk have the same device number and still refuse.

    Only that refusal counts; what else may be wrong is for the storage check to tell.
    """
    mark = settings.TEMP_DIR / f"check-{uuid.uuid4()}"
    try:
        storage.mkdir(parents=True, exist_ok=True)
        mark.touch()
        mark.rename(storage / mark.name).unlink()
    except OSError as error:
        return error.errno != errno.EXDEV
    finally:
        mark.unlink(missing_ok=True)
    return True
