import errno

import pytest

from jobs.media import disk
from jobs.media.errors import MediaError


def test_a_workspace_is_gone_afterwards(tmp_path):
    with disk.workspace(tmp_path / "work", "picture") as folder:
        (folder / "inner").mkdir()
        assert folder.name.startswith("picture-")
    assert list((tmp_path / "work").iterdir()) == []


def test_a_workspace_is_gone_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), disk.workspace(tmp_path / "work", "picture"):
        raise ZeroDivisionError
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EDQUOT, "disk_full"), (errno.EROFS, "permission")]
)
def test_a_disk_that_takes_no_more_is_said(tmp_path, number, code):
    with pytest.raises(MediaError) as caught, disk.workspace(tmp_path, "picture"):
        raise OSError(number, "no")
    assert (caught.value.code, caught.value.detail) == (code, "no")


def test_other_errors_of_the_system_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError), disk.workspace(tmp_path, "picture") as folder:
        (folder / "none").read_bytes()
