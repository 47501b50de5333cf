"""The admin site of the house: users and groups under our theme, and django-q2's own pages taken away."""

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from wtfsite import theme
from wtfsite.models import User

# Whoever may add a django-q2 schedule can run any code, and its task pages load pickles: none of them is shown.
for model in apps.get_app_config("django_q").get_models():
    if admin.site.is_registered(model):
        admin.site.unregister(model)

admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, theme.ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, theme.ModelAdmin):
    pass
