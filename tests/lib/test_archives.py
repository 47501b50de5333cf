import io
import stat
import struct
import tarfile
import unicodedata
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wtfsite.lib import archives
from wtfsite.lib.archives import BadArchive, open_zip, pack

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
SIZE, FLAGS, METHOD, CRC = 24, 8, 10, 16  # places in a member's entry of the list
PLAIN = {"brands.yml": b"brands: {}\n" * 20, "net/logos/a.png": bytes(range(256)) * 40}


def made(files: dict[str, bytes] | list[tuple[str | zipfile.ZipInfo, bytes]], method: int = DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, data)
    return target.getvalue()


def opened(data: bytes, **options):
    return open_zip(io.BytesIO(data), **options)


def patched(data: bytes, place: int, form: str, *values: int) -> bytes:
    """The archive with other values in the list's first entry."""
    start = data.index(b"PK\x01\x02") + place
    value = struct.pack(form, *values)
    return data[:start] + value + data[start + len(value) :]


def refusal(data: bytes, **options) -> str:
    with pytest.raises(BadArchive) as caught, opened(data, **options):
        pass
    sentence = str(caught.value)
    assert caught.value.code == "bad_archive"
    assert sentence.isprintable()
    assert sentence[-1] in ".?"
    return sentence


# --- good archives


@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_it_lists_and_reads(tmp_path: Path, method):
    path = tmp_path / "kit.zip"
    path.write_bytes(made(PLAIN, method))
    with open_zip(path) as archive:
        assert archive.names() == tuple(PLAIN)
        assert archive.read("brands.yml", max_bytes=220) == PLAIN["brands.yml"]
        archive.copy("./net/logos/a.png", tmp_path / "copy.png", max_bytes=20_000)
    assert (tmp_path / "copy.png").read_bytes() == PLAIN["net/logos/a.png"]


def test_folders_are_left_out_and_archives_are_files():
    with opened(made([("net/", b""), ("net/inner.zip", made(PLAIN)), ("empty", b"")])) as archive:
        assert archive.names() == ("net/inner.zip", "empty")
        assert archive.read("net/inner.zip", 100_000) == made(PLAIN)
        assert archive.read("empty", 0) == b""


def test_a_file_that_was_given_open_stays_open():
    file = io.BytesIO(made(PLAIN))
    with open_zip(file):
        pass
    assert not file.closed


def test_a_comment_and_a_stream_without_sizes_are_fine():
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", DEFLATED) as archive:
        archive.writestr("a", b"abc" * 100)
        archive.writestr("b", b"abc" * 100)
        archive.comment = b"made by hand"
    with opened(pipe.getvalue()) as archive:
        assert archive.read("b", 300) == b"abc" * 100


def test_names_without_the_flag_of_utf8_are_read_as_such():
    data = made({"été.png": b"x"})
    start = data.index(b"PK\x01\x02") + FLAGS
    data = data[:6] + b"\0\0" + data[8:start] + b"\0\0" + data[start + 2 :]
    with opened(data) as archive:
        assert archive.names() == ("été.png",)
        assert archive.read("été.png", 1) == b"x"


def test_names_are_composed_and_found_so():
    with opened(made({unicodedata.normalize("NFD", "é.png"): b"x"})) as archive:
        assert archive.names() == ("é.png",)
        for form in ("NFC", "NFD"):
            assert archive.read(unicodedata.normalize(form, "é.png"), 1) == b"x"


def test_a_missing_member_is_answered_with_the_nearest():
    with opened(made(PLAIN)) as archive:
        with pytest.raises(BadArchive, match=r"no file “net/logos/A.png”. Did you mean “net/logos/a.png”"):
            archive.read("net/logos/A.png", 10)
        with pytest.raises(BadArchive, match="leads out"):
            archive.read("../brands.yml", 10)


# --- sizes


def test_500_members_are_taken_and_no_more():
    with opened(made({f"{n}.txt": b"" for n in range(500)})) as archive:
        assert len(archive.names()) == 500
    assert "more than 500 files" in refusal(made({f"{n}.txt": b"" for n in range(501)}))
    assert "more than 500 files" in refusal(made({f"{n}.txt": b"" for n in range(20_000)}))


def test_the_longest_list_of_500_members_is_taken():
    with opened(made({f"{n:03}{'é' * 252}/{'é' * 255}": b"" for n in range(500)})) as archive:
        assert len(archive.names()) == 500


def test_a_list_of_megabytes_is_not_read():
    data = made(PLAIN)
    end = data.rindex(b"PK\x05\x06")
    entries = data[data.index(b"PK\x01\x02") : end] * 40_000
    huge = data[: data.index(b"PK\x01\x02")] + entries + data[end:]
    assert "list is too long" in refusal(huge[:-10] + struct.pack("<I", len(entries)) + huge[-6:])


def test_a_bomb_is_refused_before_it_is_read():
    assert "more than 100 times its size" in refusal(made({"zeros": bytes(1_000_000)}))
    assert "unpacks to more than 500 MB" in refusal(patched(made(PLAIN), SIZE, "<I", 500_000_000))


def test_the_caps_themselves_are_taken():
    whole = sum(map(len, PLAIN.values()))
    assert f"more than {whole - 1} bytes" in refusal(made(PLAIN), max_total=whole - 1)
    with opened(made(PLAIN), max_total=whole) as archive:
        assert archive.names()
    with opened(patched(made({"a": b"12345"}, STORED), SIZE, "<I", 500)) as archive:
        assert archive.names()
    assert "100 times" in refusal(patched(made({"a": b"12345"}, STORED), SIZE, "<I", 501))


def test_a_member_has_the_size_that_is_asked_for(tmp_path: Path):
    with opened(made({"a": b"12345"})) as archive:
        assert archive.read("a", 5) == b"12345"
        with pytest.raises(BadArchive, match="larger than 4 bytes"):
            archive.read("a", 4)
        with pytest.raises(BadArchive, match="larger than 4 bytes"):
            archive.copy("a", tmp_path / "a", 4)
    assert not (tmp_path / "a").exists()


def test_what_is_read_is_counted():
    with opened(made({"a": b"12345"}), max_total=10) as archive:
        assert archive.read("a", 5) + archive.read("a", 5) == b"1234512345"
        with pytest.raises(BadArchive, match="More is read"):
            archive.read("a", 5)


@pytest.mark.parametrize(("claim", "said"), [(3, "damaged"), (500, "shorter than the archive says")])
def test_a_size_that_lies_is_found(claim, said, tmp_path: Path):
    with opened(patched(made({"a": b"12345"}), SIZE, "<I", claim)) as archive:
        with pytest.raises(BadArchive, match=said):
            archive.read("a", 1000)
        with pytest.raises(BadArchive, match=said):
            archive.copy("a", tmp_path / "a", 1000)
    assert not (tmp_path / "a").exists()


def test_a_small_claim_hides_no_bomb():
    """5,000 times as large as it says: no more comes out than that, and it is found to be damaged."""
    with opened(patched(made({"a": bytes(5_000_000)}), SIZE, "<I", 1000)) as archive, pytest.raises(BadArchive):
        archive.read("a", 10_000_000)


def test_copying_replaces_nothing(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"mine")
    with opened(made({"a": b"theirs"})) as archive, pytest.raises(FileExistsError):
        archive.copy("a", tmp_path / "a", 10)
    assert (tmp_path / "a").read_bytes() == b"mine"


# --- members


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../evil", "leads out"),
        ("a/../../evil", "leads out"),
        ("../", "leads out"),
        ("/etc/passwd", "root of a disk"),
        ("C:/evil", "root of a disk"),
        ("a\\..\\evil", "backslash"),
        ("a\nb", "control character"),
        ("a\x1b[2J", "control character"),
        ("x" * 256, "too long"),
        ("a/" * 20 + "b", "too long"),
        (".", "no name"),
    ],
)
def test_a_bad_name_is_refused(name, said):
    assert said in refusal(made({"good": b"1", name: b"2"}))


def test_a_name_with_nul_is_refused():
    """zipfile ends the name there, when it writes and when it reads."""
    assert "control character" in refusal(made({"a.png_.exe": b""}).replace(b"a.png_.exe", b"a.png\0.exe"))


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("a.png", "A.PNG", "twice"),
        ("net/./a.png", "net/a.png", "twice"),
        ("é.png", "e\u0301.PNG", "twice"),
        ("net", "NET/a.png", "is a file too"),
    ],
)
def test_names_that_are_one_on_some_disks_are_refused(first, second, said):
    assert said in refusal(made({first: b"", second: b""}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice_is_refused():
    assert "“a” twice" in refusal(made([("a", b"1"), ("a", b"2")]))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(kind):
    member = zipfile.ZipInfo("link")
    member.external_attr = (kind | 0o777) << 16
    assert "link or a device" in refusal(made([(member, b"/etc/passwd")]))


@pytest.mark.parametrize("flag", [0x1, 0x41, 0x2000])
def test_encrypted_members_are_refused(flag):
    assert "without a password" in refusal(patched(made(PLAIN), FLAGS, "<H", flag))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 99])
def test_other_ways_of_packing_are_refused(method):
    assert "not taken" in refusal(patched(made(PLAIN), METHOD, "<H", method))


def test_a_part_of_a_split_archive_is_refused():
    assert "one part" in refusal(patched(made(PLAIN), 34, "<H", 1))


def test_members_that_share_bytes_are_refused():
    """As in the bombs that need no archive in the archive: many entries of the list for the same bytes."""
    data = made({"a": b"12345", "b": b"12345"})
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    assert "share bytes" in refusal(data[: second + 42] + bytes(4) + data[second + 46 :])


def test_a_member_that_reaches_into_the_next_is_refused():
    assert "share bytes" in refusal(patched(made({"a": b"12345", "b": b"12345"}, STORED), 20, "<I", 30))


# --- other files


def test_something_in_front_is_refused():
    assert "no ZIP file" in refusal(b"GIF89a" + made(PLAIN))
    assert "others stand before it" in refusal(made({"hidden": b"1"}) + made(PLAIN))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"Rar!\x1a\x07\x01\x00", "This is a RAR archive. Make a ZIP file"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "This is a 7z archive"),
        (b"\x1f\x8b\x08\x00", "This is a gzip file"),
        (b"hello", "This is no ZIP file"),
        (b"", "This is no ZIP file"),
        (b"PK\x03\x04", "damaged"),
        (made(PLAIN)[:-30], "damaged"),
    ],
)
def test_other_kinds_are_refused_by_name(data, said):
    assert said in refusal(data)


def test_a_tar_archive_is_refused_by_name():
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"), io.BytesIO())
    assert "This is a TAR archive" in refusal(target.getvalue())


def test_an_empty_archive_has_no_names():
    with opened(made({})) as archive:
        assert archive.names() == ()


def test_a_missing_file_is_an_error_of_the_disk(tmp_path: Path):
    with pytest.raises(FileNotFoundError), open_zip(tmp_path / "none.zip"):
        pass


# --- anything


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), min_size=1, max_size=6), st.integers(0, 40))
def test_whatever_comes_is_read_or_refused(changes, cut):
    data = bytearray(made({"a.txt": b"some text " * 9, "b/c.txt": b"more", "d/": b""}))
    for place, value in changes:
        data[-1 - place % len(data)] = value
    with suppress(BadArchive), opened(bytes(data[: len(data) - cut // 10])) as archive:
        for name in archive.names():
            assert len(archive.read(name, 1000)) <= 1000


def test_the_caps_are_those_of_the_documents():
    assert (archives.MOST_MEMBERS, archives.MOST_BYTES, archives.RATIO) == (500, 500_000_000, 100)


# The other way


def test_what_is_packed_is_read_back_and_has_the_same_bytes_each_time():
    members = [("list.json", b"{}"), ("files/ü.png", bytes(1000))]
    one, other = io.BytesIO(), io.BytesIO()
    pack(one, members)
    pack(other, iter(members))
    assert one.getvalue() == other.getvalue()
    with open_zip(one) as archive:
        assert [(name, archive.read(name, 2000)) for name in archive.names()] == members


def test_more_than_is_read_is_not_packed():
    with pytest.raises(BadArchive, match="500 files"):
        pack(io.BytesIO(), ((f"{number}.txt", b"") for number in range(501)))
