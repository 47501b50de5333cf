"""Orders taken back at every moment."""

import pytest

from jobs.engine.cancel import cancel
from jobs.models import Stage


@pytest.mark.parametrize("state", ["pending", "queued", "retry_wait"])
def test_what_has_not_begun_ends_at_once(desk, add, state):
    stage = add(state=state)
    assert cancel(Stage.objects.all()) == 1
    stage.refresh_from_db()
    assert stage.state == "cancelled"
    assert desk.ended == [(stage.pk, "cancelled", "")]


def test_what_is_running_is_told_to_stop(desk, add):
    stage = add(state="running")
    assert cancel(Stage.objects.all()) == 1
    stage.refresh_from_db()
    assert stage.state == "cancelling"
    assert desk.ended == []


@pytest.mark.parametrize("state", ["done", "failed", "dead", "cancelled", "cancelling"])
def test_what_has_ended_stays_as_it_is(desk, add, state):
    stage = add(state=state)
    assert cancel(Stage.objects.all()) == 0
    stage.refresh_from_db()
    assert stage.state == state
    assert desk.ended == []


def test_the_first_owner_to_hear_sees_all_of_them_cancelled(desk, add):
    seen = []
    add(), add()
    desk.after_end = lambda: seen.append(Stage.objects.filter(state="cancelled").count())
    cancel(Stage.objects.all())
    assert seen == [2, 2]
