"""The files of a kit: a folder, a ZIP or a single file, all asked in the same way.

    with open_kit(path) as kit:
        kit.names                            "brands.yml", "logos/Northshore.png", ...
        kit.read("brands.yml", 65536)
        kit.look("northshore.PNG", "logos")  the file that somebody names, in one of these folders

Nothing outside the kit is ever opened, and names are looked up among those that are there: no path is made of them.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from django.utils.translation import gettext as _

from brands.importing import spelling
from brands.importing.drafts import ERROR, WARNING
from brands.importing.values import Sheet
from wtfsite.lib import archives, names
from wtfsite.lib.archives import Archive, BadArchive
from wtfsite.lib.names import BadName, quoted

MOST_FILES = 5000  # of a folder
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
NOBODYS = ("__macosx", "thumbs.db", "desktop.ini")  # left by systems, besides names that begin with a point


class Unreadable(Exception):
    """A kit, or a file of it, that is not read. The message is for people."""


class Match(NamedTuple):
    path: str
    sure: bool  # written just so, but for large and small letters


@dataclass
class Kit:
    """A folder. `name` is what people call the kit."""

    name: str
    root: Path
    names: tuple[str, ...] = ()

    def read(self, path: str, max_bytes: int) -> bytes:
        """Raises Unreadable."""
        try:
            with names.inside(self.root, path).open("rb") as file:
                data = file.read(max_bytes + 1)
        except (BadName, OSError) as error:
            raise Unreadable(_("%(file)s cannot be read.") % {"file": quoted(path)}) from error
        return _small(path, data, max_bytes)

    def look(self, wanted: str, *folders: str) -> Match:
        """The file of that name in the first of the folders that has it. Raises Unreadable: why there is none, and what
        is like it."""
        if names.SCHEME.match(wanted):
            raise Unreadable(
                _("%(file)s is an address. Put the file beside the list, and name it there.") % {"file": quoted(wanted)}
            )
        try:
            tail = "/".join(names.parts(wanted))
        except BadName as error:
            raise Unreadable(str(error)) from error
        places = [f"{folder}/{tail}" if folder else tail for folder in dict.fromkeys(folders)]
        known = {path: path for path in self.names}
        for found in (spelling.one_of(place, known) for place in places):
            if found[0] and PurePosixPath(found[0]).suffix.casefold() == PurePosixPath(tail).suffix.casefold():
                return Match(*found)
        raise Unreadable(_("There is no file %(file)s in the kit.") % {"file": quoted(wanted)} + self.near(tail))

    def near(self, wanted: str) -> str:
        """Did you mean “logos/northshore.png”?  By the file's own name first, for folders are moved."""
        by_name = {PurePosixPath(path).name: path for path in self.names}
        found = [by_name[name] for name in names.nearest(PurePosixPath(wanted).name, by_name, 2)]
        found = found or names.nearest(wanted, self.names, 2)
        if not found:
            return ""
        return " " + _("Did you mean %(files)s?") % {"files": _(" or ").join(map(quoted, found))}

    def within(self, folder: str) -> list[str]:
        """The files right in that folder, by any writing of its name."""
        wanted = folder.casefold()
        return [path for path in self.names if parent(path).casefold() == wanted]


@dataclass
class ZipKit(Kit):
    archive: Archive | None = None

    def read(self, path: str, max_bytes: int) -> bytes:
        assert self.archive
        try:
            return self.archive.read(path, max_bytes)
        except BadArchive as error:
            raise Unreadable(str(error)) from error


@dataclass
class FileKit(Kit):
    """One file alone: what it names is not there."""

    file: Path = Path()

    def read(self, path: str, max_bytes: int) -> bytes:
        try:
            with self.file.open("rb") as file:
                return _small(path, file.read(max_bytes + 1), max_bytes)
        except OSError as error:
            raise Unreadable(_("%(file)s cannot be read.") % {"file": quoted(path)}) from error


@contextmanager
def open_kit(path: Path, sheet: Sheet, name: str = "") -> Iterator[Kit]:
    """The kit at `path`, called `name` if it has another one. Raises Unreadable when there is nothing to read."""
    name = names.clean(name or path.resolve().name)
    if path.is_dir():
        yield Kit(name, path, _told(_walk(path, sheet), sheet))
    elif PurePosixPath(name).suffix.casefold() in (".yml", ".yaml", ".json"):
        yield FileKit(name, path.parent, (name,), path)
    else:
        try:
            with archives.open_zip(path) as archive:
                found = [inner for inner in archive.names() if not _nobodys(inner)]
                yield ZipKit(name, path, _told(found, sheet), archive)
        except BadArchive as error:
            raise Unreadable(str(error)) from error
        except OSError as error:
            raise Unreadable(_("%(file)s is not there, or cannot be read.") % {"file": quoted(name)}) from error


def parent(path: str) -> str:
    """The folder of a file, "" for the kit's own."""
    return path.rpartition("/")[0]


def stem(path: str) -> str:
    return PurePosixPath(path).stem


def is_picture(path: str) -> bool:
    return PurePosixPath(path).suffix.casefold() in PICTURES


def _small(path: str, data: bytes, max_bytes: int) -> bytes:
    if len(data) > max_bytes:
        raise Unreadable(_("%(file)s is larger than %(kb)d kB.") % {"file": quoted(path), "kb": max_bytes // 1024})
    return data


def _walk(root: Path, sheet: Sheet) -> list[str]:
    found: list[str] = []
    for folder, folders, files in os.walk(root):
        inner = Path(folder).relative_to(root).as_posix()
        folders[:] = sorted(one for one in folders if _followed(Path(folder, one), inner, sheet))
        for file in sorted(files):
            path = file if inner == "." else f"{inner}/{file}"
            if not _nobodys(path) and _followed(Path(folder, file), inner, sheet) and _named(path, sheet):
                found.append(path)
        if len(found) > MOST_FILES:
            raise Unreadable(
                _("There are more than %(most)d files in the folder. Import a part of it.") % {"most": MOST_FILES}
            )
    return found


def _followed(path: Path, inner: str, sheet: Sheet) -> bool:
    if path.is_symlink():
        sheet.say(
            ERROR,
            _joined(inner, path.name),
            _("This is a link, and links are not followed. Put the file itself there."),
        )
        return False
    return path.is_dir() or path.is_file()


def _joined(inner: str, name: str) -> str:
    return names.line(name if inner == "." else f"{inner}/{name}")


def _named(path: str, sheet: Sheet) -> bool:
    try:
        names.parts(path)
    except BadName as error:
        sheet.say(ERROR, names.line(path), str(error))
        return False
    return True


def _nobodys(path: str) -> bool:
    return any(part.startswith(".") or part.casefold() in NOBODYS for part in path.split("/"))


def _told(found: Iterable[str], sheet: Sheet) -> tuple[str, ...]:
    """The names in order; those that are one on other disks are told."""
    seen: dict[str, str] = {}
    for path in sorted(found):
        other = seen.setdefault(path.casefold(), path)
        if other != path:
            about = _(
                "Its name differs from %(other)s only in large and small letters, and on many disks they are one. "
                "Rename one of them."
            )
            sheet.say(WARNING, path, about % {"other": quoted(other)})
    return tuple(sorted(found))
