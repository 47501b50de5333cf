"""The newest videos that somebody may see, as JSON: for pages of other apps that show a frame of one."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from jobs.models import Asset, AssetState

MOST = 50


@require_safe
def newest(request: HttpRequest) -> JsonResponse:
    """{"videos": [{"uuid", "title", "duration_ms"}]}; those whose file is there, the newest first."""
    if not any(request.user.has_perm(f"jobs.{verb}_asset") for verb in ("view", "change")):
        raise PermissionDenied
    rows = Asset.objects.for_user(request.user).filter(state=AssetState.READY).exclude(file="")
    videos = [_video(asset) for asset in rows.order_by("-created_at")[:MOST]]
    return JsonResponse({"videos": videos}, headers={"Cache-Control": "private, no-store"})


def _video(asset: Asset) -> dict[str, Any]:
    return {"uuid": str(asset.uuid), "title": str(asset), "duration_ms": (asset.duration_us or 0) // 1000}
