"""Gave up: work that failed for good and is still missing, why, and "try again"."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.admin import pause, words
from jobs.admin.job import may_work
from jobs.engine import identity
from jobs.models import Stage
from jobs.services import lessons, retry, waiting
from wtfsite import theme


class CauseFilter(admin.SimpleListFilter):
    """The causes that there are, in words."""

    title = gettext_lazy("cause")
    parameter_name = "error_code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        codes = retry.given_up(request.user).order_by("error_code").values_list("error_code", flat=True).distinct()
        return [(code, str(lessons.explain(code).sentence)) for code in codes]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(error_code=self.value()) if self.value() else queryset


@admin.register(Stage)
class StageAdmin(theme.ModelAdmin):
    list_display = ("what", "job_link", "cause", "attempt", "lost_workers", "changed_at")
    list_display_links = ("what",)
    list_filter = ("state", "kind", CauseFilter)
    list_select_related = ("job", "source")
    nothing = gettext_lazy("No work has been given up: whatever failed was tried again, or is being tried.")
    ordering = ("-id",)
    fields = readonly_fields = ("what", "job_link", "cause", "attempt", "lost_workers", "changed_at", "log")
    actions = ("try_again",)
    change_form_template = "admin/jobs/stage/change_form.html"
    list_before_template = "jobs/_list_top.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = retry.given_up(request.user) if self.has_view_permission(request) else Stage.objects.none()
        return rows.select_related("job", "source").order_by("-id")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Each cause is looked up once for the page."""
        listed, scene = super().get_changelist_instance(request), waiting.Scene()
        for stage in listed.result_list:
            stage.tell = scene.tell
        listed.banners = pause.told(scene)
        return listed

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return super().changelist_view(request, {"title": _("Gave up"), **(extra_context or {})})

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        extra = {"may_work": may_work(request.user), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Stage | None = None) -> bool:
        return bool(request.user.has_perm("jobs.view_job"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Stage | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Stage | None = None) -> bool:
        return False  # stages go with their job

    def has_work_permission(self, request: HttpRequest) -> bool:
        return may_work(request.user)

    @admin.display(description=gettext_lazy("work"))
    def what(self, stage: Stage) -> str:
        about = " · ".join(str(part) for part in (stage.source, stage.get_variant_display()) if part)
        title, state = stage.get_kind_display(), stage.get_state_display()
        return format_html('<span class="ws-title">{}: {}</span><span class="ws-sub">{}</span>', title, state, about)

    @admin.display(description=gettext_lazy("job"), ordering="job")
    def job_link(self, stage: Stage) -> str:
        return words.detail_link(stage.job)

    @admin.display(description=gettext_lazy("why, and what to do"), ordering="error_code")
    def cause(self, stage: Any) -> str:
        found = getattr(stage, "tell", lessons.explain)(stage.error_code)
        return format_html('{}<span class="ws-sub">{}</span>', found.sentence, found.remedy)

    @admin.display(description=gettext_lazy("workers that died with it"))
    def lost_workers(self, stage: Stage) -> str:
        found = [identity.parse(line) for line in stage.lost.splitlines()]
        names = [(_("%(host)s, process %(pid)d") % {"host": lost.host, "pid": lost.pid},) for lost in found if lost]
        return format_html_join("", '<span class="ws-sub">{}</span>', names) or "0"

    @admin.display(description=gettext_lazy("log"))
    def log(self, stage: Stage) -> str:
        return format_html('<pre class="ws-log">{}</pre>', stage.error_tail) if stage.error_tail else "-"

    @admin.action(description=gettext_lazy("Try again"), permissions=["work"])
    def try_again(self, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        count = retry.stages(Stage.objects.filter(pk__in=[stage.pk for stage in chosen]), request.user)
        text = ngettext("%(count)d piece of work starts again.", "%(count)d pieces of work start again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS if count else messages.WARNING)
