"""The list of videos that other pages choose a frame from."""

import pytest
from django.urls import reverse

from tests.conftest import grant
from tests.jobs import rows

pytestmark = pytest.mark.django_db
ADDRESS = reverse("jobs:videos")


def test_videos_with_a_file_come_newest_first(admin_client):
    rows.asset("Harbour at dawn")
    later = rows.asset("Night market")
    rows.asset("gone", state="expired", file="")
    videos = admin_client.get(ADDRESS).json()["videos"]
    assert [video["title"] for video in videos] == ["Night market", "Harbour at dawn"]
    assert videos[0] == {"uuid": str(later.uuid), "title": "Night market", "duration_ms": 3000}


def test_only_who_may_see_videos_gets_any(client, staff):
    rows.asset()
    assert client.get(ADDRESS).status_code == 302
    client.force_login(staff)
    assert client.get(ADDRESS).status_code == 403
    client.force_login(grant(staff, "view_asset"))
    assert len(client.get(ADDRESS).json()["videos"]) == 1
