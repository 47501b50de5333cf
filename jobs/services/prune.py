"""What goes when its time is over. `plan()` says what would go now and why; to clean is to do each of its lines. So the
dry run shows exactly what a run does.

sources, outputs   files; their rows stay and say so (`jobs.services.keeping` knows who still needs them)
strays             files that no row tells of (`jobs.services.sweep`)
copies, log files  of this host
imports, kits      what undoing an import of brands would need, and files that were uploaded and not imported
events, stages, tasks, gates, sites, lessons, sessions   rows, after EVENT_RETENTION_DAYS; of stages whose work is still
                                                         missing only their logs
recipes            rows, when no output has such a file any more

Any number of hosts may do it at once: each line looks again before it acts.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_q.models import Task

from brands.importing import history, undoing, uploads
from jobs.engine.ending import after
from jobs.engine.leased import ENDED
from jobs.models import Asset, AssetState, Event, Gate, Lesson, Output, Recipe, Site, Stage
from jobs.models.gate import Cause
from jobs.models.output import comes
from jobs.services import keeping, remove, retry, sweep
from jobs.services.keeping import DAY, HOUR
from wtfsite.lib import logfile
from wtfsite.lib.clock import Clock

log = structlog.stdlib.get_logger(__name__)

MANY = 500  # rows that are read, or deleted, at a time
TURN = 2.0  # seconds that the supervisor has for it before it looks after its clusters again
STRAYS = 1000  # files without a row of one run


@dataclass(frozen=True)
class Going:
    """One file that goes, or `count` rows. `act` does it and says how many went: fewer when they came into use."""

    kind: str
    name: str
    reason: str
    act: Callable[[], int]
    bytes: int = 0
    count: int = 1


def plan(part: int | None = None) -> Iterator[Going]:
    """All that may go now. `part` names the folders of storage that are compared with the rows; None: all.

    A storage that does not list its files ends the plan. So what asks for a list comes last.
    """
    yield from sources()
    yield from outputs()
    yield from copies()
    yield from log_files()
    yield from imports()
    yield from rows()
    yield from kits()
    yield from strays(part)


def run(goings: Iterator[Going]) -> Counter[str]:
    """Do it; how many of each kind went."""
    done: Counter[str] = Counter()
    for going in goings:
        done[going.kind] += going.act()
    return done


@dataclass
class Round:
    """The supervisor's tick: once an hour a round, in turns short enough that nothing else waits for it."""

    every: float = HOUR
    turn: float = TURN
    clock: Clock = field(default_factory=Clock)
    begun: float = -math.inf
    left: Iterator[Going] | None = None
    done: Counter[str] = field(default_factory=Counter)

    def __call__(self) -> None:
        now = self.clock.monotonic()
        if self.left is None and now - self.begun < self.every:
            return
        if self.left is None:
            self.begun, self.left, self.done = now, plan(int(time.time() // HOUR) % sweep.PARTS), Counter()
            sweep.begin()
        for going in self.left:
            self.done[going.kind] += going.act()
            if self.clock.monotonic() - now >= self.turn:
                return
        self.left = None
        if found := {kind: count for kind, count in self.done.items() if count}:
            log.info("removed what was over its time", **found)


def chunks(found: QuerySet[Any]) -> Iterator[list[Any]]:
    """Keys of the rows, some at a time. They are read first: rows change while the caller works."""
    keys = list(found.order_by().values_list("pk", flat=True))
    for start in range(0, len(keys), MANY):
        yield keys[start : start + MANY]


# Files of rows


def sources() -> Iterator[Going]:
    reason = _("unused for %(time)s") % {"time": hours()}
    for keys in chunks(keeping.due_sources()):
        for asset in Asset.objects.filter(pk__in=keys).order_by("used_at"):
            yield Going("sources", str(asset), reason, partial(expire, asset), asset.bytes)


def hours() -> str:
    count = settings.RETENTION_HOURS
    return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}


@transaction.atomic
def expire(asset: Asset) -> int:
    """Remove one video's file, unless it came into use again at this moment."""
    if not keeping.due_sources().filter(pk=asset.pk).update(state=AssetState.EXPIRED, file="", removed_at=Now()):
        return 0
    Event.objects.tell(_("Its file was removed after %(time)s.") % {"time": keeping.source_time()}, asset=asset)
    transaction.on_commit(partial(remove.drop_unheld, {str(asset.file)}))
    return 1


def outputs() -> Iterator[Going]:
    """One for each file, however many outputs share it."""
    reason = _("made more than %(time)s ago") % {"time": keeping.output_time()}
    seen: set[str] = set()
    for keys in chunks(keeping.due_outputs()):
        for output in Output.objects.filter(pk__in=keys).select_related("source", "brand").order_by("finished_at"):
            if output.key not in seen:
                seen.add(output.key)
                yield Going("outputs", str(output), reason, partial(retire, output.key), output.bytes)


@transaction.atomic
def retire(key: str) -> int:
    """Remove the file that all outputs with this key share, unless one of them is needed at this moment.

    Their rows are locked first, so that whoever takes the file for another cell has either done so, and is seen by the
    second look, or finds that it is gone.
    """
    sharing = list(keeping.with_file().filter(key=key).select_for_update(of=("self",)).order_by("pk"))
    if not keeping.due_outputs().filter(key=key).update(file="", poster="", removed_at=Now()):
        return 0
    names = {name for output in sharing for name in (str(output.file), str(output.poster)) if name}
    transaction.on_commit(partial(remove.drop_unheld, names))
    return 1


# Files without a row


def strays(part: int | None) -> Iterator[Going]:
    if not sweep.allowed():
        return
    reason = _("no row tells of it, and it is older than any work can last")
    found = (name for folder in sweep.folders(part) for name in sweep.strays(folder))
    for _number, name in zip(range(STRAYS), found, strict=False):
        yield Going("strays", name, reason, partial(sweep.drop, name), sweep.size(name))


def copies() -> Iterator[Going]:
    """Copies of sources, and previews of them, that this host has not used for the keep time."""
    reason = _("this host's copy of a video, unused for %(time)s") % {"time": hours()}
    for path in (settings.TEMP_DIR / "cache").rglob("*"):
        if path.is_file() and is_unused(path):
            yield Going("copies", path.name, reason, partial(unlink, path, is_unused), size(path))


def is_unused(path: Path) -> bool:
    return logfile.written(path) < time.time() - settings.RETENTION_HOURS * HOUR


def log_files() -> Iterator[Going]:
    reason = _("its last line is older than %(days)d days") % {"days": settings.LOG_KEEP_DAYS}
    if settings.LOG_FILE:
        for path in logfile.outdated(Path(settings.LOG_FILE), settings.LOG_KEEP_DAYS, time.time()):
            yield Going("log files", path.name, reason, partial(unlink, path), size(path))


def size(path: Path) -> int:
    """0, too, for what has just gone by itself."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def unlink(path: Path, still: Callable[[Path], bool] = Path.exists) -> int:
    if not still(path):
        return 0
    path.unlink(missing_ok=True)
    return 1


def imports() -> Iterator[Going]:
    reason = _("imported more than %(days)d days ago") % {"days": history.UNDO_DAYS}
    for run in history.outdated():
        yield Going("imports", str(run), reason, partial(undoing.forget, run))


def kits() -> Iterator[Going]:
    for name in uploads.left():
        yield Going("kits", name, _("uploaded a day ago, and not imported"), partial(uploads.drop, name))


# Rows


def rows() -> Iterator[Going]:
    """Rows, and long columns of rows, that nobody looks at any more."""
    long_ago = after(-settings.EVENT_RETENTION_DAYS * DAY)
    reason = _("older than %(days)d days") % {"days": settings.EVENT_RETENTION_DAYS}
    ended = Stage.objects.filter(state__in=ENDED, changed_at__lt=long_ago)
    given_up = retry.given_up().order_by().values("pk")
    logs = ended.filter(pk__in=given_up).exclude(error_tail="")
    unheard = Gate.objects.filter(cause=Cause.DISK_FLOOR, seen_at__lt=long_ago)
    idle = Site.objects.filter(Q(closed_until=None) | Q(closed_until__lt=long_ago), changed_at__lt=long_ago)
    forgotten = Lesson.objects.unnamed().filter(last_seen__lt=long_ago)
    yield from of_rows("events", Event.objects.filter(created_at__lt=long_ago), reason)
    yield from of_rows("stages", ended.exclude(pk__in=given_up), reason)
    yield from of_rows("stage logs", logs, reason, lambda old: old.update(error_tail=""))
    yield from of_rows("queue rows", Task.objects.filter(stopped__lt=long_ago), reason)
    yield from of_rows("full disks", unheard, _("their hosts have not been heard of for %(time)s") % {"time": days()})
    yield from of_rows("sites", idle, _("not asked for %(time)s") % {"time": days()})
    yield from of_rows("failures", forgotten, _("not named, and not seen for %(reason)s") % {"reason": days()})
    yield from of_rows("recipes", Recipe.objects.exclude(used_recipes()), _("no output has such a file any more"))
    yield from of_rows("sessions", Session.objects.filter(expire_date__lt=Now()), _("over"))


def used_recipes() -> Q:
    """Of a file that an output has, or is about to have."""
    outputs = Output.objects.order_by()
    return Q(Exists(outputs.filter(key=OuterRef("key")))) | Q(Exists(outputs.filter(comes(OuterRef("key")))))


def days() -> str:
    count = settings.EVENT_RETENTION_DAYS
    return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}


def delete(found: QuerySet[Any]) -> int:
    return found.delete()[0]


def of_rows(
    kind: str, found: QuerySet[Any], reason: str, act: Callable[[QuerySet[Any]], int] = delete
) -> Iterator[Going]:
    for keys in chunks(found):
        yield Going(kind, "", reason, partial(act, found.filter(pk__in=keys).order_by()), count=len(keys))
