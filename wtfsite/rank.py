"""Nobody hands out more than they have, and nobody takes over an account that may do more than their own.

Django lets whoever may change users make themselves superuser, or set a superuser's password. Here only a superuser may
touch a superuser; others may manage those accounts and groups whose permissions they hold themselves.
"""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet


def held(user: Any) -> QuerySet[Permission]:
    """All permissions of an account, its groups' too. Also when it is switched off: it can be switched on again."""
    permissions = Permission.objects.all()
    if user.is_superuser:
        return permissions
    return permissions.filter(Q(user=user) | Q(group__user=user)).distinct()


def over(user: Any, other: Any) -> bool:
    """May `user` decide about the account `other`?"""
    if user.is_superuser:
        return True
    return not other.is_superuser and not lacking(user).filter(pk__in=held(other).values("pk")).exists()


def over_group(user: Any, group: Group) -> bool:
    return not lacking(user).filter(group=group).exists()


def groups(user: Any) -> QuerySet[Group]:
    """Those that the user may put people into, and decide about."""
    return Group.objects.exclude(permissions__in=lacking(user))


def lacking(user: Any) -> QuerySet[Permission]:
    """The permissions that the user does not have."""
    return Permission.objects.order_by().exclude(pk__in=held(user).values("pk"))
