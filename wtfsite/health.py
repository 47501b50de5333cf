"""Health answers for load balancers and platforms: fast, public, and without any detail about the installation."""

import shutil

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

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
