"""Artwork in a real browser: what will be kept of a picture is shown before it is saved."""

import pytest
from PIL import Image

from brands.models import Artwork, Brand
from tests.pages.looks import session

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_cut_is_shown_while_it_is_chosen(browser, live_server, shots, tmp_path):
    brand = Brand.objects.create(name="Northshore", slug="northshore")
    picture = Image.new("RGB", (300, 200), (20, 20, 20))
    picture.paste((240, 200, 40), (100, 50, 260, 150))
    picture.save(tmp_path / "logo.png")
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "sessionid", "value": session(), "url": live_server.url}])
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))

    page.goto("/admin/brands/artwork/add/")
    page.locator("[name=brand]").select_option(str(brand.pk), force=True)
    page.locator("[name=file]").set_input_files(tmp_path / "logo.png")
    shown = page.locator("img[src^='blob:']")
    shown.wait_for()
    assert shown.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") == 300
    page.locator("[name=ground]").select_option("light", force=True)
    page.get_by_text("its border is not light").wait_for()
    page.locator("[name=ground]").select_option("dark", force=True)
    page.locator("[name=trim]").check(force=True)
    shown.wait_for()
    assert shown.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") == 160
    page.locator("[name=strength]").press("ArrowRight")
    assert page.locator("output", has_text="61").is_visible()
    shots.take(page, "artwork-cut", whole=True)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/artwork/")
    assert Artwork.objects.get().width == 160
    page.goto(f"/admin/brands/brand/{brand.pk}/change/")
    page.get_by_role("button", name="Draw a watermark from the logo").wait_for()
    shots.take(page, "brand-artwork", whole=True)
    assert wrong == []
    context.close()
