"""Folders to work in, and what a disk means by refusing. No settings: who works where is passed in."""

import errno
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.media import errors

FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def refusal(error: OSError) -> str:
    """What a disk means by refusing; "" when it is something else."""
    if error.errno in FULL:
        return "disk_full"
    return "permission" if error.errno in FORBIDDEN else ""


@contextmanager
def workspace(root: Path, label: str) -> Iterator[Path]:
    """A folder of our own in `root` for one piece of work, gone afterwards whatever happened.

    `label` begins its name. Whatever is written there: a disk that takes no more is a MediaError, `disk_full` or
    `permission`.
    """
    folder = root / f"{label}-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir(parents=True)
        yield folder
    except OSError as error:
        if code := refusal(error):
            raise errors.fail(code, detail=error.strerror or "") from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
