"""The layout editor in a real browser: by mouse, by keys, by finger; on a desk, a tablet and a phone."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from brands import layouts, stage
from brands.models import Brand, SafeZone
from jobs.services import assets
from tests.brands.pictures import encoded, keep_artwork
from tests.conftest import grant
from tests.jobs import rows
from wtfsite.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = Path(__file__).parent.parent / "vendor" / "axe.min.js"
LOOKS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1440, "height": 900}},
    "wide-dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "tablet": {"viewport": {"width": 768, "height": 1024}, "has_touch": True, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}
# What the theme's own parts of the page are known to break, each at most so often.
THEME: dict[str, int] = {}


@pytest.fixture
def brand(live_server):
    brand = Brand.objects.create(name="Northshore", slug="northshore")
    keep_artwork(brand, encoded(Image.new("RGBA", (400, 200), "#0b2545")))
    brand.layers.create(name="logo", artwork_kind="logo", x=50, y=30, width=30)
    text = {"text": "Harbour bridge reopens at noon", "box_opacity": 0.9, "text_size": 5}
    brand.layers.create(name="headline", kind="text", x=40, y=80, width=60, order=1, **text)
    return brand


class Desk:
    """The editor of a brand on one page, and what a person does on it."""

    def __init__(self, page, brand):
        self.page = page
        self.brand = brand
        self.stage = page.locator("[data-stage]")

    def open(self, variant="vertical"):
        self.page.goto(f"/admin/brands/brand/{self.brand.pk}/layout/?variant={variant}")
        self.settle()
        return self

    def settle(self):
        """Until the server has said where everything is, and pictures of texts are there."""
        self.page.wait_for_selector("[data-editor][data-settled=true]")
        self.page.wait_for_function("!document.querySelector('.ed-layer img[hidden]')")

    def layer(self, name):
        return self.page.locator(f"[data-layers] [aria-label^='{name}:']")

    def choose(self, name):
        self.page.locator("[data-list]").get_by_role("button", name=name, exact=False).first.click()

    def field(self, name):
        return self.page.locator(f"#ed-{name}")

    def value(self, name):
        return float(self.field(name).input_value())

    def handle(self, name):
        box = self.page.locator(f"[data-handle={name}]").bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def middle(self, name):
        box = self.layer(name).bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(self, start, by, let_go=True):
        x, y = start
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + by[0] / 2, y + by[1] / 2)
        self.page.mouse.move(x + by[0], y + by[1])
        if let_go:
            self.page.mouse.up()
            self.settle()

    def pixels(self, percent):
        """So many percent of the canvas, in pixels of the page."""
        return percent / 100 * self.stage.bounding_box()["width"]

    def save(self):
        self.page.get_by_role("button", name="Save").click()
        self.wait_saved()

    def wait_saved(self):
        self.page.locator("[data-status]", has_text="Saved.").wait_for()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()


@pytest.fixture
def desk(browser, live_server, brand):
    """An editor for somebody who may do everything; errors of its scripts fail the test."""
    contexts, errors = [], []

    def opened(user=None, **look):
        context = browser.new_context(base_url=live_server.url, **(look or LOOKS["wide"]))
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": session(user), "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return Desk(page, brand)

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def session(user=None):
    client = Client()
    client.force_login(user or User.objects.create_superuser("boss", password="not-a-secret-1"))
    return client.cookies["sessionid"].value


def assert_as_rendered(desk, variant):
    """Every layer is seen where the render would put what is saved, to within a pixel of the page."""
    frame = desk.stage.bounding_box()
    scale = frame["width"] / layouts.canvas(variant, stage.SIZE).width
    for shown in stage.shown(desk.brand, desk.brand.layers.select_related("font"), variant):
        box, seen = layouts.turned(shown.box, shown.rotation), desk.layer(shown.row.name).bounding_box()
        expected = (frame["x"] + box.x * scale, frame["y"] + box.y * scale, box.width * scale, box.height * scale)
        found = (seen["x"], seen["y"], seen["width"], seen["height"])
        assert found == pytest.approx(expected, abs=1.5), shown.row.name


# --- by mouse -------------------------------------------------------------------------------------------------------


def test_a_logo_is_placed_by_mouse(desk, brand):
    """Dragged, resized, turned; saved, seen again after a reload, and all of it where the render has it."""
    desk = desk().open()
    desk.page.get_by_label("Snap").uncheck()
    desk.drag(desk.middle("logo"), (desk.pixels(-12), desk.pixels(40)))
    assert desk.value("x") == pytest.approx(38, abs=0.5)
    assert desk.value("y") == pytest.approx(30 + 40 * 9 / 16, abs=0.5)

    desk.drag(desk.handle("se"), (desk.pixels(10), desk.pixels(5)))
    assert desk.value("width") == pytest.approx(40, abs=0.6)
    assert desk.value("x") == pytest.approx(43, abs=0.5)  # the other corner stayed

    desk.drag(desk.handle("turn"), (desk.pixels(20), 0))
    assert 30 < desk.value("rotation") < 75
    left_at = {name: desk.value(name) for name in ("x", "y", "width", "rotation")}

    desk.save()
    saved = brand.layers.get(name="logo")
    assert {name: getattr(saved, name) for name in left_at} == pytest.approx(left_at, abs=0.01)
    desk.open()
    desk.choose("logo")
    assert {name: desk.value(name) for name in left_at} == pytest.approx(left_at, abs=0.01)
    for variant in ("vertical", "square", "landscape"):
        assert_as_rendered(desk.open(variant), variant)


def test_a_drag_snaps_stays_inside_and_can_be_taken_back(desk):
    desk = desk().open()
    desk.drag(desk.middle("headline"), (desk.pixels(10.7), 0), let_go=False)
    assert desk.page.locator(".ed-guide-x").count() == 1
    desk.page.mouse.up()
    desk.settle()
    assert desk.value("x") == 50
    assert desk.page.locator(".ed-guide").count() == 0

    desk.drag(desk.middle("logo"), (desk.pixels(90), desk.pixels(-90)))
    corner = desk.value("x"), desk.value("y")
    assert corner == pytest.approx((79.44, 7.34), abs=0.1)  # in the corner of the safe area

    desk.drag(desk.middle("logo"), (desk.pixels(-30), desk.pixels(30)), let_go=False)
    desk.page.keyboard.press("Escape")
    desk.page.mouse.up()
    assert (desk.value("x"), desk.value("y")) == corner
    desk.press("Control+z")
    assert desk.value("x") == 50
    assert desk.value("y") == 30


# --- by keys --------------------------------------------------------------------------------------------------------


def test_everything_can_be_done_by_keys(desk, brand):
    desk = desk().open()
    page = desk.page
    desk.layer("logo").focus()
    desk.press("ArrowRight", "ArrowRight", "Shift+ArrowDown", "ArrowUp")
    assert (desk.value("x"), desk.value("y")) == (51, 34.5)
    assert desk.layer("logo").evaluate("node => node === document.activeElement")
    assert page.locator("[data-live]").inner_text().startswith("logo: x 51 %, y 34.5 %")

    desk.press("+", "]", "]", "Shift+}")
    assert (desk.value("width"), desk.value("rotation")) == (31, 17)
    desk.press("Control+z")
    assert desk.value("rotation") == 0  # quick turns are one step
    desk.press("Control+Shift+Z")
    assert desk.value("rotation") == 17

    desk.press("Tab")
    assert desk.layer("headline").evaluate("node => node === document.activeElement")
    desk.press("Delete")
    assert desk.layer("headline").count() == 0
    desk.press("Control+z")
    assert desk.layer("headline").count() == 1

    page.get_by_role("tab", name="vertical 9:16").focus()
    desk.press("ArrowRight", "ArrowRight")
    assert page.get_by_role("tab", name="square 1:1").get_attribute("aria-selected") == "true"
    desk.press("Control+s")
    desk.wait_saved()
    saved = brand.layers.get(name="logo")
    assert (saved.x, saved.y, saved.width, saved.rotation) == (51, 34.5, 31, 17)


# --- one variant ----------------------------------------------------------------------------------------------------


def test_one_variant_gets_a_place_of_its_own_and_gives_it_back(desk, brand):
    desk = desk().open("square")
    page = desk.page
    badge = page.locator("[data-own-badge]")
    desk.choose("logo")
    assert badge.is_hidden()
    page.get_by_role("switch", name="Own place on square 1:1").check()
    assert badge.is_visible()
    desk.field("x").fill("25")
    desk.settle()
    assert page.get_by_role("tab", name="square 1:1").locator("[data-own]").inner_text() == "1"

    page.get_by_role("tab", name="vertical 9:16").click()
    desk.settle()
    assert desk.value("x") == 50
    desk.field("x").fill("60")
    desk.save()
    assert dict(brand.layers.filter(name="logo").values_list("variant", "x")) == {"": 60, "square": 25}
    for variant in ("vertical", "square"):
        assert_as_rendered(desk.open(variant), variant)

    desk.choose("logo")
    page.get_by_role("button", name="Reset").click()
    desk.settle()
    assert badge.is_hidden()
    assert desk.value("x") == 60
    desk.save()
    assert brand.layers.get(name="logo").variant == ""


# --- fields and notes -----------------------------------------------------------------------------------------------


def test_fields_say_what_is_wrong_and_zones_offer_a_better_place(desk, brand):
    SafeZone.objects.all().delete()
    SafeZone.objects.create(
        name="Reels", platform="reels", variant="vertical", top=14, bottom=35, source="A guide", checked_on="2026-11-20"
    )
    desk = desk().open()
    page = desk.page
    desk.choose("logo")
    desk.field("x").fill("140")
    assert page.get_by_text("Write a number from 0 to 100.").is_visible()
    desk.field("x").fill("99")
    desk.settle()
    assert page.get_by_text("Write a number from 0 to 100.").is_hidden()
    assert desk.value("x") == 99  # nothing moves by itself
    page.get_by_role("button", name="Write this place down").click()
    desk.settle()
    assert desk.value("x") == pytest.approx(79.444, abs=0.01)

    assert page.get_by_text("A guide").is_visible()
    assert page.get_by_text("Looked at 2026-11-20.").is_visible()
    page.get_by_role("checkbox", name="Reels").check()
    desk.settle()
    assert page.get_by_text("headline reaches under what Reels shows").is_visible()
    page.get_by_role("button", name="Move it inside").click()
    desk.settle()
    assert page.get_by_text("reaches under").count() == 0
    assert desk.value("y") < 65
    desk.save()
    assert brand.layers.get(name="headline").y < 65


def test_a_text_is_the_picture_of_the_render(desk, brand):
    desk = desk().open()
    desk.choose("headline")
    picture = desk.layer("headline").locator("img")
    before = picture.get_attribute("src")
    desk.field("text").fill("50% OFF")
    desk.page.wait_for_function(f"document.querySelector('[aria-label^=\"headline\"] img').src !== '{before}'")
    desk.settle()
    desk.save()
    row = brand.layers.get(name="headline")
    (shown,) = stage.shown(brand, [row], "vertical")
    size = picture.evaluate("async image => (await image.decode(), [image.naturalWidth, image.naturalHeight])")
    assert size == [shown.box.width, shown.box.height]
    assert_as_rendered(desk, "vertical")


def test_layers_are_added_ordered_hidden_locked_and_deleted(desk, brand):
    desk = desk().open()
    page = desk.page
    page.get_by_role("button", name="Text", exact=True).click()
    desk.settle()
    page.keyboard.type("offer now")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Move offer-now backward").click()
    page.get_by_role("button", name="Hide logo").click()
    page.get_by_role("button", name="Lock headline").click()
    desk.settle()
    desk.layer("headline").focus()
    desk.press("ArrowLeft")
    assert page.locator("[data-live]").inner_text().startswith("This layer is locked")
    desk.save()
    found = {row.name: (row.order, row.visible, row.locked) for row in brand.layers.all()}
    assert found == {"logo": (0, False, False), "offer-now": (1, True, False), "headline": (2, True, True)}

    desk.choose("offer-now")
    page.get_by_role("button", name="Delete").click()
    desk.settle()
    desk.save()
    assert not brand.layers.filter(name="offer-now").exists()


# --- frames and previews --------------------------------------------------------------------------------------------


def test_a_frame_stands_behind_and_the_preview_is_the_render(desk, brand, one_second):
    """What is not saved yet is in the preview, and only there."""
    video, _new = assets.from_path(one_second)
    desk = desk().open()
    page = desk.page
    page.get_by_label("Behind").select_option(str(video.uuid))
    page.wait_for_function("document.querySelector('[data-backdrop] img').naturalWidth > 0")
    page.get_by_role("slider", name="Time").press("ArrowRight")
    desk.choose("logo")
    desk.field("width").fill("80")
    page.get_by_text("Preview", exact=True).click()
    page.locator("[data-preview-status]", has_text="Preview only: vertical 9:16 at 0:00.").wait_for()
    assert pixel(page, "before") != pytest.approx((11, 37, 69), abs=12)
    assert pixel(page, "after") == pytest.approx((11, 37, 69), abs=12)  # the colour of the logo
    assert desk.layer("logo").evaluate("node => node.closest('[inert]') !== null")
    page.get_by_role("slider", name="Before / after").press("End")
    assert page.locator("[data-preview]").evaluate("node => node.style.getPropertyValue('--ws-split')") == "100%"
    assert brand.layers.get(name="logo").width == 30
    page.get_by_text("Lay out", exact=True).click()
    assert page.locator("[data-preview]").is_hidden()


def pixel(page, picture):
    """The colour of a preview where the middle of the logo is."""
    return tuple(
        page.locator(f"[data-{picture}]").evaluate(
            """async (image) => {
                await image.decode();
                const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
                canvas.getContext("2d").drawImage(image, 0, 0);
                const at = [canvas.width / 2, canvas.height * 0.3, 1, 1].map(Math.round);
                return [...canvas.getContext("2d").getImageData(...at).data].slice(0, 3);
            }"""
        )
    )


# --- two people -----------------------------------------------------------------------------------------------------


def test_nothing_is_lost_when_somebody_else_saved(desk, brand):
    desk = desk().open()
    page = desk.page
    desk.choose("logo")
    desk.field("x").fill("70")
    brand.layers.filter(name="logo").update(x=33)
    desk.settle()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("dialog").wait_for()
    assert brand.layers.get(name="logo").x == 33
    page.get_by_role("button", name="Show theirs; Undo brings mine back").click()
    desk.settle()
    assert desk.value("x") == 33
    desk.press("Control+z")
    assert desk.value("x") == 70
    desk.save()
    assert brand.layers.get(name="logo").x == 70


def test_who_may_only_look_sees_no_buttons(desk, brand, viewer):
    desk = desk(viewer).open()
    assert desk.page.get_by_text("You may look at this layout, not change it.").is_visible()
    for name in ("Save", "Undo", "Text", "Delete"):
        assert desk.page.get_by_role("button", name=name, exact=True).count() == 0
    desk.layer("logo").focus()
    desk.press("ArrowRight")
    assert desk.value("x") == 50
    desk.drag(desk.middle("logo"), (desk.pixels(20), 0))
    assert desk.value("x") == 50


# --- looks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_fits_and_everybody_can_use_it(desk, shots, look):
    rows.asset()
    SafeZone.objects.all().delete()
    SafeZone.objects.create(name="Reels", platform="reels", variant="vertical", bottom=35)
    desk = desk(**LOOKS[look]).open()
    page = desk.page
    desk.choose("headline")
    page.get_by_role("checkbox", name="Reels").check()
    desk.settle()
    page.evaluate("window.scrollTo(0, 0)")
    shots.take(page, f"editor-{look}", whole=look != "wide")
    assert page.evaluate("document.documentElement.scrollWidth") <= LOOKS[look]["viewport"]["width"]
    if LOOKS[look].get("has_touch"):
        assert_room_for_fingers(page)
    ours, theirs = violations(page)
    assert ours == {}
    assert all(count <= THEME.get(rule, 0) for rule, count in theirs.items()), theirs


def assert_room_for_fingers(page):
    """Buttons and fields are at least 40 wide and 44 high."""
    small = page.evaluate(
        """() => [...document.querySelectorAll("[data-editor] button, [data-editor] select")]
            .filter((node) => node.offsetParent && (node.offsetHeight < 44 || node.offsetWidth < 36))
            .map((node) => node.outerHTML.slice(0, 120))"""
    )
    assert small == []


def violations(page) -> tuple[dict[str, list[str]], dict[str, int]]:
    """What axe finds against WCAG A and AA: in the editor with the places, in the rest of the page as numbers."""
    page.evaluate(AXE.read_text())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    run = "async ([root, tags]) => (await axe.run(root, {runOnly: tags})).violations"
    ours = page.evaluate(run, ["[data-editor]", tags])
    whole = page.evaluate(run, ["html", tags])
    mine = {found["id"]: [node["html"][:160] for node in found["nodes"]] for found in ours}
    counts = {found["id"]: len(found["nodes"]) - len(mine.get(found["id"], [])) for found in whole}
    return mine, {rule: count for rule, count in counts.items() if count}


def test_a_finger_moves_a_layer(desk):
    desk = desk(**LOOKS["tablet"]).open()
    x, y = desk.middle("logo")
    session = desk.page.context.new_cdp_session(desk.page)
    for kind, by in (("touchStart", 0), ("touchMove", 10), ("touchMove", 40), ("touchEnd", None)):
        points = [] if by is None else [{"x": x, "y": y + by}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    desk.settle()
    percent = 100 * 40 / desk.stage.bounding_box()["height"]
    assert desk.value("y") == pytest.approx(30 + percent, abs=1.5)
    assert re.search(r"y \d", desk.layer("logo").get_attribute("aria-label"))


def test_an_editor_of_layouts_needs_no_more_than_the_right_to_change_brands(desk, brand, staff):
    desk = desk(grant(staff, "view_brand", "change_brand")).open()
    assert desk.page.get_by_label("Behind").count() == 0
    desk.choose("logo")
    desk.field("width").fill("44")
    desk.settle()
    desk.save()
    assert brand.layers.get(name="logo").width == 44
