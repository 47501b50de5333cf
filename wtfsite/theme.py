"""The admin theme, behind classes of our own: nothing else imports django-unfold, so that it can be exchanged.

Three of the theme's habits are handled here or forbidden:

* it keeps `self.request` on the admin object, which all threads share: here it is dropped, take `request` as argument;
* a plain `@action` on a row, list or detail page is a link, so an ordinary GET changes state: use a bulk action, a
  submit-line action, or a dialog (`@action(dialog=...)`), and only those;
* row menus cannot be reached by keyboard: whatever a row offers stands on its detail page and as bulk action too.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.contrib.admin import FieldListFilter, RelatedFieldListFilter
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.admin import StackedInline as UnfoldStackedInline
from unfold.admin import TabularInline as UnfoldTabularInline
from unfold.decorators import action as unfold_action
from unfold.decorators import display as unfold_display
from unfold.widgets import UnfoldAdminColorInputWidget as ColourWidget
from unfold.widgets import UnfoldAdminFileFieldWidget
from unfold.widgets import UnfoldAdminSelectWidget as SelectWidget
from unfold.widgets import UnfoldAdminTextareaWidget as TextWidget
from unfold.widgets import UnfoldAdminTextInputWidget as LineWidget
from unfold.widgets import UnfoldBooleanSwitchWidget as SwitchWidget

from wtfsite.lib import names

__all__ = [
    "ColourWidget",
    "FileWidget",
    "LineWidget",
    "ModelAdmin",
    "OneLine",
    "SelectWidget",
    "StackedInline",
    "SwitchWidget",
    "TabularInline",
    "TextWidget",
    "action",
    "display",
]


Method = TypeVar("Method", bound=Callable[..., Any])


def action(**options: Any) -> Callable[[Method], Method]:
    """The theme's `@action(...)`, typed."""
    decorate: Callable[[Method], Method] = unfold_action(**options)
    return decorate


def display(**options: Any) -> Callable[[Method], Method]:
    """The theme's `@display(...)`, typed."""
    decorate: Callable[[Method], Method] = unfold_display(**options)
    return decorate


class OneLine(forms.CharField):
    """Names and titles as they are seen: a pasted line break, a change of direction or a sign of no width is no part
    of them. What is too long is refused, not cut."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return names.line(text, longest=4 * len(text))  # a few signs become up to three


def seen(model: Any, user: Any) -> QuerySet[Any] | None:
    """The rows of a model that a user may see; None for a model of Django's own."""
    manager = model._default_manager
    return manager.for_user(user) if hasattr(manager, "for_user") else None


class _RelatedFilter(RelatedFieldListFilter):
    """Offers only rows that the user may see, and finds nothing by others."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        rows: Any = seen(field.related_model, request.user)
        ordering = self.field_admin_ordering(field, request, model_admin)
        found: list[Any] = field.get_choices(
            include_blank=False, ordering=ordering, limit_choices_to={"pk__in": rows.order_by().values("pk")}
        )
        return found

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        offered = {str(key) for key, _label in self.lookup_choices}
        if self.lookup_val and not offered.issuperset(self.lookup_val):
            return queryset.none()
        found: Any = super().queryset(request, queryset)
        return found  # type: ignore[no-any-return]  # of ours


def _has_rows_of_ours(field: Any) -> bool:
    return bool(field.is_relation) and hasattr(field.related_model._default_manager, "for_user")


FieldListFilter.register(_has_rows_of_ours, _RelatedFilter, take_priority=True)


class _OnlyTheUsersRows:
    """Starts every page from the rows that its user may see, and takes text in as `OneLine` does."""

    model: Any  # set by Django

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        manager: Any = self.model._default_manager
        if not hasattr(manager, "for_user"):  # a model of Django's own, whose pages ask for its permission anyway
            return super().get_queryset(request)  # type: ignore[misc,no-any-return]  # from Django's base class
        rows: QuerySet[Any] = manager.for_user(request.user)
        ordering = self.get_ordering(request)  # type: ignore[attr-defined]  # from Django's base class
        return rows.order_by(*ordering) if ordering else rows

    def get_field_queryset(self, db: Any, db_field: Any, request: HttpRequest) -> Any:
        """What fields offer to choose from."""
        ordered = super().get_field_queryset(db, db_field, request)  # type: ignore[misc]  # Django's base class
        rows = seen(db_field.remote_field.model, request.user)
        if rows is None:
            return ordered
        return rows if ordered is None else rows.order_by(*ordered.query.order_by)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if type(db_field) is models.CharField and not db_field.choices:
            kwargs = {"form_class": OneLine, **kwargs}
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]  # Django's base class


class ModelAdmin(_OnlyTheUsersRows, UnfoldModelAdmin):  # type: ignore[misc]  # the theme is untyped
    """Base of all our admin pages. Lists are cheap: 25 rows; name what they show in `list_select_related`."""

    list_per_page = 25
    show_full_result_count = False  # a second COUNT over the whole table
    nothing = gettext_lazy("There is nothing here yet.")  # what a list says that has no rows at all

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Of a whole list the theme need not say how many of its rows were found, nor offer to show the others."""
        listed = super().get_changelist_instance(request)
        if not (listed.query or listed.has_active_filters):
            listed.full_result_count = listed.result_count
        return listed

    def _forget(self, request: HttpRequest) -> None:
        """The theme writes its `request` here; another thread would read it."""

    # No getter: reading it anywhere is an AttributeError, which is also how the theme asks whether it is there.
    request = property(None, _forget)


class FileWidget(UnfoldAdminFileFieldWidget):  # type: ignore[misc]  # the theme is untyped
    """Takes a file and does not link to the one that is there: uploaded bytes are never served as they came."""

    def is_initial(self, value: Any) -> bool:
        return False


class TabularInline(_OnlyTheUsersRows, UnfoldTabularInline):  # type: ignore[misc]  # the theme is untyped
    extra = 0


class StackedInline(_OnlyTheUsersRows, UnfoldStackedInline):  # type: ignore[misc]  # the theme is untyped
    extra = 0
