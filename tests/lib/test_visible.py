import pytest

from tests.hostile_strings import HOSTILE, UNSTORABLE
from wtfsite.lib import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Nørthshore 日本 🎬", "Nørthshore 日本 🎬"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\x1b[31m\x00\x7f\x9b", "\\x1b[31m\\x00\\x7f\\x9b"),
        ("a\u202eb\u200bc\u2028d\ud800", "a\\u202eb\\u200bc\\u2028d\\ud800"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text, shown):
    assert visible.line(text) == shown


@pytest.mark.parametrize("hostile", HOSTILE + UNSTORABLE, ids=lambda hostile: hostile.word)
def test_every_hostile_text_is_one_line_that_can_be_printed(hostile):
    shown = visible.line(hostile.text)
    assert len(shown.splitlines()) == 1
    assert shown.isprintable()
    assert shown.encode()
    assert hostile.word in shown
