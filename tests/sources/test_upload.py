import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.media.errors import MediaError
from jobs.sources import upload


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


def test_it_stores_what_comes_and_says_what_it_was(folder):
    dest = folder / "file"
    digest, size = upload.store([b"one", b"", b"two"], dest, max_bytes=6)
    assert (digest, size) == (hashlib.sha256(b"onetwo").hexdigest(), 6)
    assert dest.read_bytes() == b"onetwo"
    assert upload.sha256(dest) == digest


def test_it_stops_at_the_size_limit(folder):
    read = []

    def endless() -> Iterator[bytes]:
        while True:
            read.append(1)
            yield b"x" * 1000

    with pytest.raises(MediaError) as caught:
        upload.store(endless(), folder / "file", max_bytes=2500)
    assert caught.value.code == "too_large"
    assert len(read) == 3
    assert not list(folder.iterdir())


@pytest.mark.parametrize("chunks", [[], [b""]])
def test_it_refuses_an_empty_file(folder, chunks):
    with pytest.raises(MediaError) as caught:
        upload.store(chunks, folder / "file", max_bytes=10)
    assert caught.value.code == "empty_file"
    assert not list(folder.iterdir())


def test_it_leaves_nothing_when_the_sender_breaks_off(folder):
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        upload.store(broken(), folder / "file", max_bytes=10)
    assert not list(folder.iterdir())


def test_it_does_not_write_over_a_file(folder):
    (folder / "file").write_bytes(b"first")
    with pytest.raises(FileExistsError):
        upload.store([b"second"], folder / "file", max_bytes=10)
    assert (folder / "file").read_bytes() == b"first"
