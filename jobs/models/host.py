"""A machine, or container, that works on jobs: what its supervisor last said about itself."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from jobs.engine.ending import after
from wtfsite.access import UserQuerySet

BEAT = 10.0  # seconds between two beats of a supervisor
SILENT = 45.0  # seconds without one after which nobody counts on it
FORGOTTEN = 86400.0  # seconds after which nobody asks for it any more


class HostQuerySet(UserQuerySet):
    def alive(self) -> Self:
        """Those heard of lately, by the database's clock."""
        return self.filter(beat_at__gte=after(-SILENT))

    def forgotten(self) -> Self:
        return self.filter(beat_at__lt=after(-FORGOTTEN))


class Host(models.Model):
    """One row per supervisor, written by it alone. Everything here is for people and checks: no work depends on it.

    `seats` has one entry per cluster: cluster, workers (how many), pid, pids (of the workers), restarts, since,
    last_exit, reason, ended.
    """

    key = models.CharField(_("identity"), max_length=120, unique=True, help_text=_("Host, boot id and process."))
    host = models.CharField(_("host"), max_length=48)
    boot = models.CharField(_("boot id"), max_length=40, blank=True)
    pid = models.PositiveIntegerField(_("process id"))
    started_at = models.DateTimeField(_("started"), db_default=Now())
    beat_at = models.DateTimeField(_("last heard of"), db_default=Now())
    version = models.CharField(_("version"), max_length=40, blank=True)
    ffmpeg = models.CharField(_("ffmpeg"), max_length=80, blank=True)
    sandbox = models.CharField(_("sandbox"), max_length=20, blank=True)
    slots = models.JSONField(_("slots"), default=dict)
    seats = models.JSONField(_("clusters"), default=list)
    draining = models.BooleanField(_("draining"), default=False)
    skew = models.FloatField(_("clock ahead of the database, in seconds"), default=0.0)

    objects: ClassVar[Any] = HostQuerySet.as_manager()

    class Meta:
        verbose_name = _("host")
        verbose_name_plural = _("hosts")
        ordering = ["host", "id"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.host
