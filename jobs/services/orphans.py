"""Files without a row. A file is stored before its row says so, and some cells end in between.

Such a cell says on its row what was about to be stored (`jobs.services.render`): if it is tried again, the file is
taken; if it ended badly, the file goes.
"""

from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet

from jobs.models import Output
from jobs.models.output import ENDED_BADLY, comes
from jobs.services import files, remove

NOTHING = {"sha256": "", "bytes": 0, "width": 0, "height": 0, "rate": "", "frames": 0, "seconds": 0.0}


def tick() -> int:
    """One round over the cells that ended badly with something said to be stored; how many. Any number of hosts may run
    it at once.
    """
    return sum(forget(output) for output in announced()) + sum(withdraw(output) for output in withdrawn())


def announced() -> QuerySet[Output]:
    """The cells that ended badly and still say what was about to be stored. (None of them had a file that was removed:
    asked so, there is an index, without all those whose time is over.)
    """
    ended = Output.objects.order_by().filter(state__in=ENDED_BADLY, removed_at=None, file="")
    rows: QuerySet[Output] = ended.exclude(sha256="")
    return rows


def withdrawn() -> QuerySet[Output]:
    """The cells that were to be made again, are done as before, and still say what was about to be stored."""
    rows: QuerySet[Output] = Output.objects.done().order_by().filter(coming_key__gt="")
    return rows


@transaction.atomic
def forget(output: Output) -> bool:
    """Drop what one cell may have left in storage, unless a cell with the same key is about to take it."""
    if Output.objects.open().filter(Q(key=output.key) | comes(output.key)).exists():
        return False
    row = Output.objects.filter(pk=output.pk, state__in=ENDED_BADLY, sha256=output.sha256, file="")
    left = remove.unrecorded(row)
    transaction.on_commit(partial(remove.drop_unheld, left))
    return bool(row.update(**NOTHING))


@transaction.atomic
def withdraw(output: Output) -> bool:
    """As `forget`, for a cell that was to be made again and kept the file that it had."""
    key = output.coming_key
    if Output.objects.open().filter(Q(key=key) | comes(key)).exists():
        return False
    transaction.on_commit(partial(remove.drop_unheld, set(files.output_names(key))))
    return bool(Output.objects.done().filter(pk=output.pk, coming_key=key).update(coming_key="", coming={}))
