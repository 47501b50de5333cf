"""System checks: prove at start that what the studio stands on works, and say what to do where it does not.

`manage.py check` runs the cheap ones; those that start a program or write a file belong to `--tag studio` and
run before the workers and the demo start.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning as CheckWarning, register
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from brands import artwork
from jobs.media import tools
from jobs.media.errors import MediaError

NEEDED_ENCODERS = {"libx264", "aac", "mjpeg"}
NEEDED_FILTERS = {"scale", "crop", "overlay", "split", "fps", "zscale", "tonemap", "bwdif", "gblur", "setparams"}
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


@register(STUDIO)
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


@register(STUDIO)
def text_can_be_drawn(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if not artwork.FONT.is_file():
        hint = "It is part of the project: restore brands/fonts."
        return [Error(f"The font {artwork.FONT.name} is missing.", hint=hint, id="studio.E005")]
    if artwork.text_shaping() != "raqm":
        hint = "Arabic, Hebrew and Indic text is drawn without joining letters. Install libraqm (Debian: libraqm0)."
        return [CheckWarning("Text is drawn without complex shaping.", hint=hint, id="studio.W002")]
    return []


@register(STUDIO)
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
