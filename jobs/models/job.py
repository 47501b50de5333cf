"""A job: an order for outputs."""

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from brands.models import Brand, hidden
from jobs.models.asset import Asset
from wtfsite.access import UserQuerySet


class JobState(models.TextChoices):
    """draft -> queued -> running -> finishing -> done | partly_done | failed; cancelled from any of the open ones.

    `waiting` is for jobs that wait for something outside (a paid provider, a person).
    """

    DRAFT = "draft", _("draft")
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    WAITING = "waiting", _("waiting")
    FINISHING = "finishing", _("finishing")
    DONE = "done", _("done")
    PARTLY_DONE = "partly_done", _("partly done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


OPEN = (JobState.QUEUED, JobState.RUNNING, JobState.WAITING, JobState.FINISHING)


class Fit(models.TextChoices):
    """How a source of another shape fills the canvas."""

    FILL = "fill", _("fill: crop the edges")
    FIT = "fit", _("fit: black bars")
    BLUR = "blur", _("fit: blurred bars")


class Profile(models.TextChoices):
    DRAFT = "draft", _("draft: quick look")
    STANDARD = "standard", _("standard")
    HIGH = "high", _("high: slow, for masters")


class JobQuerySet(UserQuerySet):
    def open(self) -> Self:
        return self.filter(state__in=OPEN)

    def within_reach(self, user: Any) -> Self:
        """Those with a brand that the user may see, and those that they ordered."""
        closed = hidden(user)
        if not closed:
            return self.all()
        shown = Brand.objects.order_by().filter(jobs=OuterRef("pk")).exclude(pk__in=closed)
        return self.filter(Q(owner=user) | Exists(shown))

    def wholly(self, user: Any) -> Self:
        """Those without any brand that is hidden from the user: only they may be deleted, or be put before others."""
        closed = hidden(user)
        return self.exclude(Exists(Brand.objects.order_by().filter(jobs=OuterRef("pk"), pk__in=closed)))


class Job(models.Model):
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    recipe = models.CharField(_("recipe"), max_length=12, default="brand", editable=False)
    state = models.CharField(_("state"), max_length=12, choices=JobState.choices, default=JobState.DRAFT)
    sources = models.ManyToManyField(Asset, verbose_name=_("videos"), related_name="jobs")
    brands = models.ManyToManyField(Brand, verbose_name=_("brands"), related_name="jobs")
    variants = models.JSONField(_("variants"), default=list)
    options = models.JSONField(_("options"), default=dict, help_text=_("The recipe's options, with their version."))
    priority = models.SmallIntegerField(_("priority"), default=0, help_text=_("Higher goes first."))
    lane = models.CharField(max_length=40, blank=True, editable=False, help_text=_("Who takes turns with whom."))
    inline = models.BooleanField(default=False, editable=False, help_text=_("Worked on by a command, not by a worker."))
    error_code = models.CharField(_("error"), max_length=40, blank=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("ordered by"), on_delete=models.SET_NULL, null=True, blank=True
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [models.Index(fields=["state", "-created_at"], name="job_state_created")]

    def __str__(self) -> str:
        return f"{_('Job')} {self.pk}"
