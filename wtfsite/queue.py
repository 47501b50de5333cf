"""What lies in django-q2's tables, for a superuser to look at: nothing can be changed here.

A message's payload, and a task's arguments and result, are pickles: whoever reads them runs them. So every query names
its columns, and none of those is among them. Operators look at jobs; this page helps when none of them moves.
"""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, Q
from django.db.models.functions import Length
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django_q.models import OrmQ, Schedule, Task

SHOWN = 50  # rows of each table


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    if not getattr(request.user, "is_superuser", False):
        raise PermissionDenied
    now = timezone.now()
    context = {
        "title": _("Queue"),
        "queues": [{**row, "waited": row["oldest"] and waited(row["oldest"], now)} for row in queues(now)],
        "messages_waiting": messages(now),
        "tasks": tasks(),
        "schedules": schedules(),
        "counts": {"messages": OrmQ.objects.count(), "tasks": Task.objects.count()},
    }
    return render(request, "wtfsite/queue.html", {**admin.site.each_context(request), **context})


def queues(now: datetime) -> list[dict[str, Any]]:
    """Of each queue: how many messages it has, how many of them a worker has taken, since when the oldest waits.

    A message has no time of its own. Its lock is when it was sent until a worker takes it; then it is the time at which
    it is handed out again, should that worker not be heard of.
    """
    waiting = Q(lock__lte=now)
    counts = OrmQ.objects.order_by("key").values("key")
    return list(
        counts.annotate(total=Count("pk"), taken=Count("pk", filter=~waiting), oldest=Min("lock", filter=waiting))
    )


def messages(now: datetime) -> list[dict[str, Any]]:
    """The messages that have waited longest, then those which workers have taken; `size` is characters."""
    rows = OrmQ.objects.order_by("lock").values("pk", "key", "lock", size=Length("payload"))
    return [{**row, **_place(row["lock"], now)} for row in rows[:SHOWN]]


def _place(lock: datetime | None, now: datetime) -> dict[str, Any]:
    """A message without a lock was not sent by django-q2: it says nothing of its time."""
    taken = lock is not None and lock > now
    return {"taken": taken, "waited": waited(lock, now) if lock and not taken else ""}


def waited(since: datetime, now: datetime) -> str:
    """`6 minutes`."""
    return timesince(since, now) if now - since >= timedelta(minutes=1) else _("less than a minute")


def tasks() -> list[dict[str, Any]]:
    """What workers have finished. A ring that was answered well is not kept, so these are mostly failures."""
    columns = ("pk", "name", "func", "cluster", "started", "stopped", "success")
    return list(Task.objects.order_by("-stopped").values(*columns)[:SHOWN])


def schedules() -> list[dict[str, Any]]:
    """None of them is ours: the studio has no schedules and runs none."""
    return list(Schedule.objects.order_by("pk").values("pk", "name", "func", "cluster", "next_run", "repeats")[:SHOWN])
