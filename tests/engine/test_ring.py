"""The doorbell."""

from django.db import transaction
from django_q.models import OrmQ

from jobs.engine import ring


def messages():
    return [(message.key, message.task) for message in OrmQ.objects.all()]


def test_a_ring_names_the_queue_and_nothing_else(transactional_db):
    ring.ring("work")
    [(key, task)] = messages()
    assert (key, task["func"], task["args"], task["kwargs"]) == ("work", "jobs.engine.worker.work", ("work",), {})
    assert task["save"] is False
    assert not {"timeout", "group", "hook", "chain"} & task.keys()


def test_a_ring_waits_for_the_commit(transactional_db):
    with transaction.atomic():
        ring.ring("render")
        assert messages() == []
    assert len(messages()) == 1


def test_nobody_is_rung_for_the_rows_of_a_command(transactional_db):
    ring.ring("inline")
    ring.again("inline")
    assert messages() == []


def test_a_small_machine_has_one_bell(transactional_db, settings):
    settings.WORKER_MEMORY_MB = 1024
    ring.ring("work")
    ring.ring("render")
    assert [key for key, *_ in messages()] == ["render", "render"]


def test_it_does_not_ring_again_while_a_ring_is_unheard(transactional_db):
    ring.again("work")
    ring.again("work")
    assert len(messages()) == 1
