"""Names that other people gave: made fit to be shown, or checked before anything is looked up under them.

    line(text)              a title, an author: one line without unseen signs; "" when there is nothing to see
    clean(name)             a file's name, its last part only; "unnamed" when there is nothing to see
    kept(text)              a log: as it is, but for what databases do not take
    parts(name)             a relative path in an archive or a folder, taken apart; raises BadName
    inside(folder, name)    the regular file of that name in a folder; raises BadName
    nearest(name, known)    what may have been meant

What the first three return is for people to read, never a path to open: the names of stored files are ours.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

LONGEST = 255  # characters of a name, and of one part of a path
DEEPEST = 20  # folders in each other
UNNAMED = "unnamed"

# Cc control, Cf format (direction, zero width, tags), Cs halves of characters
UNSEEN = {"Cc", "Cf", "Cs"}
# Drawn as nothing though Unicode calls them letters, marks or unassigned: fillers, selectors of variants, spare places
INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\ufe00-\ufe0e\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
BLANK = dict.fromkeys((0x2800, 0x3164, 0xFFA0), " ")  # drawn as a space though Unicode calls them letters and symbols

# A joiner and the selector of colour make one picture out of several; anywhere else they only hide.
JOINER, COLOUR = "\u200d", "\ufe0f"
PICTURE = "\u00a9\u00ae\u203c-\u2fff\u3030\u303d\u3297\u3299\U0001f000-\U0001ffff"
LOOSE = re.compile(
    f"(?<![{PICTURE}]){COLOUR}(?!\u20e3)|(?<![{PICTURE}])(?<![{PICTURE}]{COLOUR}){JOINER}|{JOINER}(?![{PICTURE}])"
)

UNKEPT = re.compile("[\x00\ud800-\udfff]")
UNWRITABLE = {"Cc", "Cs", "Zl", "Zp"}  # in no name that a person typed
DRIVE = re.compile(r"[A-Za-z]:")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
COMPARED = 64  # characters; the time to compare grows with their square
LISTED = 500  # files that a wrong name is compared with


class BadName(Exception):
    """A name that is not looked up. The message is a sentence for people: what is wrong with it, and what to do."""

    code = "bad_name"


def line(text: str, longest: int = LONGEST) -> str:
    """The text as one line of at most `longest` characters: NFC, spaces and line breaks as single spaces, nothing
    that cannot be seen. "" when nothing is left.

    Emoji that are joined from several stay whole, but for the flags of England, Scotland and Wales, which become plain.
    Joiners in Persian and Indic words are lost: the words can still be read.
    """
    seen = "".join(sign for sign in text.translate(BLANK) if sign.isspace() or not _unseen(sign))
    seen = unicodedata.normalize("NFC", LOOSE.sub("", unicodedata.normalize("NFC", seen)))
    short = " ".join(seen.split())[:longest].rstrip(f" {JOINER}")
    return short if any(map(_has_ink, short)) else ""


def clean(name: str, longest: int = LONGEST) -> str:
    """The last part of a file's name or path as such a line. Names that show nothing, and `..`, become "unnamed"."""
    shown = (line(part, longest) for part in reversed(re.split(r"[/\\]", name)))
    return next((part for part in shown if part.strip(" .")), UNNAMED)


def kept(text: str) -> str:
    """The text with U+FFFD for each NUL and half of a character. PostgreSQL refuses both, at the worst of moments."""
    return UNKEPT.sub("\ufffd", text)


def quoted(name: str) -> str:
    """A name as it stands in a sentence."""
    return f"“{line(name, 80) or UNNAMED}”"


def parts(name: str) -> tuple[str, ...]:
    """The parts of a relative path with `/` between them; `.` and nothing are left out.

    Raises BadName when it is empty, absolute, leads upwards, is too long or deep, or holds what nobody types.
    """
    found = tuple(part for part in name.split("/") if part not in ("", "."))
    if any(unicodedata.category(sign) in UNWRITABLE for sign in name):
        raise BadName(f"The name {quoted(name)} holds a control character or half of one. Rename the file.")
    if "\\" in name:
        raise BadName(f"The name {quoted(name)} holds a backslash. Write / between folders.")
    if name.startswith("/") or DRIVE.match(name):
        raise BadName(f"{quoted(name)} begins at the root of a disk. Name the file from where the list is.")
    if ".." in found:
        raise BadName(f"{quoted(name)} leads out of its folder. Put the file inside, and name it there.")
    if not found:
        raise BadName("A file has no name. Name it.")
    if len(found) > DEEPEST or max(map(len, found)) > LONGEST:
        raise BadName(f"The name {quoted(name)} is too long: {LONGEST} characters and {DEEPEST} folders at most.")
    return found


def inside(folder: Path, name: str) -> Path:
    """The real path of a regular file in the folder. Raises BadName for an address, a path that leads out of the
    folder (by itself or over a link), and anything else that is no such file; then with the nearest names.
    """
    if SCHEME.match(name):
        raise BadName(f"{quoted(name)} is an address. Put the file into the folder, and name it there.")
    root, found = folder.resolve(), parts(name)
    try:
        path = root.joinpath(*found).resolve(strict=True)
    except (OSError, RuntimeError) as error:  # not there, too long for the disk, a circle of links
        raise BadName(f"There is no file {quoted(name)} in the folder.{_meant(name, root)}") from error
    if not path.is_relative_to(root):
        raise BadName(f"{quoted(name)} is a link that leads out of its folder. Put the file itself there.")
    if not path.is_file():
        raise BadName(f"{quoted(name)} is not a file. Name a file.")
    return path


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names most like this one, the likest first; large and small letters count as the same."""
    folded: dict[str, str] = {_folded(other): other for other in reversed(list(islice(known, LISTED)))}
    return [folded[near] for near in difflib.get_close_matches(_folded(name), folded, most)]


def _unseen(sign: str) -> bool:
    return (unicodedata.category(sign) in UNSEEN and sign != JOINER) or bool(INVISIBLE.match(sign))


def _has_ink(sign: str) -> bool:
    return not sign.isspace() and unicodedata.category(sign)[0] != "M"


def _folded(name: str) -> str:
    """The end of a long path says more than its beginning."""
    return unicodedata.normalize("NFC", name).casefold()[-COMPARED:]


def _meant(name: str, root: Path) -> str:
    near = nearest(name, _files(root))
    return f" Did you mean {' or '.join(map(quoted, near))}?" if near else ""


def _files(root: Path) -> Iterator[str]:
    return (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
