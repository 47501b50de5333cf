"""Other people's words in a real browser: whatever they try to run, nothing does.

All of them try to set `pwned` on the window. Besides that flag a dialog, a request to another host, a script error and
a page that was left would tell of one that got through.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from brands.models import Artwork, Brand, BrandClip, Font, ImportRun, Layer
from jobs.models import Asset, Job, JobState, Lesson, Output
from tests import hostile_rows
from tests.brands.pictures import encoded, logo
from tests.hostile_strings import HOSTILE
from wtfsite.models import User

if TYPE_CHECKING:
    from playwright.sync_api import expect
else:
    expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TEXTS = [text for _word, text in HOSTILE]
ALL = "\n".join(TEXTS)
SOME = 25  # every so manieth row by itself; the long columns of each hold all the texts
LURE = '"><img src=x onerror=top.pwned=1>{{7*7}} \u202egpj'


@pytest.fixture
def page(browser: Any, live_server: Any, admin_user: User, admin_client: Client) -> Iterator[Any]:
    """Logged in, and watched: what it notes in `page.caught` must not have happened."""
    context = browser.new_context(base_url=live_server.url)
    session = admin_client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    page.caught = []
    page.on("dialog", lambda dialog: (page.caught.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("pageerror", lambda error: page.caught.append(f"error {error}"))
    page.on("request", lambda request: page.caught.extend(abroad(request.url, live_server.url)))
    yield page
    context.close()


def abroad(url: str, ours: str) -> list[str]:
    parts = urlsplit(url)
    harmless = parts.scheme in ("data", "blob") or url.startswith(ours)
    return [] if harmless else [f"request {url}"]


def visit(page: Any, address: str) -> None:
    page.goto(address)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")  # scripts had their turn
    unharmed(page)
    assert page.url.endswith(address.partition("#")[0]), f"{address} became {page.url}"


def unharmed(page: Any) -> None:
    assert page.evaluate("[window.pwned, ...Array.from(frames, (frame) => frame.pwned)].filter(Boolean)") == []
    assert page.caught == [], page.url


def addresses() -> Iterator[str]:
    """Every kind of page; the lists hold all rows."""
    yield from ("/admin/", "/admin/queue/", "/admin/jobs/asset/add/")
    for model in admin.site._registry:
        yield f"{at(model, 'changelist')}?all="
    yield f"/admin/jobs/asset/order/?ids={','.join(map(str, Asset.objects.values_list('pk', flat=True)))}"
    for model, views in (
        (Asset, ("change", "history")),
        (Job, ("change",)),
        (Output, ("change",)),
        (Brand, ("change", "history", "delete")),
        (Artwork, ("change", "delete")),
        (BrandClip, ("change", "delete")),
        (Font, ("change", "delete")),
        (ImportRun, ("change",)),
        (User, ("change",)),
        (Lesson, ("change", "delete")),
    ):
        for key in model.objects.order_by("pk").values_list("pk", flat=True)[1::SOME]:
            yield from (at(model, view, key) for view in views)


def at(model: Any, view: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=args)


@pytest.fixture
def seeded(transactional_db: None) -> None:
    hostile_rows.write(TEXTS)
    for model in (Asset, Output):
        model.objects.update(error_tail=ALL)
    Layer.objects.filter(kind="text").update(text=ALL)


def test_a_flag_that_is_set_would_be_seen(page):
    """The watch itself: a page of our site that does run one of the texts."""
    page.goto("/admin/login/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=top.pwned=1>')")
    page.wait_for_function("window.pwned === 1")
    with pytest.raises(AssertionError):
        unharmed(page)


def test_no_page_runs_any_of_them(page, seeded):
    for address in addresses():
        visit(page, address)
    assert page.evaluate("typeof window.pwned") == "undefined"


def test_no_part_that_is_asked_for_later_runs_any_of_them(page, seeded):
    """What htmx puts into a page: progress, the first page's news, the plan, what ffmpeg is told."""
    running = Job.objects.filter(state=JobState.RUNNING).first()
    page.goto(at(Job, "change", running.pk))
    with page.expect_response(lambda response: "/progress/" in response.url):
        pass
    page.get_by_text("Log", exact=True).first.click()
    unharmed(page)
    page.goto("/admin/")
    with page.expect_response(lambda response: response.url.endswith("/jobs/dashboard")):
        pass
    unharmed(page)
    page.goto(f"/admin/jobs/asset/order/?ids={running.sources.get().pk}")
    with page.expect_response(lambda response: "/order/plan/" in response.url):
        page.check("input[value=landscape]")
    page.locator("#plan details summary").click()
    unharmed(page)


def test_what_ffmpeg_is_told_is_text(page, seeded):
    """A brand whose logo is lost is named in the answer; htmx would run a script that it puts into a page."""
    brand = Brand.objects.get(name=TEXTS[0])
    assert brand.layers.filter(artwork_kind="logo").exists()
    page.goto(at(Output, "change", Output.objects.get(brand=brand).pk))
    page.get_by_text("What ffmpeg is told").click()
    expect(page.locator("details[open] pre", has_text="<script>")).to_be_visible()
    assert page.locator("pre script").count() == 0
    unharmed(page)


def test_names_that_are_typed_and_files_that_are_chosen_run_nothing(page, one_second, tmp_path):
    page.goto("/admin/jobs/asset/add/")
    clip = {"name": f"{LURE}.mp4", "mimeType": "video/mp4", "buffer": b"<script>top.pwned=1</script>"}
    page.set_input_files("#id_file", clip)
    page.get_by_role("button", name="Add the video").click()
    expect(page.get_by_role("alert")).to_be_visible()
    unharmed(page)
    page.set_input_files("#id_file", {**clip, "buffer": one_second.read_bytes()})
    page.get_by_role("button", name="Add the video").click()
    expect(page.get_by_text("is here.")).to_be_visible()
    unharmed(page)
    video = Asset.objects.get()
    assert "onerror=top.pwned=1" in video.title
    assert "\u202e" not in video.title
    page.fill("#id_title", f"{LURE} again")
    page.fill("#id_author", LURE)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    unharmed(page)


def test_a_brand_that_is_made_and_deleted_runs_nothing(page):
    page.goto("/admin/brands/brand/add/")
    page.locator("#id_name").press_sequentially(LURE.replace("\u202e", ""))
    page.fill("#id_slug", "lure")
    page.fill("#id_handle", LURE)
    picture = {"name": f"{LURE}.png", "mimeType": "image/png", "buffer": png()}
    page.set_input_files("#id_artwork-0-file", picture)
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    page.get_by_text("Add another Layer").click()
    unharmed(page)
    made = Brand.objects.get()
    assert "onerror=top.pwned=1" in made.name
    assert "onerror=top.pwned=1" in made.artwork.get().original_name
    visit(page, at(Brand, "delete", made.pk))
    page.get_by_role("button", name="Yes, I’m sure").click()
    expect(page.get_by_text("was deleted successfully")).to_be_visible()
    unharmed(page)


def png() -> bytes:
    return encoded(logo())
