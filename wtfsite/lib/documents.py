"""YAML and JSON that other people wrote, read as plain values: dict, list, str, int, float, bool and None.

    bytes -> size -> UTF-8 -> depth -> parser -> no name twice, numbers and texts that can be kept -> value
                                                                                    otherwise BadDocument

YAML keeps what a person wrote. Without quotes only these are not text, as in JSON and nearly as in YAML 1.2:

    null Null NULL ~ and nothing               None
    true True TRUE, false False FALSE          bool
    12 -3 +3, no zero in front                 int, of 20 digits at most
    1.5 .5 1. 1e3                              float; .inf and .nan are refused

All else is text: `NO`, `on`, `12:30:45`, `2026-11-02`, `0123`, `0x1f`, `1_000`. Names are text: `24:` is refused and
`"24":` taken. Tags may only say which of these kinds a value is (`!!str 12`). There are no anchors and aliases, with
which a few lines become gigabytes.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml  # noqa: TID251  # made safe here for everybody else
from yaml.reader import ReaderError  # noqa: TID251

from wtfsite.lib.names import UNKEPT

DEEPEST = 20  # lists and mappings in each other
DIGITS = 20  # of a whole number: 64 bits need no more, and thousands take long to read and break what adds them up
LONGEST_SHOWN = 60  # characters of somebody's text in a sentence

TAG = "tag:yaml.org,2002:"
KINDS = {f"{TAG}int": int, f"{TAG}float": float, f"{TAG}bool": bool, f"{TAG}null": type(None)}
WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
BROKEN = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
ENDLESS = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[][{}]', re.DOTALL)  # texts too, for a bracket in a text is none


class BadDocument(Exception):
    """A list that is not read. The message is for people: what is wrong, where if that is known, and what to do."""

    code = "bad_manifest"


def read_yaml(data: bytes, max_bytes: int = 64 * 1024) -> Any:
    """The value of the only document in `data`; None when there is nothing in it. Raises BadDocument."""
    text = _text(data, max_bytes)
    try:
        return _document(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        raise BadDocument(f"{_place(error.problem_mark)}This is not YAML ({error.problem}). {INDENTATION}") from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadDocument(
            f"Line {line}: The character U+{ord(text[error.position]):04X} is not taken. Delete it."
        ) from error
    except (ValueError, OverflowError) as error:  # "\UFFFFFFFF"
        raise BadDocument("This is not YAML. Look at the texts in quotes that have \\x, \\u or \\U in them.") from error


def read_json(data: bytes | str, max_bytes: int = 1 << 20, max_depth: int = DEEPEST, mend: bool = False) -> Any:
    """The value in `data`. Raises BadDocument.

    With `mend` a NUL or half of a character is left out and not refused: sites cut titles in the middle of an emoji,
    and the rest of what a tool says about such a page is as good as ever.
    """
    text = _text(data, max_bytes)
    _measure(text, max_depth)
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_int=_whole, parse_float=_broken, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        place = f"Line {error.lineno}, column {error.colno}: "
        raise BadDocument(f"{place}This is not JSON ({error.msg}). Look at commas, quotes and brackets.") from error
    return _kept(value, mend)


# Both


def _text(data: bytes | str, max_bytes: int) -> str:
    """UTF-8, without its mark. UTF-16 is named, for some editors choose it without asking."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(raw) > max_bytes:
        raise BadDocument(f"The list is larger than {max_bytes // 1024} kB. Split it into several.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadDocument("The list is in UTF-16. Save it as UTF-8.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadDocument(f"Line {line}: This is not UTF-8. Save the list as UTF-8.") from error


def _shown(text: str) -> str:
    """Somebody's text as it stands in a sentence."""
    short = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
    return "“" + "".join(sign if sign.isprintable() else "\ufffd" for sign in short) + "”"


def _whole(text: str, place: str = "") -> int:
    if len(text.lstrip("+-")) > DIGITS:
        raise BadDocument(f"{place}The number {_shown(text)} has more than {DIGITS} digits. If it is text, quote it.")
    return int(text)


def _broken(text: str, place: str = "") -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BadDocument(f"{place}The number {_shown(text)} is too large. If it is text, quote it.")
    return number


def _kept(value: Any, mend: bool, place: str = "") -> Any:
    """The value with all its texts looked at. Not deeper than the document, which was measured."""
    if isinstance(value, list):
        return [_kept(item, mend) for item in value]
    if isinstance(value, dict):
        return _object((_kept(key, mend), _kept(item, mend)) for key, item in value.items())
    if not isinstance(value, str) or not UNKEPT.search(value):
        return value
    if not mend:
        raise BadDocument(f"{place}The text {_shown(value)} holds a NUL or half of a character. Write it again.")
    return UNKEPT.sub("", value)


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _twice(key)
        found[key] = value
    return found


def _twice(key: str, place: str = "") -> BadDocument:
    return BadDocument(f"{place}The name {_shown(key)} is there twice. Rename or delete one of them.")


def _too_deep(line: int, deepest: int) -> BadDocument:
    return BadDocument(f"Line {line}: There are more than {deepest} lists and mappings in each other. Make it flatter.")


# JSON


def _constant(text: str) -> Any:
    raise BadDocument(f"{text} is not a number that can be used. Write a number or null.")


def _measure(text: str, deepest: int) -> None:
    """The depth, before the parser calls itself for every bracket. Up to the first mistake both count the same."""
    depth = 0
    for found in BRACKETS.finditer(text):
        depth += (found[0] in "[{") - (found[0] in "]}")
        if depth > deepest:
            raise _too_deep(text.count("\n", 0, found.start()) + 1, deepest)


# YAML: events of PyYAML's parser, and nothing of what it makes of them

INDENTATION = "Look at the indentation, quotes and colons there."
Events = Iterator[Any]


def _document(events: Events) -> Any:
    next(events)  # the stream begins
    if isinstance(next(events), yaml.StreamEndEvent):
        return None
    value = _value(events, next(events), 0)
    next(events)  # the document ends
    if not isinstance(event := next(events), yaml.StreamEndEvent):
        raise BadDocument(f"{_place(event.start_mark)}A second document begins here. Make two files of them.")
    return value


def _value(events: Events, event: Any, depth: int) -> Any:
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise BadDocument(f"{_place(event.start_mark)}& and * are not taken. Write the value out, or quote it as text.")
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if depth == DEEPEST:
        raise _too_deep(event.start_mark.line + 1, DEEPEST)
    if isinstance(event, yaml.SequenceStartEvent):
        _check_tag(event, "seq")
        return list(_items(events, depth + 1))
    _check_tag(event, "map")
    return _mapping(events, depth + 1)


def _items(events: Events, depth: int) -> Iterator[Any]:
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        yield _value(events, event, depth)


def _mapping(events: Events, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        place, key = _place(event.start_mark), _value(events, event, depth)
        if not isinstance(key, str):
            raise BadDocument(f"{place}A name has to be text. Put it in quotes.")
        if key in found:
            raise _twice(key, place)
        found[key] = _value(events, next(events), depth)
    return found


def _scalar(event: Any) -> Any:
    """A text in quotes or a block is text; without them it is what the table above says."""
    place = _place(event.start_mark)
    if event.tag == f"{TAG}str" or (event.tag is None and event.style is not None):
        return _kept(event.value, mend=False, place=place)
    value = _plain(event.value, place)
    if event.tag is not None and KINDS.get(event.tag) is not type(value):
        raise _unfit(event)
    return value


def _plain(text: str, place: str) -> Any:
    if text in WORDS:
        return WORDS[text]
    if WHOLE.fullmatch(text):
        return _whole(text, place)
    if BROKEN.fullmatch(text):
        return _broken(text, place)
    if ENDLESS.fullmatch(text):
        raise BadDocument(f"{place}{text} is not a number that can be used. Write a number, or quote it as text.")
    return text


def _check_tag(event: Any, kind: str) -> None:
    if event.tag not in (None, f"{TAG}{kind}"):
        raise _unfit(event)


def _unfit(event: Any) -> BadDocument:
    return BadDocument(f"{_place(event.start_mark)}The tag {_shown(event.tag)} does not fit here. Leave it out.")


def _place(mark: Any) -> str:
    return f"Line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
