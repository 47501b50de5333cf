"""Stale outputs on pages: the filter of the list, and what a brand's page says of its own."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from brands.models import Brand
from jobs.models import Output
from jobs.services import stale


class StaleFilter(admin.SimpleListFilter):
    title = gettext_lazy("stale")
    parameter_name = "stale"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "yes":
            return queryset.filter(stale_since__isnull=False, removed_at=None)
        return queryset.filter(stale_since=None) if self.value() == "no" else queryset


@never_cache
@require_http_methods(["GET", "POST"])
def of_brand(request: HttpRequest, pk: int) -> HttpResponse:
    """How many outputs of a brand are stale, and the button that makes them again."""
    if not request.user.has_perm("jobs.view_output"):
        raise PermissionDenied
    may_work = request.user.has_perm("jobs.change_job")
    brand = get_object_or_404(Brand.objects.for_user(request.user), pk=pk)
    rows = Output.objects.for_user(request.user).filter(brand=brand)
    said = ""
    if request.method == "POST":
        if not may_work:
            raise PermissionDenied
        said = made_words(stale.rerender(stale.newest(rows)))
    shown = {"brand": brand, "count": rows.stale().count(), "said": said, "may_work": may_work}
    return render(request, "jobs/_stale.html", shown)


def tell_rerendered(request: HttpRequest, count: int) -> None:
    messages.add_message(request, messages.SUCCESS if count else messages.WARNING, made_words(count))


def made_words(count: int) -> str:
    if not count:
        return _("Nothing to make again: no output is stale.")
    return ngettext(
        "%(count)d stale output is made again. Its earlier file stays until then.",
        "%(count)d stale outputs are made again. Their earlier files stay until then.",
        count,
    ) % {"count": count}
