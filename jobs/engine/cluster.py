"""One django-q2 cluster that would rather die than limp: `python -m jobs.engine.cluster NAME`.

A worker or monitor that is killed by a signal can take a lock of the shared queues with it. The stock cluster then
starts another one which waits for that lock for ever, while it reports itself alive. Ours kills its whole process
group instead; the supervisor starts a new one, and the leases see to the work.

    supervisor -> main -> sentinel -> workers, pusher, monitor       each dies with its parent
               <----------- pulse

Exit 0 after SIGTERM, 70 when the sentinel has ended otherwise. Relies on private names of django-q2 1.11: the pin and
tests/engine/test_cluster.py hold it in place.
"""

import multiprocessing
import os
import signal
import sys
import uuid
from typing import Any

import django_q.cluster
from django_q.cluster import Cluster, Sentinel, get_mp_context
from django_q.conf import Conf
from django_q.worker import worker

from jobs.engine import draining, hands, pulse
from wtfsite.lib.sandbox import follow_parent

BROKEN = 70  # EX_SOFTWARE
TIMED_OUT, RECYCLED = 0, -2  # what a worker's timer says when its end was planned


class FailFast(Sentinel):  # type: ignore[misc]  # django-q2 has no types
    def __init__(self, stop_event: Any, *args: Any, **kwargs: Any) -> None:
        die_with_parent()
        draining.watch(stop_event)
        hands.share(Conf.WORKERS)
        super().__init__(stop_event, *args, **kwargs)

    def spawn_process(self, target: Any, *args: Any) -> Any:
        """As the parent class does, with a target that follows its parent into death."""
        place = self.place() if target is worker else None
        name = f"Process-{uuid.uuid4().hex}"
        process = get_mp_context().Process(target=mortal, args=(place, target, *args), name=name)
        process.daemon = True
        if Conf.QSIZE:
            hands.watch(self.task_queue)
        if target is worker:
            process.daemon = Conf.DAEMONIZE_WORKERS
            process.timer, process.place = args[2], place
            self.pool.append(process)
        process.start()
        return process

    def place(self) -> int:
        """The first that no worker has."""
        return min(set(range(self.pool_size)) - {process.place for process in self.pool})

    def reincarnate(self, process: Any) -> None:
        """Replace what ended in an orderly way; after any other death the group follows."""
        if self.planned(process):
            super().reincarnate(process)
        else:
            os.killpg(os.getpgrp(), signal.SIGKILL)

    def planned(self, process: Any) -> bool:
        """Timeouts and recycling are planned. Pusher and monitor also leave by themselves when the database goes away,
        with their locks given back; renders must not die of that.
        """
        if process in self.pool:
            return int(process.timer.value) in (TIMED_OUT, RECYCLED)
        return process.exitcode is not None and process.exitcode >= 0


def mortal(place: int | None, target: Any, *args: Any) -> None:
    die_with_parent()
    if place is not None:
        hands.begin(place)
    target(*args)


def die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    assert parent.pid is not None
    follow_parent(parent.pid)


def main() -> int:
    if os.getpgrp() != os.getpid():
        os.setpgrp()  # killing "the group" must mean us alone
    if pulse.PULSE in sys.argv:
        pulse.take_pipe()
    django_q.cluster.Sentinel = FailFast
    django_q.cluster.Stat = pulse.Pulse
    cluster = Cluster()
    cluster.start()
    cluster.sentinel.join()
    return 0 if cluster.sentinel.exitcode == 0 else BROKEN


if __name__ == "__main__":
    sys.exit(main())
