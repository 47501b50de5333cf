"""Videos in the admin: bringing in, looking, ordering, deleting."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from brands.models import Artwork, Layer
from jobs.models import Asset, AssetState, Job, Output, OutputState
from tests.conftest import grant
from tests.jobs import rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]
ADD = "/admin/jobs/asset/add/"
LIST = "/admin/jobs/asset/"
ORDER = "/admin/jobs/asset/order/"
PLAN = "/admin/jobs/asset/order/plan/"


def text(response) -> str:
    return " ".join(response.content.decode().split())


# --- bringing in


def test_it_takes_an_upload(admin_client, one_second):
    response = admin_client.post(ADD, {"file": SimpleUploadedFile("My clip.mp4", one_second.read_bytes())}, follow=True)
    asset = Asset.objects.get()
    assert asset.state == AssetState.READY
    assert asset.title == "My clip"
    assert response.redirect_chain[-1][0] == reverse("admin:jobs_asset_change", args=[asset.pk])
    assert "180 x 320" in text(response)


def test_it_says_when_a_video_is_already_here(admin_client, one_second):
    for _ in range(2):
        file = SimpleUploadedFile("My clip.mp4", one_second.read_bytes())
        response = admin_client.post(ADD, {"file": file}, follow=True)
    assert Asset.objects.count() == 1
    assert "already here" in text(response)


def test_it_says_what_is_wrong_with_a_file(admin_client):
    response = admin_client.post(ADD, {"file": SimpleUploadedFile("page.mp4", b"<html>no video</html>")})
    assert not Asset.objects.exists()
    assert "Choose another file" in text(response) or "Bring the original" in text(response)


def test_it_notes_an_address_and_fetches_nothing(admin_client):
    response = admin_client.post(ADD, {"address": "https://93.184.215.14/clip.mp4"}, follow=True)
    assert Asset.objects.get().state == AssetState.PENDING
    assert "fetched when the first job needs it" in text(response)


def test_it_refuses_a_private_address(admin_client):
    response = admin_client.post(ADD, {"address": "http://127.0.0.1:8000/clip.mp4"})
    assert not Asset.objects.exists()
    assert "private network" in text(response)


@pytest.mark.parametrize("data", [{}, {"address": "https://93.184.215.14/a.mp4", "file": True}])
def test_it_wants_exactly_one_of_file_and_address(admin_client, data):
    if "file" in data:
        data = {**data, "file": SimpleUploadedFile("a.mp4", b"abc")}
    assert "exactly one of them" in text(admin_client.post(ADD, data))
    assert not Asset.objects.exists()


# --- looking


def test_the_list_asks_few_questions(admin_client, django_assert_num_queries):
    rows.asset("First")
    with django_assert_num_queries(5):
        admin_client.get(LIST)
    for number in range(10):
        rows.asset(f"Video {number}")
    with django_assert_num_queries(5):
        page = text(admin_client.get(LIST))
    assert "1080x1920 · 30 fps" in page


def test_the_page_shows_facts_origin_and_jobs(admin_client):
    asset = rows.asset(origin_url="https://example.com/a", author="Ana", platform="youtube")
    job = rows.job(OutputState.DONE, source=asset)
    page = text(admin_client.get(reverse("admin:jobs_asset_change", args=[asset.pk])))
    for words in ("1080 x 1920", "h264 High", "aac · stereo · 48 kHz", "https://example.com/a", "Ana", str(job)):
        assert words in page
    assert reverse("jobs:asset-file", args=[asset.uuid]) in page


def test_title_and_rights_can_be_edited_and_nothing_else(admin_client):
    asset = rows.asset()
    url = reverse("admin:jobs_asset_change", args=[asset.pk])
    admin_client.post(url, {"title": "New", "author": "", "licence_note": "ours", "state": "failed", "sha256": "x"})
    changed = Asset.objects.get()
    assert (changed.title, changed.licence_note) == ("New", "ours")
    assert (changed.state, changed.sha256) == (asset.state, asset.sha256)


def test_titles_are_escaped(admin_client):
    asset = rows.asset("<script>alert(1)</script>")
    for url in (LIST, reverse("admin:jobs_asset_change", args=[asset.pk]), f"{ORDER}?ids={asset.pk}"):
        assert "<script>alert" not in text(admin_client.get(url))


def test_viewers_see_no_way_to_change(viewer_client):
    asset = rows.asset()
    assert "Make outputs" not in text(viewer_client.get(LIST))
    page = text(viewer_client.get(reverse("admin:jobs_asset_change", args=[asset.pk])))
    assert "Make branded outputs" not in page
    assert 'name="_save"' not in page


# --- ordering


@pytest.fixture
def order(admin_client):
    """What the page's form sends: one video, one brand, two shapes."""
    return {
        "ids": str(rows.asset().pk),
        "brands": [rows.brand().pk],
        "variants": ["vertical", "square"],
        "profile": "standard",
        "size": "1080",
        "fit": "fill",
    }


def test_the_action_opens_the_page_and_orders_nothing(admin_client):
    keys = [rows.asset(name).pk for name in ("a", "b")]
    data = {"action": "make_outputs", "_selected_action": keys, "index": "0"}
    response = admin_client.post(LIST, data, follow=True)
    assert response.redirect_chain[-1][0].startswith(ORDER)
    assert response.status_code == 200
    assert not Job.objects.exists()


def test_the_page_ticks_every_active_brand(admin_client):
    active, inactive = rows.brand("On"), rows.brand("Off", active=False)
    page = text(admin_client.get(f"{ORDER}?ids={rows.asset().pk}"))
    assert f'name="brands" value="{active.pk}"' in page
    assert f'name="brands" value="{inactive.pk}"' not in page
    assert "1 × 1 × 2 = 2" in page


def test_many_brands_ask_no_more_questions_than_one(admin_client):
    def layered(name: str) -> None:
        owner = rows.brand(name)
        Layer.objects.create(brand=owner, name="line", kind="text", text="x")
        Artwork.objects.create(brand=owner, kind="logo", sha256="0" * 64)
        Layer.objects.create(brand=owner, name="logo", kind="image", artwork_kind="logo")

    def questions() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert "1 × " in text(admin_client.get(f"{ORDER}?ids={source.pk}"))
        return len(asked)

    source = rows.asset()
    layered("First")
    alone = questions()
    for number in range(10):
        layered(f"Brand{number}")
    assert questions() == alone


def test_the_plan_follows_the_form_and_changes_nothing(admin_client, order):
    page = text(admin_client.get(PLAN, {**order, "variants": ["vertical", "square", "landscape"]}))
    assert "1 × 1 × 3 = 3" in page
    assert "<html" not in page
    assert not Job.objects.exists()


def test_it_orders_and_shows_the_job(admin_client, admin_user, order):
    response = admin_client.post(ORDER, order, follow=True)
    job = Job.objects.get()
    assert response.redirect_chain[-1][0] == reverse("admin:jobs_job_change", args=[job.pk])
    assert "2 outputs are ordered" in text(response)
    assert job.outputs.count() == 2
    assert job.owner == admin_user


def test_it_does_not_order_over_the_limit(admin_client, order, settings):
    settings.MAX_OUTPUTS_PER_JOB = 1
    plan = text(admin_client.get(PLAN, order))
    assert "disabled" in plan
    assert "a job may have 1" in plan
    assert "raise MAX_OUTPUTS_PER_JOB" in plan
    refused = text(admin_client.post(ORDER, order))
    assert "a job may have 1" in refused
    assert not Job.objects.exists()


def test_it_says_that_nothing_is_ticked(admin_client, order):
    plan = text(admin_client.get(PLAN, {**order, "brands": []}))
    assert "No brand is chosen" in plan
    assert "disabled" in plan


@pytest.mark.parametrize("ids", ["", "0", "abc", "1,2;drop", "9" * 400])
def test_it_sends_back_whoever_comes_without_videos(admin_client, ids):
    response = admin_client.get(ORDER, {"ids": ids}, follow=True)
    assert response.redirect_chain[-1][0] == LIST
    assert "No video was chosen" in text(response)


def test_it_refuses_nonsense_in_the_plan(admin_client, order):
    assert admin_client.get(PLAN, {**order, "profile": "gold"}).status_code == 400


def test_only_those_who_may_add_jobs_order(viewer_client, viewer, order):
    assert viewer_client.get(ORDER, {"ids": order["ids"]}).status_code == 403
    assert viewer_client.post(ORDER, order).status_code == 403
    grant(viewer, "add_job")
    assert viewer_client.post(ORDER, order).status_code == 302
    assert Job.objects.count() == 1


# --- deleting


def test_an_unused_video_goes_with_its_files(admin_client, django_capture_on_commit_callbacks):
    asset = rows.asset()
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(reverse("admin:jobs_asset_delete", args=[asset.pk]), {"post": "yes"})
    assert not Asset.objects.exists()
    assert not default_storage.exists(asset.file.name)
    assert not default_storage.exists(asset.poster.name)


def test_a_used_video_stays_and_the_page_says_why(admin_client):
    asset = rows.asset()
    rows.job(OutputState.DONE, source=asset)
    response = admin_client.post(reverse("admin:jobs_asset_delete", args=[asset.pk]), {"post": "yes"}, follow=True)
    assert Asset.objects.exists()
    assert "is in use by 1 output in 1 job" in text(response)


def test_the_bulk_deletion_refuses_used_videos_too(admin_client):
    used, free = rows.asset("used"), rows.asset("free")
    rows.job(OutputState.DONE, source=used)
    data = {"action": "delete_selected", "_selected_action": [used.pk, free.pk], "post": "yes"}
    response = admin_client.post(LIST, data)
    assert Asset.objects.count() == 2
    assert "is in use" in text(response)


def test_a_file_that_another_row_holds_stays(django_capture_on_commit_callbacks):
    from jobs.services import remove

    name = default_storage.save("outputs/aa/aa.mp4", ContentFile(b"x"))
    first, second = rows.job("done", state="done"), rows.job("done", state="done", source=rows.asset("b"))
    Output.objects.update(file=name)
    with django_capture_on_commit_callbacks(execute=True):
        remove.jobs(Job.objects.filter(pk=first.pk))
    assert default_storage.exists(name)
    with django_capture_on_commit_callbacks(execute=True):
        remove.jobs(Job.objects.filter(pk=second.pk))
    assert not default_storage.exists(name)


def test_an_address_that_serves_as_title_is_not_said_twice(admin_client):
    Asset.objects.create(origin_url="https://example.com/clip.mp4")
    page = admin_client.get("/admin/jobs/asset/").content.decode()
    assert page.count("https://example.com/clip.mp4<") == 1
