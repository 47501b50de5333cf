from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.media import font
from jobs.media.errors import CODES, MediaError
from wtfsite.lib import process
from wtfsite.lib.process import Finished

INTER = (Path(__file__).parents[2] / "brands" / "fonts" / "Inter-Regular.otf").read_bytes()


def rebuilt(data, work, **options):
    path = work / "upload"
    path.write_bytes(data)
    return font.rebuild(path, work, **options)


def refusal(data, work, **options):
    with pytest.raises(MediaError) as caught:
        rebuilt(data, work, **options)
    return caught.value.code, caught.value.detail


def test_a_font_is_written_anew(tmp_path):
    made = rebuilt(INTER, tmp_path)
    assert made.format == "otf"
    assert made.path.read_bytes()[:4] == b"OTTO"
    assert made.path.parent == tmp_path


def test_what_is_hidden_in_a_font_does_not_come_along(tmp_path):
    secret = b"<script>a second life</script>"
    made = rebuilt(INTER + secret, tmp_path)
    assert secret not in made.path.read_bytes()


def test_a_font_that_was_rebuilt_stays_as_it_is(tmp_path):
    once = rebuilt(INTER, tmp_path).path.read_bytes()
    assert rebuilt(once, tmp_path).path.read_bytes() == once


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ("font_format", "the file is empty")),
        (b"hello", ("font_format", "the file is no font")),
        (b"ttcf" + INTER[4:], ("font_format", "a collection of several fonts")),
        (b"wOF2" + INTER[4:], ("font_format", "a font for web pages")),
        (INTER[:5000], ("font_unreadable", "CFF : invalid table offset")),
        (INTER[:100] + bytes(1000) + INTER[1100:], ("font_unreadable", "cmap: invalid table offset")),
        (b"OTTO" + bytes(500), ("font_unreadable", "excessive (or zero) number of tables")),
    ],
    ids=["empty", "text", "collection", "web", "cut", "zeros", "hollow"],
)
def test_it_says_what_is_wrong_with_a_font(tmp_path, data, expected):
    code, detail = refusal(data, tmp_path)
    assert (code, detail[: len(expected[1])]) == expected


def test_a_large_file_is_not_read(tmp_path):
    assert refusal(INTER, tmp_path, max_bytes=1000)[0] == "font_too_large"


def test_a_sanitiser_that_crashes_says_nothing_good_of_the_font(tmp_path):
    def run(*command, **options):
        raise process.Failed("crash", Finished(-11, b"", "\nSegmentation fault\n", 0, 0, 0))

    assert refusal(INTER, tmp_path, run=run) == ("font_unreadable", "its reader crashed")


@pytest.mark.parametrize("written", [None, b"", b"#!/bin/sh"], ids=["nothing", "empty", "script"])
def test_what_the_sanitiser_wrote_has_to_be_a_font(tmp_path, written):
    def run(command, **options):
        if written is not None:
            Path(command[2]).write_bytes(written)

    assert refusal(INTER, tmp_path, run=run) == ("font_unreadable", "what its reader wrote is no font")


def test_a_link_is_not_followed(tmp_path):
    def run(command, **options):
        Path(command[2]).symlink_to(tmp_path / "upload")

    assert refusal(INTER, tmp_path, run=run)[0] == "font_unreadable"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(4, 4000), st.binary(min_size=1, max_size=40))
def test_damage_is_refused_or_mended_with_a_known_code(tmp_path, place, junk):
    try:
        rebuilt(INTER[:place] + junk + INTER[place + len(junk) :], tmp_path)
    except MediaError as error:
        assert error.code in CODES  # noqa: PT017 - any other exception fails the test
