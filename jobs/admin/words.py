"""Values as people read them, and small pieces of HTML that several pages share."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from jobs.media.errors import Cause
from jobs.models import Asset, AssetState, Job, JobState, Output, OutputState
from jobs.services import eta, lessons
from wtfsite.links import page_link

TONES: dict[str, str] = {
    AssetState.READY: "good",
    OutputState.DONE: "good",
    JobState.PARTLY_DONE: "warn",
    OutputState.BLOCKED: "warn",
    AssetState.FAILED: "bad",
    AssetState.FETCHING: "busy",
    JobState.RUNNING: "busy",
    JobState.FINISHING: "busy",
    OutputState.RENDERING: "busy",
}

SOON = 30  # seconds: whoever starts within them is as good as at work


def badge(row: Asset | Job | Output) -> str:
    return format_html('<span class="ws-badge ws-{}">{}</span>', TONES.get(row.state, "calm"), row.get_state_display())


def stale(output: Output) -> str:
    """A mark on an output whose brand shows something else by now."""
    if not output.is_stale:
        return ""
    said = _("Since %(date)s its brand, or its frame, is another one.") % {
        "date": date_format(localtime(output.stale_since), "SHORT_DATETIME_FORMAT")
    }
    return format_html(' <span class="ws-badge ws-warn" title="{}">{}</span>', said, _("stale"))


def tone(state: str) -> str:
    """A colour for a state: good, warn, bad, busy or calm."""
    return TONES.get(state, "calm")


def poster(row: Asset | Output) -> str:
    """A small picture, or an empty frame of the same size so that rows stay in line."""
    if not row.poster:
        return format_html('<span class="ws-thumb ws-empty">{}</span>', "")
    name = "jobs:asset-poster" if isinstance(row, Asset) else "jobs:output-poster"
    return format_html(
        '<span class="ws-thumb"><img src="{}" alt="" loading="lazy"></span>', reverse(name, args=[row.uuid])
    )


def cause(row: Asset | Output | Job, tell: Callable[[str], Cause] = lessons.explain) -> Cause | None:
    """Why a row failed, as sentence and remedy; None when it did not. For many rows `tell` is an `explainer()`."""
    return tell(row.error_code) if row.error_code else None


def size(count: int) -> str:
    """Bytes as `3.2 MB`."""
    if not count:
        return ""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def clock(seconds: float | Fraction) -> str:
    """A length as `0:12` or `1:02:03`."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def left(seconds: float | None) -> str:
    """Time left, rounded as honestly as an estimate allows."""
    if seconds is None:
        return ""
    if seconds < 60:
        return _("about %(seconds)d s left") % {"seconds": max(1, round(seconds))}
    return _("about %(minutes)d min left") % {"minutes": round(seconds / 60)}


def ahead(span: eta.Span | None, begun: bool = False) -> str:
    """When a job ends; when it starts, if others are before it and none of its outputs has ended (`begun`); nothing
    where that cannot be told.
    """
    if span is None:
        return ""
    if begun or span.starts < SOON:
        return left(span.ends)
    return _("starts in about %(minutes)d min") % {"minutes": max(1, round(span.starts / 60))}


def facts(output: Output) -> str:
    """One line about a finished file: `1080x1920 · 30 fps · 0:12 · 3.2 MB`."""
    if not output.bytes:
        return ""
    rate = f"{float(Fraction(output.rate)):.4g} fps" if output.rate else ""
    parts = (f"{output.width}x{output.height}", rate, clock(output.duration), size(output.bytes))
    return " · ".join(part for part in parts if part)


def detail_link(row: Any, text: object = None) -> str:
    """A link to a row's admin page."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return page_link(name, row.pk, text=text or row)
