from fractions import Fraction

import pytest

from jobs.media import encode
from tests.media.clips import probe


@pytest.mark.parametrize(
    ("rate", "base", "target"),
    [
        ("24", "24", "24"),
        ("24000/1001", "24000/1001", "24000/1001"),
        ("25", "25", "25"),
        ("30000/1001", "30000/1001", "30000/1001"),
        ("2997/100", "30000/1001", "30000/1001"),
        ("30", "30", "30"),
        ("50", "50", "50"),
        ("60000/1001", "60000/1001", "60000/1001"),
        ("60", "60", "60"),
        ("100", "100", "50"),
        ("120", "120", "60"),
        ("10", "10", "30"),
        ("15", "15", "30"),
        ("48", "48", "30"),
        ("90", "90", "30"),
        ("18", "30", "30"),
        ("42", "60", "30"),
        ("0", "0", "30"),
    ],
)
def test_it_takes_the_sources_own_rate_when_it_is_a_usual_one(rate, base, target):
    assert encode.target_rate(probe(rate=Fraction(rate), base_rate=Fraction(base))) == Fraction(target)


def test_it_takes_the_rate_that_is_asked_for():
    assert encode.target_rate(probe(), Fraction(25)) == 25


def test_fields_are_not_taken_for_a_variable_rate():
    assert encode.target_rate(probe(rate=Fraction(25), base_rate=Fraction(50), interlaced=True)) == 25


def test_standard_searches_fast_and_looks_ahead():
    assert encode.video(encode.PROFILES["standard"], Fraction(30000, 1001)) == {
        "c:v": "libx264",
        "preset": "superfast",
        "crf": 23.5,
        "threads": 1,
        "profile:v": "high",
        "g": 120,
        "x264-params": "mbtree=1:rc-lookahead=10",
    }


def test_draft_has_no_lookahead():
    assert "x264-params" not in encode.video(encode.PROFILES["draft"], Fraction(30))
