"""Sources: what comes in, what is refused, and that the same bytes twice are one asset."""

import errno
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from jobs.media.errors import MediaError
from jobs.models import Asset, AssetState, Job, JobState, Output
from jobs.services import assets, enqueue, files, inline, plan, prepare, retry
from jobs.services.options import BrandOptions
from jobs.sources import fetch, upload
from tests.clips import clip, ffmpeg
from tests.conftest import use_storage
from tests.jobs import rows
from tests.standins import files as standin

pytestmark = pytest.mark.usefixtures("storage")
LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def served(tmp_path, settings):
    """A folder served over real HTTP on loopback, which is opened for this test."""
    settings.EGRESS_ALLOW_CIDRS = LOOPBACK
    folder = tmp_path / "served"
    folder.mkdir()
    with standin.serve(folder) as server:
        yield folder, server


def test_the_same_bytes_twice_are_one_asset(one_second, tmp_path, db):
    first, new = assets.from_path(one_second)
    copy = tmp_path / "another name.mp4"
    copy.write_bytes(one_second.read_bytes())
    second, again = assets.from_path(copy)
    assert (new, again, first) == (True, False, second)
    assert Asset.objects.count() == 1
    assert len(default_storage.listdir("sources")[1]) == 0


def test_it_keeps_facts_poster_and_name(one_second, db):
    asset, _ = assets.from_path(one_second)
    assert (asset.title, asset.width, asset.height) == ("one second", 180, 320)
    assert asset.probe.has_audio
    assert default_storage.exists(asset.poster.name)
    assert "one" not in asset.file.name


def test_the_local_copy_is_fetched_once(one_second, db):
    asset, _ = assets.from_path(one_second)
    first = files.local_copy(asset)
    default_storage.delete(asset.file.name)
    assert files.local_copy(asset) == first
    assert first.read_bytes() == one_second.read_bytes()


def test_changed_bytes_in_storage_are_noticed(one_second, tmp_path, db):
    asset, _ = assets.from_path(one_second)
    other = clip(tmp_path / "other.mp4", rate="25")
    default_storage.delete(asset.file.name)
    files.put(other, asset.file.name)
    with pytest.raises(MediaError) as caught:
        files.local_copy(asset)
    assert caught.value.code == "corrupt_media"


def test_an_upload_of_the_same_bytes_repairs_a_lost_file(one_second, two_brands):
    asset, _ = assets.from_path(one_second)
    default_storage.delete(asset.file.name)
    again, _ = assets.from_path(one_second)
    assert again == asset
    assert default_storage.exists(again.file.name)
    assert _branded(again, two_brands).state == JobState.DONE
    assert len(stored(again)) == 2


def test_a_job_whose_file_was_lost_says_so_and_can_be_tried_again(one_second, two_brands):
    asset, _ = assets.from_path(one_second)
    default_storage.delete(asset.file.name)
    job = _branded(asset, two_brands)
    assert set(job.outputs.values_list("error_code", flat=True)) == {"missing_file"}
    assets.from_path(one_second)
    assert retry.job(job) == 2
    assert inline.work_off(job).state == JobState.DONE


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EDQUOT, "disk_full"), (errno.EROFS, "permission")]
)
def test_a_disk_that_takes_no_more_is_said_in_words(number, code, one_second, folders, monkeypatch, db):
    def store(*args):
        raise OSError(number, "the disk's words")

    monkeypatch.setattr(upload, "store", store)
    with pytest.raises(MediaError) as caught:
        assets.from_path(one_second)
    assert (caught.value.code, caught.value.detail) == (code, "the disk's words")
    assert list((folders.temp / "work").iterdir()) == []


def test_a_full_storage_is_a_full_disk(settings, tmp_path):
    use_storage(settings, "tests.storages.BrokenStorage")
    (tmp_path / "made").write_bytes(b"made")
    with pytest.raises(MediaError) as caught:
        files.put(tmp_path / "made", "made")
    assert caught.value.code == "disk_full"


def html(folder: Path) -> Path:
    path = folder / "page.mp4"
    path.write_text("<!doctype html><title>Not a video</title>" + "<p>words</p>" * 200)
    return path


def empty(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


def cut(folder: Path) -> Path:
    whole = clip(folder / "whole.mp4", seconds=2)
    path = folder / "cut.mp4"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return path


def sound_only(folder: Path) -> Path:
    return ffmpeg(folder / "tone.m4a", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac")


def picture(folder: Path) -> Path:
    still = ffmpeg(folder / "still.png", "-f", "lavfi", "-i", "testsrc2=s=320x320:d=0.04", "-frames:v", "1")
    return still.rename(folder / "still.mp4")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda folder: folder / "nowhere.mp4", "missing_file"),
        (lambda folder: folder, "missing_file"),
        (empty, "empty_file"),
        (html, "unsupported_format"),
        (cut, "corrupt_media"),
        (sound_only, "no_video"),
        (picture, "still_picture"),
    ],
)
def test_a_bad_file_is_refused_in_words_and_leaves_nothing(make, code, tmp_path, folders, db):
    with pytest.raises(MediaError) as caught:
        assets.from_path(make(tmp_path))
    assert (caught.value.code, Asset.objects.count()) == (code, 0)
    assert caught.value.sentence
    assert caught.value.remedy
    assert [path for path in folders.media.rglob("*") if path.is_file()] == []


def test_a_kind_that_the_installation_takes_is_branded(one_second, two_brands, tmp_path, settings):
    codecs = ("-c:v", "mpeg2video", "-c:a", "mp2")
    path = ffmpeg(tmp_path / "clip.ts", "-i", str(one_second), *codecs)
    with pytest.raises(MediaError):
        assets.from_path(path)
    settings.SOURCE_FORMATS = ("mov", "matroska", "mpegts")
    source, _ = assets.from_path(path)
    assert Path(source.file.name).suffix == ".ts"
    assert _branded(source, two_brands).state == JobState.DONE


def test_a_fetched_address_becomes_outputs(served, one_second, two_brands):
    folder, server = served
    (folder / "clip.mp4").write_bytes(one_second.read_bytes())
    job = _branded(assets.from_url(server.url("clip.mp4")), two_brands)
    assert job.state == JobState.DONE
    source = job.sources.get()
    assert (source.state, source.origin_url) == (AssetState.READY, server.url("clip.mp4"))


def test_an_address_with_known_bytes_joins_the_asset_that_has_them(served, one_second, two_brands):
    folder, server = served
    (folder / "clip.mp4").write_bytes(one_second.read_bytes())
    known, _ = assets.from_path(one_second)
    job = _branded(assets.from_url(server.url("clip.mp4")), two_brands)
    assert job.state == JobState.DONE
    assert list(Asset.objects.all()) == [known]
    assert set(job.outputs.values_list("source", flat=True)) == {known.pk}
    assert list(job.sources.all()) == [known]


def test_what_an_address_had_before_it_joined_another_video_goes(
    served, one_second, tmp_path, db, django_capture_on_commit_callbacks
):
    """Its file went after its keep time, and what the address gives now is here already."""
    folder, server = served
    (folder / "clip.mp4").write_bytes(one_second.read_bytes())
    fetched = bring(assets.from_url(server.url("clip.mp4")))
    default_storage.delete(fetched.file.name)
    Asset.objects.filter(pk=fetched.pk).update(state=AssetState.EXPIRED, file="")
    known, _ = assets.from_path(clip(tmp_path / "other.mp4", size="160x120"))
    (folder / "clip.mp4").write_bytes((tmp_path / "other.mp4").read_bytes())
    with django_capture_on_commit_callbacks(execute=True):
        assert bring(fetched) == known
    assert list(Asset.objects.all()) == [known]
    assert not default_storage.exists(fetched.poster.name)
    assert default_storage.exists(known.poster.name)


def test_a_video_that_an_address_joins_begins_its_keep_time_anew(address, one_second, db):
    known, _ = assets.from_path(one_second)
    Asset.objects.update(used_at=timezone.now() - timedelta(hours=30))
    assert bring(assets.from_url(address)) == known
    again = Asset.objects.get()
    assert again.used_at > timezone.now() - timedelta(hours=1)
    assert again.origin_url == address


def test_what_people_write_on_a_video_while_it_is_fetched_stays(address, db, monkeypatch):
    asset, real = assets.from_url(address), files.put

    def put(path: Path, name: str) -> str:
        Asset.objects.filter(pk=asset.pk).update(title="Harbour", author="Ann", keep=True, licence_note="CC0")
        return real(path, name)

    monkeypatch.setattr(files, "put", put)
    bring(asset)
    found = Asset.objects.get()
    assert (found.title, found.author, found.keep, found.licence_note) == ("Harbour", "Ann", True, "CC0")
    assert found.state == AssetState.READY


@pytest.mark.parametrize("state", ["planned", "cancelled", "failed"])
def test_of_a_job_that_has_both_one_cell_of_each_kind_is_left(address, one_second, two_brands, state):
    known, _ = assets.from_path(one_second)
    double = assets.from_url(address)
    job = _order([known, double], two_brands)
    double.outputs.filter(brand=two_brands[0]).update(state=state)
    assert bring(double) == known
    assert sorted(job.outputs.values_list("source", "brand__slug")) == [(known.pk, "a"), (known.pk, "b")]


def test_a_cell_that_was_to_be_renewed_goes_with_its_earlier_file_and_the_new_one(
    address, one_second, two_brands, django_capture_on_commit_callbacks
):
    known, _ = assets.from_path(one_second)
    double = assets.from_url(address)
    job = _order([known, double], two_brands)
    cell = rows.done(double.outputs.get(brand=two_brands[0]), b"the earlier film")
    coming = files.output_names("f" * 64)
    for name in coming:
        default_storage.save(name, ContentFile(b"the new film"))
    about = {"coming_key": "f" * 64, "coming": {"sha256": "0" * 64}}
    Output.objects.filter(pk=cell.pk).update(state="planned", **about)
    with django_capture_on_commit_callbacks(execute=True):
        assert bring(double) == known
    assert set(job.outputs.values_list("source", flat=True)) == {known.pk}
    left = {name for name in (*coming, cell.file.name, cell.poster.name) if default_storage.exists(name)}
    assert left == set()


def test_an_address_that_gives_nothing_fails_its_cells_with_the_reason(served, two_brands):
    job = _branded(assets.from_url(served[1].url("nothing.mp4")), two_brands)
    assert job.state == JobState.FAILED
    assert set(job.outputs.values_list("state", flat=True)) == {"failed"}
    codes = set(job.outputs.values_list("error_code", flat=True))
    assert codes == {job.sources.get().error_code} != {"unknown"}


@pytest.fixture
def address(served, one_second) -> str:
    folder, server = served
    (folder / "clip.mp4").write_bytes(one_second.read_bytes())
    return server.url("clip.mp4")


def test_one_address_in_two_jobs_is_fetched_once(address, db, monkeypatch):
    first, second = assets.from_url(address), assets.from_url(address)
    real, fetched = fetch.fetch, []

    def counted(url: str, *args, **kwargs):
        fetched.append(url)
        return real(url, *args, **kwargs)

    monkeypatch.setattr(fetch, "fetch", counted)
    assert bring(first) == bring(second)
    assert fetched == [address]
    assert len(stored(Asset.objects.get())) == 2


def test_ffmpeg_is_asked_for_its_build_before_the_job_is_locked(one_second, two_brands, monkeypatch):
    depth: list[int] = []  # of transactions, when a source is ready and at each look for the tools after that
    real_renew, real_tools = assets.renew, prepare.get_tools

    def renew(asset: Asset) -> bool:
        depth.append(len(connection.savepoint_ids))
        return real_renew(asset)

    def get_tools():
        depth.append(len(connection.savepoint_ids))
        return real_tools()

    source, _ = assets.from_path(one_second)
    monkeypatch.setattr(assets, "renew", renew)
    monkeypatch.setattr(prepare, "get_tools", get_tools)
    _branded(source, two_brands)
    assert depth[0] == depth[1]


def test_of_two_fetches_at_the_same_time_the_first_file_stays(address, db, monkeypatch):
    asset, real = assets.from_url(address), files.put
    quicker: list[Asset] = []

    def put(path: Path, name: str) -> str:
        if not quicker:
            quicker.append(asset)
            quicker[0] = bring(asset)
        return real(path, name)

    monkeypatch.setattr(files, "put", put)
    late = bring(asset)
    assert late.file == quicker[0].file == Asset.objects.get().file
    assert len(stored(late)) == 2


def test_a_lost_file_with_an_address_is_fetched_again(address, db):
    asset = bring(assets.from_url(address))
    default_storage.delete(asset.file.name)
    again = bring(asset)
    assert (again.pk, again.state) == (asset.pk, AssetState.READY)
    assert default_storage.exists(again.file.name)


def test_a_fetch_works_in_a_folder_that_names_its_claim(address, two_brands, monkeypatch):
    real, labels = files.workspace, []

    def workspace(label: str):
        labels.append(label)
        return real(label)

    monkeypatch.setattr(files, "workspace", workspace)
    job = _branded(assets.from_url(address), two_brands)
    assert set(labels) == {str(token) for token in job.stages.exclude(kind="finish").values_list("token", flat=True)}


def test_a_long_address_stops_no_job(address, two_brands):
    job = _branded(assets.from_url(f"{address}?signature={'a' * 700}"), two_brands)
    assert job.state == JobState.DONE
    assert max(map(len, job.events.values_list("message", flat=True))) <= 500


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x.mp4", "file:///etc/passwd", "ytsearch:cats", "http://[::1]/"])
def test_a_private_or_odd_address_is_refused_before_anything_is_stored(url, db):
    with pytest.raises(MediaError) as caught:
        assets.from_url(url)
    assert caught.value.code in ("blocked_address", "bad_url")
    assert Asset.objects.count() == 0


def bring(asset: Asset) -> Asset:
    return assets.bring(asset, lambda: True, lambda share: None)


def stored(asset: Asset) -> list[str]:
    return default_storage.listdir(f"sources/{asset.sha256[:2]}")[1]


def _order(sources: list[Asset], brands) -> Job:
    options = BrandOptions(size=720, profile="draft")
    return enqueue.order(plan.make(sources, brands, ["square"], options), inline=True)


def _branded(source: Asset, brands) -> Job:
    job = inline.work_off(_order([source], brands))
    assert not Output.objects.open().filter(job=job).exists()
    return job
