"""Our own user model, from the first migration: a later change of user model is close to impossible."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager

from wtfsite.access import UserQuerySet


class UserManager(DjangoUserManager["User"]):
    """Django's user manager with `for_user`: people with the permission see everybody, the others themselves."""

    def for_user(self, user: Any) -> UserQuerySet:
        everybody = UserQuerySet(self.model, using=self._db)
        return everybody.for_user(user) | everybody.filter(pk=user.pk, is_active=True)


class User(AbstractUser):
    objects: ClassVar[UserManager] = UserManager()
