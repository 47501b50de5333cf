"""The one background task: take the best due row of a queue, do its work, end it."""

import traceback
from collections.abc import Sequence

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q

from jobs.engine import claim, draining, hands, policy, registry, slots
from jobs.engine.ending import after
from jobs.engine.lease import Lease, LeaseLost, NotYet, reconnect
from jobs.engine.leased import Leased, LeaseState
from jobs.engine.registry import Failure
from jobs.engine.ring import again
from jobs.media.errors import MediaError
from wtfsite.lib import names
from wtfsite.lib.process import Cancelled

log = structlog.stdlib.get_logger(__name__)

TAIL = 4000  # characters of a traceback that are kept, its end


def work(queue: str) -> None:
    """Answer a ring: one row. For those that wait behind it ring on: before the work, so that all who are idle wake up
    one after the other, and after it.
    """
    if draining.asked():
        return
    queues = slots.served(queue)
    with hands.full():
        row = claim.best(queues)
        if row is None:
            return
        lease = Lease(row)
        with lease.patience():
            ring_on(queue)
        serve(row, lease)
    ring_on(queue)


def ring_on(queue: str) -> None:
    if claim.waiting(slots.served(queue)):
        again(queue)


def run_one(queues: Sequence[str], only: Q | None = None) -> bool:
    """Take the best due row and work on it to its end; False when none was due."""
    row = claim.best(queues, only)
    if row is None:
        return False
    serve(row, Lease(row, behind=only))
    return True


def serve(row: Leased, lease: Lease) -> None:
    with structlog.contextvars.bound_contextvars(**row.for_log()):
        attend(row, lease)


def attend(row: Leased, lease: Lease) -> None:
    """Call the handler and write down how it ended. This is the edge: whatever it raises ends here, on the row."""
    with lease.keep():
        try:
            registry.of(row).handler(row, lease)
        except (LeaseLost, Cancelled):
            lease.give_up()
        except NotYet as later:
            log.info("the work waits", code=later.code, until=later.until.isoformat())
            postpone(lease, later)
        except MediaError as error:
            log.warning("the work failed", code=error.code, detail=str(error))
            fail(lease, error.code, error.tail, again=error.retryable, told=error.retry_after)
        except (OperationalError, InterfaceError):
            log.exception("the database failed")
            reconnect(type(row))
            fail(lease, "unknown", traceback.format_exc(), again=True)
        except Exception:
            log.exception("the work failed for an unknown reason")
            fail(lease, "unknown", traceback.format_exc())
        else:
            conclude(lease, LeaseState.DONE)


def fail(lease: Lease, code: str, tail: str, again: bool = False, told: float | None = None) -> None:
    """End the row as failed, or let it wait for its next attempt if that can help and there is one left. `told` are the
    seconds that the other side asks for.
    """
    failure = registry.of(lease.row).judge(Failure(code, names.kept(tail)[-TAIL:], again))
    error = {"error_code": failure.code, "error_tail": failure.tail}
    if failure.again and lease.row.attempt < settings.STAGE_MAX_ATTEMPTS:
        pause = policy.pause(failure.code, lease.row.attempt, told)
        conclude(lease, LeaseState.RETRY_WAIT, not_before=after(pause), **error)
    else:
        conclude(lease, LeaseState.FAILED, **error)


def postpone(lease: Lease, later: NotYet) -> None:
    """Let the row wait, and its worker take another, unless it is ours no more."""
    try:
        lease.postpone(later.until, later.code)
    except LeaseLost:
        lease.give_up()


def conclude(lease: Lease, state: str, **fields: object) -> None:
    """End the row unless the handler has done so, or it is ours no more."""
    try:
        with transaction.atomic():
            lease.end(state, **fields)
    except LeaseLost:
        lease.give_up()
