"""An import in a real browser: upload, plan, result, undo; wide, on a phone and in the dark."""

from typing import Any

import pytest

from brands.models import Brand
from tests.brands.kits import northshore, packed
from tests.pages.looks import session
from tests.pages.test_editor import AXE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOOKS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1440, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "color_scheme": "dark"},
}
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
MORE = """
  Kettle: {logo: kettel.png, posting_cadence_hours: six}
  USAWTF: {captoin: x}
  N0rthshoreNews: {}
"""


def violations(page) -> list[str]:
    """What axe finds against WCAG A and AA in what our templates write."""
    page.evaluate(AXE.read_text())
    run = "async (tags) => (await axe.run('.ws-page, .ws-stack, .ws-card', {runOnly: tags})).violations"
    return [f"{found['id']}: {node['html'][:160]}" for found in page.evaluate(run, AXE_TAGS) for node in found["nodes"]]


@pytest.mark.parametrize("look", LOOKS)
def test_an_import_is_looked_at_applied_and_undone(browser, live_server, shots, tmp_path, look):
    kit = northshore(tmp_path / "kit")
    with (kit / "brands.yml").open("a") as file:
        file.write(MORE)
    packed(kit, tmp_path / "kit.zip")
    context = browser.new_context(base_url=live_server.url, **LOOKS[look])
    context.add_cookies([{"name": "sessionid", "value": session(), "url": live_server.url}])
    page = context.new_page()

    def looked_at(name: str) -> None:
        page.wait_for_load_state("networkidle")
        shots.take(page, f"import-{name}-{look}", whole=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= LOOKS[look]["viewport"]["width"] + 1
        assert violations(page) == []

    page.goto("/admin/brands/brand/")
    page.get_by_role("link", name="Import brands").click()
    page.get_by_label("A kit from this computer").set_input_files(tmp_path / "kit.zip")
    looked_at("kit")
    page.get_by_role("button", name="Look at it").click()
    assert page.get_by_text("Did you mean “default_caption_postfix”?").is_visible()
    looked_at("plan")
    page.get_by_role("button", name="Import", exact=True).click()
    assert page.get_by_text("3 brands were imported.").is_visible()
    looked_at("run")
    page.get_by_role("button", name="Undo").click()
    assert page.get_by_text("The import was undone").is_visible()
    assert not Brand.objects.exists()
    context.close()
