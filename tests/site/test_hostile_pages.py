"""Other people's words on every page: they stay words, and none of them vanishes.

Each page is read twice, with harmless words in all columns and with hostile ones. Both times it must consist of the
very same elements with the same attributes, and show every text as often and as much of it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from brands.models import Artwork, Brand, BrandClip, Font, ImportRun, SafeZone
from jobs.models import Asset, Job, JobState, Lesson, Output, Stage
from tests import hostile_rows
from tests.hostile_strings import HOSTILE, cut
from wtfsite.lib import visible
from wtfsite.models import User

pytestmark = pytest.mark.django_db
SEEN = ("value", "alt", "title", "placeholder", "aria-label")
ADDRESSES = ("href", "src", "action", "formaction", "poster", "hx-get", "hx-post", "data", "srcdoc")
LENGTHS = (60, 80, 150, 200, 255, 500, 2048, 4000)  # of the columns; a text's own word is within the first 60
KINDS = 12  # rows this far apart are in the same state
SOME = 13  # every so manieth row is looked at where all would take too long; they are in different states


@dataclass
class Page(HTMLParser):
    """What a page is made of, what its visible text is, and where it leads."""

    source: str
    elements: list[tuple[str, ...]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    hidden: bool = False

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, *sorted(given)))
        self.text += [value for name, value in given.items() if name in SEEN]
        self.addresses += [value for name, value in given.items() if name in ADDRESSES]
        self.hidden = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = False

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.text.append(data)

    def counts(self, texts: list[str]) -> list[list[int]]:
        """Of each text: how often its beginning of each length is on the page, as it is or as logs are shown."""
        all_of_it = squeezed(" ".join(self.text))
        return [[sum(map(all_of_it.count, forms(cut(text, length)))) for length in LENGTHS] for text in texts]


def forms(text: str) -> set[str]:
    by_lines = "\n".join(visible.line(line) for line in text.split("\n"))
    return {squeezed(text), squeezed(visible.line(text)), squeezed(by_lines)}


def squeezed(text: str) -> str:
    """Some headings begin with a capital letter that the text has not."""
    return " ".join(text.casefold().split())


def harmless(word: str, text: str) -> str:
    """As long as the text, with its spaces where they were, and its own word."""
    return re.sub(r"[^\s\0]", "a", text.replace(word, "\0")).replace("\0", word)


HOSTILE_TEXTS = [text for _word, text in HOSTILE]
HARMLESS_TEXTS = [harmless(*hostile) for hostile in HOSTILE]


# --- reading pages


@pytest.fixture
def get(admin_client: Client) -> Callable[..., Page]:
    def read(address: str, data: dict | None = None) -> Page:
        response = admin_client.post(address, data) if data else admin_client.get(address)
        assert response.status_code == 200, address
        assert response["Content-Type"].startswith("text/html")
        return Page(response.content.decode())

    return read


def hold(page: Page, before: Page) -> None:
    """The same elements (lists are sorted by name, so their order may differ), and no way out of our site."""
    assert Counter(page.elements) == Counter(before.elements)
    assert [way for way in page.addresses if urlsplit(way).scheme or way.startswith(("//", "\\"))] == []


@pytest.fixture
def compare(get):
    """Reads the same pages with harmless and with hostile rows, and holds them against each other."""

    def both(addresses: Callable[[], Iterator[tuple]]) -> None:
        hostile_rows.write(HARMLESS_TEXTS)
        expected = [get(*one) for one in addresses()]
        hostile_rows.wipe()
        hostile_rows.write(HOSTILE_TEXTS)
        shown = 0
        for one, before in zip(addresses(), expected, strict=True):
            page = get(*one)
            hold(page, before)
            texts = page.counts(HOSTILE_TEXTS)
            assert texts == before.counts(HARMLESS_TEXTS), one
            shown += sum(map(any, texts))
        assert shown

    return both


def address(model: Any, view: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=args)


def keys(model: Any, **only: object) -> list[int]:
    return list(model.objects.filter(**only).order_by("pk").values_list("pk", flat=True))


# --- the tests


def test_in_lists(compare):
    lists = list(admin.site._registry)
    compare(lambda: ((f"{address(model, 'changelist')}?all=",) for model in lists))
    assert [model for model in lists if model.objects.count() < len(HOSTILE)] == []  # a new page needs rows here


def test_on_the_first_page_and_in_the_plan(compare):
    def pages():
        plan = f"ids={','.join(map(str, keys(Asset)))}&profile=standard&size=1080&fit=fill&variants=vertical"
        yield ("/admin/",)
        yield ("/jobs/dashboard",)
        yield ("/admin/jobs/asset/order/?" + plan,)
        brands = "".join(f"&brands={key}" for key in keys(Brand))
        yield ("/admin/jobs/asset/order/plan/?" + plan + brands,)

    compare(pages)


def test_before_they_are_deleted(compare):
    def pages():
        for use in (Output, Stage):  # a video that is in use has no such page
            use.objects.all().delete()
        for model in (Asset, Brand, Artwork, BrandClip, Font, User, Group):
            yield from ((address(model, "delete", key),) for key in keys(model)[::SOME])
        yield from ((address(Job, "delete", key),) for key in keys(Job, state=JobState.PARTLY_DONE)[::SOME])
        for model in (Asset, Brand, Artwork, Job, User):
            yield address(model, "changelist"), {"action": "delete_selected", "_selected_action": keys(model)}

    compare(pages)


def test_in_histories(compare):
    compare(lambda: ((address(model, "history", key),) for model in (Asset, Brand) for key in keys(model)[::SOME]))


@pytest.mark.parametrize(
    ("model", "view", "step"),
    [
        (Asset, "change", 1),
        (Job, "change", 5),
        (Job, "progress", 1),
        (Output, "change", 1),
        (Brand, "change", 5),
        (Artwork, "change", 5),
        (BrandClip, "change", 5),
        (Font, "change", 5),
        (ImportRun, "change", 5),
        (SafeZone, "change", 5),
        (User, "change", 5),
        (Lesson, "change", 5),
    ],
    ids=lambda part: part if isinstance(part, str) else getattr(part, "__name__", ""),
)
def test_each_by_itself(get, model, view, step):
    """Held against the harmless row in the same state; of the pages that take long, every fifth."""
    hostile_rows.write(HARMLESS_TEXTS)
    expected = [get(address(model, view, key)) for key in keys(model)[:KINDS]]
    hostile_rows.wipe()
    hostile_rows.write(HOSTILE_TEXTS)
    for number, key in list(enumerate(keys(model)))[::step]:
        page, before = get(address(model, view, key)), expected[number % KINDS]
        hold(page, before)
        text, count = HOSTILE_TEXTS[number], page.counts([HOSTILE_TEXTS[number]])[0][0]
        assert count, text
        if not (model is Lesson and "\n" in text):  # headings are one line of a log
            assert count == before.counts([HARMLESS_TEXTS[number % KINDS]])[0][0], text


# --- words that come in through forms, and what is said about them


UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def told(response) -> tuple[Page, str]:
    page = Page(response.content.decode())
    assert not [element for element in page.elements if any(name.startswith("on") for name in element[1:])]
    return page, squeezed(" ".join(page.text))


NAMES = [hostile for hostile in HOSTILE if hostile.word in ("zq00x", "zq09x", "zq19x", "zq44x", "zq45x", "zq47x")]


@pytest.mark.parametrize("hostile", NAMES, ids=lambda hostile: hostile.word)
def test_a_file_may_be_called_anything(admin_client, one_second, hostile):
    file = SimpleUploadedFile("clip.mp4", one_second.read_bytes())
    file._name = re.sub(r"[/\\\r\n]", "|", hostile.text) + ".mp4"  # past what the test's own client would do to it
    response = admin_client.post("/admin/jobs/asset/add/", {"file": file}, follow=True)
    page, text = told(response)
    asset = Asset.objects.get()
    for name in (asset.title, asset.original_name):
        assert hostile.word in name
        assert not UNSEEN.search(name)
    assert re.fullmatch(r"sources/[0-9a-f]{2}/[0-9a-f]{64}\.mp4", asset.file.name)
    assert f"“{squeezed(asset.title)}” is here." in text
    assert page.elements.count(("script",)) == 0


@pytest.mark.parametrize("hostile", HOSTILE[::5], ids=lambda hostile: hostile.word)
def test_a_brand_may_be_called_anything(admin_client, hostile):
    name, inlines = cut(hostile.text, 80), {"artwork-TOTAL_FORMS": "0", "artwork-INITIAL_FORMS": "0"}
    inlines |= {"layers-TOTAL_FORMS": "0", "layers-INITIAL_FORMS": "0"}
    inlines |= {"grants-TOTAL_FORMS": "0", "grants-INITIAL_FORMS": "0"}
    response = admin_client.post("/admin/brands/brand/add/", {"name": name, "slug": "a", **inlines}, follow=True)
    page, text = told(response)
    made = Brand.objects.get()
    assert hostile.word in made.name
    assert not UNSEEN.search(made.name)
    assert f"“ {squeezed(made.name)} ” was added successfully" in text
    assert page.elements.count(("script",)) == 0


def test_no_hostile_text_is_taken_for_an_address(admin_client):
    for word, text in HOSTILE:
        _page, seen = told(admin_client.post("/admin/jobs/asset/add/", {"address": text}))
        assert word in seen
        assert "this is not an address" in seen or "at most 2048 characters" in seen or "the address holds" in seen
    assert not Asset.objects.exists()


def test_what_was_searched_for_is_shown_as_it_was_typed(get):
    for word, text in HOSTILE[::SOME]:
        for model in (Asset, Job, Brand):
            assert word in " ".join(get(f"{address(model, 'changelist')}?{urlencode({'q': text})}").text)


# --- addresses


def test_an_address_that_is_none_stays_text(get):
    """Written past the form; a good one beside it is a link."""
    bad = Asset.objects.create(title="bad", origin_url="javascript:alert(1)", platform="youtube")
    good = Asset.objects.create(title="good", origin_url="https://example.com/a?b=<c>", platform="youtube")
    for page in (get(address(Asset, "changelist")), get(address(Asset, "change", bad.pk))):
        assert not [way for way in page.addresses if "javascript" in way]
    assert "javascript:alert(1)" in " ".join(get(address(Asset, "change", bad.pk)).text)
    for page in (get(address(Asset, "changelist")), get(address(Asset, "change", good.pk))):
        assert "https://example.com/a?b=<c>" in page.addresses


def test_what_ffmpeg_is_told_comes_as_plain_text(admin_client):
    """The browser puts this answer into a page. A brand's name is in it when its picture is lost."""
    hostile_rows.write(["<img src=x onerror=alert(1)>"])
    response = admin_client.get(address(Output, "command", Output.objects.get().pk))
    assert "<img src=x" in response.content.decode()
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    page = Page(admin_client.get(address(Output, "change", Output.objects.get().pk)).content.decode())
    assert ("details", "hx-get", "hx-swap", "hx-target", "hx-trigger") in page.elements  # hx-swap: as text
