"""The only ways a link is made in Python: to a page of ours by its name or path, or to an address that somebody gave.

Escaping is not enough for the last: `javascript:...` needs no sign that HTML would escape. Forms look at addresses,
but rows are also written by imports and by hand, so the address is looked at here, where it is shown.
"""

import re
import unicodedata
from urllib.parse import urlsplit

from django.urls import reverse
from django.utils.html import format_html


def safe_link(url: str, text: str = "") -> str:
    """A link to a stranger's http(s) address, in a tab of its own that learns nothing of us; else the text, escaped.

    The text is the address itself unless another one is given.
    """
    if not opens(url):
        return format_html("{}", text or url)
    return format_html(
        '<a class="ws-link" href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>', url, text or url
    )


def opens(url: str) -> bool:
    """May people be sent there with one click?

    Not with a name before the host: in https://bank.example@evil.example/ the wrong half looks like the host. Nor with
    signs that cannot be seen, or that browsers read otherwise than `urlsplit` (they drop line breaks, and take a
    backslash for a slash).
    """
    if "\\" in url or any(unicodedata.category(sign)[0] in "CZ" for sign in url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:  # brackets that hold no address
        return False


def page_link(name: str, *args: object, text: object, query: str = "", style: str = "ws-link", label: str = "") -> str:
    """A link to one of our own pages: `page_link("admin:jobs_job_change", 7, text="Job 7")`.

    The label is what is read aloud in place of a text that says too little alone.
    """
    aloud = format_html(' aria-label="{}"', label) if label else ""
    return format_html('<a class="{}" href="{}{}"{}>{}</a>', style, reverse(name, args=args), query, aloud, text)


def path_link(path: str, text: str) -> str:
    """A link to a path on this host, as `reverse` gives it; the text alone, escaped, when it leads anywhere else."""
    if not re.match(r"/(?![/\\])", path):
        return format_html("{}", text)
    return format_html('<a class="ws-link" href="{}">{}</a>', path, text)
