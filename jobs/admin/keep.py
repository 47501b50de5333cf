"""Keep and let go: the actions of the lists whose files go after their time."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.services import keeping


@admin.action(description=gettext_lazy("Keep"), permissions=["keep"])
def keep_files(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> None:
    tell_kept(request, keeping.keep(chosen, True))


@admin.action(description=gettext_lazy("Let go"), permissions=["keep"])
def let_go(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> None:
    tell_let_go(request, keeping.keep(chosen, False))


def tell_kept(request: HttpRequest, count: int) -> None:
    text = ngettext(
        "%(count)d is kept until somebody lets it go.", "%(count)d are kept until somebody lets them go.", count
    )
    none = _("Nothing to keep: it is kept already, or its file has gone.")
    _tell(request, text, none, count)


def tell_let_go(request: HttpRequest, count: int) -> None:
    text = ngettext(
        "%(count)d is let go: its file goes when its time is over.",
        "%(count)d are let go: their files go when their time is over.",
        count,
    )
    _tell(request, text, _("Nothing to let go: nobody keeps it."), count)


def _tell(request: HttpRequest, text: str, none: str, count: int) -> None:
    level = messages.SUCCESS if count else messages.WARNING
    messages.add_message(request, level, text % {"count": count} if count else none)
