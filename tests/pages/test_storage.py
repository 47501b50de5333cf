"""The page Storage in a real browser: wide, on a phone and in the dark."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jobs.models import Asset, JobState, Output
from tests.jobs import rows
from wtfsite.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOOKS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
}


def studio() -> None:
    """A few videos and outputs of all ages and sizes."""
    for number, title in enumerate(("Harbour at dawn", "A very long title " * 8, "Night market", "Old mill")):
        asset = rows.asset(title)
        used = timezone.now() - timedelta(hours=8 * number)
        Asset.objects.filter(pk=asset.pk).update(bytes=(number + 1) * 48_000_000, used_at=used, keep=number == 3)
        for cell in rows.job(*["planned"] * 5, state=JobState.DONE, source=asset).outputs.all():
            done, made = rows.done(cell), timezone.now() - timedelta(days=(cell.pk * 7) % 30)
            Output.objects.filter(pk=done.pk).update(bytes=3_000_000 + 40_000 * cell.pk, finished_at=made)


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_fits_and_can_be_read(browser, live_server, shots, look):
    studio()
    context = browser.new_context(base_url=live_server.url, **LOOKS[look])
    context.add_cookies([{"name": "sessionid", "value": session(), "url": live_server.url}])
    page = context.new_page()
    page.goto("/admin/storage/")
    page.wait_for_load_state("networkidle")
    shots.take(page, f"storage-{look}", whole=True)
    assert page.get_by_role("heading", name="What goes, if nothing changes").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= LOOKS[look]["viewport"]["width"] + 1
    page.get_by_role("link", name="files of outputs").click()
    page.wait_for_url("**/admin/jobs/output/?**")
    shots.take(page, f"outputs-{look}", whole=True)
    context.close()


def session() -> str:
    client = Client()
    client.force_login(User.objects.create_superuser("boss", password="not-a-secret-1"))
    return client.cookies["sessionid"].value
