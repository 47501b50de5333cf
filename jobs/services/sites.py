"""Asking sites politely: not too often, and not at all for a while after they have said no.

    enter(url) -> Site row: closed? -> its next turn? -> ours  (else NotYet: wait in line, the worker is free)
    the fetch  -> it answered: count from 0 | it did not: one more | too many, or "not so fast": closed for a while
    closed     -> later one trial at a time -> it answered: open | it did not: closed for twice as long, up to an hour

All of it is conditional updates of one row by the database's clock, so any number of workers agree.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest, Now
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.engine import ring
from jobs.engine.ending import after
from jobs.engine.lease import NotYet
from jobs.engine.leased import LeaseState
from jobs.engine.times import database_now
from jobs.media.errors import FetchError, MediaError, SourceError
from jobs.models import Site, Stage
from jobs.sources import fetch

PACED = "site_paced"
CLOSED = "site_closed"
WAITS = (PACED, CLOSED)
SLOWER = "rate_limited"  # the site says so itself: it is left alone at once
DOWN = {SLOWER, "site_refused", "network", "timeout", "stalled"}  # it is down, or does not want us
OURS = {"bad_url", "blocked_address"}  # it was not even asked
LONGEST = 3600  # seconds that a site stays closed at most
LOOK_AGAIN = 30  # seconds until those who wait for the end of another's trial ask again
TRIAL = 60  # seconds without a sign of a trial's worker after which somebody else may try


@dataclass(frozen=True)
class Turn:
    """The right to fetch once, now. `trial`: the site was closed, and this fetch finds out whether it still is."""

    name: str
    trial: bool

    def keep_going(self) -> bool:
        """To be asked about once a second during the fetch: a trial whose worker died keeps nobody out for long."""
        if self.trial:
            _row(self.name).filter(closed_until__isnull=False).update(trial_until=after(TRIAL))
        return True


def name_of(url: str) -> str:
    """The platform's name, else the host without "www."; whatever a redirect leads to is not known beforehand."""
    host = (urlsplit(url).hostname or "").rstrip(".").removeprefix("www.")
    return fetch.platform(url) or host[:253]


@contextmanager
def visit(url: str) -> Iterator[Turn]:
    """Fetch from a site inside the block: waits are raised before it (NotYet), and its outcome is noted after it."""
    turn, outcome = enter(url), _silent
    try:
        yield turn
        outcome = _answered
    except MediaError as error:
        outcome = _outcome(error)
        if error.code == SLOWER:  # the stage comes back when the site may be asked again, not before
            error.retry_after = max(cool_down(0), error.retry_after or 0)
        raise
    finally:
        outcome(turn)


def enter(url: str) -> Turn:
    """Take the next turn at this address's site; raises NotYet when there is none now."""
    name = name_of(url)
    Site.objects.get_or_create(name=name)
    pace = settings.FETCH_PACE_SECONDS
    taken: dict[str, Any] = {"changed_at": Now(), **({"next_at": after(pace)} if pace else {})}
    come = Q(next_at=None) | Q(next_at__lte=Now()) if pace else Q()
    if _row(name).filter(come, closed_until=None).update(**taken):
        return Turn(name, trial=False)
    no_trial = Q(trial_until=None) | Q(trial_until__lte=Now())
    if _row(name).filter(no_trial, closed_until__lte=Now()).update(**taken, trial_until=after(TRIAL)):
        return Turn(name, trial=True)
    raise _not_yet(name)


def in_line(stage: Stage, later: NotYet) -> NotYet:
    """The same wait behind those stages that wait for the same site and were ordered before this one.

    If all came back at the same moment, all but one would have come in vain, and other work would stand behind them.
    """
    assert stage.source is not None
    name = name_of(stage.source.origin_url)
    waiting = Stage.objects.filter(state__in=(LeaseState.QUEUED, LeaseState.RETRY_WAIT), error_code__in=WAITS)
    addresses = waiting.filter(pk__lt=stage.pk).values_list("source__origin_url", flat=True)
    ahead = sum(name_of(url or "") == name for url in addresses)
    return NotYet(later.code, later.until + timedelta(seconds=ahead * settings.FETCH_PACE_SECONDS))


def open_again(rows: "QuerySet[Site]") -> int:
    """Forget what these sites did, and let what waits for them try now; how many sites."""
    names = set(rows.values_list("name", flat=True))
    opened = rows.update(next_at=None, failures=0, closed_until=None, trial_until=None, last_error="", changed_at=Now())
    waiting = Stage.objects.filter(state=LeaseState.RETRY_WAIT, error_code__in=WAITS).select_related("source")
    for stage in waiting:
        if stage.source and name_of(stage.source.origin_url) in names:
            Stage.objects.filter(pk=stage.pk, token=stage.token, state=LeaseState.RETRY_WAIT).update(not_before=Now())
            ring.again(stage.queue)
    return opened


def sentence(code: str, url: str, until: datetime | None = None) -> str:
    """Why a fetch from this address waits, and until when; "" when it no longer has to."""
    return says(Site.objects.filter(name=name_of(url)).first(), code, until)


def says(site: Site | None, code: str, until: datetime | None = None) -> str:
    """The same for a site whose row has been read, or is None when there is none."""
    if site is None:
        return ""
    if code == PACED:
        words = {"site": site.name, "seconds": f"{settings.FETCH_PACE_SECONDS:g}"}
        return _("Waits because %(site)s is asked at most once in %(seconds)s s.") % words
    until = until or site.closed_until
    return _closed(site, until) if site.closed_until and until else ""


def _closed(site: Site, until: datetime) -> str:
    words = {"site": site.name, "count": site.failures, "next": _next(until)}
    if site.last_error == SLOWER:
        return _("Waits because %(site)s asks for fewer visits; %(next)s.") % words
    text = ngettext(
        "Waits because %(site)s did not answer; %(next)s.",
        "Waits because %(site)s did not answer %(count)d times; %(next)s.",
        site.failures,
    )
    return text % words


def _next(until: datetime) -> str:
    """A time that has come is not told: the next look at the queue, or the next job, tries it."""
    local = localtime(until)
    if until <= timezone.now():
        return _("the next try is due now")
    time = time_format(local, "H:i") if local.date() == localdate() else date_format(local, "j M H:i")
    return _("next try at %(time)s") % {"time": time}


# What a fetch says about its site


def _outcome(error: MediaError) -> Any:
    if error.code in DOWN:
        return lambda turn: _failed(turn, error.code, error.retry_after or 0)
    answered = isinstance(error, FetchError | SourceError) and error.code not in OURS
    return _answered if answered else _silent


def _answered(turn: Turn) -> None:
    """A trial opens the site. Other fetches do not: they began before it was closed, and much may have changed."""
    state = Q(closed_until=None) if not turn.trial else Q()
    _row(turn.name).filter(state).update(
        failures=0, closed_until=None, trial_until=None, last_error="", changed_at=Now()
    )


def _silent(turn: Turn) -> None:
    """Cancelled, or failed on our side: the site has not been heard. Somebody else may try it."""
    if turn.trial:
        _row(turn.name).update(trial_until=None, changed_at=Now())


def _failed(turn: Turn, code: str, asked: float = 0) -> None:
    """`asked` are the seconds for which the site itself wants to be left alone."""
    limit = settings.FETCH_BREAKER_FAILURES
    told = {"last_error": code, "changed_at": Now()}
    if turn.trial:
        failures = _row(turn.name).values_list("failures", flat=True).get() + 1
        pause = after(max(cool_down(failures - limit), asked))
        _row(turn.name).update(failures=failures, closed_until=pause, trial_until=None, **told)
        return
    count = Greatest(F("failures") + 1, limit) if code == SLOWER else F("failures") + 1
    still_open = _row(turn.name).filter(closed_until=None)
    still_open.update(failures=count, **told)
    still_open.filter(failures__gte=limit).update(closed_until=after(max(cool_down(0), asked)))


def cool_down(trials: int) -> float:
    """Seconds that a site stays closed after so many trials that failed."""
    first: float = settings.FETCH_BREAKER_SECONDS
    return float(min(first * 2 ** min(max(0, trials), 20), max(first, LONGEST)))


def _not_yet(name: str) -> NotYet:
    site = _row(name).annotate(now=Now()).first()
    if site is None:  # nobody had asked it for so long that its row was just removed
        return NotYet(PACED, database_now())
    if site.closed_until is None:
        return NotYet(PACED, site.next_at or site.now)
    if site.closed_until > site.now:
        return NotYet(CLOSED, site.closed_until)
    return NotYet(CLOSED, min(site.trial_until or site.now, site.now + timedelta(seconds=LOOK_AGAIN)))


def _row(name: str) -> "QuerySet[Any]":
    return cast("QuerySet[Any]", Site.objects.filter(name=name))
