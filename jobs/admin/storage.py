"""The page Storage: what takes how much, what goes when and why, and when the disk is full. To look at only."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from jobs.admin import words
from jobs.models import Asset
from jobs.services import forecast, keeping
from jobs.services.forecast import Amount, Forecast, Span

ASSETS, OUTPUTS = "admin:jobs_asset_changelist", "admin:jobs_output_changelist"
WITH_FILE = {ASSETS: {"state__exact": "ready"}, OUTPUTS: {"state__exact": "done", "removed_at__isnull": "True"}}


def may_look(user: Any) -> bool:
    return all(any(user.has_perm(f"jobs.{verb}_{name}") for verb in ("view", "change")) for name in ("asset", "output"))


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    if not may_look(request.user):
        raise PermissionDenied
    found = forecast.look(request.user)
    context = {**admin.site.each_context(request), "title": _("Storage"), **shown(found, timezone.now())}
    return render(request, "jobs/storage.html", context)


def shown(found: Forecast, now: datetime) -> dict[str, Any]:
    return {
        "sentence": sentence(found, now),
        "tight": is_tight(found, now),
        "numbers": numbers(found),
        "spans": [line(span, now) for span in found.spans],
        "reasons": reasons(),
        "growth": growth_words(found),
        "largest": [file_line(row) for row in found.largest],
    }


def sentence(found: Forecast, now: datetime) -> str:
    """The one thing to know."""
    if found.disk is None:
        return _("The files are in a bucket: it has no end that the studio knows of.")
    full = found.full_at(now)
    if full is None and found.growth.a_day > 0:
        return _("At this rate the disk has room for more than ten years.")
    if full is None:
        return _("The disk is not filling up.")
    if full <= now:
        return _("The disk is full: new work waits. Let files go, delete jobs, or give it more room.")
    day = {"day": date_format(localtime(full), "DATE_FORMAT")}
    return _("If it goes on like in the last 7 days, the disk is full on %(day)s.") % day


def is_tight(found: Forecast, now: datetime) -> bool:
    full = found.full_at(now)
    return full is not None and full < now + timedelta(days=14)


def numbers(found: Forecast) -> list[dict[str, Any]]:
    kept = {ASSETS: {"keep__exact": "1"}}
    tiles = [
        tile(found.sources, _("files of videos"), ASSETS, WITH_FILE[ASSETS]),
        tile(found.outputs, _("files of outputs"), OUTPUTS, WITH_FILE[OUTPUTS]),
        tile(found.kept, _("of these kept"), ASSETS, kept[ASSETS]),
        tile(found.temp, _("work in progress and copies")),
    ]
    if found.disk:
        free = _("free of %(total)s") % {"total": words.size(found.disk.total)}
        tiles.append(
            {"size": words.size(found.disk.free) or "0 MB", "label": free, "bad": found.disk.free < found.disk.floor}
        )
    return tiles


def tile(amount: Amount, label: str, view: str = "", query: dict[str, str] | None = None) -> dict[str, Any]:
    about = {"size": words.size(amount.bytes) or "0 MB", "label": label, "files": files(amount)}
    return {**about, "view": view, "query": f"?{urlencode(query)}" if query else ""}


def files(amount: Amount) -> str:
    return ngettext("%(count)d file", "%(count)d files", amount.count) % {"count": amount.count}


def line(span: Span, now: datetime) -> dict[str, Any]:
    """One row of the table, each figure with the list of what is old enough by then."""
    then = now + timedelta(seconds=span.seconds)
    used = then - timedelta(hours=settings.RETENTION_HOURS)
    made = then - timedelta(days=settings.OUTPUT_RETENTION_DAYS)
    days = span.seconds // keeping.DAY
    return {
        "label": _("24 hours") if days == 1 else _("%(days)d days") % {"days": days},
        "sources": tile(span.sources, "", ASSETS, {**WITH_FILE[ASSETS], "keep__exact": "0", "used_at__lt": iso(used)}),
        "outputs": tile(
            span.outputs, "", OUTPUTS, {**WITH_FILE[OUTPUTS], "keep__exact": "0", "finished_at__lt": iso(made)}
        ),
        "total": tile(span.total, ""),
    }


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def reasons() -> list[tuple[str, str]]:
    """Why, by the settings that hold."""
    return [
        (_("Videos"), _("after %(time)s") % {"time": keeping.source_time()}),
        (_("Outputs"), _("%(time)s after they were made") % {"time": keeping.output_time()}),
        (_("Never"), _("what is kept, or needed by work")),
    ]


def growth_words(found: Forecast) -> str:
    growth = found.growth
    about = {"added": words.size(growth.added) or "0 MB", "removed": words.size(growth.removed) or "0 MB"}
    rate = words.size(int(abs(growth.a_day))) or "0 MB"
    change = _("%(rate)s more a day") if growth.a_day > 0 else _("%(rate)s less a day")
    about["change"] = change % {"rate": rate}
    said = _("In the last 7 days %(added)s came and %(removed)s went after their time: %(change)s.") % about
    return f"{said} {_('What people deleted is not counted: they may not do so every week.')}"


def file_line(row: Any) -> dict[str, Any]:
    is_asset = isinstance(row, Asset)
    return {
        "row": row,
        "view": "admin:jobs_asset_change" if is_asset else "admin:jobs_output_change",
        "kind": _("video") if is_asset else _("output"),
        "size": words.size(row.bytes),
        "until": keeping.source_words(row) if is_asset else keeping.output_words(row),
    }
