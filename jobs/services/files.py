"""Files between storage and this host's disk. Storage is used through Django's API only; nothing asks for a path."""

import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

from jobs.media import disk, errors
from jobs.models import Asset
from jobs.sources.upload import sha256

CHUNK = 1 << 20
OUTPUT = re.compile(r"outputs/[0-9a-f]{2}/([0-9a-f]{64})")


class Finished(File):
    """A finished file on our disk. A storage on the same disk takes it by renaming, so that nobody sees half of it."""

    def __init__(self, path: Path) -> None:
        self.local = path
        super().__init__(path.open("rb"), name=path.name)

    def temporary_file_path(self) -> str:
        return str(self.local)


def output_names(key: str) -> tuple[str, str]:
    """Where the film of an output with this key lies, and its poster."""
    name = f"outputs/{key[:2]}/{key}"
    return f"{name}.mp4", f"{name}.jpg"


def key_of(name: str) -> str:
    """The key of the outputs that a stored film or poster belongs to; "" when it is not named after one. Storage may
    have added to the name, but not before the key's end.
    """
    found = OUTPUT.match(name)
    return found[1] if found else ""


def is_source(name: str) -> bool:
    """Is this the name of a video's file or poster? Only videos have such names."""
    return name.startswith("sources/")


def put(path: Path, name: str) -> str:
    """Move a finished file into storage; the name it got there. `path` may be gone afterwards.

    It is on the disk before it moves: a row that outlives a power cut must not point at an empty file.
    """
    try:
        with Finished(path) as file:
            os.fsync(file.fileno())
            return str(default_storage.save(name, file))
    except OSError as error:
        raise errors.fail(disk.refusal(error) or "storage", detail=f"{name}: {error.strerror or error}") from error


def there(name: str) -> bool:
    """Whether storage has this file. A row without a name has none."""
    return bool(name) and bool(default_storage.exists(name))


def digest(name: str) -> str:
    """SHA-256 of a file in storage, in hex; "" when it is not there."""
    if not there(name):
        return ""
    found = hashlib.sha256()
    try:
        with default_storage.open(name) as file:
            for chunk in file.chunks(CHUNK):
                found.update(chunk)
    except FileNotFoundError:  # deleted in between
        return ""
    except OSError as error:
        raise errors.fail("storage", detail=f"{name}: {error.strerror or error}") from error
    return found.hexdigest()


def drop(name: str) -> None:
    """Delete a file from storage; one that is not there is fine."""
    if name:
        default_storage.delete(name)


@contextmanager
def workspace(label: str) -> Iterator[Path]:
    """A folder of our own for one piece of work, gone afterwards whatever happened (`disk.workspace`).

    `label` begins its name, so that the supervisor can tell whose it was (stage folders begin with the claim's token).
    """
    with disk.workspace(settings.TEMP_DIR / "work", label) as folder:
        yield folder


def local_copy(asset: Asset, work: Path | None = None) -> Path:
    """The asset's file on this host's disk (`local`)."""
    return local(str(asset.file), asset.sha256, work)


def local(name: str, digest: str, work: Path | None = None) -> Path:
    """A file of storage on this host's disk, fetched once and kept under its SHA-256.

    On its way it lies in `work`, if there is such a folder: what a killed worker has left there is swept away.

    Raises MediaError: `missing_file` when storage has lost it, `corrupt_media` when the bytes are other ones.
    """
    cached: Path = settings.TEMP_DIR / "cache" / digest
    if cached.exists():
        cached.touch()  # the cache drops what was not used for longest
        return cached
    cached.parent.mkdir(parents=True, exist_ok=True)
    part = (work or cached.parent) / f"{cached.name}.{uuid.uuid4().hex}"
    try:
        _download(name, part)
        if sha256(part) != digest:
            raise errors.fail("corrupt_media", detail="storage gave back other bytes than were taken in")
        part.replace(cached)
    finally:
        part.unlink(missing_ok=True)
    return cached


def _download(name: str, target: Path) -> None:
    try:
        with default_storage.open(name) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy, CHUNK)
    except FileNotFoundError as error:
        raise errors.fail("missing_file", detail=name) from error
    except OSError as error:
        raise errors.fail(disk.refusal(error) or "storage", detail=str(error)) from error
