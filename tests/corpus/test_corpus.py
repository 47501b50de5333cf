"""Every hostile input through its door: its code, its sentence, nothing kept, nothing touched, little used."""

import html
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from django.core.files.storage import default_storage

from jobs.media import errors
from jobs.models import Asset, Output
from jobs.services import toolbox
from tests.conftest import Folders
from tests.corpus import doors
from tests.corpus.canary import MARKER, Watched
from tests.corpus.cases import ACCEPTED, DOORS, FAMILIES, Case, Kit
from tests.corpus.doors import House, Outcome
from tests.corpus.metadata import MARKS
from tests.corpus.meter import MOST_CPU, MOST_MEMORY, Meter, own_memory, peak_memory
from tests.corpus.table import CASES
from wtfsite.lib import names

HIDDEN = set(
    "\0\r\n\t\x1b\u200b\u202d\u202e\u2066\u2028\ufeff\ud800"
)  # they hide, turn or break what stands beside them
MEDIA = [case for case in CASES if case.door != "address"]
WEB = [case for case in CASES if case.door == "address"]


@pytest.mark.parametrize("case", MEDIA, ids=str)
def test_it_ends_in_its_code(case: Case, kit: Kit, secret: Watched, house: House, folders: Folders) -> None:
    outcome = attempt(case, kit, secret, house)
    check(case, outcome, house, folders)


@pytest.mark.parametrize("case", WEB, ids=str)
def test_an_address_ends_in_its_code(
    case: Case, kit: Kit, secret: Watched, house: House, folders: Folders, settings
) -> None:
    settings.MAX_UPLOAD_SIZE = 2_000_000
    if case.code == "timeout":
        settings.FETCH_WALL_SECONDS = 3
    outcome = attempt(case, kit, secret, house)
    check(case, outcome, house, folders)


def attempt(case: Case, kit: Kit, secret: Watched, house: House) -> Outcome:
    """The input through its door, with everything counted that may not happen."""
    data = case.make(kit)
    with within_bounds(stopped=int(case.code == "timeout")):
        outcome = doors.knock(case, data, house)
    assert kit.bird.hits == 0
    assert secret.opened == 0
    return outcome


@contextmanager
def within_bounds(stopped: int) -> Iterator[None]:
    """The tools' and our own processor time and memory. None crashes, and `stopped` of them had to be stopped."""
    meter, before = Meter(), own_memory()
    ours, children = time.process_time(), of_children()
    with toolbox.running_with(meter):
        yield
    used = of_children()
    assert meter.late == len(meter.signals) == stopped
    assert used.cpu - children.cpu + time.process_time() - ours <= MOST_CPU
    assert max(meter.peak, used.peak if used.peak > children.peak else 0) <= MOST_MEMORY
    assert peak_memory() - before <= MOST_MEMORY


class Used(NamedTuple):
    cpu: float  # seconds of all
    peak: int  # bytes of the largest


def of_children() -> Used:
    """All that have ended in this process so far: also those that no runner of ours could count."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Used(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def check(case: Case, outcome: Outcome, house: House, folders: Folders) -> None:
    assert outcome.code == case.code, outcome.told[:1500]
    assert left_behind(folders) == []
    if case.code == ACCEPTED:
        check_kept(case, house, folders)
        return
    assert errors.explain(case.code).sentence[:-1] in outcome.told
    assert doors.kept() == (int(case.door == "render"), 0, 0)  # what only a render shows was let in before
    if case.door != "render":
        assert files(folders.media) == []


def left_behind(folders: Folders) -> list[Path]:
    """In the workspace: stages' folders and uploads. The cache of sources may stay."""
    return [path for name in ("work", "uploads") for path in files(folders.temp / name)]


def files(folder: Path) -> list[Path]:
    return list(folder.rglob("*")) if folder.exists() else []


def check_kept(case: Case, house: House, folders: Folders) -> None:
    """What is let in has names of ours, its own name as cleaned text, and nothing of the canary."""
    assert not any(MARKER in path.read_bytes() for path in files(folders.media) if path.is_file())
    for path in files(folders.media):
        assert set(path.name) <= set("0123456789abcdefghijklmnopqrstuvwxyz._-"), path
        assert path.suffix in ("", ".mp4", ".mkv", ".avi", ".bin", ".jpg", ".png"), path
    for asset in Asset.objects.all():
        check_name(case, asset, house)
    for output in Output.objects.done():
        check_output(output)
    if case.door == "artwork":
        check_artwork(folders)


def check_name(case: Case, asset: Asset, house: House) -> None:
    for text in (asset.original_name, asset.title):
        assert len(text) <= 255
        assert text == names.line(text)
        assert not set(text) & HIDDEN
    if case.group == "names":
        page = house.client.get(f"/admin/jobs/asset/{asset.pk}/change/").content.decode()
        assert html.escape(asset.original_name) in page
        assert "<script>alert(1)" not in page


def check_output(output: Output) -> None:
    """Made anew: none of the tags that the film had."""
    for name in (output.file.name, output.poster.name):
        with default_storage.open(str(name)) as file:
            data = file.read()
        assert not any(mark.encode() in data for mark in MARKS)
    assert len(data) < 100_000


def check_artwork(folders: Folders) -> None:
    """A PNG with pixels and nothing else, whatever was brought."""
    stored = [path for path in files(folders.media) if path.is_file()]
    assert [path.suffix for path in stored] == [".png"]
    data = stored[0].read_bytes()
    assert set(chunks(data)) <= {b"IHDR", b"IDAT", b"IEND"}
    assert b"canary@example.com" not in data


def chunks(png: bytes) -> Iterator[bytes]:
    place = 8
    while place < len(png):
        yield png[place + 4 : place + 8]
        place += 12 + int.from_bytes(png[place : place + 4], "big")
    assert place == len(png)  # nothing behind the end


# The table itself


def test_the_corpus_is_large_and_every_kind_of_end_occurs() -> None:
    assert len({str(case) for case in CASES}) == len(CASES) >= 130
    assert {case.door for case in CASES} == set(DOORS) == set(doors.DOORS)
    # a disk fills up with what is good, too: tests/jobs has that
    assert {case.family for case in CASES} == FAMILIES - {"disk_full"}


def test_no_case_ran_anything() -> None:
    """Several inputs would leave a file of this name where they are run."""
    assert not os.path.lexists("owned")
