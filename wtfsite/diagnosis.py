"""What the studio stands on, piece by piece, for `manage.py diagnose` and /health/deep.

PARTS: small functions, each one Finding          checks tagged `studio`: each one Finding, with facts from KNOWN
                     +---------------------> look() <----------+

A new part is a function in PARTS; a new check of `wtfsite.checks` is here by itself.
"""

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import version
from typing import Any

from django.conf import settings
from django.core.checks import ERROR, WARNING, CheckMessage
from django.core.checks.registry import registry
from django.core.files.storage import storages
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django_q.models import Schedule

import wtfsite
from brands import typefaces
from jobs.engine import ring, slots
from jobs.engine.leased import LeaseState
from jobs.engine.slots import QUEUES
from jobs.engine.times import database_now
from jobs.media import tools
from jobs.media.errors import Cause, MediaError
from jobs.models import Host, Stage
from jobs.services import confinement, figures, lessons, workers
from wtfsite import checks, queue
from wtfsite.lib.process import ProcessError

PRAGMAS = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
FAILURES = 10  # of the last ones, that are told
PACKAGES = ("django", "django-q2", "yt-dlp", "pillow")


class Grade(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """`says` is a sentence or a few facts, `remedy` what to do about it; `facts` are the same for programs."""

    name: str
    level: Grade
    says: str
    remedy: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "facts": dict(self.facts)}


def look() -> list[Finding]:
    """Everything, in the order in which it is shown."""
    return [*(asked(part) for part in PARTS), *(judged(check) for check in studio_checks())]


def worst(findings: Sequence[Finding]) -> Grade:
    return max((finding.level for finding in findings), key=list(Grade).index, default=Grade.OK)


# --- parts


def versions() -> Finding:
    found = {"studio": wtfsite.VERSION, "python": platform.python_version(), "system": platform.platform()}
    return fine("versions", {**found, **{name: version(name) for name in PACKAGES}})


def database() -> Finding:
    database_now()  # what follows may be known without asking
    facts: dict[str, Any] = {"engine": connection.vendor}
    facts["version"] = ".".join(map(str, connection.get_database_version()))
    if connection.vendor == "sqlite":
        facts |= {**pragmas(), "transactions": settings.DATABASES["default"]["OPTIONS"]["transaction_mode"]}
        if facts["journal_mode"] != "wal":
            remedy = "Put the database on a local disk: SQLite keeps no write-ahead log on network file systems."
            return Finding("database", Grade.WARNING, "Readers and writers wait for each other.", remedy, facts)
    return fine("database", facts)


def pragmas() -> dict[str, Any]:
    return {name: pragma(name) for name in PRAGMAS}


def pragma(name: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        return cursor.fetchone()[0]


def migrations() -> Finding:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not missing:
        return fine("migrations", {"missing": 0})
    says = f"Migrations that have not been applied: {len(missing)}."
    return Finding("migrations", Grade.ERROR, says, "Run ./run manage migrate.", {"missing": len(missing)})


def messages() -> Finding:
    """Rings that lie in the queue. How long one may wait depends on what the workers do: no verdict."""
    now = timezone.now()
    if settings.QUEUE_BROKER != "orm":
        return in_redis()
    return fine("queue", {row["key"]: waiting(row, now) for row in queue.queues(now)}, "empty")


def in_redis(works: Callable[[], bool] = ring.works) -> Finding:
    if not works():
        remedy = "Start it, or correct QUEUE_BROKER, for web and workers alike; orm needs no Redis."
        return Finding("queue", Grade.ERROR, "The Redis of QUEUE_BROKER does not answer.", remedy)
    return fine("queue", {f"{name} messages": ring.unread(name) for name in QUEUES}, "empty")


def waiting(row: Mapping[str, Any], now: Any) -> dict[str, Any]:
    oldest = row["oldest"]
    seconds = round((now - oldest).total_seconds()) if oldest else 0
    return {"messages": row["total"], "taken": row["taken"], "oldest_seconds": seconds}


def schedules() -> Finding:
    count = Schedule.objects.count()
    if not count:
        return fine("schedules", {"foreign": 0}, "none, as it should be")
    says = f"Schedules that somebody else has put into the database: {count}. None is run."
    remedy = "Find out who may write to the database; a superuser sees them under Queue."
    return Finding("schedules", Grade.WARNING, says, remedy, {"foreign": count})


def hosts() -> Finding:
    """The workers of all hosts, and what waits for them."""
    found = workers.stations()
    alive = [station for station in found if station.alive]
    facts = {
        "hosts": {station.host.host: told_of(station) for station in found},
        "waiting": {str(line.queue): line.waiting for line in workers.lines(found)},
    }
    here = [sentence for name in sorted({station.host.host for station in alive}) for sentence in workers.wrong(name)]
    if not alive:
        says = "No workers have reported lately." if found else "No workers have ever reported."
        return Finding("workers", Grade.WARNING, says, "Start ./run studio, or manage.py runworkers.", facts)
    if here:
        remedy = "They are started anew by themselves; if this stays, read their log and start runworkers again."
        return Finding("workers", Grade.WARNING, " ".join(dict.fromkeys(here)), remedy, facts)
    return fine("workers", facts)


def told_of(station: workers.Station) -> dict[str, Any]:
    row = station.host
    state = "silent" if not station.alive else "draining" if row.draining else "running"
    restarts = sum(seat.restarts for seat in station.seats)
    facts = {"state": state, "version": row.version, "ffmpeg": row.ffmpeg, "sandbox": row.sandbox}
    return {**facts, "slots": station.total, "busy": station.busy, "restarts": restarts}


def clocks() -> Finding:
    """Leases and waits go by the database's clock alone. Others only mislead people and logs."""
    seconds = {"here": (timezone.now() - database_now()).total_seconds()}
    seconds |= {row.host: row.skew for row in Host.objects.alive()}
    facts = {name: f"{value:+.1f} s" for name, value in seconds.items()}
    if off := [name for name, value in seconds.items() if abs(value) > workers.SKEWED]:
        says = f"Clocks differ from the database's: {', '.join(f'{name} {facts[name]}' for name in off)}."
        remedy = "Keep them by NTP. Work is not touched, but the times in logs and on pages are."
        return Finding("clocks", Grade.WARNING, says, remedy, facts)
    return fine("clocks", facts)


def failures() -> Finding:
    """The last work that failed, each with its reason. It is no fault of the studio's as a whole: no verdict."""
    tell = lessons.explainer()
    rows = Stage.objects.filter(state__in=(LeaseState.FAILED, LeaseState.DEAD)).order_by("-changed_at")
    told = [failure(row, tell(row.error_code)) for row in rows.select_related("job")[:FAILURES]]
    says = "\n".join(f"{one['at'][:16]} {one['what']}: {one['says']} {one['remedy']}" for one in told)
    return Finding("failures", Grade.OK, says or "none", "", {"latest": told})


def failure(row: Stage, cause: Cause) -> dict[str, Any]:
    what = {"what": str(row), "at": row.changed_at.isoformat(), "state": row.state, "attempts": row.attempt}
    return {**what, "code": row.error_code, "says": cause.sentence, "remedy": cause.remedy}


def work() -> Finding:
    """What was done in the last day: how much, how long it took, how often it went wrong. No verdict."""
    return fine("work", figures.work())


def memory() -> Finding:
    return fine("memory", {**figures.memory(), "for each render": f"{slots.budget_mb()} MB"})


PARTS: tuple[Callable[[], Finding], ...] = (
    versions,
    database,
    migrations,
    messages,
    schedules,
    hosts,
    clocks,
    memory,
    work,
    failures,
)


# --- checks


def ffmpeg() -> Mapping[str, Any]:
    found = tools.find(settings.FFMPEG_PATH, settings.FFPROBE_PATH)
    encoders = checks.NEEDED_ENCODERS & tools.encoders(found)
    return {**tools.versions(found), "encoders": " ".join(sorted(encoders))}


def text() -> Mapping[str, Any]:
    others = " ".join(typefaces.found()) or "none: emoji and many scripts are left out"
    return {"font": typefaces.INTER.name, "shaping": typefaces.text_shaping(), "others": others}


def storage() -> Mapping[str, Any]:
    store = storages["default"]
    return {"kind": type(store).__name__, "place": str(getattr(store, "location", ""))}


def disk() -> Mapping[str, Any]:
    return {"free_mb": checks.free_mb(), "floor_mb": settings.DISK_FLOOR_MB, "folder": str(settings.TEMP_DIR)}


def sandbox() -> Mapping[str, Any]:
    here = confinement.found()
    return {"level": str(here.level), "landlock": here.abi, "required": here.required}


Check = Callable[..., Sequence[CheckMessage]]
# The name under which a check is shown, and the facts behind it, asked for when it has found no error.
KNOWN: dict[str, tuple[str, Callable[[], Mapping[str, Any]]]] = {
    "ffmpeg_works": ("ffmpeg", ffmpeg),
    "text_can_be_drawn": ("text", text),
    "storage_is_writable": ("storage", storage),
    "storage_is_ours_alone": ("tenancy", dict),
    "files_are_taken_in_whole": ("intake", dict),
    "there_is_room_to_work": ("disk", disk),
    "tools_are_locked_in": ("sandbox", sandbox),
}


def studio_checks() -> list[Check]:
    """In the order of their module."""
    every: Any = registry.get_checks(include_deployment_checks=True)
    ours = [check for check in every if checks.STUDIO in check.tags]
    return sorted(ours, key=lambda check: check.__code__.co_firstlineno)


def judged(check: Check) -> Finding:
    """What one check has found; several messages become one sentence each."""
    name, tell = KNOWN.get(check.__name__, (check.__name__, dict))
    try:
        found = check(None)
    except ProcessError as error:
        return Finding(name, Grade.ERROR, str(error), "The machine may be too busy; try again.")
    facts = told(tell)
    says = " ".join(message.msg for message in found) or worded(facts) or "in order"
    return Finding(name, graded(found), says, " ".join(str(message.hint) for message in found if message.hint), facts)


def told(tell: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """The facts, as far as they can be had: where not, the check has said so."""
    try:
        return tell()
    except (MediaError, ProcessError, OSError):
        return {}


def graded(found: Sequence[CheckMessage]) -> Grade:
    highest = max((message.level for message in found), default=0)
    return Grade.ERROR if highest >= ERROR else Grade.WARNING if highest >= WARNING else Grade.OK


# --- small things


def asked(part: Callable[[], Finding]) -> Finding:
    """A part's answer, also when the database has none."""
    try:
        return part()
    except DatabaseError as error:
        says = f"The database does not answer: {str(error).strip()}"
        return Finding(part.__name__, Grade.ERROR, says, "Check DATABASE_URL, and that ./run manage migrate was run.")


def fine(name: str, facts: Mapping[str, Any], otherwise: str = "") -> Finding:
    return Finding(name, Grade.OK, otherwise if not any(facts.values()) and otherwise else worded(facts), "", facts)


def worded(facts: Mapping[str, Any]) -> str:
    """`ffmpeg 5.1.9, ffprobe 5.1.9`."""
    return ", ".join(f"{name} {one(value)}" for name, value in facts.items())


def one(value: Any) -> str:
    return f"({worded(value)})" if isinstance(value, Mapping) else str(value)
