"""What an import did, and what was there before."""

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from brands.models.brand import hidden
from wtfsite.access import UserQuerySet


class ImportRunQuerySet(UserQuerySet):
    def within_reach(self, user: Any) -> Self:
        """A report names all brands that it met: whom some are hidden from sees their own imports only, and of them
        none that changed such a brand.
        """
        closed = [str(pk) for pk in hidden(user)]
        return self.filter(owner=user).exclude(before__brands__has_any_keys=closed) if closed else self.all()


class ImportRun(models.Model):
    """One import that changed something. `report` has a line for each thing that was read; `before` is what undoing it
    puts back. Undone once, never twice.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("file"), max_length=255)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("imported by"), on_delete=models.SET_NULL, null=True, blank=True
    )
    report = models.JSONField(_("what was read"), default=list)
    before = models.JSONField(default=dict, editable=False)
    created_at = models.DateTimeField(_("imported"), auto_now_add=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    objects: ClassVar[Any] = ImportRunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("import of brands")
        verbose_name_plural = _("imports of brands")

    def __str__(self) -> str:
        return self.name
