"""Files that people bring in: stored as they come, counted and hashed on the way, never held in memory."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from jobs.media import errors


def store(chunks: Iterable[bytes], dest: Path, max_bytes: int) -> tuple[str, int]:
    """Write the chunks to a new file; returns its SHA-256 (hex) and its size in bytes.

    Raises `too_large` as soon as more than `max_bytes` have come, and `empty_file`; neither leaves a file behind.
    FileExistsError when `dest` is there already.
    """
    digest, size = hashlib.sha256(), 0
    with dest.open("xb") as file:
        try:
            for chunk in chunks:
                size += len(chunk)
                if size > max_bytes:
                    raise errors.fail("too_large", f"more than {max_bytes} bytes")
                digest.update(chunk)
                file.write(chunk)
            if size == 0:
                raise errors.fail("empty_file")
        except BaseException:  # whatever stopped us, half a file helps nobody
            dest.unlink()
            raise
    return digest.hexdigest(), size


def sha256(path: Path) -> str:
    """The file's SHA-256 as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
