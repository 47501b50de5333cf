"""What somebody sets for a video by hand."""

from collections.abc import Iterable

from django.db import transaction

from jobs.media.reframe import Frame
from jobs.models import Asset, Reframe
from jobs.services import reframing, stale
from jobs.services.stale import Counts


@transaction.atomic
def reframe(asset: Asset, variants: Iterable[str], frame: Frame | None) -> Counts:
    """Lay the video into these shapes like that; None: forget what was set, so that each job's own choice counts again.
    How many outputs became stale by it, or fresh.
    """
    for variant in variants:
        if frame is None:
            Reframe.objects.filter(asset=asset, variant=variant).delete()
        else:
            values = reframing.values(frame)
            Reframe.objects.update_or_create(asset=asset, variant=variant, defaults=values)
    return stale.refresh_of_source(asset)
