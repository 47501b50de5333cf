import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wtfsite.lib import names
from wtfsite.lib.names import BadName

TRICKY = (
    "a.é/\\ \n\u0301\u0338\u3099<か\u2126\u2194\u200b\u200c\u200d\u202e\ufe0e\ufe0f\u20e3👩🚀❤\u3164\u2028\ud800\x00"
)
texts = st.text() | st.text(alphabet=TRICKY)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("clip.mp4", "clip.mp4"),
        ("  two \t  words ", "two words"),
        ("line\nbreak\r\n.mp4", "line break .mp4"),
        ("next\u2028line\u0085and\u2029more", "next line and more"),
        ("nul\x00 and bell\x07", "nul and bell"),
        ("fdp\u202e4pm.exe", "fdp4pm.exe"),
        ("\u2066left\u2069 \u200b zero\ufeff", "left zero"),
        ("ad\u200dmin\u200c \ufe0fa\u034f", "admin a"),
        ("lone\ud800", "lone"),
        ("hidden\U000e0068\U000e0069", "hidden"),
        ("e\u0301te\u0301", "été"),
        ("e\u200d\u0301", "é"),
        ("<script>%03d:'", "<script>%03d:'"),
        ("AC/DC \\ live", "AC/DC \\ live"),
        ("日本語 🎬 مرحبا", "日本語 🎬 مرحبا"),
        ("wide\u3000space\u3164filler", "wide space filler"),
        ("x" * 300, "x" * 255),
        ("é" * 300, "é" * 255),
        ("", ""),
        ("\x00\u200b \u3164\u2800\ufe0f\u0301", ""),
    ],
)
def test_a_line_shows_all_there_is_and_nothing_else(text, shown):
    assert names.line(text) == shown


@pytest.mark.parametrize("emoji", ["👩‍🚀", "🏳️‍🌈", "❤️‍🔥", "👩🏽‍⚕️", "👨‍👩‍👧", "🇺🇸", "1️⃣", "™️", "👍🏿"])
def test_an_emoji_stays_whole(emoji):
    assert names.line(f"a {emoji} b") == f"a {emoji} b"


def test_a_cut_leaves_no_joiner_at_the_end():
    assert names.line("👩‍🚀", longest=2) == "👩"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("logo.png", "logo.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\art\\logo.png", "logo.png"),
        ("folder/", "folder"),
        ("\u202egnp.exe\x00\n", "gnp.exe"),
        ("é" * 400, "é" * 255),
        ("🎬 👩‍🚀.mp4", "🎬 👩‍🚀.mp4"),
        (".mp4", ".mp4"),
        ("-i.mp4", "-i.mp4"),
    ],
)
def test_a_file_name_is_its_last_part(name, shown):
    assert names.clean(name) == shown


@pytest.mark.parametrize(
    "name", ["", " ", "/", "..", "../..", ".", "\x00", "\u200b\u202e", "\u3164", "\ud800", "a" * 0]
)
def test_a_name_with_nothing_to_see_is_said_to_be_none(name):
    assert names.clean(name) == "unnamed"


@settings(deadline=None)
@given(texts, st.integers(7, 20))
def test_cleaning_twice_is_cleaning_once(text, longest):
    for tidy in (names.line, names.clean):
        once = tidy(text, longest)
        assert tidy(once, longest) == once


def test_a_log_stays_as_it_is_but_for_what_no_database_takes():
    assert names.kept("one\r\n\ttwo \x1b[31m é\x00\ud800") == "one\r\n\ttwo \x1b[31m é\ufffd\ufffd"


@settings(deadline=None)
@given(texts)
def test_whatever_comes_a_database_can_hold_it(text):
    for tidy in (names.line(text), names.clean(text)):
        assert "\x00" not in tidy
        assert tidy.encode().decode() == tidy
        assert len(tidy) <= 255


@settings(deadline=None)
@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=255))
def test_plain_words_stay_as_they_are(text):
    assert names.line(text) == text


# --- paths


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("logo.png", ("logo.png",)),
        ("./net//logos/a b.png", ("net", "logos", "a b.png")),
        ("ü/👩‍🚀.png", ("ü", "👩‍🚀.png")),
        ("a..b/...", ("a..b", "...")),
        ("x" * 255, ("x" * 255,)),
        ("a/" * 19 + "b", ("a",) * 19 + ("b",)),
    ],
)
def test_a_relative_path_has_parts(name, found):
    assert names.parts(name) == found


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "no name"),
        ("./", "no name"),
        ("/etc/passwd", "root of a disk"),
        ("C:/logo.png", "root of a disk"),
        ("../logo.png", "leads out"),
        ("a/../../logo.png", "leads out"),
        ("a\\..\\logo.png", "backslash"),
        ("logo.png\x00.txt", "control character"),
        ("a\nb", "control character"),
        ("a\u2028b", "control character"),
        ("\ud800.png", "control character"),
        ("x" * 256, "too long"),
        ("a/" * 20 + "b", "too long"),
    ],
)
def test_other_paths_are_refused_in_a_sentence(name, said):
    with pytest.raises(BadName, match=said) as caught:
        names.parts(name)
    assert caught.value.code == "bad_name"
    assert str(caught.value).isprintable()
    assert str(caught.value).endswith(".")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "kit"
    (root / "logos").mkdir(parents=True)
    (root / "logos" / "Northshore.png").write_bytes(b"a logo")
    (tmp_path / "secret.png").write_bytes(b"not yours")
    return root


def test_a_file_inside_is_found(folder):
    assert names.inside(folder, "logos/Northshore.png").read_bytes() == b"a logo"


def test_a_link_inside_may_lead_to_a_file_inside(folder):
    (folder / "same.png").symlink_to("logos/Northshore.png")
    assert names.inside(folder, "same.png") == folder / "logos" / "Northshore.png"


@pytest.mark.parametrize(
    "name", ["../secret.png", "logos/../../secret.png", "link.png", "out/secret.png", "{absolute}"]
)
def test_nothing_outside_is_found(folder, name):
    (folder / "link.png").symlink_to(folder.parent / "secret.png")
    (folder / "out").symlink_to(folder.parent)
    with pytest.raises(BadName):
        names.inside(folder, name.format(absolute=folder.parent / "secret.png"))


@pytest.mark.parametrize("name", ["https://a.example/l.png", "file:///etc/passwd", "data:image/png,x", "//host/x"])
def test_an_address_is_not_a_name(folder, name):
    with pytest.raises(BadName, match="is an address"):
        names.inside(folder, name)


def test_only_regular_files_are_found(folder):
    os.mkfifo(folder / "pipe")
    (folder / "round").symlink_to("round")
    for name in ("logos", "pipe", "round", "é" * 150, "logos/Northshore.png/x"):
        with pytest.raises(BadName):
            names.inside(folder, name)


def test_a_missing_file_is_answered_with_the_nearest_names(folder):
    with pytest.raises(BadName, match=r"Did you mean “logos/Northshore\.png”"):
        names.inside(folder, "logos/northshore.jpg")
    with pytest.raises(BadName, match=r"in the folder\.$"):
        names.inside(folder, "zzz")


def test_the_nearest_name_comes_first():
    known = ["USAWTF", "Northshore", "USAmericaWTF"]
    assert names.nearest("usa wtf", known)[0] == "USAWTF"
    assert names.nearest("qqq", known) == []
