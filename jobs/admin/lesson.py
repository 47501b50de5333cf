"""Failures to name: what failed without a known cause, its log, and the form to say what it means."""

from itertools import groupby
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.admin import words
from jobs.models import Lesson
from jobs.models.lesson import known_causes
from jobs.services import lessons
from wtfsite import theme
from wtfsite.lib import visible


class NamedFilter(admin.SimpleListFilter):
    title = gettext_lazy("name")
    parameter_name = "named"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", gettext_lazy("without a name")), ("yes", gettext_lazy("with a name"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        return {"no": queryset.filter(pattern=""), "yes": queryset.exclude(pattern="")}.get(
            self.value() or "", queryset
        )


@admin.register(Lesson)
class LessonAdmin(theme.ModelAdmin):
    list_display = ("what", "tool", "seen", "last_seen", "name")
    list_display_links = ("what",)
    list_filter = (NamedFilter, "tool", "last_seen")
    search_fields = ("example", "pattern", "sentence")
    nothing = gettext_lazy("Nothing has failed for a reason without a name.")
    ordering = (F("named_at").desc(nulls_first=True), "-last_seen")
    readonly_fields = ("log", "counts", "where", "named_at", "named_by")
    fieldsets = (
        (gettext_lazy("What happened"), {"fields": ("log", "counts", "where")}),
        (
            gettext_lazy("Its name"),
            {"fields": ("pattern", "code", "sentence", "remedy", "retryable", ("named_at", "named_by"))},
        ),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # failures add themselves

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """What the page shows of a lesson as it is saved, and to whom; the methods below get the row with the form's
        values in it, even if they are refused."""
        if obj is not None:
            obj.places = lessons.places(obj, request.user)
            obj.told = self._told(obj)
        return super().get_form(request, obj, change=change, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "code":
            kwargs.update(form_class=_Choice, widget=theme.SelectWidget)
        if db_field.name == "pattern":
            kwargs.update(form_class=forms.CharField)  # as it stands in the log, two spaces and all
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    # --- the list

    @admin.display(description=gettext_lazy("what was seen"))
    def what(self, lesson: Lesson) -> str:
        return format_html('<span class="ws-title">{}</span>', lesson.headline)

    @admin.display(description=gettext_lazy("its name"), ordering="named_at")
    def name(self, lesson: Lesson) -> str:
        if not lesson.pattern:
            return format_html('<span class="ws-badge ws-warn">{}</span>', _("has no name"))
        return format_html('{}<span class="ws-sub">{}</span>', lesson.cause.sentence, lesson.code or lesson.answer)

    # --- one lesson

    @admin.display(description=gettext_lazy("log"))
    def log(self, lesson: Lesson) -> str:
        lines = "\n".join(visible.line(line) for line in lesson.example.split("\n"))
        return format_html('<pre class="ws-log">{}</pre>', lines)

    @admin.display(description=gettext_lazy("how often"))
    def counts(self, lesson: Any) -> str:
        return str(getattr(lesson, "told", ""))

    def _told(self, lesson: Lesson) -> str:
        found = lessons.reach(lesson)
        times = ngettext("Seen once.", "Seen %(seen)d times.", lesson.seen) % {"seen": lesson.seen}
        if not found:
            kept = _("No failure of this kind is recorded any more.")
        elif lesson.pattern:
            kept = ngettext("%(n)d recorded failure has this name.", "%(n)d recorded failures have this name.", found)
        else:
            kept = ngettext(
                "%(n)d recorded failure would get this name; more, if its words stand in other logs too.",
                "%(n)d recorded failures would get this name; more, if its words stand in other logs too.",
                found,
            )
        return f"{times} {kept % {'n': found}}"

    @admin.display(description=gettext_lazy("where"))
    def where(self, lesson: Any) -> str:
        jobs, videos = getattr(lesson, "places", ([], []))
        links = [(words.detail_link(row),) for row in (*jobs, *videos)]
        return format_html_join(", ", "{}", links) or _("Its jobs and videos are gone, or done by now.")

    # --- naming

    def save_model(self, request: HttpRequest, obj: Lesson, form: Any, change: bool) -> None:
        count = lessons.teach(obj, request.user)
        if not obj.pattern:
            self.message_user(request, _("The name is taken back."))
            return
        text = ngettext(
            "%(count)d earlier failure has this name now.", "%(count)d earlier failures have this name now.", count
        )
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    def delete_model(self, request: HttpRequest, obj: Lesson) -> None:
        lessons.forget([obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        lessons.forget(Lesson.objects.filter(pk__in=queryset.values("pk")))


class _Choice(forms.ChoiceField):
    """The known causes, in the groups of the table of errors."""

    def __init__(self, max_length: int = 0, **options: Any) -> None:
        kinds = groupby(known_causes().items(), key=lambda item: item[1].kind)
        groups = [
            ((kind.__doc__ or "").rstrip("."), [(code, f"{cause.sentence} ({code})") for code, cause in causes])
            for kind, causes in kinds
        ]
        super().__init__(choices=[("", _("own words, below")), *groups], **options)
