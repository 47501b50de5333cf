"""The page of the workers: hosts, their slots and what each does, what waits and why. To look at, not to change.

The page asks for its fragment again and again; as long as that says the same, the answer is empty (204).
"""

from hashlib import sha256
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from jobs.services import workers


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    shown = {**admin.site.each_context(request), "title": _("Workers"), "fragment": body(request)}
    return render(request, "jobs/workers.html", shown)


@require_safe
def fragment(request: HttpRequest) -> HttpResponse:
    """What the page polls; `seen` names what it shows already."""
    said = body(request)
    if request.GET.get("seen") == said["digest"]:
        return HttpResponse(status=204)
    return render(request, "jobs/_workers.html", said)


def body(request: HttpRequest) -> dict[str, Any]:
    if not request.user.has_perm("jobs.view_job"):
        raise PermissionDenied
    stations = workers.stations(request.user)
    shown = {"stations": stations, "lines": workers.lines(stations)}
    return {**shown, "digest": digest(render_to_string("jobs/_workers.html", shown, request))}


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
