"""A kit that somebody has uploaded, kept between looking at the plan and applying it.

It lies in the storage under a name of ours, in the folder of its owner; the page only knows a signed token. Nobody has
more than one, and nobody opens that of somebody else.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils import timezone

from jobs.media import disk
from jobs.media.errors import MediaError
from wtfsite.lib import names

FOLDER = "imports"
SALT = "brands.importing"
SECONDS = 24 * 3600  # that a token is good for


class Gone(Exception):
    """There is no such upload any more."""


def keep(file: File, user: Any) -> str:
    """The token of the kept file; what its owner had before goes. Raises MediaError for an upload that was refused."""
    clear(user)
    own = uuid.uuid4().hex
    try:
        default_storage.save(_stored(user, own), file)
    except MediaError:
        clear(user)
        raise
    return signing.dumps({"user": user.pk, "id": own, "name": names.clean(file.name or "")}, salt=SALT)


@contextmanager
def opened(token: str, user: Any) -> Iterator[tuple[Path, str]]:
    """A copy of the file on this host, and its name as its owner calls it. Raises Gone."""
    said = _read(token, user)
    with disk.workspace(settings.TEMP_DIR / "work", "kit") as work:
        path = work / "kit"
        try:
            with default_storage.open(_stored(user, said["id"]), "rb") as kept, path.open("wb") as copy:
                copy.writelines(kept.chunks())
        except FileNotFoundError as error:
            raise Gone from error
        yield path, said["name"]


def clear(user: Any) -> None:
    """Removes what is kept for this person."""
    with suppress(FileNotFoundError):
        for name in default_storage.listdir(f"{FOLDER}/{user.pk}")[1]:
            default_storage.delete(f"{FOLDER}/{user.pk}/{name}")


def left() -> Iterator[str]:
    """Kits that nobody can apply any more."""
    long_ago = timezone.now() - timedelta(seconds=SECONDS)
    with suppress(FileNotFoundError):
        for folder in default_storage.listdir(FOLDER)[0]:
            for name in default_storage.listdir(f"{FOLDER}/{folder}")[1]:
                path = f"{FOLDER}/{folder}/{name}"
                if default_storage.get_modified_time(path) < long_ago:
                    yield path


def drop(name: str) -> int:
    default_storage.delete(name)
    return 1


def _read(token: str, user: Any) -> dict[str, Any]:
    try:
        said: dict[str, Any] = signing.loads(token, salt=SALT, max_age=SECONDS)
    except signing.BadSignature as error:
        raise Gone from error
    if said["user"] != user.pk:
        raise Gone
    return said


def _stored(user: Any, own: str) -> str:
    return f"{FOLDER}/{user.pk}/{own}"
