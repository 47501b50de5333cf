"""Whose work is next."""

import pytest
from django.db import connection

from jobs.engine import claim, registry
from jobs.models import Event, Job, JobState, Stage
from jobs.services import turns

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def idle_desk():
    with registry.swapped(registry.Entry(Stage, lambda stage, lease: None, lambda stage: None)):
        yield


def job(lane, priority=0, **fields):
    return Job.objects.create(lane=lane, priority=priority, **{"state": JobState.RUNNING, **fields})


def queue(order, *costs):
    """Stages of one job, drawn one after the other."""
    for cost in costs:
        turn = turns.draw("render", order.priority, order.lane, cost)
        fields = {"kind": "render", "queue": "render", "priority": order.priority, "lane": order.lane}
        Stage.objects.create(job=order, turn=turn, **fields)
    return order


def served(count):
    return [claim.best(["render"]).job_id for _ in range(count)]


def test_a_single_output_does_not_wait_for_two_hundred_of_somebody_else():
    long = queue(job("ada"), *[10] * 20)
    assert served(1) == [long.pk]
    short = queue(job("grace"), 1)
    assert short.pk in served(2)


def test_lanes_never_lead_by_more_than_a_stage_of_each():
    ada, grace = queue(job("ada"), *[10] * 10), queue(job("grace"), *[5] * 20)
    cost, got = {ada.pk: 10, grace.pk: 5}, {ada.pk: 0, grace.pk: 0}
    for key in served(24):
        got[key] += cost[key]
        assert abs(got[ada.pk] - got[grace.pk]) <= 10 + 5


def test_a_lane_that_comes_back_owes_nothing_for_what_is_done():
    queue(job("ada"), *[10] * 20)
    served(20)
    Stage.objects.update(state="done")
    grace, ada = queue(job("grace"), *[10] * 3), queue(job("ada"), *[10] * 3)
    assert served(4).count(ada.pk) >= 1
    assert served(2) == [ada.pk] * 2
    assert grace.stages.filter(state="running").count() == 3


def test_newcomers_do_not_keep_anybody_from_its_turn():
    waiting = queue(job("ada"), 10, 10)
    served(1)
    for number in range(30):  # each from a lane of its own, as soon as the one before is taken
        queue(job(f"lane {number}"), 1)
        if waiting.pk in served(1):
            break
    assert number < 12


def test_work_that_comes_back_with_an_old_turn_turns_no_clock_back():
    queue(job("ada"), *[10] * 50)
    served(40)
    old = Stage.objects.order_by("turn").first()
    Stage.objects.filter(pk=old.pk).update(state="queued")
    stands = Stage.objects.filter(state="queued", token=None).order_by("turn").first().turn
    assert turns.draw("render", 0, "grace", 1) == stands + 1


def test_a_new_day_does_not_start_before_what_still_waits_for_another_attempt():
    queue(job("ada"), *[10] * 50)
    served(50)
    last = Stage.objects.order_by("-turn").first()
    Stage.objects.exclude(pk=last.pk).update(state="done")
    Stage.objects.filter(pk=last.pk).update(state="retry_wait")
    assert turns.draw("render", 0, "grace", 1) > last.turn


def test_priority_goes_before_turns():
    queue(job("ada"), 1, 1)
    urgent = queue(job("grace", priority=turns.NEXT), 100)
    assert served(1) == [urgent.pk]


def test_one_choice_of_brands_is_one_lane_and_another_is_another():
    class Row:
        def __init__(self, pk):
            self.pk = pk

    ada, grace = Row(1), Row(2)
    assert turns.lane(ada, [Row(3), Row(4)]) == turns.lane(ada, [Row(4), Row(3)])
    lanes = {turns.lane(owner, brands) for owner in (ada, grace, None) for brands in ([Row(3)], [Row(3), Row(4)])}
    assert len(lanes) == 6
    assert all(len(name) <= 40 for name in lanes)


def test_a_waiting_job_is_put_next_in_line_and_back():
    first, second = queue(job("ada"), 10, 10), queue(job("grace"), 20, 10)
    assert turns.put(second, turns.NEXT, by="Ada")
    assert not turns.put(second, turns.NEXT, by="Ada")
    assert served(1) == [second.pk]
    assert turns.put(second, turns.NORMAL, by="Ada")
    assert served(3) == [first.pk, second.pk, first.pk]
    assert Event.objects.filter(job=second, message="Ada: next in line.").exists()


def test_a_job_that_is_over_keeps_its_priority():
    assert not turns.put(job("ada", state=JobState.DONE), turns.NEXT, by="Ada")


def test_drawing_asks_two_questions_at_most(django_assert_max_num_queries):
    order = queue(job("ada"), *[1] * 50)
    with django_assert_max_num_queries(1):
        turns.draw("render", 0, order.lane, 1)
    with django_assert_max_num_queries(2):
        turns.draw("render", 0, "grace", 1)
    with django_assert_max_num_queries(3):
        turns.draw("work", 0, "grace", 1)


def test_the_claim_asks_the_same_few_questions_however_many_wait(django_assert_num_queries):
    order = job("ada")
    for count in (1, 300):
        fields = {"kind": "render", "queue": "render", "lane": "ada"}
        Stage.objects.bulk_create(Stage(job=order, turn=number, **fields) for number in range(count))
        with django_assert_num_queries(6):  # the gate, three states, the claim, the claimed row
            assert claim.best(["render"]) is not None


def test_the_claim_reads_the_queued_rows_in_the_order_of_an_index():
    found = Stage.objects.due("render").filter(state="queued")[:10].explain().lower()
    assert "stage_order" in found or connection.vendor == "postgresql"  # which scans tables as small as this one
    assert "temp b-tree" not in found
