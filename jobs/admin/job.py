"""Jobs: what was ordered, how far it is, and in words why it waits or what failed."""

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from brands.models import Variant
from jobs.admin import pause, search, words
from jobs.admin.download import download_list
from jobs.admin.stale import tell_rerendered
from jobs.media.errors import Cause
from jobs.models import Fit, Job, Output, OutputState, Profile
from jobs.models.job import OPEN as OPEN_JOBS
from jobs.models.output import ENDED_BADLY, OPEN
from jobs.services import cancel, eta, lessons, progress, reach, remove, retry, stale, turns, waiting
from jobs.services.options import BrandOptions
from wtfsite import theme

EVENTS = 30
PUT = {"next": turns.NEXT, "normal": turns.NORMAL}


def may_work(user: Any) -> bool:
    """May this user cancel and retry?"""
    return bool(user.has_perm("jobs.change_job"))


@admin.register(Job)
class JobAdmin(theme.ModelAdmin):
    list_display = ("number", "state_words", "what", "counts", "bar", "created_at", "owner")
    list_display_links = ("number",)
    list_filter = ("state", "brands", "created_at")
    list_select_related = ("owner",)
    search_fields = ("sources__title", "brands__name")
    nothing = gettext_lazy("There are no jobs yet. Choose videos in their list, then “Make branded outputs”.")
    ordering = ("-id",)  # newest first, by the index that every table has
    fields = ("state",)  # the page shows none of them; without a name here it would prepare all
    actions = ("cancel_jobs", "retry_jobs", "next_in_line", "normal", "last", download_list)
    change_form_template = "admin/jobs/job/change_form.html"
    list_before_template = "jobs/_list_top.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.prefetch_related("sources")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return search.jobs(queryset, search_term, request.user), False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Brands by the filter only, which knows whom they are hidden from."""
        if lookup.split("__")[0] == "brands":
            return lookup in ("brands__id__exact", "brands__isnull")
        return bool(super().lookup_allowed(lookup, value, request))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("moving/", view(self.moving_view), name="jobs_job_moving"),
            path("<int:key>/progress/", view(self.progress_view), name="jobs_job_progress"),
            path("<int:key>/work/", view(self.work_view), name="jobs_job_work"),
        ]
        return own + list(super().get_urls())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # jobs come from "make branded outputs"

    def has_change_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        return False  # no field of a job is edited by hand; its buttons ask `has_work_permission`

    def has_work_permission(self, request: HttpRequest) -> bool:
        return may_work(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and not (obj and (remove.job_refusal(obj) or not reach.whole(obj, request.user)))

    # --- the list

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The counts of this page's jobs come in one query of their own: grouping the whole table would not scale."""
        listed = super().get_changelist_instance(request)
        scene = fill(listed.result_list, request.user)
        listed.moving, listed.banners = moving(listed.result_list), pause.told(scene)
        return listed

    def moving_view(self, request: HttpRequest) -> HttpResponse:
        """What the list polls while open jobs are on it: their changing parts, each put where its old one is."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        keys = [int(word) for word in request.GET.get("ids", "").split(",") if word.isdecimal() and len(word) < 18]
        jobs = list(Job.objects.for_user(request.user).filter(pk__in=keys[: self.list_per_page]))
        banners = pause.told(fill(jobs, request.user))
        rows = [{"job": job, "state": words.badge(job), "counts": count_words(job.tally)} for job in jobs]
        return render(request, "jobs/_moving.html", {"rows": rows, "moving": moving(jobs), "banners": banners})

    @admin.display(description=gettext_lazy("job"), ordering="pk")
    def number(self, job: Any) -> str:
        names = [str(source) for source in job.sources.all()]
        more = _(" and %(count)d more") % {"count": len(names) - 1} if len(names) > 1 else ""
        title = f"{names[0]}{more}" if names else ""
        line = " · ".join(part for part in (title, turn(job)) if part)
        below = format_html('<span class="ws-sub">{}</span>', line) if line else ""
        why = format_html('<span id="why-{}" class="ws-sub">{}</span>', job.pk, job.why)
        return format_html('<span class="ws-title">{}</span>{}{}', job, below, why)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_words(self, job: Job) -> str:
        return format_html('<span id="state-{}">{}</span>', job.pk, words.badge(job))

    @admin.display(description=gettext_lazy("videos × brands × shapes"))
    def what(self, job: Any) -> str:
        return formula(job, job.tally)

    @admin.display(description=gettext_lazy("outputs"))
    def counts(self, job: Any) -> str:
        return format_html('<span id="counts-{}">{}</span>', job.pk, count_words(job.tally))

    @admin.display(description=gettext_lazy("progress"))
    def bar(self, job: Any) -> str:
        return render_to_string("jobs/_meter.html", {"job": job, "tally": job.tally, "left": job.left})

    @admin.action(description=gettext_lazy("Cancel jobs"), permissions=["work"])
    def cancel_jobs(self, request: HttpRequest, chosen: QuerySet[Job]) -> None:
        count = sum(reach.cancel(job, request.user) for job in chosen)
        text = ngettext("%(count)d job cancelled.", "%(count)d jobs cancelled.", count) % {"count": count}
        self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)

    @admin.action(description=gettext_lazy("Retry what failed"), permissions=["work"])
    def retry_jobs(self, request: HttpRequest, chosen: QuerySet[Job]) -> None:
        tell_retried(request, sum(reach.retry(job, request.user) for job in chosen))

    @admin.action(description=gettext_lazy("Next in line"), permissions=["work"])
    def next_in_line(self, request: HttpRequest, chosen: QuerySet[Job]) -> None:
        tell_put(request, chosen, turns.NEXT)

    @admin.action(description=gettext_lazy("Normal turn"), permissions=["work"])
    def normal(self, request: HttpRequest, chosen: QuerySet[Job]) -> None:
        tell_put(request, chosen, turns.NORMAL)

    @admin.action(description=gettext_lazy("When nothing else waits"), permissions=["work"])
    def last(self, request: HttpRequest, chosen: QuerySet[Job]) -> None:
        tell_put(request, chosen, turns.LAST)

    # --- one job

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        job = self.get_object(request, object_id)
        extra = {**page(request, job), "title": str(job)} if job else {}
        answer: HttpResponse = super().change_view(request, object_id, form_url, {**extra, **(extra_context or {})})
        return answer

    def progress_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """What the page polls while the job is open; the answer of an ended job does not ask again."""
        return render(request, "jobs/_progress.html", page(request, self._job(request, key)))

    def work_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """The buttons of the job's page, by POST."""
        if not self.has_work_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job = self._job(request, key)
        act(request, job)
        return redirect("admin:jobs_job_change", job.pk)

    def _job(self, request: HttpRequest, key: int) -> Job:
        job: Job | None = self.get_object(request, str(key))
        if job is None:
            raise Http404
        return job

    # --- deleting

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """Jobs take their outputs with them; open ones are refused in the service's words."""
        refused = [sentence for job in objs if (sentence := _refusal(job, request.user))]
        outputs = Output.objects.filter(job__in=[job.pk for job in objs]).within_reach(request.user).count()
        counts = {self.opts.verbose_name_plural: len(objs), Output._meta.verbose_name_plural: outputs}
        words = [str(job) for job in objs]
        if outputs:
            words.append(_("their output files, except those that other jobs share"))
        return words, counts, set(), refused

    def delete_model(self, request: HttpRequest, obj: Job) -> None:
        remove.jobs(Job.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        remove.jobs(Job.objects.filter(pk__in=queryset.values("pk")).wholly(request.user))


def _refusal(job: Job, user: Any) -> str:
    """Why this person may not delete the job now; "" when they may."""
    if reach.whole(job, user):
        return remove.job_refusal(job)
    return _("%(job)s is also for brands that you may not see, so it stays.") % {"job": job}


def fill(jobs: Iterable[Any], user: Any) -> waiting.Scene:
    """Give the jobs of one page how far they are, why they wait and when they end: a few queries for all of them. What
    was read for it is given back.
    """
    rows, scene = list(jobs), waiting.Scene()
    tallies, why, spans = progress.tally(rows, user), waiting.jobs(rows, scene), eta.spans(rows, scene)
    for job in rows:
        job.tally, job.why = tallies[job.pk], why[job.pk]
        job.left = words.ahead(spans.get(job.pk), begun=bool(job.tally.ended))
    return scene


def moving(jobs: Iterable[Job]) -> str:
    """Which of them are open and have news to ask for, as `4,7`."""
    return ",".join(str(job.pk) for job in jobs if job.state in OPEN_JOBS)


def formula(job: Job, count: progress.Tally) -> str:
    """`1 × 3 × 2 = 6`."""
    return f"{count.sources} × {count.brands} × {len(job.variants)} = {count.total}"


def count_words(count: progress.Tally) -> str:
    """`4 done, 1 failed, 1 blocked`."""
    parts = (
        (count.done, _("done")),
        (count.failed, _("failed")),
        (count.blocked, _("blocked")),
        (count.cancelled, _("cancelled")),
        (count.total - count.ended, _("open")),
    )
    return ", ".join(f"{number} {word}" for number, word in parts if number)


def page(request: HttpRequest, job: Job) -> dict[str, Any]:
    """All that the progress fragment shows of one job."""
    count = progress.tally([job], request.user)[job.pk]
    cells = list(reach.outputs(job, request.user).select_related("source", "brand", "stage__source"))
    order = {name: place for place, name in enumerate(job.variants)}
    scene, tell = waiting.Scene(), lessons.explainer()
    why = waiting.outputs(cells, scene) if job.state in OPEN_JOBS else {}
    ranked = sorted(cells, key=lambda cell: (cell.source_id, order.get(cell.variant, 99), cell.brand.name, cell.part))
    sentence = progress.why(job, count, scene)
    own = {key: told for key, told in why.items() if told != sentence}  # the page's first line tells it for all
    return {
        "job": job,
        "tally": count,
        "open": job.state in OPEN_JOBS,
        "tone": words.tone(job.state),
        "sentence": sentence,
        **pause.banners(request.user, scene),
        "left": words.ahead(eta.spans([job], scene).get(job.pk), begun=bool(count.ended)),
        "formula": formula(job, count),
        "options": option_words(job),
        "groups": list(groups(ranked, tell, own)),
        "events": job.events.within_reach(request.user)[:EVENTS],
        "may_work": may_work(request.user),
        "may_cancel": job.state in OPEN_JOBS,
        "turn": turn(job),
        "stale": sum(cell.is_stale for cell in ranked),
        "may_retry": any(cell.state in ENDED_BADLY for cell in ranked),
    }


def turn(job: Job) -> str:
    """`next in line`, for an open job that has not the turn of most."""
    return turns.label(job.priority) if job.priority != turns.NORMAL and job.state in OPEN_JOBS else ""


def option_words(job: Job) -> str:
    """`standard, 1080, fill: crop the edges`."""
    options = BrandOptions.from_json(job.options)
    return f"{Profile(options.profile).label} · {options.size} · {Fit(options.fit).label}"


def groups(cells: Iterable[Output], tell: Callable[[str], Cause], why: Mapping[int, str]) -> Iterable[dict[str, Any]]:
    """One table per video; in it the cells by shape, in the order of the job. The cells come sorted like that."""
    for source, of_source in groupby(cells, key=lambda cell: cell.source):
        rows = [row(cell, tell, why.get(cell.pk, "")) for cell in of_source]
        by_variant = groupby(rows, key=lambda one: one["cell"].variant)
        yield {
            "source": source,
            "shapes": [{"variant": Variant(name).label, "rows": list(members)} for name, members in by_variant],
            "done": sum(one["cell"].state == OutputState.DONE for one in rows),
            "total": len(rows),
        }


def row(cell: Output, tell: Callable[[str], Cause], why: str) -> dict[str, Any]:
    """One line of the table. `mark` changes with each end of the cell: an opened log then gives way to the new."""
    return {
        "cell": cell,
        "tone": words.tone(cell.state),
        "percent": share(cell),
        "facts": words.facts(cell),
        "stale": words.stale(cell),
        "why": "" if cell.error_code else why,
        "cause": words.cause(cell, tell),
        "mark": int(cell.finished_at.timestamp()) if cell.finished_at else 0,
        "choosable": cell.state in OPEN or cell.state in ENDED_BADLY,
    }


def share(cell: Output) -> int | None:
    """Percent of a cell that is being rendered: its stage's, which all cells of the batch share."""
    if cell.state != OutputState.RENDERING or cell.stage is None:
        return None
    return int(100 * cell.stage.progress)


def act(request: HttpRequest, job: Job) -> None:
    """Do what the pressed button says, and tell what came of it."""
    verb = request.POST.get("verb", "")
    numbers = [int(word) for word in request.POST.getlist("cell") if word.isdecimal() and len(word) < 18]
    cells = reach.outputs(job, request.user).filter(pk__in=numbers)
    if verb == "cancel":
        stopped = reach.cancel(job, request.user)
        messages.success(request, _("The job is cancelled.") if stopped else _("The job had ended already."))
    elif verb == "retry":
        tell_retried(request, reach.retry(job, request.user))
    elif verb == "rerender":
        tell_rerendered(request, stale.rerender(Output.objects.for_user(request.user).filter(job=job)))
    elif verb in PUT:
        tell_put(request, [job], PUT[verb])
    elif verb in ("cancel_cells", "retry_cells") and not numbers:
        messages.warning(request, _("Tick the outputs first."))
    elif verb == "cancel_cells":
        tell_cancelled(request, cancel.outputs(cells))
    elif verb == "retry_cells":
        tell_retried(request, retry.outputs(cells))


def tell_put(request: HttpRequest, chosen: Iterable[Job], priority: int) -> None:
    count = sum(reach.put(job, priority, request.user) for job in chosen)
    text = ngettext("%(count)d job: %(turn)s.", "%(count)d jobs: %(turn)s.", count)
    words = {"count": count, "turn": turns.label(priority)}
    if count:
        messages.success(request, text % words)
    else:
        text = _("Nothing changed: what was chosen is over, has that turn, or is also for brands that you do not see.")
        messages.warning(request, text)


def tell_cancelled(request: HttpRequest, count: int) -> None:
    text = ngettext("%(count)d output cancelled.", "%(count)d outputs cancelled.", count) % {"count": count}
    messages.add_message(request, messages.SUCCESS if count else messages.WARNING, text)


def tell_retried(request: HttpRequest, count: int) -> None:
    text = ngettext("%(count)d output starts again.", "%(count)d outputs start again.", count) % {"count": count}
    if not count:
        text = _("Nothing to retry: no output has failed, was blocked or cancelled.")
    messages.add_message(request, messages.SUCCESS if count else messages.WARNING, text)
