"""What stands between the messages and the workers: only rings come through.

django-q2 would run any function that a message names, call its hook, go on with its chain, and unpickle whatever the
message holds. So this broker reads each message first, with a reader that builds nothing but plain values, and hands
on a new one that says what a ring says. All else is refused: written to the log with its name, and taken out of the
queue. The setting `broker_class` puts it into every cluster, django-q2's own `qcluster` too.
"""

import io
import pickle  # noqa: TID251  read here by `Plain` alone
import time
from typing import Any

import structlog
from django_q import core_signing
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.signing import BadSignature, SignedPackage

from jobs.engine import hands
from jobs.engine.leased import Queue
from jobs.engine.ring import WORK

log = structlog.stdlib.get_logger(__name__)

RINGS = [(str(queue),) for queue in (Queue.WORK, Queue.RENDER)]  # the arguments a ring may have
KEYS = {"id", "name", "func", "args", "kwargs", "cluster", "save", "ack_failure", "started"}
PLAIN = {("datetime", "datetime"), ("datetime", "timezone"), ("datetime", "timedelta")}
# What the documentation of pickle names; LookupError and ValueError for their kinds.
UNREADABLE = (pickle.UnpicklingError, AttributeError, EOFError, LookupError, TypeError, ValueError)
HOLD = 0.05  # seconds between two looks at busy workers
LONGEST = 200  # characters of a foreign name in the log


class Refused(Exception):
    """This is no ring of ours. Says what it is."""


class Plain(pickle.Unpickler):
    """Reads values and times. A name of anything else is not even imported."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in PLAIN:
            return super().find_class(module, name)
        raise Refused(f"it holds {module}.{name}")


class PlainReader:
    """In the place of django-q2's serializer: what it is given has been found to be signed by us."""

    def loads(self, data: bytes) -> Any:
        return Plain(io.BytesIO(data)).load()


class Doorkeeper:
    """Before a broker of django-q2: what that takes out of the queue is looked at first."""

    def answers(self) -> bool:
        """Can rings be sent and heard?"""
        return True

    def dequeue(self) -> list[tuple[Any, str]]:
        """The next messages as (number, ring); as with the parent class, none after a pause when none waits, nor while
        all workers are busy: others may be free.
        """
        if not hands.free():
            time.sleep(HOLD)
            return []
        read = [(number, self.read(number, payload)) for number, payload in super().dequeue() or ()]  # type: ignore[misc]
        return [(number, ring) for number, ring in read if ring]

    def read(self, number: Any, payload: str | bytes) -> str:
        """The ring in the message, signed anew; empty when it was something else, which is then gone."""
        try:
            return str(SignedPackage.dumps(checked(unpacked(text(payload)))))
        except Refused as refused:
            log.error("a message was refused: it is no ring", message=number, reason=str(refused)[:LONGEST])
            self.acknowledge(number)  # type: ignore[attr-defined]  # from django-q2's class
        return ""


class Doorbell(Doorkeeper, ORM):  # type: ignore[misc]  # django-q2 has no types
    """Messages in the database: a ring that is not answered comes back."""


def text(payload: str | bytes) -> str:
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else payload


def unpacked(payload: str) -> Any:
    try:
        return core_signing.loads(payload, key=Conf.SECRET_KEY, salt=Conf.PREFIX, serializer=PlainReader)
    except BadSignature as error:
        raise Refused("its signature is not ours") from error
    except UNREADABLE as error:
        raise Refused("it cannot be read") from error


def checked(message: Any) -> dict[str, Any]:
    """The message, if it is what `jobs.engine.ring` sends. Raises Refused."""
    if not isinstance(message, dict):
        raise Refused("it cannot be read")
    if message.get("func") != WORK:
        raise Refused(f"it names {message.get('func')!r}")
    if odd := message.keys() ^ KEYS:
        raise Refused(f"a ring has other parts: {', '.join(sorted(map(str, odd)))}")
    if message["args"] not in RINGS or message["kwargs"] or message["save"] is not False:
        raise Refused("a ring has other arguments")
    return message
