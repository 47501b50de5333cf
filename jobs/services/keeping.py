"""Who still needs a file, and when its time is over: one answer for the pruner, the forecast and the pages.

A source's file goes RETENTION_HOURS after its last use, an output's OUTPUT_RETENTION_DAYS after it was made, unless
somebody needs it. Rows stay, with `removed_at`. Times are the database's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db.models import Case, Exists, IntegerField, Max, OuterRef, Q, QuerySet, Value, When
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.engine.ending import after
from jobs.models import Asset, AssetState, Job, Output, OutputState
from jobs.models.job import OPEN as OPEN_JOBS
from jobs.models.output import OPEN, comes

HOUR, DAY = 3600, 86400  # seconds


def _nothing() -> Q:
    return Q(pk__in=[])


@dataclass(frozen=True)
class Need:
    """A reason to keep files beyond their time: a condition on the rows of videos and one on those of outputs.

    They are asked for at each look, so that they can speak of other tables: `Q(Exists(...OuterRef("pk")))`.
    """

    says: Any  # a lazy sentence for people
    sources: Callable[[], Q] = _nothing
    outputs: Callable[[], Q] = _nothing


def _wanted_by_a_job() -> Q:
    return Q(Exists(Job.objects.filter(sources=OuterRef("pk"), state__in=OPEN_JOBS)))


def _wanted_to_renew_outputs() -> Q:
    return Q(Exists(Output.objects.filter(source=OuterRef("pk"), stale_since__isnull=False, removed_at=None)))


def _bookmarked() -> Q:
    return Q(keep=True)


# Other apps append here in AppConfig.ready().
needs: list[Need] = [
    Need(gettext_lazy("somebody lets it go"), sources=_bookmarked, outputs=_bookmarked),
    Need(gettext_lazy("needed by a job now"), sources=_wanted_by_a_job),
    Need(gettext_lazy("needed to renew an output that is out of date"), sources=_wanted_to_renew_outputs),
]


def needed_sources() -> Q:
    return reduce(or_, (need.sources() for need in needs))


def needed_outputs() -> Q:
    return reduce(or_, (need.outputs() for need in needs))


def due_sources(within: float = 0) -> QuerySet[Asset]:
    """Videos whose file may go now, or in so many seconds if nothing changes."""
    limit = after(within - settings.RETENTION_HOURS * HOUR)
    rows: QuerySet[Asset] = Asset.objects.ready().filter(used_at__lt=limit).exclude(needed_sources())
    return rows


def with_file() -> QuerySet[Output]:
    rows: QuerySet[Output] = Output.objects.done().filter(removed_at=None).exclude(file="")
    return rows


def due_outputs(within: float = 0) -> QuerySet[Output]:
    """Outputs whose file may go. All that have the same key share the file: it waits for the last of them, and for
    those that are about to be given it.
    """
    limit = after(within - settings.OUTPUT_RETENTION_DAYS * DAY)
    theirs = with_file().filter(Q(finished_at__gte=limit) | needed_outputs(), key=OuterRef("key"))
    coming = Output.objects.filter(Q(key=OuterRef("key")) | comes(OuterRef("key")), state__in=OPEN)
    past = with_file().filter(finished_at__lt=limit)
    return past.exclude(Exists(theirs.order_by())).exclude(Exists(coming.order_by())).order_by()


def awaited_outputs() -> Q:
    """Those whose file a cell may be about to take. Open cells are looked for in open jobs, which are few."""
    cells = Output.objects.filter(job__in=Job.objects.open().order_by().values("pk"), state__in=OPEN)
    again = cells.filter(coming_key__gt="")
    return Q(key__in=cells.order_by().values("key")) | Q(key__in=again.order_by().values("coming_key"))


def source_files() -> QuerySet[Any]:
    """See `_files`: one line for each video that has its file."""
    return _files(Asset.objects.ready(), "pk", "used_at", needed_sources())


def output_files() -> QuerySet[Any]:
    """See `_files`: one line for each key."""
    return _files(with_file(), "key", "finished_at", needed_outputs() | awaited_outputs())


def _files(rows: QuerySet[Any], name: str, time: str, needed: Q) -> QuerySet[Any]:
    """Each file once, in one walk along the rows: its `size` in bytes, the `last` time at which it was used or made,
    and as 0 or 1, whether somebody has `bookmarked` it, and whether it is `held`, for that or another reason.
    """
    found = {"size": Max("bytes"), "last": Max(time), "bookmarked": _any(_bookmarked()), "held": _any(needed)}
    files: QuerySet[Any] = rows.order_by().values(name).annotate(**found)
    return files


def _any(rows: Q) -> Max:
    return Max(Case(When(rows, then=1), default=0, output_field=IntegerField()))


def with_need(rows: QuerySet[Any], kind: str) -> QuerySet[Any]:
    """The rows of a list, each with the number of the first need that holds its file: no query for each row."""
    whens = [When(getattr(need, kind)(), then=Value(place)) for place, need in enumerate(needs)]
    found: QuerySet[Any] = rows.annotate(need=Case(*whens, default=None, output_field=IntegerField()))
    return found


def keep(rows: QuerySet[Any], wanted: bool) -> int:
    """Bookmark videos or outputs, or let them go; how many have changed. What has gone already cannot be kept."""
    rows = rows.model.objects.filter(pk__in=rows.order_by().values("pk"), keep=not wanted)
    if wanted:
        rows = rows.filter(removed_at=None)
    return int(rows.update(keep=wanted))


# In words


def source_words(asset: Asset) -> str:
    """Until when a video's file stays, or why it is gone."""
    if asset.state == AssetState.EXPIRED:
        return removed_words(asset.removed_at, source_time())
    if asset.state != AssetState.READY:
        return ""
    return _reason("sources", asset) or _date(asset.used_at + timedelta(hours=settings.RETENTION_HOURS))


def output_words(output: Output) -> str:
    """Until when an output's file stays, or why it is gone."""
    if output.removed_at:
        return f"{removed_words(output.removed_at, output_time())} {_('Order it again to have it.')}"
    if output.state != OutputState.DONE or not output.file or not output.finished_at:
        return ""
    end = output.finished_at + timedelta(days=settings.OUTPUT_RETENTION_DAYS)
    return _reason("outputs", output) or str(date_format(localtime(end), "SHORT_DATE_FORMAT"))


def _reason(kind: str, row: Any) -> str:
    """Who needs it, first come first told. It asks the database, unless the row comes `with_need`."""
    place = row.need if hasattr(row, "need") else _first(kind, row)
    return str(needs[place].says) if place is not None else ""


def _first(kind: str, row: Any) -> int | None:
    same = type(row).objects.filter(pk=row.pk)
    return next((n for n, need in enumerate(needs) if same.filter(getattr(need, kind)()).exists()), None)


def removed_words(when: datetime | None, after_time: str) -> str:
    if when is None:
        return _("Its file was removed after %(time)s.") % {"time": after_time}
    return _("Its file was removed on %(date)s, after %(time)s.") % {"date": _date(when), "time": after_time}


def source_time() -> str:
    hours = settings.RETENTION_HOURS
    return ngettext("%(count)d hour without use", "%(count)d hours without use", hours) % {"count": hours}


def output_time() -> str:
    days = settings.OUTPUT_RETENTION_DAYS
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


def _date(moment: datetime) -> str:
    return str(date_format(localtime(moment), "SHORT_DATETIME_FORMAT"))
