"""How a page is looked at: wide, on a phone and in the dark; and what nobody should have to look at."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.test import Client

from wtfsite.models import User

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
LOOKS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": DESK},
    "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True},
    "dark": {"viewport": DESK, "color_scheme": "dark"},
}

# Texts that stand out from what is behind them by less than 4.5 to 1 (large ones: 3 to 1). A colour is read by painting
# it, since the theme's are in a notation of their own. Icons, and buttons that cannot be pressed, need no contrast.
PALE = """() => {
    const brush = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
    const colour = (name) => {
        brush.clearRect(0, 0, 1, 1);
        brush.fillStyle = name;
        brush.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, below) => [0, 1, 2].map((n) => top[n] * top[3] + below[n] * (1 - top[3])).concat(1);
    const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, share, n) => {
        const part = c[n] / 255;
        return sum + share * (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    }, 0);
    const around = (element) => {
        const found = [];
        for (let each = element; each; each = each.parentElement) found.push(each);
        return found;
    };
    const pale = (element) => {
        const style = getComputedStyle(element), all = around(element);
        const paints = all.reverse().map((each) => colour(getComputedStyle(each).backgroundColor));
        const below = paints.reduce((sum, paint) => over(paint, sum), [255, 255, 255, 1]);
        const front = colour(style.color);
        front[3] *= all.reduce((product, each) => product * getComputedStyle(each).opacity, 1);
        const [low, high] = [light(over(front, below)), light(below)].sort((a, b) => a - b);
        return front[3] > 0 && (high + 0.05) / (low + 0.05) < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5);
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
    while (texts.nextNode()) {
        const text = texts.currentNode.textContent.trim(), element = texts.currentNode.parentElement;
        const skipped = element.closest("script, style, template, option, :disabled, .material-symbols-outlined");
        if (text && !skipped && element.checkVisibility() && element.offsetWidth > 1 && pale(element)) found.push(text);
    }
    return found;
}"""


@contextmanager
def looking(browser: Any, address: str, look: str) -> Iterator[Any]:
    """A page of the site at that address, opened by a superuser. No script of it may fail."""
    context = browser.new_context(base_url=address, **LOOKS[look])
    context.add_cookies([{"name": "sessionid", "value": session(), "url": address}])
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def session() -> str:
    client = Client()
    client.force_login(User.objects.create_superuser("boss", password="not-a-secret-1"))
    return client.cookies["sessionid"].value


def check(page: Any) -> None:
    """It is no wider than the screen, and its texts can be read."""
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"] + 1, page.url
    assert page.evaluate(PALE) == [], page.url
