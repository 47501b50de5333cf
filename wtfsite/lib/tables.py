"""Tables as CSV, for spreadsheets and programs: RFC 4180 (commas, quotes doubled, lines end in CRLF), in UTF-8.

The file begins with a byte order mark. Excel reads a file without one in the code page of its machine, and names such
as Žluťásek come out as rubbish; programs that want none read it as `utf-8-sig`.

A spreadsheet runs a cell that begins like a formula, and a formula can send the table elsewhere. So such a text gets a
`'` in front, which spreadsheets take for "this is text". `plain` takes it away again.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime

BOM = "\ufeff"
# Spaces before the sign do not help with every program, and Excel reads the full-width signs as the plain ones where
# Japanese or Chinese is typed. The quotes before them are there so that a text which has the `'` already gets one more,
# and loses just that one in `plain`.
FORMULA = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")
# What no reader takes well: all controls but tab and line breaks as the small picture that Unicode has for each; C1
# controls and halves of characters, which have none, as the sign for "something was here".
PICTURES = {number: 0x2400 + number for number in range(0x20) if chr(number) not in "\t\n\r"}
PICTURES |= {0x7F: 0x2421} | dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000)], 0xFFFD)

Value = str | int | float | date | None


class _Handed:
    """A file that hands back what is written, so that `csv` can be asked for one line at a time."""

    def write(self, text: str) -> str:
        return text


def lines(rows: Iterable[Iterable[Value]]) -> Iterator[bytes]:
    """The table line by line, as it is read; the byte order mark comes with the first one."""
    write = csv.writer(_Handed(), lineterminator="\r\n").writerow
    start = BOM
    for row in rows:
        text: str = write([cell(value) for value in row])  # what `_Handed.write` returned
        yield (start + text).encode()
        start = ""


def cell(value: Value) -> str | int | float:
    """What stands in the file for a value: numbers as they are, times as `2026-11-02 14:05:00`, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    text = value.translate(PICTURES)
    return f"'{text}" if FORMULA.match(text) else text


def plain(text: str) -> str:
    """The text that `cell` was given, from what a reader of CSV found."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text
