"""How many renders this machine carries at once, and which clusters serve which queues.

One cluster `work` with a few workers for what waits on the network, and a cluster `render` with a single worker per
slot: the start command is fail-fast, and a render must not die of its neighbour. On a machine of 1 GB or less one
single-worker `render` cluster serves both queues.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from jobs.engine.leased import Queue

SMALL_MB = 1024
SHARE = 0.6  # of a machine's memory is for ffmpeg; the rest is web, workers, page cache
LEAST_RENDER_MB = 512  # a slot with less could hold but one or two encoders: fewer slots are faster then
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
MB = 1024 * 1024
QUEUES = (Queue.WORK, Queue.RENDER)


@dataclass(frozen=True)
class Slots:
    """`work` is the number of workers in the cluster of that name, `render` the number of single-worker clusters."""

    work: int
    render: int
    single: bool
    budget_mb: int  # for the ffmpeg processes of one render

    @property
    def clusters(self) -> tuple[str, ...]:
        """The clusters to start, one name per cluster."""
        return (() if self.single else (str(Queue.WORK),)) + (str(Queue.RENDER),) * self.render

    def workers(self, cluster: str) -> int:
        """Workers in one cluster of that name."""
        return self.work if cluster == Queue.WORK else 1

    def capacity(self, queue: str) -> int:
        return self.work if queue == Queue.WORK and not self.single else self.render


def plan() -> Slots:
    """What the settings say, and where they say nothing, what the machine has."""
    machine = machine_mb()
    clusters: Any = settings.Q_CLUSTER["ALT_CLUSTERS"]
    return divide(
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_mb=settings.WORKER_MEMORY_MB or int(machine * SHARE),
        small=min(machine, settings.WORKER_MEMORY_MB or machine) <= SMALL_MB,
        slots=settings.WORKER_CONCURRENCY,
        workers=clusters[Queue.WORK]["workers"],
    )


def divide(*, cores: int, memory_mb: int, small: bool, slots: int, workers: int) -> Slots:
    """`memory_mb` is for all renders together; `slots` is the wish, 0 for as many as fit."""
    if small:
        return Slots(work=0, render=1, single=True, budget_mb=memory_mb)
    render = slots or max(1, min(cores, memory_mb // LEAST_RENDER_MB))
    return Slots(work=workers, render=render, single=False, budget_mb=memory_mb // render)


def budget_mb() -> int:
    """Memory for the ffmpeg processes of one render."""
    return plan().budget_mb


def cluster(queue: str) -> str:
    """The cluster that serves a queue."""
    return str(Queue.RENDER) if plan().single else queue


def of(name: str) -> Sequence[Queue]:
    """The queues that the clusters of this name serve."""
    return [queue for queue in QUEUES if cluster(queue) == name]


def served(queue: str) -> Sequence[str]:
    """The queues that a worker which was rung for `queue` looks at."""
    return (Queue.WORK, Queue.RENDER) if plan().single else (queue,)


def machine_mb() -> int:
    """The memory that this process may use: the container's limit, or all that is built in."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(physical, *(limit_bytes(path, physical) for path in CGROUP_LIMITS)) // MB


def limit_bytes(path: Path, default: int) -> int:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return default
    return int(text) if text.isdigit() else default  # "max" means none
