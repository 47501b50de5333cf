"""Who a brand is for: the grants on its page, and what the list tells of them to those who may see them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet, prefetch_related_objects
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from brands.models import Brand, BrandGrant
from wtfsite import theme


def may_look(user: Any) -> bool:
    return any(user.has_perm(f"brands.{verb}_brandgrant") for verb in ("view", "change"))


class GrantFilter(admin.SimpleListFilter):
    title = _("for")
    parameter_name = "for"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("all", _("everybody")), ("some", _("some only"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        granted = Exists(BrandGrant.objects.filter(brand=OuterRef("pk")))
        return {"all": queryset.filter(~granted), "some": queryset.filter(granted)}.get(self.value() or "", queryset)


class GrantForms(forms.BaseInlineFormSet):
    by: Any = None  # whose request it is

    def clean(self) -> None:
        """Nobody shuts themselves out: nobody else might be there to let them in again."""
        super().clean()
        if any(self.errors) or self.by.is_superuser:
            return
        kept = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        mine = set(self.by.groups.values_list("pk", flat=True))
        if kept and not any(one["user"] == self.by or (one["group"] and one["group"].pk in mine) for one in kept):
            raise ValidationError(
                gettext("You would not see this brand any more. Grant it to yourself, or to a group of yours, too.")
            )


class GrantInline(theme.TabularInline):
    model = BrandGrant
    formset = GrantForms
    fields = ["user", "group"]
    verbose_name_plural = _("Who may see and use it. Nobody named: everybody who may see brands.")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        made = super().get_formset(request, obj, **kwargs)
        return type(made.__name__, (made,), {"by": request.user})


class Granted:
    """The list of brands: a column and a filter."""

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)  # type: ignore[misc]  # Django's base class
        return [*shown, "audience"] if may_look(request.user) else shown

    def get_list_filter(self, request: HttpRequest) -> Any:
        shown = super().get_list_filter(request)  # type: ignore[misc]  # Django's base class
        return [*shown, GrantFilter] if may_look(request.user) else shown

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        listed = super().get_changelist_instance(request)  # type: ignore[misc]  # Django's base class
        if may_look(request.user):
            prefetch_related_objects(list(listed.result_list), "grants__user", "grants__group")
        return listed

    @theme.display(description=_("for"))
    def audience(self, brand: Brand) -> str:
        return ", ".join(sorted(str(grant) for grant in brand.grants.all())) or gettext("everybody")
