"""manage.py demo, as a newcomer runs it: an empty folder, a real worker, real files."""

import re

import pytest

from tests.clips import clip
from tests.site.installation import Installation
from tests.standins import files as standin


@pytest.fixture
def studio(tmp_path):
    installation = Installation(tmp_path / "data", EGRESS_ALLOW_CIDRS="127.0.0.0/8", WORKER_CONCURRENCY="1")
    assert installation.manage("migrate", "--verbosity", "0") == (0, "")
    yield installation
    installation.end()


def rows(printed):
    """(file, size, seconds or "reused") of each line of the table."""
    return re.findall(r"^(\S+\.mp4) +(\d+x\d+) .* (\S+)$", printed, flags=re.MULTILINE)


def test_it_makes_nine_verified_files_and_the_second_time_none(studio, tmp_path):
    served = tmp_path / "served"
    served.mkdir()
    clip(served / "clip.mp4", size="270x480")
    code, printed = studio.manage("demo", served / "clip.mp4")
    assert code == 0, printed
    made = rows(printed)
    assert sorted(size for _file, size, _spent in made) == ["1080x1080"] * 3 + ["1080x1920"] * 3 + ["1920x1080"] * 3
    assert "reused" not in {spent for *_, spent in made}
    assert {path.name for path in (studio.folder / "demo" / "outputs").iterdir()} == {name for name, *_ in made}
    assert "9 verified files" in printed
    assert re.search(r"user demo, password \S{16}", printed)
    assert studio.processes() == []

    with standin.serve(served) as server:
        code, printed = studio.manage("demo", server.url("clip.mp4"))
    assert code == 0, printed
    assert [spent for *_, spent in rows(printed)] == ["reused"] * 9
    assert studio.processes() == []


def test_a_bad_source_ends_it_with_a_sentence(studio, tmp_path):
    code, printed = studio.manage("demo", tmp_path / "nowhere.mp4")
    assert code == 1
    assert "The file is not there (nowhere.mp4). Check the path" in printed
    assert studio.processes() == []
