"""Rows that are worked on in the background under a lease."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from wtfsite.access import UserQuerySet


class LeaseState(models.TextChoices):
    """pending -> queued -> running -> done | failed | cancelled | dead; running -> cancelling -> cancelled;
    running -> retry_wait -> queued. `dead` means: all attempts used up, a person must look."""

    PENDING = "pending", _("pending")
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    CANCELLING = "cancelling", _("cancelling")
    RETRY_WAIT = "retry_wait", _("waits to try again")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    DEAD = "dead", _("gave up")
    CANCELLED = "cancelled", _("cancelled")


TAKEABLE = (LeaseState.QUEUED, LeaseState.RETRY_WAIT, LeaseState.RUNNING)  # at their time, see due()
ENDED = (LeaseState.DONE, LeaseState.FAILED, LeaseState.DEAD, LeaseState.CANCELLED)


class Queue(models.TextChoices):
    """`work` is network bound, `render` is CPU bound, `inline` rows belong to the command that made them."""

    WORK = "work", _("work")
    RENDER = "render", _("render")
    INLINE = "inline", _("inline")


def due() -> models.Q:
    """Waiting rows whose time has come and running rows whose lease ran out, by the database's clock."""
    now = Now()
    waiting = models.Q(state__in=(LeaseState.QUEUED, LeaseState.RETRY_WAIT))
    come = models.Q(not_before=None) | models.Q(not_before__lte=now)
    return (waiting & come) | models.Q(state=LeaseState.RUNNING, lease_until__lt=now)


class LeasedQuerySet(UserQuerySet):
    def due(self, *queues: str) -> Self:
        """The due rows of these queues, best first."""
        return self.filter(due(), queue__in=queues).order_by("-priority", "turn", "id")

    def unfinished(self) -> Self:
        return self.exclude(state__in=ENDED)


class Leased(models.Model):
    """The columns of a row that is claimed, kept under a lease and ended by conditional updates only."""

    queue = models.CharField(_("queue"), max_length=10, choices=Queue.choices, default=Queue.WORK)
    state = models.CharField(_("state"), max_length=12, choices=LeaseState.choices, default=LeaseState.QUEUED)
    priority = models.SmallIntegerField(_("priority"), default=0)
    turn = models.BigIntegerField(_("turn"), default=0, help_text=_("Lower goes first among rows of one priority."))
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    token = models.UUIDField(_("claim"), null=True, blank=True, editable=False)
    worker = models.CharField(_("worker"), max_length=120, blank=True, help_text=_("Host, boot id and process id."))
    lost = models.TextField(_("lost workers"), blank=True, help_text=_("Those that ended in the middle, one a line."))
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    error_tail = models.TextField(_("log"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    objects: ClassVar[Any] = LeasedQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["id"]

    def for_log(self) -> dict[str, Any]:
        """What each line of the log says while somebody works on this row."""
        return {str(self._meta.model_name): self.pk, "attempt": self.attempt}

    def bereaved(self) -> str:
        """The lost workers, with the one that holds the row: it has not been heard of again."""
        return f"{self.lost}{self.worker}\n" if self.state == LeaseState.RUNNING else self.lost
