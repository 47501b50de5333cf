"""Protected brands stay as they are: their pages are there to look at, and only the protection can be changed."""

from typing import Any

from django.contrib.admin.utils import flatten_fieldsets
from django.http import HttpRequest


def is_locked(brand: Any) -> bool:
    """As it was when the page read it: a form that takes the protection off changes nothing else."""
    return brand is not None and bool(getattr(brand, "was_locked", brand.locked))


class Lockable:
    """The page of brands: of a protected one only the switch that protects it can be moved."""

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        brand = super().get_object(request, *args, **kwargs)  # type: ignore[misc]  # Django's base class
        if brand is not None:
            brand.was_locked = brand.locked
        return brand

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = super().get_readonly_fields(request, obj)  # type: ignore[misc]  # Django's base class
        if not is_locked(obj):
            return shown
        fields = flatten_fieldsets(self.get_fieldsets(request, obj))  # type: ignore[attr-defined]  # Django's base
        return [*shown, *(name for name in fields if name != "locked" and name not in shown)]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if is_locked(obj) else super().get_prepopulated_fields(request, obj)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not is_locked(obj) and super().has_delete_permission(request, obj)  # type: ignore[misc]


class OfABrand:
    """A page of what belongs to a brand: pictures, fonts, clips."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _of_locked(obj) and super().has_change_permission(request, obj)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _of_locked(obj) and super().has_delete_permission(request, obj)  # type: ignore[misc]

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
        if db_field.name == "brand" and field is not None:
            field.queryset = field.queryset.filter(locked=False)
        return field


class InABrand:
    """Rows on the page of their brand, which is the `obj` that permissions are asked of."""

    def has_add_permission(self, request: HttpRequest, obj: Any) -> bool:
        return not is_locked(obj) and super().has_add_permission(request, obj)  # type: ignore[misc]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not is_locked(obj) and super().has_change_permission(request, obj)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not is_locked(obj) and super().has_delete_permission(request, obj)  # type: ignore[misc]


def _of_locked(row: Any) -> bool:
    return row is not None and is_locked(row.brand)
