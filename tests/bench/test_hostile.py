"""The bench that breaks files: its mutants can be had again, and it sees what goes wrong."""

import io
from pathlib import Path

import pytest
from PIL import Image

from bench import hostile, mutants
from bench.hostile import Found, Hung, Place, Report
from bench.judge import missed
from jobs.media import errors
from tests.corpus.writers import movie, plain, png
from wtfsite.lib.documents import BadDocument

GOOD = {
    "media": {"small mov": movie(plain())},
    "picture": {"png": png(8, 8)},
    "yaml": {"list": b"a: 1\nb: [2, 3]\n"},
    "json": {"list": b'{"a": [1, 2]}'},
    "zip": {"stored": mutants.archive(0)},
}
FINE = Found("x", "upload", "accepted", wanted="accepted")


def tried(act) -> Found:
    return hostile.measured("x", "media", "", Place(Path(), Path(), 0, 0, 1, "ffmpeg", "ffprobe"), act)


def raising(error: BaseException):
    def act(tools):
        raise error

    return act


def judged(*found: Found, hits: int = 0, opened: int = 0) -> list[str]:
    report = Report(found=[FINE] * 130 + list(found))
    hostile.judge(report, hits, opened)
    return [name.strip() for name in missed(report.rows)]


def test_a_seed_and_a_number_are_one_mutant():
    numbers = range(50)
    first, again, other = ([mutants.mutant(seed, n, GOOD) for n in numbers] for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert {made.kind for made in first} == set(GOOD)
    assert sum(made.data not in GOOD[made.kind].values() for made in first) > 40


@pytest.mark.parametrize("change", dict.fromkeys(mutants.CHANGES), ids=lambda change: change.__name__)
def test_every_change_takes_every_file(change):
    for data in (b"", b"x", movie(plain())):
        for number in range(20):
            assert isinstance(change(data, mutants.Random(number)), bytes)


def test_checksums_are_mended():
    data = bytearray(png(8, 8))
    data[24] ^= 0xFF  # in the header: its depth
    data[40] ^= 0xFF
    mended = mutants.with_checksums(bytes(data))
    assert mended != bytes(data)
    assert mutants.with_checksums(png(8, 8)) == png(8, 8)
    Image.open(io.BytesIO(mutants.with_checksums(png(8, 8)[:-1] + b"x"))).verify()


def test_a_refusal_is_no_crash():
    assert tried(raising(errors.fail("too_long"))).code == "too_long"
    assert tried(raising(BadDocument("x"))).code == "bad_manifest"
    assert tried(lambda tools: None).code == "accepted"


def test_anything_else_is():
    found = tried(raising(KeyError("surprise")))
    assert found.bad
    assert "surprise" in found.crash
    assert judged(found) == ["crashes of ours"]


def test_a_hang_is_a_finding():
    found = tried(raising(Hung()))
    assert found.bad
    assert judged(found) == ["hangs, and tools stopped for their time"]


def test_it_is_strict():
    assert judged() == []
    assert judged(hits=1) == ["connections to the canary"]
    assert judged(opened=1) == ["openings of the canary's file"]
    assert judged(Found("x", "media", "accepted", cpu=11.0)) == ["most CPU for one input"]
    assert judged(Found("x", "media", "accepted", peak=600_000_000)) == ["largest tool"]
    assert judged(Found("x", "media", "accepted", ours=600_000_000)) == ["our own memory for one input"]
    assert judged(Found("x", "upload", "accepted", wanted="too_long")) == ["of which ended in another code than theirs"]


def test_what_is_odd_is_told():
    report = Report(found=[FINE, Found("x", "media", "unknown", number=7, said="a log")])
    hostile.judge(report, 0, 0)
    assert "mutant 7 (media: x): unknown" in hostile.text(report)
    assert "a log" in hostile.as_json(report)
