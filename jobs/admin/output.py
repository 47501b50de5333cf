"""Outputs: the files that were made, and the cells that have none yet."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.admin import keep, pause, preview, search, words
from jobs.admin.download import download_list
from jobs.admin.job import may_work, option_words, tell_cancelled, tell_retried
from jobs.admin.stale import StaleFilter, tell_rerendered
from jobs.media.errors import MediaError
from jobs.models import Output
from jobs.models.output import ENDED_BADLY, OPEN
from jobs.services import cancel, dry_run, keeping, retry, stale, waiting
from wtfsite import theme

PLAIN = "text/plain; charset=utf-8"


@admin.register(Output)
class OutputAdmin(theme.ModelAdmin):
    list_display = ("picture", "video", "brand", "shape", "state_words", "facts", "job_link", "finished_at")
    list_display_links = ("video",)
    list_filter = ("state", StaleFilter, "keep", "brand", "variant", "finished_at")
    list_select_related = ("source", "brand", "job", "stage__source")
    search_fields = ("source__title", "brand__name", "key")
    nothing = gettext_lazy("There are no outputs yet. Each job makes some.")
    ordering = ("-id",)
    fields = ("state",)  # the page shows none of them; without a name here it would prepare all
    actions = ("retry_outputs", "rerender_outputs", "cancel_outputs", keep.keep_files, keep.let_go, download_list)
    change_form_template = "admin/jobs/output/change_form.html"
    list_before_template = "jobs/_list_top.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return keeping.with_need(super().get_queryset(request), "outputs")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return search.outputs(queryset, search_term), False

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:key>/work/", wrap(self.work_view), name="jobs_output_work"),
            path("<int:key>/command/", wrap(self.command_view), name="jobs_output_command"),
        ]
        return own + list(super().get_urls())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Output | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Output | None = None) -> bool:
        return False  # outputs go with their job

    def has_work_permission(self, request: HttpRequest) -> bool:
        return may_work(request.user)

    def has_keep_permission(self, request: HttpRequest) -> bool:
        return may_work(request.user)

    # --- the list

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Why they wait comes in a few queries for the whole page."""
        listed = super().get_changelist_instance(request)
        scene = waiting.Scene()
        why = waiting.outputs(listed.result_list, scene)
        for output in listed.result_list:
            output.why, output.tell = why[output.pk], scene.tell
        listed.banners = pause.told(scene)
        return listed

    @admin.display(description="")
    def picture(self, output: Output) -> str:
        return words.poster(output)

    @admin.display(description=gettext_lazy("video"), ordering="source__title")
    def video(self, output: Output) -> str:
        return format_html('<span class="ws-title">{}</span>', output.source)

    @admin.display(description=gettext_lazy("shape"), ordering="variant")
    def shape(self, output: Output) -> str:
        return str(output.get_variant_display())

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_words(self, output: Any) -> str:
        cause = words.cause(output, output.tell)
        said = cause.sentence if cause else output.why
        return format_html('{}{}<span class="ws-sub">{}</span>', words.badge(output), words.stale(output), said)

    @admin.display(description=gettext_lazy("file"))
    def facts(self, output: Output) -> str:
        return format_html('{}<span class="ws-sub">{}</span>', words.facts(output), kept_sentence(output))

    @admin.display(description=gettext_lazy("job"), ordering="job")
    def job_link(self, output: Output) -> str:
        return words.detail_link(output.job)

    @admin.action(description=gettext_lazy("Retry"), permissions=["work"])
    def retry_outputs(self, request: HttpRequest, chosen: QuerySet[Output]) -> None:
        tell_retried(request, retry.outputs(Output.objects.filter(pk__in=chosen.values("pk"))))

    @admin.action(description=gettext_lazy("Re-render stale"), permissions=["work"])
    def rerender_outputs(self, request: HttpRequest, chosen: QuerySet[Output]) -> None:
        tell_rerendered(request, stale.rerender(Output.objects.filter(pk__in=chosen.values("pk"))))

    @admin.action(description=gettext_lazy("Cancel"), permissions=["work"])
    def cancel_outputs(self, request: HttpRequest, chosen: QuerySet[Output]) -> None:
        tell_cancelled(request, cancel.outputs(Output.objects.filter(pk__in=chosen.values("pk"))))

    # --- one output

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        output = self.get_object(request, object_id)
        extra = self._about(request, output) if output else {}
        answer: HttpResponse = super().change_view(request, object_id, form_url, {**extra, **(extra_context or {})})
        return answer

    def _about(self, request: HttpRequest, output: Output) -> dict[str, Any]:
        return {
            "output": output,
            "title": f"{output.source} · {output.brand} · {output.get_variant_display()}",
            "tone": words.tone(output.state),
            "cause": words.cause(output),
            "why": "" if output.error_code else waiting.reason(output),
            "compare": preview.of_output(output),
            "rows": recipe_rows(output),
            "may_work": may_work(request.user),
            "may_retry": output.state in ENDED_BADLY,
            "may_cancel": output.state in OPEN,
            "may_rerender": output.is_stale,
            "stale": words.stale(output),
            "gone": keeping.output_words(output) if output.removed_at else "",
        }

    def work_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """The buttons of the output's page, by POST."""
        if not self.has_work_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if self.get_object(request, str(key)) is None:
            raise Http404
        chosen = Output.objects.filter(pk=key)
        if request.POST.get("verb") == "retry":
            tell_retried(request, retry.outputs(chosen))
        elif request.POST.get("verb") == "rerender":
            tell_rerendered(request, stale.rerender(chosen))
        elif request.POST.get("verb") == "cancel":
            tell_cancelled(request, cancel.outputs(chosen))
        elif request.POST.get("verb") == "keep":
            keep.tell_kept(request, keeping.keep(chosen, True))
        elif request.POST.get("verb") == "let_go":
            keep.tell_let_go(request, keeping.keep(chosen, False))
        return redirect("admin:jobs_output_change", key)

    def command_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """What ffmpeg would be told to make this output now, as plain text."""
        output = self.get_object(request, str(key))
        if output is None or not self.has_view_permission(request, output):
            raise Http404
        if output.source.probe is None:
            return HttpResponse(_("The video is not here yet."), content_type=PLAIN)
        try:
            text = dry_run.of_output(output)
        except MediaError as error:
            text = f"{_(error.sentence)} {error.detail}"
        return HttpResponse(text, content_type=PLAIN)


def kept_sentence(output: Output) -> str:
    """One line for the list: until when its file stays, or when it went."""
    until = keeping.output_words(output)
    return until if output.removed_at or not until else _("kept until: %(until)s") % {"until": until}


def recipe_rows(output: Output) -> list[tuple[str, str]]:
    """What it was made from and how, as a table."""
    ended = date_format(localtime(output.finished_at), "DATETIME_FORMAT") if output.finished_at else ""
    made = _("an earlier file with the same recipe was taken") if output.adopted else ""
    if output.seconds:
        made = _("%(seconds).1f s of rendering") % {"seconds": output.seconds}
    rows = [
        (_("File"), words.facts(output)),
        (_("File kept until"), "" if output.removed_at else keeping.output_words(output)),
        (_("Brand"), str(output.brand)),
        (_("Shape"), output.get_variant_display()),
        (_("Options"), option_words(output.job)),
        (_("Ended"), ended),
        (_("Made by"), made),
        (_("Recipe key"), output.key),
        ("SHA-256", output.sha256),
    ]
    return [row for row in rows if row[1]]
