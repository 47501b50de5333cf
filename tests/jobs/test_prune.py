"""Keep times: which source files go, which stay, and that a removed one comes back."""

import io
import os
import time
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from jobs.models import Asset, AssetState, JobState
from jobs.services import assets, prune
from tests.jobs import rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


@pytest.fixture(autouse=True)
def _committed(django_capture_on_commit_callbacks, monkeypatch):
    """Files go after the commit, which a test's transaction never sees."""
    real = prune.expire

    def expire(asset: Asset) -> bool:
        with django_capture_on_commit_callbacks(execute=True):
            return real(asset)

    monkeypatch.setattr(prune, "expire", expire)


def unused(asset: Asset, hours: float = 25) -> Asset:
    Asset.objects.filter(pk=asset.pk).update(used_at=timezone.now() - timedelta(hours=hours))
    return asset


def test_the_file_goes_and_the_row_with_its_facts_stays():
    asset = unused(rows.asset())
    assert prune.tick()["sources"] == 1
    found = Asset.objects.get()
    assert (found.state, found.file.name, found.probe) == (AssetState.EXPIRED, "", asset.probe)
    assert not default_storage.exists(asset.file.name)
    assert default_storage.exists(found.poster.name)
    assert found.events.get().message == "Its file was removed after 24 hours without use."
    assert prune.tick()["sources"] == 0


def test_a_file_stays_until_its_time_is_over():
    unused(rows.asset(), hours=23)
    assert prune.tick()["sources"] == 0


@pytest.mark.parametrize(("state", "gone"), [(JobState.RUNNING, 0), (JobState.QUEUED, 0), (JobState.DONE, 1)])
def test_a_source_that_a_job_still_needs_stays(state, gone):
    asset = unused(rows.asset())
    rows.job("planned", source=asset, state=state)
    assert prune.tick()["sources"] == gone
    assert default_storage.exists(asset.file.name) is not bool(gone)


def test_one_that_came_into_use_since_it_was_listed_stays():
    listed = unused(rows.asset())
    assert assets.renew(listed)
    assert not prune.expire(listed)
    assert default_storage.exists(listed.file.name)


def test_a_dry_run_names_what_would_go_and_keeps_it():
    asset, out = unused(rows.asset()), io.StringIO()
    rows.asset("Fresh")
    call_command("prune", "--dry-run", stdout=out)
    assert str(asset) in out.getvalue()
    assert "Fresh" not in out.getvalue()
    assert "1 files would go." in out.getvalue()
    assert default_storage.exists(asset.file.name)


def test_a_title_does_nothing_to_the_terminal():
    out = io.StringIO()
    unused(rows.asset("\x1b[2Jcleared\nfaked"))
    call_command("prune", "--dry-run", stdout=out)
    assert "  \\x1b[2Jcleared\\nfaked\n" in out.getvalue()


def test_the_command_says_what_went(folders):
    unused(rows.asset())
    out = io.StringIO()
    call_command("prune", stdout=out)
    assert "1 source files and 0 cached copies removed." in out.getvalue()


def test_cached_copies_go_by_their_age(folders):
    cache = folders.temp / "cache"
    cache.mkdir()
    (cache / "old").touch()
    (cache / "new").touch()
    os.utime(cache / "old", (time.time() - 25 * 3600,) * 2)
    assert prune.tick()["cached"] == 1
    assert [path.name for path in cache.iterdir()] == ["new"]


def test_an_upload_of_the_same_bytes_brings_a_removed_file_back_for_good(one_second):
    asset = unused(assets.from_path(one_second)[0])
    prune.tick()
    again, _new = assets.from_path(one_second)
    assert (again.pk, again.state) == (asset.pk, AssetState.READY)
    assert default_storage.exists(again.file.name)
    assert prune.tick()["sources"] == 0
    assert len(default_storage.listdir(f"sources/{again.sha256[:2]}")[1]) == 2, "one file and one poster"


def test_an_upload_of_what_is_here_begins_its_keep_time_anew(one_second):
    unused(assets.from_path(one_second)[0])
    assets.from_path(one_second)
    assert prune.tick()["sources"] == 0
