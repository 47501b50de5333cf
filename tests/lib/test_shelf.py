"""Files that can be made again, in a bounded folder."""

import os

import pytest

from wtfsite.lib.shelf import Shelf


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "shelf", most=30)


def age(shelf, name, seconds):
    about = (shelf.folder / name).stat()
    os.utime(shelf.folder / name, (about.st_atime, about.st_mtime - seconds))


def names(shelf):
    return sorted(path.name for path in shelf.folder.iterdir())


def test_what_was_put_there_is_read(shelf):
    assert shelf.read("a") is None
    shelf.put("a", b"one")
    shelf.put("a", b"two")
    assert shelf.read("a") == b"two"
    assert names(shelf) == ["a"]


def test_a_link_outlives_its_file(shelf, tmp_path):
    assert not shelf.link("a", tmp_path / "mine")
    shelf.put("a", b"one")
    assert shelf.link("a", tmp_path / "mine")
    (shelf.folder / "a").unlink()
    assert (tmp_path / "mine").read_bytes() == b"one"


def test_a_file_can_be_taken_twice(shelf, tmp_path):
    (tmp_path / "mine").write_bytes(b"one")
    shelf.take(tmp_path / "mine", "a")
    shelf.take(tmp_path / "mine", "a")
    assert shelf.read("a") == b"one"


def test_what_was_not_used_for_longest_goes_first(shelf):
    for number, name in enumerate("abc"):
        shelf.put(name, b"0123456789")
        age(shelf, name, 100 - number)
    shelf.read("a")
    shelf.put("d", b"0123456789")
    assert names(shelf) == ["a", "c", "d"]


def test_what_is_larger_than_the_shelf_stays_until_the_next(shelf):
    shelf.put("a", b"0" * 40)
    assert names(shelf) == ["a"]
    shelf.put("b", b"0")
    assert names(shelf) == ["b"]


def test_a_disk_that_refuses_leaves_nothing_behind(shelf):
    shelf.put("a", b"one")
    (shelf.folder / "b").mkdir()
    with pytest.raises(OSError, match="b"):
        shelf.put("b", b"two")
    assert names(shelf) == ["a", "b"]
