"""import_brands and export_brands, as somebody types them."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from brands.models import Brand, ImportRun
from tests.brands.kits import northshore, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def kit(tmp_path):
    return put(tmp_path / "kit", {"brands.yml": "brands: {Orbit: {posting_cadence_hours: 3}}"})


def called(name, *arguments, code=0):
    """What the command wrote; it has to end with this code."""
    out = io.StringIO()
    try:
        call_command(name, *map(str, arguments), stdout=out, stderr=out)
        ended = 0
    except SystemExit as end:
        ended = end.code
    except CommandError as error:
        ended = error.returncode
        out.write(str(error))
    assert ended == code, out.getvalue()
    return out.getvalue()


def test_it_says_what_changed(kit):
    said = called("import_brands", kit)
    assert "orbit: new\n" in said
    assert "    hours between posts: 6 → 3\n" in said
    assert said.endswith("1 brands new, 0 changed, 0 the same, 0 refused.\n")
    assert Brand.objects.get().profile.cadence_hours == 3


def test_a_dry_run_says_the_same_and_does_nothing(kit):
    assert "1 brands would be new" in called("import_brands", kit, "--dry-run")
    assert not Brand.objects.exists()
    assert not ImportRun.objects.exists()


def test_again_it_is_the_same(kit):
    called("import_brands", kit)
    assert "0 brands new, 0 changed, 1 the same" in called("import_brands", kit)


def test_json_for_programs(kit):
    lines = [json.loads(line) for line in called("import_brands", kit, "--json").splitlines()]
    assert lines[0]["slug"] == "orbit"
    assert {"what": "hours between posts", "old": "6", "new": "3", "by_hand": False} in lines[0]["changes"]
    assert lines[-1] == {
        "new": 1,
        "changes": 0,
        "same": 0,
        "refused": 0,
        "findings": 0,
        "dry_run": False,
        "run": str(ImportRun.objects.get().uuid),
    }


def test_something_refused_is_one(kit):
    put(kit, {"more.yml": "brands: {Kettle: {logo: kettle.png}}"})
    said = called("import_brands", kit, code=1)
    assert "error: more.yml: Kettle: There is no file “kettle.png” in the kit. The logo was left out." in said
    assert Brand.objects.count() == 2


@pytest.mark.parametrize("files", [{}, {"a.txt": "hello"}, {"a.yml": "&a [*a]"}, {"a.json": {"what": "ever"}}])
def test_nothing_readable_is_two(tmp_path, files):
    put(tmp_path, files)
    assert "nothing in it" in called("import_brands", tmp_path, code=2)


def test_a_path_that_is_not_there_is_two(tmp_path):
    assert "not there" in called("import_brands", tmp_path / "gone", code=2)


def test_signs_that_move_the_terminal_are_shown(tmp_path):
    put(tmp_path, {"a.yml": '"brands": {"Or\\x1b[2Jbit": {"captoin\\x1b[2J": 1}}'})
    assert "\x1b" not in called("import_brands", tmp_path)


def test_an_export_goes_back_in(kit, tmp_path):
    called("import_brands", kit)
    assert "1 brands are in" in called("export_brands", "--out", tmp_path / "out.zip")
    Brand.objects.all().delete()
    called("import_brands", tmp_path / "out.zip")
    assert Brand.objects.get().profile.cadence_hours == 3


def test_only_the_brands_that_are_named_are_exported(kit, tmp_path):
    Brand.objects.create(name="Other", slug="other")
    called("import_brands", kit)
    called("export_brands", "--brand", "other", "--out", tmp_path / "out")
    document = json.loads((tmp_path / "out" / "wtf-brands.json").read_text())
    assert [brand["slug"] for brand in document["brands"]] == ["other"]


def test_an_unknown_brand_is_told(kit, tmp_path):
    called("import_brands", kit)
    assert "Did you mean orbit?" in called("export_brands", "--brand", "orbti", "--out", tmp_path / "out", code=2)
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_gone_is_one(tmp_path):
    called("import_brands", northshore(tmp_path / "kit"))
    Brand.objects.get().artwork.update(file="artwork/gone.png")
    assert "The file is gone: Northshore News: logo." in called("export_brands", "--out", tmp_path / "out", code=1)
