"""How a stage ends, by what its handler does."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from structlog.contextvars import get_contextvars

from jobs.engine import draining, worker
from jobs.engine.cancel import cancel
from jobs.engine.lease import LeaseLost, NotYet
from jobs.media import errors
from jobs.models import Stage
from wtfsite.lib.process import Cancelled


def raising(error):
    def work(stage, lease):
        raise error

    return work


def run(desk, work):
    desk.work = work
    assert worker.run_one(["render"])
    return Stage.objects.get()


def test_a_handler_that_returns_has_done_the_work(desk, add):
    add()
    stage = run(desk, lambda stage, lease: None)
    assert (stage.state, stage.lease_until) == ("done", None)
    assert desk.ended == [(stage.pk, "done", "")]


def test_a_handler_may_end_the_row_with_its_effects(desk, add):
    def work(stage, lease):
        with transaction.atomic():
            lease.end(progress=1.0)

    add()
    stage = run(desk, work)
    assert (stage.state, stage.progress) == ("done", 1.0)
    assert len(desk.ended) == 1


def test_the_log_says_of_which_work_it_tells(desk, add, job):
    said = []
    add()
    stage = run(desk, lambda stage, lease: said.append(get_contextvars()))
    assert said == [{"stage": stage.pk, "attempt": 1, "kind": "render", "job": job.pk}]
    assert get_contextvars() == {}


def test_nothing_to_do_is_no_error(desk, db):
    assert not worker.run_one(["render", "work"])


def test_an_error_that_may_pass_is_tried_again_later(desk, add):
    add()
    stage = run(desk, raising(errors.fail("storage", tail="the log")))
    assert (stage.state, stage.error_code, stage.error_tail) == ("retry_wait", "storage", "the log")
    assert stage.not_before > timezone.now()
    assert desk.ended == []


def test_an_error_that_stays_fails_at_once(desk, add):
    add()
    stage = run(desk, raising(errors.fail("corrupt_media")))
    assert (stage.state, stage.error_code) == ("failed", "corrupt_media")
    assert desk.ended == [(stage.pk, "failed", "corrupt_media")]


def test_the_last_attempt_fails_for_good(desk, add, settings):
    add(attempt=settings.STAGE_MAX_ATTEMPTS - 1)
    assert run(desk, raising(errors.fail("storage"))).state == "failed"


def test_work_that_may_not_start_yet_waits_and_loses_no_attempt(desk, add, settings):
    add(attempt=settings.STAGE_MAX_ATTEMPTS - 1)
    until = timezone.now() + timedelta(minutes=5)
    stage = run(desk, raising(NotYet("site_closed", until)))
    assert (stage.state, stage.attempt, stage.lease_until) == ("retry_wait", settings.STAGE_MAX_ATTEMPTS - 1, None)
    assert (stage.error_code, stage.not_before) == ("site_closed", until)
    assert not worker.run_one(["render"])
    assert desk.ended == []


def test_work_that_may_not_start_yet_can_be_cancelled_meanwhile(desk, add):
    def work(stage, lease):
        cancel(Stage.objects.all())
        raise NotYet("site_closed", timezone.now())

    add()
    stage = run(desk, work)
    assert (stage.state, stage.error_code) == ("cancelled", "")


def test_an_unknown_error_fails_with_its_traceback(desk, add, caplog):
    add()
    stage = run(desk, raising(ValueError("never seen before")))
    assert (stage.state, stage.error_code) == ("failed", "unknown")
    assert stage.error_tail.endswith("ValueError: never seen before\n")


def test_what_no_database_takes_does_not_keep_a_failure_from_being_written(desk, add):
    add()
    stage = run(desk, raising(ValueError("half \ud800 and nul \x00")))
    assert stage.error_tail.endswith("ValueError: half \ufffd and nul \ufffd\n")


def test_a_database_that_was_away_is_tried_again(desk, add):
    add()
    assert run(desk, raising(OperationalError("gone"))).state == "retry_wait"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server that could end a connection")
def test_a_connection_that_broke_does_not_keep_a_failure_from_being_written(desk, transactional_db, add):
    def work(stage, lease):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    add()
    stage = run(desk, work)
    assert (stage.state, stage.error_code) == ("retry_wait", "unknown")


@pytest.mark.parametrize("error", [Cancelled("not wanted"), LeaseLost("gone"), errors.fail("killed"), ValueError("x")])
def test_a_cancelled_row_ends_as_cancelled_whatever_its_handler_raises(desk, add, error):
    def work(stage, lease):
        assert cancel(Stage.objects.all()) == 1
        raise error

    add()
    stage = run(desk, work)
    assert stage.state == "cancelled"
    assert [state for _pk, state, _code in desk.ended] == ["cancelled"]


def test_work_under_a_lost_lease_has_no_effect(desk, add):
    def work(stage, lease):
        Stage.objects.update(state="queued", token=None)

    add()
    assert run(desk, work).state == "queued"
    assert desk.ended == []


def test_the_other_side_says_when_to_come_again(desk, add):
    def work(stage, lease):
        error = errors.fail("rate_limited")
        error.retry_after = 1800
        raise error

    add()
    stage = run(desk, work)
    assert (stage.state, stage.attempt) == ("retry_wait", 1)
    assert timedelta(minutes=29) < stage.not_before - timezone.now() < timedelta(minutes=34)


def test_a_second_ring_for_the_same_row_does_nothing(desk, add):
    add()
    worker.work("render")
    worker.work("render")
    assert len(desk.handled) == len(desk.ended) == 1


def test_a_cluster_that_is_to_stop_takes_nothing_new(desk, add, monkeypatch):
    class Raised:
        def is_set(self):
            return True

    add()
    monkeypatch.setattr(draining, "_flag", Raised())
    worker.work("render")
    assert desk.handled == []
