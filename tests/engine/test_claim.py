"""Who gets which row, and what is written on it."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from jobs.engine import claim, identity


def ago(seconds):
    return timezone.now() - timedelta(seconds=seconds)


def test_it_takes_the_row_under_a_new_token_and_lease(desk, add):
    stage = add(error_code="network", error_tail="old")
    row = claim.best(["render"])
    assert row.pk == stage.pk
    assert (row.state, row.attempt, row.error_code, row.error_tail) == ("running", 1, "", "")
    assert row.token is not None
    assert row.worker == str(identity.me())
    assert timedelta(seconds=50) < row.lease_until - timezone.now() <= timedelta(seconds=61)


def test_it_takes_the_most_urgent_row_first_and_then_the_oldest(desk, add):
    first, second, urgent = add(), add(), add(priority=5)
    assert [claim.best(["render"]).pk for _ in range(3)] == [urgent.pk, first.pk, second.pk]
    assert claim.best(["render"]) is None


def test_it_looks_at_the_named_queues_only(desk, add):
    add(queue="work")
    assert claim.best(["render"]) is None
    assert claim.best(["render", "work"]) is not None


def test_a_row_of_a_command_is_found_by_that_command_only(desk, add, job):
    add(queue="inline")
    assert claim.best(["inline", "work", "render"]) is None
    assert claim.best(["inline"], only=Q(job__pk=job.pk)) is not None


def test_it_leaves_rows_that_are_not_due(desk, add):
    add(state="pending")
    add(state="running", lease_until=ago(-30))
    add(state="retry_wait", not_before=ago(-30))
    add(not_before=ago(-30))
    add(state="done")
    assert claim.best(["render"]) is None


def test_it_takes_rows_whose_lease_or_wait_is_over(desk, add):
    stages = [add(state="running", lease_until=ago(1), attempt=1), add(state="retry_wait", not_before=ago(1))]
    assert [claim.best(["render"]).pk for _ in stages] == [stage.pk for stage in stages]


def test_a_row_that_another_has_just_taken_is_passed_over(desk, add):
    stage, other = add(), add()
    stale = claim.candidates(["render"], None)[0]
    assert claim.best(["render"]).pk == stage.pk
    assert claim.take(stale) is None
    assert claim.best(["render"]).pk == other.pk


def test_a_row_without_attempts_left_ends_before_any_work(desk, add, settings):
    settings.STAGE_MAX_ATTEMPTS = 2
    worn, fresh = add(attempt=2), add()
    assert claim.best(["render"]).pk == fresh.pk
    assert claim.best(["render"]) is None
    assert desk.ended == [(worn.pk, "dead", "abandoned")]
    worn.refresh_from_db()
    assert (worn.state, worn.error_code, worn.attempt) == ("dead", "abandoned", 2)
