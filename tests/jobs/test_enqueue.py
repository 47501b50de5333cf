"""What a new stage says of itself, and what its order means for the files it needs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.engine.leased import Queue
from jobs.engine.liveness import overdue
from jobs.engine.times import database_now
from jobs.models import Asset, AssetState, Stage, StageKind
from jobs.services import enqueue, prune
from tests.jobs import rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_web_process_whose_clock_is_wrong_neither_ages_work_nor_makes_it_wait(monkeypatch, settings, hours):
    """Work that seems to have waited for an hour would cost idle workers their life; work of the future is not rung
    for again.
    """
    settings.WORKER_MEMORY_MB = 4096  # "work" is a cluster of its own
    right = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: right() + timedelta(hours=hours))
    enqueue.add_stage(rows.job("planned"), StageKind.PREPARE)
    assert not overdue(Queue.WORK)
    assert abs(Stage.objects.get().changed_at - database_now()) < timedelta(minutes=1)


def test_an_order_begins_the_keep_time_of_its_videos_anew():
    """Whoever has chosen one to be removed looks again, and waits for this row until the order is committed."""
    asset = rows.asset()
    Asset.objects.update(used_at=timezone.now() - timedelta(hours=25))
    enqueue.prepare(rows.job(source=asset), [asset])
    assert Asset.objects.get().used_at > timezone.now() - timedelta(minutes=1)


def test_an_order_does_not_bring_a_removed_file_back_by_saying_so():
    asset = rows.asset()
    Asset.objects.update(used_at=timezone.now() - timedelta(hours=25))
    assert prune.expire(asset)
    enqueue.prepare(rows.job(source=asset), [asset])
    assert Asset.objects.get().state == AssetState.EXPIRED
    assert Asset.objects.get().used_at < timezone.now() - timedelta(hours=24)
