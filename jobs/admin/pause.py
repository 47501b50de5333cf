"""The switch on the first page: nothing new is begun until somebody lifts it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from jobs.engine import gate
from jobs.engine.leased import Queue
from jobs.models.gate import Cause
from jobs.services import pause, waiting


def may_pause(user: Any) -> bool:
    return bool(user.has_perm("jobs.change_gate"))


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Pause one queue or all work, or lift every pause."""
    if not may_pause(request.user):
        raise PermissionDenied
    by, queue = request.user.get_username(), request.POST.get("queue", "")
    if request.POST.get("verb") == "resume":
        pause.off(by)
        messages.success(request, _("The studio works again."))
    elif queue in ("", Queue.RENDER, Queue.WORK):
        pause.on(by, queue)
        messages.warning(request, _("Nothing new is begun. What runs goes on to its end."))
    return redirect("admin:index")


def told(scene: waiting.Scene) -> list[str]:
    """What the top of a page says of pauses and full disks."""
    return [_("New work waits: %(reason)s.") % {"reason": gate.says(row)} for row in scene.gates]


def banners(user: Any, scene: waiting.Scene) -> dict[str, Any]:
    """The same, and the buttons for those who may press them."""
    return {
        "banners": told(scene),
        "paused": any(row.cause == Cause.PAUSED for row in scene.gates),
        "may_pause": may_pause(user),
    }
