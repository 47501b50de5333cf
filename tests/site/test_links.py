"""Links to strangers' addresses, and that nothing else makes any."""

import re
from pathlib import Path

import pytest
from django.utils.html import escape

from tests.hostile_strings import HOSTILE
from wtfsite.links import opens, page_link, path_link, safe_link

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = [path for app in ("brands", "jobs", "publishing", "wtfsite") for path in sorted((ROOT / app).rglob("*.py"))]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def test_a_web_address_becomes_a_link_that_tells_the_other_side_nothing():
    link = safe_link("https://example.com/a?b=1&c=2", "Look <here>")
    assert 'href="https://example.com/a?b=1&amp;c=2"' in link
    assert 'rel="noopener noreferrer nofollow"' in link
    assert 'target="_blank"' in link
    assert ">Look &lt;here&gt;</a>" in link


@pytest.mark.parametrize("url", ["http://example.com", "HTTPS://Example.com:8443/x#y", "https://пример.рф/видео"])
def test_these_open(url):
    assert opens(url)
    assert f">{url}</a>" in safe_link(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "/admin/",
        "//evil.example/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        " javascript:alert(1)",
        "JaVaScRiPt:alert(1)//https://example.com",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "http:",
        "https://",
        "https:///x",
        "http:example.com",
        "https://bank.example@evil.example/",
        "https://user:word@example.com/",
        "https://evil.example\\@bank.example/",
        "https://example.com/a b",
        "https://example.com/\t",
        "https://example.com/\u202egpj",
        "https://[::1",
    ],
)
def test_these_stay_text(url):
    assert not opens(url)
    assert safe_link(url) == escape(url)
    assert safe_link(url, "<b>") == "&lt;b&gt;"


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.word)
def test_no_hostile_text_becomes_a_link_or_leaves_its_place(hostile):
    assert safe_link(hostile.text) == escape(hostile.text)
    inside = safe_link("https://example.com/", hostile.text)
    assert inside.count("<") == 2
    assert escape(hostile.text) in inside


def test_a_page_of_ours_is_linked_by_its_name():
    assert page_link("admin:jobs_job_change", 7, text="<7>", query='?a="') == (
        '<a class="ws-link" href="/admin/jobs/job/7/change/?a=&quot;">&lt;7&gt;</a>'
    )


def test_a_page_that_is_read_aloud_has_its_label():
    link = page_link("admin:jobs_job_change", 7, text="Open", label='Open "<7>"')
    assert link == (
        '<a class="ws-link" href="/admin/jobs/job/7/change/" aria-label="Open &quot;&lt;7&gt;&quot;">Open</a>'
    )


def test_a_path_of_ours_is_linked_as_it_is():
    assert path_link('/admin/?a="', "<b>") == '<a class="ws-link" href="/admin/?a=&quot;">&lt;b&gt;</a>'


@pytest.mark.parametrize(
    "path", ["", "admin/", "//evil.example/", "/\\evil.example/", "javascript:1", "https://e.example"]
)
def test_a_path_that_leads_elsewhere_stays_text(path):
    assert path_link(path, "<b>") == "&lt;b&gt;"


# --- nothing else makes links

ADDRESS = re.compile(r"""\b(?:href|src|srcdoc|action|formaction|data|poster|hx-(?:get|post|put|patch|delete))=["']?""")
OURS = re.compile(r"\{% (?:url|static) |[/?#](?![/\\])")
OUR_FILE = re.compile(r"""<script type="module" src="\{% static '[\w/-]+\.js' %\}"></script>""")
SCRIPT = re.compile(
    r"""\s(?:on\w+|x-[\w:.-]+|@[\w.-]+|:\w+|hx-(?:on|vals|vars|headers|trigger)[\w:.-]*)=("[^"]*"|'[^']*')"""
)


def test_no_module_writes_a_link_by_itself():
    strays = [path for path in CODE if re.search(r"\bhref=", path.read_text(encoding="utf-8"))]
    assert strays == [ROOT / "wtfsite/links.py"]


def test_every_address_in_a_template_begins_with_one_of_ours():
    found = 0
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        for match in ADDRESS.finditer(text):
            found += 1
            assert OURS.match(text, match.end()), f"{path.name}: {text[match.start() : match.end() + 60]}"
    assert found > 20


def test_no_template_puts_a_value_where_it_would_run():
    """A script is a file of ours, named in the template: one that stands in the page could hold somebody's words."""
    for path in TEMPLATES:
        text = OUR_FILE.sub("", path.read_text(encoding="utf-8"))
        assert not re.search(r"\|\s*safe|autoescape|<script|<style|javascript:", text), path.name
        assert not [found[0] for found in SCRIPT.finditer(text) if "{{" in found[1]], path.name
        assert "style=" not in re.sub(r'style="[^"{]*"', "", text), path.name
