"""A folder of files that can be made again, bounded in size: those that nobody has used for longest go first.

Any number of processes may use one. What is asked for may be gone a moment later, so whoever works on a file takes a
link of their own (`link`).
"""

import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Shelf:
    """`most` bytes in `folder`, give or take what several processes put there at the same moment."""

    folder: Path
    most: int

    def read(self, name: str) -> bytes | None:
        """The bytes under a name, which counts as a use; None when there are none."""
        path = self.folder / name
        try:
            data = path.read_bytes()
            path.touch()
        except FileNotFoundError:
            return None
        return data

    def link(self, name: str, target: Path) -> bool:
        """The file under a name as `target`, on the same disk, which counts as a use; False when there is none."""
        path = self.folder / name
        try:
            target.hardlink_to(path)
            path.touch()
        except FileNotFoundError:
            return False
        return True

    def put(self, name: str, data: bytes) -> None:
        """Keep bytes under a name, in place of those that are there. Raises OSError where the disk refuses."""
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f"{uuid.uuid4().hex}.part"
        try:
            part.write_bytes(data)
            part.replace(self.folder / name)
        finally:
            part.unlink(missing_ok=True)
        self._make_room(self.folder / name)

    def take(self, path: Path, name: str) -> None:
        """Keep a finished file of the same disk under a name: both names are one file from then on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # somebody else made the same one
            (self.folder / name).hardlink_to(path)
        self._make_room(self.folder / name)

    def _make_room(self, newest: Path) -> None:
        files = sorted(self._files(), key=lambda found: found[1].st_mtime)
        over = sum(about.st_size for _path, about in files) - self.most
        for path, about in files:
            if over <= 0:
                return
            if path != newest:
                path.unlink(missing_ok=True)
                over -= about.st_size

    def _files(self) -> list[tuple[Path, os.stat_result]]:
        found = []
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):
                found.append((path, path.stat()))
        return found
