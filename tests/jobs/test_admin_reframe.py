"""The page on which a video is laid into a shape, without its script; and the frames that it shows."""

import io
from pathlib import Path

import pytest
from django.urls import reverse
from PIL import Image

from jobs.models import Asset, Reframe
from jobs.services import assets
from tests.conftest import grant
from tests.jobs import rows
from tests.media.clips import X264, ffmpeg

VALUES = {
    "fit": "fill",
    "turn": "90",
    "mirror": "on",
    "crop_left": "10",
    "crop_top": "0",
    "crop_width": "33.3",
    "crop_height": "100",
    "zoom": "1.5",
    "pan_x": "25",
    "pan_y": "50",
}


@pytest.fixture
def asset(db) -> Asset:
    return rows.asset()


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Two seconds: red left of blue, then green all over."""
    path, size = tmp_path_factory.mktemp("reframe") / "clip.mp4", "s=320x180:r=10"
    right = "drawbox=x=160:w=160:h=180:c=blue:t=fill"
    graph = f"color=c=red:{size}:d=2,{right},drawbox=c=lime:t=fill:enable=gte(t\\,1)"
    ffmpeg("-f", "lavfi", "-i", graph, *X264, "-crf", 5, "-pix_fmt", "yuv420p", path)
    return path


@pytest.fixture
def video(clip, db) -> Asset:
    return assets.from_path(clip)[0]


def address(asset: Asset, variant: str = "vertical") -> str:
    return f"{reverse('admin:jobs_asset_reframe', args=[asset.pk])}?variant={variant}"


def frame(client, asset: Asset, **query):
    return client.get(reverse("jobs:frame", args=[asset.uuid]), {"variant": "square", **query})


def colours(response, *places: tuple[float, float]) -> list[str]:
    """The names of what is seen at places, given in shares of the picture."""
    picture = Image.open(io.BytesIO(response.content)).convert("RGB")
    found = [picture.getpixel((int(x * picture.width), int(y * picture.height))) for x, y in places]
    return [name(colour) for colour in found]


def name(colour) -> str:
    names = {"red": (254, 0, 0), "blue": (0, 0, 254), "lime": (0, 255, 0), "black": (0, 0, 0)}
    return min(names, key=lambda each: sum(abs(a - b) for a, b in zip(names[each], colour, strict=True)))


# The page


def test_what_is_saved_is_shown_again(admin_client, asset):
    assert admin_client.post(address(asset), VALUES, follow=True).status_code == 200
    row = asset.reframes.get()
    assert (row.variant, row.fit, row.turn, row.mirror) == ("vertical", "fill", 90, True)
    assert (row.crop_left, row.crop_top, row.crop_width, row.crop_height) == (0.1, 0, 0.333, 1)
    assert (row.zoom, row.pan_x, row.pan_y) == (1.5, 0.25, 0.5)

    page = admin_client.get(address(asset))
    shown = page.context["form"]
    assert {key: str(shown[key].value()) for key in VALUES if key != "mirror"} == {
        key: value for key, value in VALUES.items() if key != "mirror"
    }
    assert b"Set by hand" in page.content
    assert b"Nothing is set by hand" in admin_client.get(address(asset, "square")).content


def test_it_can_be_saved_for_all_shapes_and_forgotten_for_one(admin_client, asset):
    admin_client.post(address(asset), {**VALUES, "all": "1"})
    assert asset.reframes.count() == 4
    admin_client.post(address(asset, "square"), {"reset": "1"})
    assert set(asset.reframes.values_list("variant", flat=True)) == {"vertical", "portrait", "landscape"}


@pytest.mark.parametrize(
    "wrong",
    [{"zoom": "5"}, {"zoom": "nan"}, {"turn": "45"}, {"fit": "stretch"}, {"crop_width": "95"}, {"crop_width": "0"}],
)
def test_what_makes_no_sense_is_refused(wrong, admin_client, asset):
    page = admin_client.post(address(asset), {**VALUES, **wrong})

    assert page.status_code == 400
    assert b'role="alert"' in page.content
    assert not Reframe.objects.exists()


def test_who_may_not_change_a_video_may_look(client, asset, staff):
    client.force_login(grant(staff, "view_asset"))
    page = client.get(address(asset))

    assert page.status_code == 200
    assert b'type="submit" class="ws-button ws-primary"' not in page.content
    assert client.post(address(asset), VALUES).status_code == 403
    assert not Reframe.objects.exists()


def test_who_may_not_see_videos_gets_neither_page_nor_frame(client, asset, staff):
    client.force_login(staff)

    assert client.get(address(asset)).status_code == 404
    assert frame(client, asset).status_code == 404
    assert client.get("/admin/jobs/asset/999999/reframe/").status_code in (403, 404)


def test_it_is_linked_from_the_video_and_the_list(admin_client, asset):
    link = f'href="{reverse("admin:jobs_asset_reframe", args=[asset.pk])}"'.encode()

    assert link in admin_client.get(reverse("admin:jobs_asset_change", args=[asset.pk])).content
    assert link in admin_client.get(reverse("admin:jobs_asset_changelist")).content


def test_a_video_that_was_never_fetched_can_be_laid_out_in_numbers(admin_client):
    asset = rows.asset(file="", facts={}, state="pending")

    assert b"is not here" in admin_client.get(address(asset)).content
    assert frame(admin_client, asset).status_code == 404


# Frames


def test_a_frame_follows_what_was_saved(admin_client, video):
    before = frame(admin_client, video)
    assert colours(before, (0.1, 0.5), (0.9, 0.5)) == ["red", "blue"]
    Reframe.objects.create(asset=video, variant="square", mirror=True)
    after = frame(admin_client, video)
    assert colours(after, (0.1, 0.5), (0.9, 0.5)) == ["blue", "red"]
    assert after["ETag"] != before["ETag"]

    seen = {"If-None-Match": after["ETag"]}
    again = admin_client.get(reverse("jobs:frame", args=[video.uuid]), {"variant": "square"}, headers=seen)
    assert (again.status_code, again.content) == (304, b"")


def test_a_frame_follows_values_that_are_not_saved(admin_client, video):
    values = {**VALUES, "fit": "fit", "turn": "0", "crop_left": "0", "crop_width": "50", "zoom": "0.5", "pan_x": "0"}
    seen = colours(frame(admin_client, video, **values, at_ms=500), (0.1, 0.5), (0.9, 0.5))

    assert seen == ["blue", "black"]


def test_a_frame_is_of_the_time_that_was_asked_for(admin_client, video):
    assert colours(frame(admin_client, video, at_ms=10**8), (0.5, 0.5)) == ["lime"]


def test_a_raw_frame_is_all_of_the_picture_turned(admin_client, video):
    stood = frame(admin_client, video, raw=1, size=320, **{**VALUES, "mirror": ""})

    assert Image.open(io.BytesIO(stood.content)).size == (180, 320)
    assert colours(stood, (0.5, 0.1), (0.5, 0.9)) == ["red", "blue"]


@pytest.mark.parametrize(
    "wrong", [{"variant": "round"}, {"at_ms": "-1"}, {"size": "9999"}, {"zoom": "9"}, {**VALUES, "pan_x": "101"}]
)
def test_a_question_without_sense_is_refused_in_words(wrong, admin_client, asset):
    answer = frame(admin_client, asset, **wrong)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_what_is_no_video_is_told_in_words(admin_client, asset):
    answer = frame(admin_client, asset)

    assert answer.status_code == 422
    assert answer.json()["error"]
