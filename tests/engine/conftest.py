"""Stages that nobody's services know: the engine alone, with handlers made by the tests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from jobs.engine import registry
from jobs.engine.lease import Lease
from jobs.models import Job, Stage


@dataclass
class Desk:
    """What the engine told the owner of the rows. `work` is what the handler does with them."""

    handled: list[int] = field(default_factory=list)
    ended: list[tuple[int, str, str]] = field(default_factory=list)
    work: Callable[[Stage, Lease], None] = lambda stage, lease: None
    before: Callable[[Stage], None] = lambda stage: None
    after_end: Callable[[], None] | None = None

    def handle(self, stage: Stage, lease: Lease) -> None:
        self.handled.append(stage.pk)
        self.work(stage, lease)

    def hear(self, stage: Stage) -> None:
        self.ended.append((stage.pk, stage.state, stage.error_code))
        if self.after_end:
            self.after_end()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    with registry.swapped(registry.Entry(Stage, desk.handle, desk.hear, lambda stage: desk.before(stage))):
        yield desk


@pytest.fixture
def job(db: None) -> Job:
    return Job.objects.create()


@pytest.fixture
def add(job: Job) -> Callable[..., Stage]:
    """Put a stage into a queue: add(priority=3, state="pending")."""

    def add(**fields: Any) -> Stage:
        stage: Stage = Stage.objects.create(job=job, **{"kind": "render", "queue": "render", **fields})
        return stage

    return add
