"""Held against the algorithm of another house: python-bidi's, which is a browser's."""

import unicodedata

import bidi as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brands import bidi

LETTERS = "aZé" + "אבש" + "عرب" + "019" + "٠٣" + " .,:;-+/%$€#!?\"'" + "()[]{}" + "\u05b0\u064e\u0301"


def shown(text: str) -> str:
    return "".join(text[place] for place in bidi.order(bidi.levels(text)))


@settings(max_examples=300, deadline=None)
@given(st.text(LETTERS, max_size=24))
def test_letters_stand_where_a_browser_puts_them(text):
    assert shown(text) == oracle.get_display(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", "abc"),
        ("אבג", "גבא"),
        ("abc אבג def", "abc גבא def"),
        ("אבג abc (def) ש", "ש abc (def) גבא"),
        ("אבג 123", "123 גבא"),
        ("עלה ב-50%", "50%-ב הלע"),
        ("abc אבג דה", "abc הד גבא"),
    ],
)
def test_mixed_directions(text, expected):
    assert shown(text) == expected


def test_a_wrapped_line_is_ordered_by_its_paragraph():
    """The number belongs to the Arabic before it, although that is on another line."""
    levels = bidi.levels("عرب 12 abc")
    assert levels[4:6] == [2, 2]
    assert bidi.order(levels[4:]) == [3, 4, 5, 2, 0, 1]


def test_many_brackets_take_no_time():
    text = "א([" * 600
    assert len(bidi.levels(text)) == len(text)
    assert len(list(bidi._pairs("(" * 500 + ")" * 500, ["ON"] * 1000))) == 0


def test_emoji_and_their_joiners_are_of_one_level():
    text = "אב 👩‍🚀 ג"
    assert {level for char, level in zip(text, bidi.levels(text), strict=True)} == {1}
    assert unicodedata.bidirectional("\u200d") == "BN"
