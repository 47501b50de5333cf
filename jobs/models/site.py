"""A site that videos are fetched from: when it may be asked next, and whether it wants to be asked at all."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from wtfsite.access import UserQuerySet


class Site(models.Model):
    """open -> closed -> (one trial at a time) -> open. Times are the database's clock's; all workers share the row.

    Open: `closed_until` is empty. Closed: it lies ahead. After it one fetch may try, and
    says until `trial_until` that it still does.
    """

    name = models.CharField(
        _("site"), max_length=253, unique=True, help_text=_("A platform's name, else the host of the address.")
    )
    next_at = models.DateTimeField(_("next fetch"), null=True, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    closed_until = models.DateTimeField(_("closed until"), null=True, blank=True)
    trial_until = models.DateTimeField(_("trial until"), null=True, blank=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=40, blank=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    objects: ClassVar[Any] = UserQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("site")
        verbose_name_plural = _("sites")

    def __str__(self) -> str:
        return self.name
