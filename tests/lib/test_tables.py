import csv
import io
from datetime import date, datetime

import pytest

from tests.hostile_strings import HOSTILE, UNSTORABLE
from wtfsite.lib import tables

SIGNS = "=+-@\t\r\n＝＋－＠"


def read(data: bytes) -> list[list[str]]:
    """As a careful reader does: the byte order mark is no part of the first cell, and line breaks stay as they are."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def written(*rows: list[tables.Value]) -> bytes:
    return b"".join(tables.lines(rows))


def test_lines_are_as_rfc_4180_wants_them():
    data = written(["a", 'b "c"', "d,e"], [1, "two\nlines", None])
    assert data == b'\xef\xbb\xbfa,"b ""c""","d,e"\r\n1,"two\nlines",\r\n'


def test_the_table_comes_line_by_line():
    def endless():
        while True:
            yield ["a"]

    lines = tables.lines(endless())
    assert (next(lines), next(lines)) == (b"\xef\xbb\xbfa\r\n", b"a\r\n")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-5, "-5"),
        (-0.5, "-0.5"),
        (0, "0"),
        (None, ""),
        ("", ""),
        (date(2026, 11, 2), "2026-11-02"),
        (datetime(2026, 11, 2, 14, 5), "2026-11-02 14:05:00"),
        ("-5", "'-5"),
        ("0:12", "0:12"),
        ("it's", "it's"),
        ("'tis", "'tis"),
    ],
)
def test_numbers_stay_numbers_and_texts_stay_texts(value, text):
    assert read(written([value, "end"])) == [[text, "end"]]


@pytest.mark.parametrize("text", [*(f"{quotes}{sign}1+1" for quotes in ("", "'", "''") for sign in SIGNS), " \u00a0=1"])
def test_no_cell_begins_as_a_formula_does(text):
    [[cell]] = read(written([text]))
    assert cell == f"'{text}"
    assert tables.plain(cell) == text


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.word)
def test_hostile_texts_come_back_whole(hostile):
    [[cell, after]] = read(written([hostile.text, "after"]))
    assert after == "after"
    assert cell[0] not in SIGNS
    assert tables.plain(cell) == hostile.text.translate(tables.PICTURES)
    assert hostile.word in cell


def test_controls_become_pictures_of_themselves():
    assert tables.cell("a\x00b\x1b[1m\x7f\x85\ud800") == "a␀b␛[1m␡��"
    assert tables.cell("\x00=1") == "␀=1"
    assert all(hostile.word in read(written([hostile.text]))[0][0] for hostile in UNSTORABLE)
