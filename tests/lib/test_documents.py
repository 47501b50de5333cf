import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wtfsite.lib.documents import BadDocument, read_json, read_yaml

MANIFEST = """\
%YAML 1.2
--- # brands of the network
brands:
  NorthshoreNews:
    display_name: "Northshore News"
    default_caption_postfix: "NORTHSHORE — @northshore 🌊"
    default_hashtags: ["#Northshore", '#News']
    posting_cadence_hours: 6
    languages: [en, NO]
    watermark_opacity: .55
    motto: |
      two
      lines
    logo:
"""
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
numbers = st.integers(-(10**19), 10**19) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def refusal(read, data, **options) -> str:
    with pytest.raises(BadDocument) as caught:
        read(data, **options)
    sentence = str(caught.value)
    assert caught.value.code == "bad_manifest"
    assert sentence.isprintable()
    assert sentence.endswith(".")
    return sentence


# --- YAML


def test_a_manifest_is_read():
    assert read_yaml(MANIFEST.encode()) == {
        "brands": {
            "NorthshoreNews": {
                "display_name": "Northshore News",
                "default_caption_postfix": "NORTHSHORE — @northshore 🌊",
                "default_hashtags": ["#Northshore", "#News"],
                "posting_cadence_hours": 6,
                "languages": ["en", "NO"],
                "watermark_opacity": 0.55,
                "motto": "two\nlines\n",
                "logo": None,
            }
        }
    }


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"\n\n"])
def test_an_empty_document_is_nothing(data):
    assert read_yaml(data) is None


@pytest.mark.parametrize(
    "text",
    [
        *("12:30:45", "NO", "no", "yes", "on", "Off", "0123", "-01", "0x1f", "0o17", "1_000", "2026-11-02", "1e", "."),
        *("2026-11-02T10:00:00Z", "190:20:30", "=", "<<", "infinity", "NaN", "nUlL", "tRue", "+", "1.2.3", "00", "٣"),
    ],
)
def test_what_a_person_wrote_stays_text(text):
    assert read_yaml(f"a: {text}".encode()) == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(word, None) for word in ("", "~", "null", "Null", "NULL", "!!null ~")],
        *[(word, True) for word in ("true", "True", "TRUE", "!!bool true")],
        *[(word, False) for word in ("false", "False", "FALSE")],
        *[("0", 0), ("12", 12), ("-3", -3), ("+3", 3), ("9" * 20, int("9" * 20)), ("!!int 12", 12), ('!!int "12"', 12)],
        *[("1.5", 1.5), (".5", 0.5), ("-1.", -1.0), ("1e3", 1000.0), ("1.5E-3", 0.0015), ("!!float 1.0", 1.0)],
        *[('"12"', "12"), ("'null'", "null"), ('""', ""), ("!!str 12", "12"), ("!!str", ""), ('"\\u00e9"', "é")],
        *[("!!seq [1]", [1]), ("!!map {b: 1}", {"b": 1}), ("{b: {}}", {"b": {}}), ("[]", [])],
    ],
)
def test_some_words_are_not_text(text, value):
    found = read_yaml(f"a: {text}".encode())["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x 1\nb: *x", "& and * are not taken"),
        ("a: &x [1]", "Line 1, column 4"),
        ("a: *x", "& and *"),
        ("&x a: 1", "& and *"),
        ("&x {}", "& and *"),
        ("a: !!python/object/apply:os.system [id]", "The tag “tag:yaml.org,2002:python/object/apply:os.system”"),
        ("a: !secret x", "“!secret”"),
        ("a: ! x", "“!”"),
        ("a: !!binary aGk=", "binary"),
        ("a: !!timestamp 2026-11-02", "timestamp"),
        ("a: !!set {x}", "set"),
        ("a: !!omap [x: 1]", "omap"),
        ("a: !!map []", "map"),
        ("a: !!seq x", "seq"),
        ("a: !!str [x]", "str"),
        ("a: !!int x", "int"),
        ("a: !!int 1.5", "int"),
        ("%TAG ! tag:yaml.org,2002:python/\n---\na: !name:os.system x", "python/name"),
        ("a: 1\nb: 2\na: 3", "Line 3, column 1: The name “a” is there twice"),
        ("{a: {b: 1, 'b': 2}}", "“b” is there twice"),
        ("1: x", "A name has to be text. Put it in quotes"),
        ("null: x", "has to be text"),
        ("true: x", "has to be text"),
        ("~: x", "has to be text"),
        (": x", "not YAML"),
        ("? [a]\n: x", "has to be text"),
        ("{a: 1}: x", "has to be text"),
        ("a: 1\n---\nb: 2", "Line 2, column 1: A second document"),
        ("a: .inf", "not a number"),
        ("a: -.INF", "not a number"),
        ("a: .nan", "not a number"),
        ("a: 1e999", "too large"),
        ("a: " + "9" * 21, "more than 20 digits"),
        ("a: " + "9" * 5000, "more than 20 digits"),
        ("a: !!int " + "9" * 5000, "more than 20 digits"),
        ('a: "\\0"', "Line 1, column 4: The text “\ufffd” holds a NUL"),
        ('a: "\\ud800"', "half of a character"),
        ('"\\ud83d\\ude00": 1', "half of a character"),
        ("b:\na: \x00", "Line 2: The character U+0000"),
        ("a: \x07", "U+0007"),
        ('a: "\\UFFFFFFFF"', "not YAML"),
        ('a: "\\U00110000"', "not YAML"),
        ("a: [1, 2", "not YAML"),
        ("a: 1\n b: 2", "Line 2, column 3: This is not YAML"),
        ("a:\n\t- 1", "Line 2, column 1"),
        ("a: b: c", "not YAML"),
        ("%YAML 9.0\n---\na", "not YAML"),
        ("a: '", "not YAML"),
    ],
)
def test_other_yaml_is_refused_in_a_sentence(text, said):
    assert said in refusal(read_yaml, text.encode())


def test_a_bomb_of_aliases_is_refused():
    lines = ["a0: &a0 [x, x]", *[f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]]
    assert "Line 1" in refusal(read_yaml, "\n".join(lines).encode())


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("- ", "")])
def test_yaml_is_at_most_twenty_deep(opening, closing):
    assert read_yaml((opening * 20 + "1" + closing * 20).encode())
    assert "more than 20 lists" in refusal(read_yaml, (opening * 21 + "1" + closing * 21).encode())
    assert refusal(read_yaml, (opening * 10_000).encode())


# --- both


@pytest.mark.parametrize("read", [read_yaml, read_json])
def test_it_is_utf8_with_or_without_a_mark(read):
    assert read('{"a": "é"}'.encode()) == read('{"a": "é"}'.encode("utf-8-sig")) == {"a": "é"}
    assert "UTF-16. Save it as UTF-8" in refusal(read, '{"a": 1}'.encode("utf-16"))
    assert "Line 2: This is not UTF-8" in refusal(read, '{"a":\n"é"}'.encode("latin-1"))
    assert refusal(read, '{"a": 1}'.encode("utf-32"))
    assert "not UTF-8" in refusal(read, b'"\xed\xa0\x80"')


@pytest.mark.parametrize("read", [read_yaml, read_json])
def test_it_has_a_size(read):
    assert read(b'"1234"', max_bytes=6) == "1234"
    assert "larger than" in refusal(read, b'"12345"', max_bytes=6)


def test_a_yaml_list_is_64_kilobytes_long_at_most():
    assert read_yaml(b"#" * 65536) is None
    assert "64 kB" in refusal(read_yaml, b"#" * 65537)


# --- JSON


@settings(deadline=None)
@given(values, st.booleans())
def test_ordinary_json_is_read_as_the_library_reads_it(value, plain):
    text = json.dumps(value, ensure_ascii=plain)
    assert read_json(text) == read_json(text.encode()) == json.loads(text) == value


@settings(deadline=None)
@given(values)
def test_json_of_a_page_is_yaml_too(value):
    """But for what the two write differently: escapes beyond U+FFFF, and characters that YAML does not take bare."""
    text = json.dumps(value, ensure_ascii=True)
    if "\\ud" not in text and "\x7f" not in text:
        assert read_yaml(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": NaN}', "NaN is not a number"),
        ('{"a": -Infinity}', "-Infinity is not"),
        ('{"a": 1e999}', "too large"),
        ('{"a": ' + "9" * 21 + "}", "more than 20 digits"),
        ("-" + "9" * 5000, "more than 20 digits"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "“c” is there twice"),
        ('{"a": "\\u0000"}', "a NUL"),
        ('{"\\ud800": 1}', "half of a character"),
        ('["\\udc00"]', "half of a character"),
        ('{"a": 1,\n}', "Line 2, column 1: This is not JSON"),
        ('{"a": 1} x', "not JSON"),
        ('["a\nb"]', "not JSON"),
        ("", "not JSON"),
        ('"', "not JSON"),
        ("]]", "not JSON"),
    ],
)
def test_other_json_is_refused_in_a_sentence(text, said):
    assert said in refusal(read_json, text)


def test_text_with_half_a_character_is_refused():
    assert "not UTF-8" in refusal(read_json, '"\ud800"')


def test_a_megabyte_of_brackets_reaches_no_parser():
    for opening in ("[", '{"":', '["[",'):
        assert "more than 20 lists" in refusal(read_json, opening * ((1 << 20) // len(opening)))


def test_json_is_as_deep_as_is_asked_for():
    assert read_json("[" * 20 + "]" * 20)
    assert refusal(read_json, "[" * 21 + "]" * 21)
    assert read_json("[" * 21 + "]" * 21, max_depth=21)
    assert refusal(read_json, '\n[[["]]]"]]]', max_depth=2).startswith("Line 2: There are more than 2")


def test_brackets_in_texts_do_not_count():
    text = json.dumps(["[" * 100, '\\"' + "[" * 100, {"{" * 100: "\\"}])
    assert read_json(text, max_depth=2) == json.loads(text)


def test_what_a_tool_says_can_be_mended():
    said = '{"title": "cut \\ud83d", "n\\u0000": ["\\udc00", 1], "whole": "\\ud83d\\ude00"}'
    assert read_json(said, mend=True) == {"title": "cut ", "n": ["", 1], "whole": "😀"}


# --- anything


@settings(deadline=None)
@given(st.binary() | st.text(alphabet="[]{}:,-?!&*|>'\"%#\\0xuU \n\tad9.e~@`<=").map(str.encode))
@pytest.mark.parametrize("read", [read_yaml, read_json])
def test_whatever_comes_is_read_or_refused(read, data):
    with suppress(BadDocument):
        read(data)
