"""The saved errors of yt-dlp, what the installed one can say, and the little that is done to a log before."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import yt_dlp

from jobs.media.errors import CODES
from jobs.sources import reasons
from tests.sources import saved
from wtfsite.lib import process

SAVED = saved.errors()


def ended(code: int, text: str) -> process.Finished:
    return process.Finished(code, b"", text, 0.0, 0, 0.0)


@pytest.mark.parametrize(("platform", "code", "text"), SAVED)
def test_it_understands_what_yt_dlp_says(platform, code, text):
    assert reasons.classify(text) == code


def test_at_least_95_percent_of_the_saved_errors_have_a_name():
    assert len(SAVED) >= 80
    assert {"tiktok", "instagram", "x", "youtube", "facebook", "threads", "network", "hls"} <= {row[0] for row in SAVED}
    named = sum(reasons.classify(text) != "unknown" for _, _, text in SAVED)
    assert named >= 0.95 * len(SAVED)


def test_at_least_95_percent_of_what_the_installed_yt_dlp_can_say_has_a_name():
    """All its sites, and only its own words: `somebody said: ...` leaves the words to the site."""
    said = set(messages(Path(yt_dlp.__file__).parent / "extractor"))
    assert len(said) > 500
    unnamed = sorted(text for text in said if reasons.classify(f"ERROR: {text}") == "unknown")
    assert len(unnamed) <= 0.05 * len(said), unnamed


def messages(folder: Path) -> Iterator[str]:
    """The texts of the errors that are raised in a folder's modules, `...` for what is put in at run time."""
    for file in folder.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(("ExtractorError", "raise_no_formats")):
                text = words(call.args[0]) if call.args else ""
                expected = any(keyword.arg == "expected" for keyword in call.keywords)
                if len(text) > 15 and not any(word in text for word in (" said", " says", " returned error", " API ")):
                    yield text if expected else f"{text}; please report this issue on"


def words(text: ast.expr) -> str:
    if isinstance(text, ast.JoinedStr):
        return "".join(words(part) for part in text.values)
    return str(text.value) if isinstance(text, ast.Constant) else "..."


def test_every_code_has_a_sentence():
    assert {code for _, code in reasons.REASONS} <= set(CODES)


@pytest.mark.parametrize("text", ["", "WARNING: private\nERROR: something new", "ERROR: [x] private: something new"])
def test_what_nobody_has_said_before_is_unknown(text):
    """A warning, a name and an address are no reason."""
    assert reasons.classify(text) == "unknown"


def test_the_error_lines_count_and_not_what_was_tried_before():
    log = "WARNING: [youtube] HTTP Error 429\nERROR: [youtube] x: Video unavailable"
    assert reasons.classify(log) == "removed"


def test_it_tells_the_last_error_as_its_detail():
    error = reasons.failure(ended(1, "ERROR: one\nWARNING: two\nERROR: \x1b[31mVideo\u202e unavailable\x1b[0m\n"))
    assert error.code == "removed"
    assert "unavailable" in error.detail
    assert "\x1b" not in error.detail
    assert "\u202e" not in error.detail


@pytest.mark.parametrize(("signal", "code"), [(-9, "killed"), (-24, "resource_limit"), (-11, "crashed")])
def test_a_signal_says_more_than_the_log(signal, code):
    assert reasons.failure(ended(signal, "ERROR: Video unavailable")).code == code
