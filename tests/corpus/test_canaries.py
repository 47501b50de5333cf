"""The canaries can be heard: without our lists and our sandbox, the same inputs reach them."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.services import toolbox
from tests.corpus import doors, playlists
from tests.corpus.canary import Watched
from tests.corpus.cases import Kit
from tests.corpus.doors import House
from tests.standins import hostile
from wtfsite.lib import process
from wtfsite.lib.sandbox import Level


def naive(data: bytes, tmp_path: Path, *options: str) -> None:
    """ffprobe as it comes."""
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(data)
    command = ["ffprobe", "-v", "error", *options, "-i", str(clip)]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)


@pytest.mark.parametrize("make", [playlists.hls_with_a_file, playlists.hls_with_an_absolute_path])
def test_the_file_is_opened(make, kit: Kit, secret: Watched, tmp_path: Path) -> None:
    assert secret.opened >= 0
    naive(make(kit), tmp_path)
    assert secret.opened > 0


def test_the_neighbour_of_a_list_is_opened(kit: Kit, secret: Watched, tmp_path: Path) -> None:
    """The list may only name what lies beside it: the same file under a second name is the same file."""
    (tmp_path / secret.path.name).hardlink_to(secret.path)
    naive(playlists.ffconcat_with_its_neighbour(kit), tmp_path)
    assert secret.opened > 0


@pytest.mark.parametrize(
    "make", [playlists.hls_with_a_web_segment, playlists.hls_master_list, playlists.dash_with_a_web_base]
)
def test_the_listener_is_reached(make, kit: Kit, tmp_path: Path) -> None:
    with hostile.canary() as bird:  # one of its own: the other one must stay at nought
        naive(make(replace(kit, bird=bird)), tmp_path, "-protocol_whitelist", "file,http,tcp,crypto")
    assert bird.hits > 0


def without_lists(*commands: Sequence[str], **options: Any) -> process.Finished:
    """Our own commands, but for the lists of formats and protocols, and without a sandbox."""
    return process.run(*map(shorn, commands), **{**options, "behind": Level.RLIMITS})


def shorn(command: Sequence[str]) -> list[str]:
    lists = [place for place, word in enumerate(command) if word.endswith("_whitelist")]
    return [word for place, word in enumerate(command) if place not in lists and place - 1 not in lists]


@pytest.mark.parametrize("name", ["hls with a file", "hls with a key from a file", "dash with a file"])
def test_the_file_is_opened_through_our_own_door(name, kit: Kit, secret: Watched, house: House) -> None:
    case = next(case for case in playlists.group.cases if case.name == name)
    with toolbox.running_with(without_lists):
        doors.knock(case, case.make(kit), house)
    assert secret.opened > 0


def test_reading_it_ourselves_counts(secret: Watched, tmp_path: Path) -> None:
    assert secret.opened >= 0
    shutil.copy(secret.path, tmp_path)
    assert secret.opened == 1
    assert secret.opened == 0
