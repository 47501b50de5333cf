"""The page Storage in a real browser: wide, on a phone and in the dark."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.models import Asset, JobState, Output
from tests.jobs import rows
from tests.pages.looks import LOOKS, check, looking

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


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
    with looking(browser, live_server.url, look) as page:
        page.goto("/admin/storage/")
        assert page.get_by_role("heading", name="What goes, if nothing changes").is_visible()
        shots.take(page, f"{look}-storage", whole=True)
        check(page)
        page.get_by_role("link", name="files of outputs").click()
        page.wait_for_url("**/admin/jobs/output/?**")
        shots.take(page, f"{look}-outputs-with-files", whole=True)
        check(page)
