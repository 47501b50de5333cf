import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.core.checks import CheckMessage, run_checks

from jobs.services.confinement import Confinement
from wtfsite import checks
from wtfsite.lib.sandbox import Level
from wtfsite.storage import storage_setting

ELSEWHERE = Path("/dev/shm")  # a file system of its own on nearly every Linux


def ids(found: Iterable[CheckMessage]) -> list[str | None]:
    return [message.id for message in found]


def queue(name: str, **changed: int | bool) -> dict:
    """The queue settings as they are, with one cluster changed."""
    clusters = dict(configured.Q_CLUSTER["ALT_CLUSTERS"])
    return {**configured.Q_CLUSTER, "ALT_CLUSTERS": {**clusters, name: {**clusters[name], **changed}}}


def test_the_settings_as_they_are_pass():
    assert checks.queue_settings(None) == []


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"retry": 3 * 3600}, "studio.E001"),
        ({"queue_limit": 2}, "studio.E002"),
        ({"scheduler": True}, "studio.E002"),
    ],
)
def test_settings_that_run_a_message_twice_are_errors(settings, changed, wanted):
    settings.Q_CLUSTER = queue("work", **changed)
    found = checks.queue_settings(None)
    assert ids(found) == [wanted]
    assert "work" in found[0].msg
    assert found[0].hint


@pytest.mark.parametrize(("hosts", "wanted"), [(["*"], ["studio.W001"]), (["studio.example.com"], [])])
def test_any_host_is_a_warning(settings, hosts, wanted):
    settings.ALLOWED_HOSTS = hosts
    assert ids(checks.hosts_are_named(None)) == wanted


def studio_checks() -> list[CheckMessage]:
    """What `manage.py check --deploy --tag studio` runs."""
    return run_checks(tags=[checks.STUDIO], include_deployment_checks=True)


def test_this_machine_is_fit_for_the_studio():
    assert [message for message in studio_checks() if message.is_serious()] == []


def test_a_cheap_check_starts_no_program(settings):
    settings.FFMPEG_PATH = "/nowhere/program"
    assert "studio.E003" in ids(studio_checks())
    assert "studio.E003" not in ids(run_checks())


@pytest.mark.parametrize("name", ["FFMPEG_PATH", "FFPROBE_PATH"])
def test_a_path_that_leads_nowhere_is_an_error_with_a_hint(settings, name):
    setattr(settings, name, "/nowhere/program")
    (found,) = checks.ffmpeg_works(None)
    assert found.id == "studio.E003"
    assert "FFMPEG_PATH" in str(found.hint)


def test_an_ffmpeg_that_lacks_something_is_an_error(settings, tmp_path):
    bare = tmp_path / "ffmpeg"
    bare.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        "answers = {'-version': 'ffmpeg version 9.9', '-encoders': ' V....D libx264  H.264', '-filters': ''}\n"
        "print(answers[sys.argv[-1]])\n",
        encoding="utf-8",
    )
    bare.chmod(0o755)
    settings.FFMPEG_PATH = str(bare)
    (found,) = checks.ffmpeg_works(None)
    assert found.id == "studio.E004"
    assert "aac" in found.msg
    assert "libx264" not in found.msg


def test_storage_that_works_leaves_nothing_behind(folders):
    assert checks.storage_is_writable(None) == []
    assert checks.files_are_taken_in_whole(None) == []
    assert [path for path in folders.media.rglob("*") if path.is_file()] == []
    assert [path for path in folders.temp.rglob("*") if path.is_file()] == []


def test_storage_that_takes_nothing_is_an_error(settings):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "tests.storages.BrokenStorage"}}
    (found,) = checks.storage_is_writable(None)
    assert found.id == "studio.E006"
    assert "No space left" in found.msg
    assert "STORAGE_URL" in str(found.hint)


def test_storage_on_another_file_system_is_a_warning(settings, folders, tmp_path_factory):
    if not ELSEWHERE.is_dir() or ELSEWHERE.stat().st_dev == folders.media.stat().st_dev:
        pytest.skip(f"{ELSEWHERE} is no file system of its own here")
    settings.TEMP_DIR = ELSEWHERE
    before = set(ELSEWHERE.iterdir())
    (found,) = checks.files_are_taken_in_whole(None)
    assert found.id == "studio.W003"
    assert "TEMP_DIR" in str(found.hint)
    assert {path for path in set(ELSEWHERE.iterdir()) - before if path.name.startswith("check-")} == set()


def test_a_store_elsewhere_needs_no_common_file_system(settings):
    settings.STORAGES = {**settings.STORAGES, "default": storage_setting("s3://bucket", Path("/unused"))}
    settings.TEMP_DIR = Path("/nowhere")
    assert checks.files_are_taken_in_whole(None) == []


def test_a_disk_below_the_floor_is_a_warning(settings):
    assert checks.there_is_room_to_work(None) == []
    settings.DISK_FLOOR_MB = 10**9
    assert [found.id for found in checks.there_is_room_to_work(None)] == ["studio.W004"]


def test_a_temporary_folder_that_cannot_be_written_is_an_error(settings, tmp_path):
    settings.TEMP_DIR = tmp_path / "not there"
    (found,) = checks.there_is_room_to_work(None)
    assert found.id == "studio.E008"
    assert "TEMP_DIR" in found.hint


@pytest.mark.parametrize(
    ("level", "abi", "required", "wanted"),
    [
        (Level.LANDLOCK, 7, True, "studio.I001"),
        (Level.LANDLOCK, 2, True, "studio.I001"),
        (Level.BWRAP, 0, True, "studio.I001"),
        (Level.UNSHARE, 0, False, "studio.W005"),
        (Level.UNSHARE, 0, True, "studio.E009"),
        (Level.RLIMITS, 0, False, "studio.W005"),
        (Level.RLIMITS, 0, True, "studio.E009"),
    ],
)
def test_the_level_of_the_sandbox_is_told(level, abi, required, wanted):
    message = checks.sandbox_message(Confinement(level, abi, required))
    assert message.id == wanted
    assert bool(message.hint) is (abi < 4)


def test_one_level_is_told():
    assert ids(checks.tools_are_locked_in(None))[0] in ("studio.I001", "studio.W005")
