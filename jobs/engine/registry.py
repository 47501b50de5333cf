"""Which models are worked on in the background, by whom, and who hears of a row's end.

Filled in `AppConfig.ready()`, read by claim, worker and reaper. So the engine knows no model, and a lower app's work
never imports a higher app.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobs.engine.leased import Leased

if TYPE_CHECKING:
    from jobs.engine.lease import Lease

Handler = Callable[[Any, "Lease"], None]
Told = Callable[[Any], None]
Judge = Callable[["Failure"], "Failure"]
Interrupted = Callable[[Any, bool], None]


@dataclass(frozen=True)
class Failure:
    """What is recorded of a failed row. `again`: the same once more can end well."""

    code: str
    tail: str
    again: bool = False


def _unmoved(row: Any, stopped: bool) -> None:
    """Nobody wants to know."""


def _as_it_is(failure: Failure) -> Failure:
    return failure


@dataclass(frozen=True)
class Entry:
    """`handler(row, lease)` does the work of a claimed row. It can run twice, so it must do no harm twice.

    `ended(row)` is called once per end (done, failed, dead, cancelled), inside the transaction that ended the row, with
    the new state and error already on the row. Fan-in happens there. It must not talk to the network.

    `lock(row)` runs in the same transaction, before the row is changed: it locks what `ended` will lock anyway (a
    stage's job). Everybody then takes those locks in one order; otherwise two that wait for each other are a deadlock.

    `judge(failure)` may know a better code before a failure is recorded, and whether to try again. It must not raise.

    `interrupted(row, stopped)` is told of a row that goes back to the others in the middle of its work: its worker was
    `stopped` by us, or is lost. The row is as it was before.
    """

    model: type[Leased]
    handler: Handler
    ended: Told
    lock: Told = lambda row: None
    judge: Judge = _as_it_is
    interrupted: Interrupted = _unmoved


_entries: dict[type[Leased], Entry] = {}


def register(
    model: type[Leased],
    handler: Handler,
    ended: Told,
    lock: Told = lambda row: None,
    judge: Judge = _as_it_is,
    interrupted: Interrupted = _unmoved,
) -> None:
    """Have the rows of `model` worked on. Registering again replaces."""
    _entries[model] = Entry(model, handler, ended, lock, judge, interrupted)


def entries() -> tuple[Entry, ...]:
    return tuple(_entries.values())


def of(row: Leased) -> Entry:
    return _entries[type(row)]


@contextmanager
def swapped(*others: Entry) -> Iterator[None]:
    """Only these entries, for the length of a test."""
    before = dict(_entries)
    _entries.clear()
    _entries.update({entry.model: entry for entry in others})
    try:
        yield
    finally:
        _entries.clear()
        _entries.update(before)
