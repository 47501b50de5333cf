"""Text in any script, from whichever fonts are here."""

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from brands import lettering, typefaces
from brands.artwork import PlateSpec, TextLayer, draw
from brands.layouts import canvas
from brands.typefaces import Chooser
from jobs.media.errors import ArtworkError

SQUARE = canvas("square", 720)
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
TOGETHER = [FAMILY, ENGLAND, "🇩🇪", "👍🏽", "1️⃣", "❤️", "क्षि", "e\u0301\u0323", "👩‍🚀"]
NOWHERE = "\U00017000"  # Tangut, which no font in the list has


def needs(*names):
    missing = [name for name in names if name not in typefaces.found()]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


needs_emoji = needs(typefaces.EMOJI)
needs_noto = needs("NotoSansArabic-Bold.ttf", "NotoSansHebrew-Bold.ttf", "NotoSansDevanagari-Bold.ttf")
needs_raqm = pytest.mark.skipif(typefaces.text_shaping() != "raqm", reason="Pillow has no raqm here")


def drawn(words, **values):
    layer = TextLayer(words, **{"x": 50, "y": 50, "width": 90, "size_percent": 8, **values})
    return draw(PlateSpec(SQUARE, (layer,)), no_picture)


def no_picture(sha256):
    raise AssertionError("there are no pictures here")


def colours(plate):
    return {pixel[:3] for pixel in plate.image.get_flattened_data() if pixel[3] > 200}


def lines_of(words, width, size=32):
    return lettering.fit(lettering.clean(words), size, lettering.Room(width, width, 1200, 12), boxed=False).lines


# --- letters and what belongs to them ---


@pytest.mark.parametrize("cluster", TOGETHER)
def test_what_belongs_together_is_never_parted(cluster):
    if lettering.missing_glyphs(cluster):
        pytest.skip("no font here has it")
    lines = lines_of(cluster * 40, width=120)
    assert len(lines) > 1
    assert "".join(lines) == lettering.clean(cluster) * 40
    assert all(
        regex.findall(r"\X", line) == [lettering.clean(cluster)] * (len(line) // len(lettering.clean(cluster)))
        for line in lines
    )


@pytest.mark.parametrize("words", [FAMILY, ENGLAND, "👍🏽", "🇩🇪"])
def test_cleaning_keeps_what_emoji_are_made_of(words):
    assert lettering.clean(f" {words}\u202e") == words


def test_tags_without_a_flag_are_taken_away():
    assert lettering.clean("a\U000e0067\U000e007f\U0001f3f4") == "a\U0001f3f4"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from([*TOGETHER, "a", " ", "ב", "ع", "你", "。", "("]), min_size=1, max_size=30),
    st.integers(40, 400),
)
def test_lines_hold_all_letters_in_their_order(clusters, width):
    words = lettering.clean("".join(clusters))
    if words:
        lines = lines_of(words, width)
        assert "".join(lines).replace(" ", "") == words.replace(" ", "")


# --- scripts ---


@needs_emoji
def test_emoji_are_drawn_in_their_colours():
    plate = drawn("ab 🇩🇪", colour="#ffffff")
    assert any(red > 150 and green < 80 for red, green, _ in colours(plate)), "the red of the flag"
    assert (255, 255, 255) in colours(plate), "letters keep theirs"


@needs_emoji
def test_emoji_leave_no_dark_edge():
    edge = [pixel for pixel in drawn("🙂").image.get_flattened_data() if 20 < pixel[3] < 200]
    assert min(pixel[0] for pixel in edge) > 120


@needs_emoji
@needs_raqm
@pytest.mark.parametrize("cluster", [FAMILY, ENGLAND, "🇩🇪", "👍🏽", "👩‍🚀"])
def test_a_joined_emoji_is_one_sign(cluster):
    assert drawn(cluster).image.width == pytest.approx(drawn("🙂").image.width, abs=6)


@needs_emoji
def test_the_black_and_white_form_can_be_asked_for():
    assert Chooser()("❤\ufe0f").face.strike
    assert not Chooser()("❤\ufe0e").face.strike


@needs_noto
@needs_raqm
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("שלום abc", ["abc", " ", "שלום"]),
        ("abc שלום", ["abc ", "שלום"]),
        ("مرحبا 123", ["123", " ", "مرحبا"]),
    ],
)
def test_mixed_directions_stand_in_their_order(words, expected):
    runs = lettering.fit(words, 32, lettering.Room(600, 600, 600, 12), boxed=False).runs[0]
    assert [run.text for run in runs] == expected


@needs_noto
@needs_raqm
def test_arabic_letters_are_joined():
    """Apart they are wider than together."""
    ruler = lettering.Ruler(40, Chooser())
    assert ruler("سلام") < sum(ruler(letter) for letter in "سلام") * 0.9


@needs_noto
@pytest.mark.parametrize("words", ["مرحبا بالعالم", "שלום עולם", "नमस्ते"])
def test_every_script_has_ink(words):
    assert not lettering.missing_glyphs(words)
    assert drawn(words).image.getchannel("A").getextrema()[1] == 255


def test_chinese_may_end_its_lines_anywhere_but_before_a_full_stop():
    assert [len(piece.text) for piece in lettering._pieces("你好。世界「上")] == [1, 2, 1, 1, 2]


def test_words_without_ideographs_stay_whole():
    assert [piece.text for piece in lettering._pieces("Hello, world")] == ["Hello,", "world"]


# --- what no font has ---


def test_a_missing_glyph_is_told_once():
    assert lettering.missing_glyphs(f"a{NOWHERE}b{NOWHERE} é\u0301 \u200d\n") == NOWHERE


def test_a_missing_glyph_is_left_out():
    assert drawn(f"a{NOWHERE}b").image.tobytes() == drawn("ab").image.tobytes()


def test_a_text_of_missing_glyphs_has_no_box_either():
    assert drawn(f"{NOWHERE} {NOWHERE}", box_opacity=1.0) is None


def test_a_mark_that_no_font_has_leaves_its_letter():
    assert Chooser()("x\u1cd0").text == "x"
    assert lettering.missing_glyphs("x\u1cd0") in ("\u1cd0", "")


# --- fonts and digests ---


def digest(words, **values):
    return PlateSpec(SQUARE, (TextLayer(words, 50, 50, 50, **values),)).digest()


@needs_emoji
def test_the_digest_names_the_fonts_that_are_used():
    inter = typefaces.inter().sha256
    assert lettering.fonts_used("hello") == [inter]
    assert lettering.fonts_used("hello 🙂") == sorted([inter, typefaces.emoji()[0].sha256])


def test_the_digest_does_not_change_by_itself():
    words = "Grüße 🙂 שלום مرحبا 你好"
    assert digest(words) == digest(words)


# --- a brand's own font ---

INTER_REGULAR = (typefaces.INTER.parent / "Inter-Regular.otf").read_bytes()


def oversized():
    """Its letters claim to be sixty times as large as their size says."""
    data = bytearray(INTER_REGULAR)
    head = data.index(b"\x5f\x0f\x3c\xf5") - 12
    data[head + 18 : head + 20] = (16).to_bytes(2, "big")
    return bytes(data)


def test_a_font_of_monstrous_letters_is_an_error_with_a_name():
    layers = (TextLayer("Hello", 50, 50, 90, size_percent=50, font="own"),)
    with pytest.raises(ArtworkError) as caught:
        draw(PlateSpec(SQUARE, layers), no_picture, {"own": oversized()}.__getitem__)
    assert caught.value.code == "font_unreadable"


def test_a_brands_font_is_asked_first():
    layers = (TextLayer("Hello", 50, 50, 90, size_percent=10, font="own"),)
    own = draw(PlateSpec(SQUARE, layers), no_picture, {"own": INTER_REGULAR}.__getitem__)
    assert own.image.tobytes() != drawn("Hello", size_percent=10).image.tobytes()


def test_what_a_brands_font_lacks_comes_from_ours():
    own = typefaces.own(INTER_REGULAR)
    narrow = typefaces.Face(own.source, frozenset(map(ord, "Helo")))
    chosen = Chooser(narrow)
    assert [chosen(letter).face for letter in "Hé"] == [narrow, typefaces.inter()]


@pytest.mark.parametrize("data", [b"", b"not a font", INTER_REGULAR[:200], INTER_REGULAR[:5000]], ids=range(4))
def test_a_font_that_cannot_be_read_is_told(data):
    with pytest.raises(Exception, match="font_unreadable"):
        typefaces.own(data).font(20)
