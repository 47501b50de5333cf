"""The admin site of the house: users and groups under our theme, and django-q2's own pages taken away."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from wtfsite import rank, theme
from wtfsite.models import User

# Whoever may add a django-q2 schedule can run any code, and its task pages load pickles: none of them is shown.
# What is worth knowing of the queue is on a page of its own, `wtfsite.queue`.
for model in apps.get_app_config("django_q").get_models():
    if admin.site.is_registered(model):
        admin.site.unregister(model)

admin.site.unregister(Group)


class _WithinTheirOwn:
    """A form in which people find only what they may hand out."""

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            kwargs["queryset"] = rank.groups(request.user)
        elif db_field.name in ("permissions", "user_permissions"):
            kwargs["queryset"] = rank.held(request.user).select_related("content_type")
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]  # from Django


@admin.register(User)
class UserAdmin(_WithinTheirOwn, DjangoUserAdmin, theme.ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Also asked before a password is set."""
        return super().has_change_permission(request, obj) and (obj is None or rank.over(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or rank.over(request.user, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        shown = super().get_readonly_fields(request, obj)
        return shown if getattr(request.user, "is_superuser", False) else (*shown, "is_superuser")


@admin.register(Group)
class GroupAdmin(_WithinTheirOwn, DjangoGroupAdmin, theme.ModelAdmin):
    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or rank.over_group(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or rank.over_group(request.user, obj))
