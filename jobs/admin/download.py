"""The action that every list has: what is ticked, as a table for a spreadsheet."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.services import listing


@admin.action(description=gettext_lazy("Download list (CSV)"), permissions=["view"])
def download_list(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> StreamingHttpResponse | None:
    """Of the ticked rows only those that this user may see. Streamed: the table is never in memory as a whole."""
    rows = page.model.objects.for_user(request.user).filter(pk__in=chosen.order_by().values("pk"))
    if rows.count() > listing.MOST:
        text = _("A list has at most %(most)d lines. Filter it, then download it in parts.") % {"most": listing.MOST}
        page.message_user(request, text, messages.ERROR)
        return None
    name = listing.file_name(rows)
    return StreamingHttpResponse(
        listing.csv(rows, request.user),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
