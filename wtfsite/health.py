"""Health answers.

For load balancers and platforms: fast, public, and without any detail about the installation. For staff: everything
that `manage.py diagnose` tells, which starts programs and writes a file.
"""

import shutil

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from wtfsite import diagnosis
from wtfsite.diagnosis import Grade

DISK_FREE_MB = 200  # below this the process cannot be trusted with new work


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _disk() -> bool:
    return shutil.disk_usage(settings.TEMP_DIR).free >= DISK_FREE_MB * 10**6


def _answer(**parts: bool) -> JsonResponse:
    well = all(parts.values())
    words = {name: "ok" if fine else "degraded" for name, fine in parts.items()}
    return JsonResponse({"status": "ok" if well else "degraded", **words}, status=200 if well else 503)


@login_not_required
@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 when database and disk are usable, else 503."""
    return _answer(database=_database(), disk=_disk())


@login_not_required
@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers at all."""
    return _answer()


@login_not_required
@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when the process can serve pages."""
    return _answer(database=_database())


@never_cache
@require_safe
def deep(request: HttpRequest) -> JsonResponse:
    """200 when nothing is broken, else 503; with what was found and what to do. For staff, who have to be logged in."""
    if not getattr(request.user, "is_staff", False):
        raise PermissionDenied
    found = diagnosis.look()
    well = diagnosis.worst(found) is not Grade.ERROR
    parts = {one.name: one.as_json() for one in found}
    answer = {"status": "ok" if well else "degraded", **parts}
    return JsonResponse(answer, status=200 if well else 503, json_dumps_params={"indent": 2})
