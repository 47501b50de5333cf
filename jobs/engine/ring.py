"""The doorbell: a message that says "look at this queue" and nothing else. Losing or doubling one does no harm."""

from django.db import transaction
from django_q.brokers import get_broker
from django_q.tasks import async_task

from jobs.engine import slots
from jobs.engine.leased import Queue

WORK = "jobs.engine.worker.work"


def ring(queue: str) -> None:
    """Wake a worker of this queue, after the commit if a transaction is open.

    Rows of the queue `inline` are worked on by the command that made them; nobody is rung for those. A broker that
    fails is logged: the rows are safe, and the reaper rings again.
    """

    def now() -> None:  # Django tells of a failure by the name of the function, which a partial has not
        send(queue)

    if queue != Queue.INLINE:
        transaction.on_commit(now, robust=True)


def again(queue: str) -> None:
    """Ring unless an unread message is waiting already: whoever reads that one will look at the same rows."""
    if queue != Queue.INLINE and not unread(queue):
        ring(queue)


def unread(queue: str) -> int:
    """Messages that wait for a worker of the cluster which serves this queue."""
    size: int = get_broker(slots.cluster(queue)).queue_size()
    return size


def works() -> bool:
    """Does the server answer that keeps the messages?"""
    answer: bool = get_broker(slots.cluster(Queue.RENDER)).answers()
    return answer


def send(queue: str) -> None:
    # No timeout here: the reading cluster's own holds. A message without `cluster` would go to the sender's own.
    # Plain strings: the broker reads no others.
    async_task(WORK, str(queue), cluster=str(slots.cluster(queue)), save=False)
