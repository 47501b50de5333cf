"""What a brand still lacks, on its page and in the list."""

from typing import Any

from django.contrib import admin
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from brands import readiness
from brands.models import Brand, Variant
from brands.readiness import House, Problem
from wtfsite import theme
from wtfsite.links import page_link, path_link


def urls() -> list[URLPattern]:
    """For the addresses of the brands' admin."""
    return [path("<int:pk>/ready/", admin.site.admin_view(fragment), name="brands_brand_ready")]


@require_safe
def fragment(request: HttpRequest, pk: int) -> HttpResponse:
    """The closer look, which the page of a brand asks for when it is open."""
    brand: Brand | None = Brand.objects.for_user(request.user).filter(pk=pk).first()
    if brand is None:
        raise Http404
    prefetch_related_objects([brand], *readiness.RELATED)
    return render(request, "brands/_ready.html", {"ready": shown(brand, readiness.closer(brand), closer=True)})


def shown(brand: Brand, problems: list[Problem], closer: bool = False) -> dict[str, Any]:
    """For the template; `closer` says that its files were looked into, so nothing is asked for again."""
    missing = [_line(problem) for problem in problems if not problem.hint]
    hints = [_line(problem) for problem in problems if problem.hint]
    return {"brand": brand, "missing": missing, "hints": hints, "words": words(problems), "closer": closer}


def _line(problem: Problem) -> dict[str, Any]:
    variant = Variant(problem.variant).label if problem.variant else ""
    return {"variant": variant, "sentence": problem.sentence, "fix": path_link(problem.url, problem.fix)}


def words(problems: list[Problem]) -> str:
    """`ready`, or how many things are to be put right. Hints do not count."""
    count = sum(not problem.hint for problem in problems)
    return ngettext("%(count)d thing", "%(count)d things", count) % {"count": count} if count else gettext("ready")


class Ready:
    """The list of brands: a column, made of a few queries for the whole page."""

    def get_list_display(self, request: HttpRequest) -> Any:
        return [*super().get_list_display(request), "readiness"]  # type: ignore[misc]  # Django's base class

    def get_urls(self) -> list[URLPattern]:
        return [*urls(), *super().get_urls()]  # type: ignore[misc]  # Django's base class

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        listed = super().get_changelist_instance(request)  # type: ignore[misc]  # Django's base class
        brands, house = list(listed.result_list), House.read()
        prefetch_related_objects(brands, *readiness.RELATED)
        for brand in brands:
            brand.problems = readiness.problems(brand, house=house)
        listed.result_list = brands
        return listed

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if brand := kwargs.get("obj"):
            context["ready"] = shown(brand, readiness.problems(brand))
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]  # Django's base class

    @theme.display(description=_("readiness"))
    def readiness(self, brand: Any) -> str:
        said = words(brand.problems)
        count = sum(not problem.hint for problem in brand.problems)
        if not count:
            return format_html('<span class="ws-badge ws-good">{}</span>', said)
        place = {"query": "#readiness", "style": "ws-badge ws-warn"}
        link = page_link("admin:brands_brand_change", brand.pk, text=said, **place)
        first = next(problem.sentence for problem in brand.problems if not problem.hint)
        return format_html('{}<span class="ws-sub">{}</span>', link, first)
