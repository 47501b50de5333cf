"""What an import did, and what was there before."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from wtfsite.access import UserQuerySet


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

    objects: ClassVar[Any] = UserQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("import of brands")
        verbose_name_plural = _("imports of brands")

    def __str__(self) -> str:
        return self.name
