"""Who may see which rows: one queryset method, on every manager.

No access unless granted: an anonymous or disabled user sees nothing, anybody else sees a model's rows only with its
view (or change) permission, and of them only those within their reach. Views, admin and API start from `for_user`.
"""

from typing import Any, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models


class UserQuerySet(models.QuerySet[Any]):
    """A queryset that can be narrowed to what one user may see."""

    def for_user(self, user: Any) -> Self:
        if isinstance(user, AnonymousUser) or not user.is_active:
            return self.none()
        meta = self.model._meta
        allowed = any(user.has_perm(f"{meta.app_label}.{verb}_{meta.model_name}") for verb in ("view", "change"))
        return self.within_reach(user) if allowed else self.none()

    def within_reach(self, user: Any) -> Self:
        """Without the rows that are closed to this user whatever their permissions. Other querysets narrow this."""
        return self.all()
