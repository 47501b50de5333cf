"""Keep times. A source's file goes RETENTION_HOURS after its last use; its row, facts and outputs stay."""

import time
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from jobs.models import Asset, AssetState, Event
from jobs.models.job import OPEN
from jobs.services import files


def due() -> QuerySet[Asset]:
    """Sources whose file may go now: ready, unused for the keep time, needed by no open job."""
    limit = Now() - timedelta(hours=settings.RETENTION_HOURS)
    return Asset.objects.ready().filter(used_at__lt=limit).exclude(jobs__state__in=OPEN)


def tick() -> dict[str, int]:
    """One round of cleaning; any number of hosts may run it at once."""
    return {"sources": sum(expire(asset) for asset in due()), "cached": _clean_cache()}


@transaction.atomic
def expire(asset: Asset) -> bool:
    """Remove one source's file, unless it came into use again at this moment."""
    if not due().filter(pk=asset.pk).update(state=AssetState.EXPIRED, file=""):
        return False
    message = _("Its file was removed after %(hours)d hours without use.") % {"hours": settings.RETENTION_HOURS}
    Event.objects.tell(message, asset=asset)
    transaction.on_commit(lambda: files.drop(str(asset.file)))
    return True


def _clean_cache() -> int:
    """Drop copies of sources that this host has not used for the keep time."""
    folder = settings.TEMP_DIR / "cache"
    limit = time.time() - settings.RETENTION_HOURS * 3600
    old = [path for path in folder.glob("*") if path.stat().st_mtime < limit]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
