"""What a worker may still change, and when it hears that it may not."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from jobs.engine import claim
from jobs.engine.lease import Lease, LeaseLost
from jobs.models import Job, Stage
from wtfsite.lib.clock import Clock


class Hand:
    """A clock that the test moves."""

    def __init__(self):
        self.seconds = 0.0
        self.clock = Clock(monotonic=lambda: self.seconds, sleep=self.move)

    def move(self, seconds):
        self.seconds += seconds


def away(execute, sql, params, many, context):
    raise OperationalError("server closed the connection unexpectedly")


@pytest.fixture
def lease(desk, add):
    add()
    return Lease(claim.best(["render"]))


def changed(lease, **fields):
    Stage.objects.filter(pk=lease.row.pk).update(**fields)


def test_progress_is_written_and_pushes_the_end_of_the_lease_out(lease):
    changed(lease, lease_until=timezone.now())
    assert lease.progress(progress=0.5)
    lease.row.refresh_from_db()
    assert lease.row.progress == 0.5
    assert lease.row.lease_until > timezone.now() + timedelta(seconds=50)


@pytest.mark.parametrize("fields", [{"state": "cancelling"}, {"token": None}, {"state": "queued", "token": None}])
def test_a_lost_lease_stays_lost_and_changes_nothing(lease, fields):
    changed(lease, **fields)
    assert not lease.progress(progress=0.5)
    changed(lease, state="running", token=lease.token)
    assert not lease.progress(progress=0.5)
    assert not lease.held
    assert Stage.objects.get().progress == 0


def test_a_deleted_row_is_a_lost_lease(lease):
    Stage.objects.all().delete()
    assert not lease.progress()


def test_keep_going_asks_the_database_once_a_second(desk, add, django_assert_num_queries):
    add()
    hand = Hand()
    lease = Lease(claim.best(["render"]), clock=hand.clock)
    with django_assert_num_queries(0):
        assert lease.keep_going()
    hand.move(1)
    with django_assert_num_queries(1):
        assert lease.keep_going()
        assert lease.keep_going()
    changed(lease, state="cancelling")
    assert lease.keep_going()
    hand.move(1)
    assert not lease.keep_going()


def test_a_report_survives_a_database_that_is_away_for_less_than_a_lease(desk, transactional_db, add, settings):
    add()
    hand = Hand()
    lease = Lease(claim.best(["render"]), clock=hand.clock)
    with connection.execute_wrapper(away):
        hand.move(settings.STAGE_LEASE_SECONDS)
        assert lease.tell(progress=0.5)
        with pytest.raises(OperationalError):
            lease.progress(progress=0.5)
        hand.move(1)
        assert not lease.tell(progress=0.5)
    assert Stage.objects.get().progress == 0


def test_a_lease_that_was_lost_ends_nothing_although_the_row_is_still_its_own(lease, desk):
    lease._lost.set()
    with pytest.raises(LeaseLost), transaction.atomic():
        lease.end()
    assert (Stage.objects.get().state, desk.ended) == ("running", [])


def test_the_end_is_told_with_the_state_on_the_row(lease, desk):
    with transaction.atomic():
        lease.end(progress=1.0)
    assert (lease.row.state, lease.row.progress) == ("done", 1.0)
    assert desk.ended == [(lease.row.pk, "done", "")]


def test_an_end_needs_a_transaction(desk, transactional_db, add):
    add()
    lease = Lease(claim.best(["render"]))
    with pytest.raises(TransactionManagementError):
        lease.end()


def test_a_lost_lease_ends_nothing_and_undoes_the_work_around_it(lease, desk, job):
    def finish():
        with transaction.atomic():
            Job.objects.update(error_code="effect")
            lease.end()

    changed(lease, token=None)
    with pytest.raises(LeaseLost):
        finish()
    job.refresh_from_db()
    assert job.error_code == ""
    assert desk.ended == []


def test_only_a_row_that_is_to_be_cancelled_is_given_up(lease, desk):
    assert not lease.give_up()
    changed(lease, state="cancelling")
    assert lease.give_up()
    assert not lease.give_up()
    assert desk.ended == [(lease.row.pk, "cancelled", "")]


def test_the_rows_behind_an_inline_row_are_kept_fresh(desk, add, job):
    first, second = add(queue="inline"), add(queue="inline")
    long_ago = timezone.now() - timedelta(hours=1)
    mine = Q(job=job)
    hand = Hand()
    lease = Lease(claim.best(["inline"], only=mine), behind=mine, clock=hand.clock)
    Stage.objects.update(changed_at=long_ago)
    hand.move(1)
    assert lease.keep_going()
    assert all(stage.changed_at > long_ago for stage in (Stage.objects.get(pk=pk) for pk in (first.pk, second.pk)))


def test_a_thread_keeps_the_lease_while_the_work_is_silent(desk, transactional_db, add, settings):
    settings.STAGE_LEASE_SECONDS = 0.3
    add()
    lease = Lease(claim.best(["render"]))
    changed(lease, state="cancelling")
    with lease.keep():
        assert lease._lost.wait(20)
