"""Previews in a real browser: on the order page, on the page of an output, and in the layout editor."""

import re

import pytest

from brands.models import Brand
from jobs.models import Output
from jobs.services import assets
from tests.jobs import rows
from tests.jobs.conftest import text_brand
from tests.pages.looks import session

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DRAWN = "[...document.querySelectorAll('{}')].every((image) => image.complete && image.naturalWidth && !image.hidden)"


@pytest.fixture
def page(browser, live_server):
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "sessionid", "value": session(), "url": live_server.url}])
    yield context.new_page()
    context.close()


def drawn(page, selector):
    page.wait_for_selector(selector, state="attached")
    page.wait_for_function(DRAWN.format(selector))


def test_previews_are_seen_where_they_are_needed(page, one_second, shots):
    asset = assets.from_path(one_second)[0]
    brand = text_brand("northshore", "Northshore")

    page.goto(f"/admin/jobs/asset/order/?ids={asset.pk}")
    drawn(page, "[data-look]")
    shots.take(page, "preview-order")
    page.get_by_label("square 1:1").first.uncheck()
    page.wait_for_function("document.querySelectorAll('[data-look]').length === 1")
    drawn(page, "[data-look]")

    output = rows.done(rows.job("done", source=asset).outputs.get())
    Output.objects.update(brand=brand)
    page.goto(f"/admin/jobs/output/{output.pk}/change/")
    drawn(page, "[data-compare-view] img")
    slider, view = page.get_by_role("slider", name="Before / after"), page.locator("[data-compare-view]")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert view.get_attribute("style").endswith("--ws-split: 51%;")
    box = view.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    assert slider.input_value() == "25"
    shots.take(page, "preview-output", whole=True)

    Brand.objects.exclude(pk=brand.pk).delete()
    page.goto(f"/admin/brands/brand/{brand.pk}/change/")
    page.get_by_role("link", name="See it on the newest video").click()
    drawn(page, "[data-preview] img")
    assert re.match("Selected for output: vertical 9:16", page.locator("[data-preview-status]").inner_text())
    page.get_by_role("slider", name="Before / after").press("Home")
    assert "--ws-split: 0%;" in page.locator("[data-preview]").get_attribute("style")
    shots.take(page, "preview-editor")
