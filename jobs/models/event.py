"""What happened, in words, for the people who look at a job or an asset later."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from brands.models import Brand, hidden
from jobs.models.asset import Asset
from jobs.models.job import Job
from wtfsite.access import UserQuerySet

LONGEST = 500  # characters of a message


class EventLevel(models.TextChoices):
    INFO = "info", _("info")
    WARNING = "warning", _("warning")
    ERROR = "error", _("error")


class EventQuerySet(UserQuerySet):
    def within_reach(self, user: Any) -> Self:
        """Those of videos, and those of jobs that the user sees; none about a brand that is hidden from them."""
        closed = hidden(user)
        if not closed:
            return self.all()
        job = Job.objects.order_by().filter(pk=OuterRef("job")).within_reach(user)
        return self.filter(Q(job=None) | Exists(job)).exclude(brand__in=closed)

    def tell(self, message: str, **about: Any) -> "Event":
        """Note what happened: tell("Fetching.", job=job). A long message loses its end: addresses and titles in it are
        other people's, and PostgreSQL refuses what its column cannot hold.
        """
        short = message if len(message) <= LONGEST else f"{message[: LONGEST - 1]}…"
        event: Event = self.create(message=short, **about)
        return event


class Event(models.Model):
    job = models.ForeignKey(Job, related_name="events", on_delete=models.CASCADE, null=True, blank=True)
    asset = models.ForeignKey(Asset, related_name="events", on_delete=models.CASCADE, null=True, blank=True)
    brand = models.ForeignKey(
        Brand, related_name="+", on_delete=models.CASCADE, null=True, blank=True, help_text=_("That is named in it.")
    )
    level = models.CharField(_("level"), max_length=8, choices=EventLevel.choices, default=EventLevel.INFO)
    message = models.CharField(_("message"), max_length=LONGEST)
    created_at = models.DateTimeField(_("at"), auto_now_add=True)

    objects: ClassVar[Any] = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["created_at"], name="event_age")]
        verbose_name = _("event")
        verbose_name_plural = _("events")

    def __str__(self) -> str:
        return self.message
