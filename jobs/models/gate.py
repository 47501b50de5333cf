"""A gate: something that keeps workers from taking new work."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from jobs.engine.ending import after
from jobs.engine.leased import Queue
from wtfsite.access import UserQuerySet

SILENT = 60.0  # seconds after which what a host has said about itself counts no more


class Cause(models.TextChoices):
    PAUSED = "paused", _("paused")
    DISK_FLOOR = "disk_floor", _("too little disk")


class GateQuerySet(UserQuerySet):
    def shut(self) -> Self:
        """Those that count: a pause until it is lifted, a full disk while its host says so."""
        return self.filter(models.Q(cause=Cause.PAUSED) | models.Q(seen_at__gte=after(-SILENT)))


class Gate(models.Model):
    """One row for each cause that holds. A pause is made and lifted by people; a full disk is noted by its host.

    An empty queue means every queue, an empty host every host. Rows of the queue `inline` are behind no gate: somebody
    waits for them.
    """

    cause = models.CharField(_("cause"), max_length=12, choices=Cause.choices)
    queue = models.CharField(_("queue"), max_length=10, choices=Queue.choices, blank=True)
    host = models.CharField(_("host"), max_length=48, blank=True)
    by = models.CharField(_("by"), max_length=150, blank=True)
    since = models.DateTimeField(_("since"), db_default=Now())
    seen_at = models.DateTimeField(_("last seen"), db_default=Now())

    objects: ClassVar[Any] = GateQuerySet.as_manager()

    class Meta:
        ordering = ["since"]
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        default_permissions = ("view", "change")
        constraints = [models.UniqueConstraint(fields=["cause", "queue", "host"], name="gate_once")]

    def __str__(self) -> str:
        return f"{self.cause} {self.queue} {self.host}".strip()
