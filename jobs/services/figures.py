"""What was done lately, and what memory the workers here take, in figures. Reads only, for `diagnose`."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psutil
from django.db.models import Avg, Count, F, Max, Q, Sum

from jobs.engine import identity
from jobs.engine.ending import after
from jobs.engine.leased import LeaseState
from jobs.models import Asset, Host, Job, Output, OutputState, Stage

HOURS = 24
MEGA = 10**6


def work() -> dict[str, Any]:
    """What ended in the last HOURS: outputs and their render time, jobs, pieces of work, files that came and went."""
    since = after(-HOURS * 3600)
    return {
        "hours": HOURS,
        "outputs": outputs(since),
        "jobs": jobs(since),
        "stages": stages(since),
        "files": files(since),
    }


def outputs(since: Any) -> dict[str, Any]:
    """Render time is told for those that were made, not taken from an earlier one."""
    made = Q(state=OutputState.DONE, adopted=False)
    bad = Q(state__in=(OutputState.FAILED, OutputState.BLOCKED))
    # In these words there is an index for it.
    ended = Output.objects.order_by().filter(removed_at=None, finished_at__gte=since)
    found = ended.filter(Q(state=OutputState.DONE) | bad).aggregate(
        made=Count("pk", filter=made),
        reused=Count("pk", filter=Q(state=OutputState.DONE, adopted=True)),
        failed=Count("pk", filter=bad),
        mean=Avg("seconds", filter=made),
        longest=Max("seconds", filter=made),
    )
    good = found["made"] + found["reused"]
    return {
        **{name: found[name] for name in ("made", "reused", "failed")},
        "success": percent(good, good + found["failed"]),
        "render_seconds_mean": round(found["mean"] or 0, 1),
        "render_seconds_longest": round(found["longest"] or 0, 1),
    }


def jobs(since: Any) -> dict[str, Any]:
    found = Job.objects.order_by().filter(finished_at__gte=since)
    told = found.aggregate(ended=Count("pk"), mean=Avg(F("finished_at") - F("created_at")))
    return {"ended": told["ended"], "seconds_mean": round(told["mean"].total_seconds()) if told["mean"] else 0}


def stages(since: Any) -> dict[str, Any]:
    """Pieces of work; `again` are those that needed more than one attempt."""
    bad = Q(state__in=(LeaseState.FAILED, LeaseState.DEAD))
    ended = Stage.objects.order_by().filter(Q(state=LeaseState.DONE) | bad, changed_at__gte=since)
    found = ended.aggregate(
        done=Count("pk", filter=~bad), failed=Count("pk", filter=bad), again=Count("pk", filter=Q(attempt__gt=1))
    )
    return {**found, "errors": percent(found["failed"], found["done"] + found["failed"])}


def files(since: Any) -> dict[str, Any]:
    came = Asset.objects.filter(created_at__gte=since).exclude(sha256="")
    made = Output.objects.done().filter(removed_at=None, finished_at__gte=since, adopted=False)
    went = [model.objects.filter(removed_at__gte=since) for model in (Asset, Output)]
    return {"taken_in": amount(came), "stored": amount(made), "removed": amount(*went)}


def amount(*rows: Any) -> str:
    """`12 (3.4 MB)`."""
    found = [each.order_by().aggregate(count=Count("pk"), total=Sum("bytes")) for each in rows]
    count, total = sum(one["count"] for one in found), sum(one["total"] or 0 for one in found)
    return f"{count} ({total / MEGA:.1f} MB)"


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def memory() -> dict[str, Any]:
    """MB of this process, and of each `runworkers` whose processes are counted with ours, together with all below it.
    What several share is divided among them.
    """
    told = {"this process": megabytes([psutil.Process()])}
    for row in Host.objects.alive().filter(key__startswith=identity.around()):
        owner = identity.parse(row.key)
        if owner and not owner.gone:
            told[f"workers of process {owner.pid}"] = megabytes(family(owner.pid))
    return {name: f"{value} MB" for name, value in told.items()}


def family(pid: int) -> Iterator[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        yield first
        yield from first.children(recursive=True)


def megabytes(members: Any) -> int:
    """What has just ended, or belongs to somebody else, does not count."""
    total = 0
    for member in members:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            total += member.memory_full_info().pss
    return round(total / MEGA)
