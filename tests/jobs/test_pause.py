"""The switch before a deploy."""

import pytest
from django_q.models import OrmQ

from jobs.models import Event
from jobs.services import pause

pytestmark = pytest.mark.django_db


def test_it_is_noted_who_paused_and_who_resumed():
    assert pause.on("Ada", "render")
    assert pause.off("Grace")
    assert list(Event.objects.order_by("id").values_list("message", flat=True)) == [
        "Paused by Ada: render.",
        "Resumed by Grace.",
    ]


def test_the_first_pause_stays():
    assert pause.on("Ada")
    assert not pause.on("Grace")
    assert [gate.by for gate in pause.now()] == ["Ada"]


def test_a_queue_is_resumed_by_its_name_and_all_without_one():
    for queue in ("work", "render", ""):
        pause.on("Ada", queue)
    assert pause.off("Ada", "work")
    assert sorted(gate.queue for gate in pause.now()) == ["", "render"]
    assert pause.off("Ada")
    assert not pause.off("Ada")
    assert pause.now() == []


def test_workers_are_rung_when_it_is_lifted(django_capture_on_commit_callbacks):
    pause.on("Ada")
    with django_capture_on_commit_callbacks(execute=True):
        pause.off("Ada")
    assert OrmQ.objects.count() >= 2
