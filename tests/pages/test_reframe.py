"""Laying a video into a shape in a real browser: by mouse, by keys; on a desk, a tablet and a phone."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from jobs.models import Reframe
from jobs.services import assets
from tests.media.clips import X264, ffmpeg
from wtfsite.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = Path(__file__).parent.parent / "vendor" / "axe.min.js"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SLOW = 60_000  # ms a frame may take on a busy machine
LOOKS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1440, "height": 900}},
    "tablet-dark": {"viewport": {"width": 768, "height": 1024}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "phone-dark": {
        "viewport": {"width": 390, "height": 844},
        "is_mobile": True,
        "has_touch": True,
        "color_scheme": "dark",
    },
}


@pytest.fixture
def asset(live_server, tmp_path):
    path = tmp_path / "Harbour at dawn.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x360:r=10:d=2", *X264, "-pix_fmt", "yuv420p", path)
    return assets.from_path(path)[0]


@pytest.fixture
def session():
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="not-a-secret-1"))
    return client.cookies["sessionid"].value


@pytest.fixture
def opened(browser, live_server, asset, session):
    contexts = []

    def opened(variant="square", **look):
        contexts.append(browser.new_context(base_url=live_server.url, **{**LOOKS["wide"], **look}))
        contexts[-1].add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = contexts[-1].new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"/admin/jobs/asset/{asset.pk}/reframe/?variant={variant}")
        page.wait_for_function("document.querySelector('[data-raw]').naturalWidth > 0", timeout=SLOW)
        page.wait_for_function("document.querySelector('[data-shown]').naturalWidth > 0", timeout=SLOW)
        return page

    yield opened
    for context in contexts:
        context.close()


def value(page, name: str) -> float:
    return float(page.locator(f"#id_{name}").input_value())


def drag(page, part: str, by: tuple[float, float], at: tuple[float, float] = (0.5, 0.5)) -> None:
    """`by` and `at` are shares of the part."""
    box = page.locator(part).bounding_box()
    x, y = box["x"] + at[0] * box["width"], box["y"] + at[1] * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0] * box["width"], y + by[1] * box["height"], steps=3)
    page.mouse.up()


def drawn(page) -> None:
    """Until the frame shows what is set."""
    page.get_by_text("As the render lays it out. Not saved yet.").wait_for(timeout=SLOW)


def test_a_video_is_laid_out_by_mouse_and_kept(opened, asset):
    page = opened()
    drag(page, "[data-handle=se]", (-80 / 32, 0), at=(0.9, 0.9))
    width = page.locator("[data-raw]").bounding_box()["width"]
    assert value(page, "crop_width") == pytest.approx(100 - 100 * 80 / width, abs=0.5)
    assert value(page, "crop_height") == 100
    drag(page, "[data-crop]", (0.05, 0))
    assert value(page, "crop_left") > 1
    drag(page, "[data-result]", (0.1, 0))
    assert value(page, "pan_x") < 50
    assert value(page, "pan_y") == 50
    drawn(page)
    assert page.locator("[data-shown]").get_attribute("src").startswith("blob:")

    before = {name: value(page, name) for name in ("crop_left", "crop_width", "pan_x")}
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved for 1 shape.").wait_for(timeout=SLOW)
    row = asset.reframes.get(variant="square")
    assert {name: value(page, name) for name in before} == before
    assert row.crop_width == pytest.approx(before["crop_width"] / 100)
    assert page.errors == []


def test_everything_can_be_done_by_keys(opened, asset):
    page = opened()
    page.locator("[data-crop]").focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("ArrowRight")
    assert (value(page, "crop_width"), value(page, "crop_left")) == (99, 1)
    page.locator("[data-result]").focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert value(page, "zoom") == 1.1
    assert value(page, "pan_x") < 50 < value(page, "pan_y")
    page.get_by_role("button", name="Turn right").press("Enter")
    assert page.locator("#id_turn").input_value() == "90"
    assert (value(page, "crop_height"), value(page, "crop_top")) == (99, 1)
    page.get_by_role("slider", name="Zoom, by a slider").press("Home")
    assert value(page, "zoom") == 0.25
    page.get_by_label("Mirror").press("Space")
    drawn(page)
    turned = page.evaluate("[...document.querySelectorAll('[data-raw]')].map(i => i.naturalHeight > i.naturalWidth)")
    assert turned == [True]
    page.get_by_role("button", name="Save for all shapes").press("Enter")
    page.get_by_text("Saved for 4 shapes.").wait_for(timeout=SLOW)
    assert set(Reframe.objects.values_list("turn", "mirror", "zoom")) == {(90, True, 0.25)}
    assert asset.reframes.count() == 4
    assert page.errors == []


def test_escape_takes_a_drag_back(opened):
    page = opened()
    box = page.locator("[data-crop] [data-handle=nw]").bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    assert value(page, "crop_left") > 0
    page.keyboard.press("Escape")
    page.mouse.move(box["x"] + 90, box["y"] + 90)
    page.mouse.up()
    assert (value(page, "crop_left"), value(page, "crop_top")) == (0, 0)


@pytest.mark.parametrize("look", LOOKS)
def test_it_can_be_used_by_everybody_on_every_screen(opened, shots, look):
    page = opened("vertical", **LOOKS[look])
    page.locator("[data-result]").focus()
    page.keyboard.press("-")
    drawn(page)
    shots.take(page, f"reframe-{look}", whole=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= LOOKS[look]["viewport"]["width"] + 1
    page.evaluate(AXE.read_text())
    run = "async (tags) => (await axe.run('.rf', {runOnly: tags})).violations"
    found = page.evaluate(run, AXE_TAGS)
    assert [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]] == []
