"""Nobody hands out more than they have, and nobody takes over an account that may do more than their own.

Django lets whoever may change users make themselves superuser, or set a superuser's password. Here only a superuser may
touch a superuser; others may manage those accounts and groups whose permissions they hold themselves, and that see no
brand which is hidden from them.
"""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

from brands.models import BrandGrant, hidden


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
    if other.is_superuser or lacking(user).filter(pk__in=held(other).values("pk")).exists():
        return False
    return hidden(user) <= hidden(other)


def over_group(user: Any, group: Group) -> bool:
    opens = BrandGrant.objects.filter(group=group, brand__in=hidden(user))
    return not lacking(user).filter(group=group).exists() and not opens.exists()


def groups(user: Any) -> QuerySet[Group]:
    """Those that the user may put people into, and decide about."""
    opening = BrandGrant.objects.filter(brand__in=hidden(user), group__isnull=False).values("group")
    return Group.objects.exclude(permissions__in=lacking(user)).exclude(pk__in=opening)


def lacking(user: Any) -> QuerySet[Permission]:
    """The permissions that the user does not have."""
    return Permission.objects.order_by().exclude(pk__in=held(user).values("pk"))
