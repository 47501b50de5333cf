"""Sites that videos are fetched from: which are left alone, until when and why."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.media.errors import explain
from jobs.models import Site
from jobs.services import sites
from wtfsite import theme


@admin.register(Site)
class SiteAdmin(theme.ModelAdmin):
    list_display = ("name", "state_badge", "closed_until", "failures", "why")
    list_display_links = None
    readonly_fields = ("name", "next_at", "failures", "closed_until", "last_error")
    list_filter = ("last_error",)
    search_fields = ("name",)
    ordering = (F("closed_until").desc(nulls_last=True),)
    nothing = gettext_lazy("No site has been asked yet: it appears here when a job fetches its first video from it.")
    actions = ("open_again",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a row is made when a site is asked for the first time

    def has_delete_permission(self, request: HttpRequest, obj: Site | None = None) -> bool:
        return False  # fetches on their way would lose what they have to note

    @admin.display(description=gettext_lazy("state"), ordering="closed_until")
    def state_badge(self, site: Site) -> str:
        tone = "good" if site.closed_until is None else "warn"
        return format_html('<span class="ws-badge ws-{}">{}</span>', tone, self.state_words(site))

    def state_words(self, site: Site) -> str:
        now = timezone.now()
        if site.closed_until is None:
            return _("open")
        if site.trial_until and site.trial_until > now:  # after that its worker is gone, and somebody else may try
            return _("being tried")
        return _("left alone") if site.closed_until > now else _("tried by the next fetch")

    @admin.display(description=gettext_lazy("last error"), ordering="last_error")
    def why(self, site: Site) -> str:
        return explain(site.last_error).sentence if site.last_error else ""

    @admin.action(description=gettext_lazy("Open again"), permissions=["change"])
    def open_again(self, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        count = sites.open_again(chosen)
        text = ngettext("%(count)d site is asked again.", "%(count)d sites are asked again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)
