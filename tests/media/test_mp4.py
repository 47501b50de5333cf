import pytest

from jobs.media import mp4


def box(name: bytes, size: int = 8) -> bytes:
    return size.to_bytes(4, "big") + name + b"\0" * (size - 8)


LARGE = (1).to_bytes(4, "big") + b"mdat" + (24).to_bytes(8, "big") + b"\0" * 8


@pytest.mark.parametrize(
    ("content", "first"),
    [
        (box(b"ftyp", 16) + box(b"moov", 40) + box(b"mdat", 99), True),
        (box(b"ftyp", 16) + box(b"mdat", 99) + box(b"moov", 40), False),
        (box(b"moov", 40) + LARGE, True),
        (LARGE + box(b"moov"), False),
        (box(b"moov"), False),
        (b"\0\0\0\0mdat" + b"\0" * 50, False),
        (b"\0\0\0\x02moov" * 9, False),
        (b"", False),
    ],
)
def test_it_finds_the_index(tmp_path, content, first):
    path = tmp_path / "file.mp4"
    path.write_bytes(content)

    assert mp4.index_first(path) is first
