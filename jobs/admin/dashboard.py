"""The first page: what runs, what failed and what to do about it, what was made. Every number is a link."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from brands.models import Brand
from jobs.admin import pause, words
from jobs.admin.job import may_work, tell_retried
from jobs.models import Asset, Job, Output, OutputState
from jobs.models.job import OPEN
from jobs.services import confinement, eta, lessons, progress, retry, waiting
from jobs.services.confinement import Confinement
from wtfsite.lib.process import ProcessError

RUNNING, FAILURES, LATEST = 8, 5, 8  # lines of each block
MANY = 1000
JOBS, OUTPUTS = "admin:jobs_job_changelist", "admin:jobs_output_changelist"


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The theme's dashboard callback. Who may not see jobs gets the plain list of what he may see."""
    if request.user.has_perm("jobs.view_job"):
        context.update(shown(request), title=_("Overview"))
    return context


@require_safe
def fragment(request: HttpRequest) -> HttpResponse:
    """What the first page polls while jobs are open."""
    if not request.user.has_perm("jobs.view_job"):
        raise PermissionDenied
    return render(request, "jobs/_dashboard.html", shown(request))


@require_POST
def try_again(request: HttpRequest) -> HttpResponse:
    """Everything that ended badly for one cause, by POST."""
    if not may_work(request.user):
        raise PermissionDenied
    tell_retried(request, retry.cause(request.POST.getlist("code"), request.user))
    return redirect("admin:index")


def shown(request: HttpRequest) -> dict[str, Any]:
    user = request.user
    steps = start_here(user)
    failed, scene = failures(user), waiting.Scene()
    running = list(Job.objects.for_user(user).open().select_related("owner").prefetch_related("sources")[:RUNNING])
    return {
        "dashboard": True,
        "steps": steps if not all(step["done"] for step in steps) else [],
        "numbers": numbers(user, sum(failure["count"] for failure in failed)),
        "running": _lines(running, scene, user),
        **pause.banners(user, scene),
        "may_work": may_work(user),
        "failures": failed[:FAILURES],
        "latest": Output.objects.for_user(user).done().select_related("source", "brand").order_by("-id")[:LATEST],
        "alarm": _("Work is waiting and no worker is running. Start one with ./run studio.")
        if running and scene.deserted
        else "",
        "open_files": open_files(user),
    }


def open_files(user: Any, find: Callable[[], Confinement] = confinement.found) -> str:
    """A warning for those who can do something about it, when no sandbox guards the files of this machine."""
    if not user.is_superuser:
        return ""
    try:
        here = find()
    except ProcessError:  # the machine is too busy to try; the next look will tell
        return ""
    return "" if here.firm else f"{here.says} {here.remedy}"


def _lines(jobs: list[Job], scene: waiting.Scene, user: Any) -> list[dict[str, Any]]:
    tallies, why, spans = progress.tally(jobs, user), waiting.jobs(jobs, scene), eta.spans(jobs, scene)
    return [
        {
            "job": job,
            "tally": tallies[job.pk],
            "why": why[job.pk],
            "tone": words.tone(job.state),
            "left": words.ahead(spans.get(job.pk), begun=bool(tallies[job.pk].ended)),
        }
        for job in jobs
    ]


def start_here(user: Any) -> list[dict[str, Any]]:
    """The three steps of a new studio, each with its page and whether it is done."""
    return [
        {
            "title": _("Add a brand"),
            "text": _("Name it and give it a logo."),
            "view": "admin:brands_brand_add",
            "done": Brand.objects.for_user(user).exists(),
        },
        {
            "title": _("Add a video"),
            "text": _("Upload a file or paste an address."),
            "view": "admin:jobs_asset_add",
            "done": Asset.objects.for_user(user).exists(),
        },
        {
            "title": _("Make outputs"),
            "text": _("Choose the video, then “Make outputs”."),
            "view": "admin:jobs_asset_changelist",
            "done": Job.objects.for_user(user).exists(),
        },
    ]


def numbers(user: Any, bad: int) -> list[dict[str, Any]]:
    """The four counts, each with the list it counts: a page, and what it is asked for."""
    open_jobs, done = Job.objects.for_user(user).open(), Output.objects.for_user(user).done()
    videos = Asset.objects.for_user(user)
    failed = {"view": OUTPUTS, "query": "?state__in=failed,blocked", "bad": bool(bad)}
    return [
        {"count": capped(open_jobs), "label": _("open jobs"), "view": JOBS, "query": f"?state__in={','.join(OPEN)}"},
        {"count": capped(done), "label": _("finished outputs"), "view": OUTPUTS, "query": "?state__exact=done"},
        {"count": bad, "label": _("failed outputs"), **failed},
        {"count": capped(videos), "label": _("videos"), "view": "admin:jobs_asset_changelist"},
    ]


def capped(rows: QuerySet[Any]) -> str:
    """A count that stays quick in a large studio, since the page asks for it again and again: `1000+` is enough."""
    count = rows.order_by()[: MANY + 1].count()
    return f"{MANY}+" if count > MANY else str(count)


def failures(user: Any) -> list[dict[str, Any]]:
    """One line per cause, not per output; the most frequent first. Several codes can have one: people name failures."""
    tell = lessons.explainer()
    bad = Output.objects.for_user(user).filter(state__in=(OutputState.FAILED, OutputState.BLOCKED))
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for code, count in bad.order_by().values_list("error_code").annotate(count=Count("pk")).order_by("-count"):
        cause = tell(code)
        line = found.setdefault((cause.sentence, cause.remedy), {"cause": cause, "count": 0, "codes": []})
        line["count"] += count
        line["codes"].append(code)
    lines = sorted(found.values(), key=lambda line: -line["count"])
    return [{**line, "view": OUTPUTS, "query": _failed_query(line["codes"])} for line in lines]


def _failed_query(codes: list[str]) -> str:
    return f"?{urlencode({'state__in': 'failed,blocked', 'error_code__in': ','.join(codes)})}"
