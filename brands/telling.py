"""Those who change a brand in the admin hear what comes of it."""

from collections.abc import Iterable

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _

from brands.changes import changed
from brands.models import Artwork, Brand, hidden
from wtfsite.links import page_link


def tell(request: HttpRequest, brands: Iterable[int]) -> None:
    """Say that these brands may show something else now, and pass on what is answered, with a way to the outputs."""
    keys = set(brands)
    closed = keys & hidden(request.user)
    changed(closed)  # what comes of it is for others to read
    keys -= closed
    query = "?stale=yes"
    if len(keys) == 1:
        query += f"&brand__id__exact={keys.copy().pop()}"
    for sentence in changed(keys):
        link = page_link("admin:jobs_output_changelist", text=_("Stale outputs"), query=query)
        shown = request.user.has_perm("jobs.view_output")
        messages.success(request, format_html("{} {}", sentence, link) if shown else sentence)


def users(artwork: Iterable[Artwork]) -> set[int]:
    """The brands that may show these pictures: their own, or for the house's those with such a layer."""
    found = list(artwork)
    kinds = {each.kind for each in found if each.brand_id is None}
    theirs = Q(pk__in={each.brand_id for each in found}) | Q(layers__artwork_kind__in=kinds)
    return set(Brand.objects.filter(theirs).values_list("pk", flat=True))
