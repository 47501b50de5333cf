"""An output: one cell of a job, and the file made for it."""

import uuid
from fractions import Fraction
from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from brands.models import Brand, OfBrandQuerySet, Variant
from jobs.models.asset import Asset
from jobs.models.job import Job
from jobs.models.stage import Stage


class OutputState(models.TextChoices):
    """planned -> queued -> rendering -> done | failed | cancelled; blocked when something it needs is unusable."""

    PLANNED = "planned", _("planned")
    QUEUED = "queued", _("queued")
    RENDERING = "rendering", _("rendering")
    DONE = "done", _("done")
    BLOCKED = "blocked", _("blocked")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


OPEN = (OutputState.PLANNED, OutputState.QUEUED, OutputState.RENDERING)
ENDED_BADLY = (OutputState.BLOCKED, OutputState.FAILED, OutputState.CANCELLED)


def comes(key: Any) -> models.Q:
    """Of the cells that say that a file with this key is about to take the place of theirs. They are few, and have an
    index: it is used where a query says that it wants no others.
    """
    return models.Q(coming_key=key, coming_key__gt="")


class OutputQuerySet(OfBrandQuerySet):
    def open(self) -> Self:
        return self.filter(state__in=OPEN)

    def done(self) -> Self:
        return self.filter(state=OutputState.DONE)

    def stale(self) -> Self:
        """Done, and their brand shows something else by now."""
        return self.filter(stale_since__isnull=False, state=OutputState.DONE, removed_at=None)


class Output(models.Model):
    """Unique per (job, source, brand, variant, part). Each has its own state, error and retry.

    `key` is a hash of everything that shapes the bytes; the file lies at `outputs/<key[:2]>/<key>.mp4` and is
    shared by all outputs with that key. One that is done stays so when its file goes after its keep time: then
    `removed_at` says since when.

    One whose brand shows something else than its file is stale. To make it again it goes back to planned, queued and
    rendering, and holds its file all the while: `key`, `sha256` and the other facts tell of that file until the new one
    is stored, `coming_key` and `coming` of the new one. If that fails, it is done as before, and its error tells why.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    job = models.ForeignKey(Job, verbose_name=_("job"), related_name="outputs", on_delete=models.CASCADE)
    source = models.ForeignKey(Asset, verbose_name=_("video"), related_name="outputs", on_delete=models.PROTECT)
    brand = models.ForeignKey(Brand, verbose_name=_("brand"), related_name="outputs", on_delete=models.PROTECT)
    variant = models.CharField(_("variant"), max_length=12, choices=Variant.choices)
    part = models.PositiveSmallIntegerField(_("part"), default=0)
    state = models.CharField(_("state"), max_length=10, choices=OutputState.choices, default=OutputState.PLANNED)
    stage = models.ForeignKey(Stage, related_name="outputs", on_delete=models.SET_NULL, null=True, blank=True)
    key = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    file = models.FileField(_("file"), max_length=200, blank=True)
    poster = models.FileField(_("poster"), max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    bytes = models.BigIntegerField(_("size"), default=0)
    width = models.PositiveIntegerField(_("width"), default=0)
    height = models.PositiveIntegerField(_("height"), default=0)
    rate = models.CharField(_("frame rate"), max_length=16, blank=True, help_text=_("A fraction such as 30000/1001."))
    frames = models.PositiveIntegerField(_("frames"), default=0)
    seconds = models.FloatField(
        _("render seconds"), default=0.0, help_text=_("Its share of the stage; 0 when adopted.")
    )
    cost = models.FloatField(
        default=1.0, editable=False, help_text=_("Its weight in the job's percent, fixed when it was ordered.")
    )
    adopted = models.BooleanField(
        _("reused"), default=False, help_text=_("An earlier file with the same key was taken.")
    )
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    error_detail = models.CharField(_("detail"), max_length=500, blank=True)
    error_tail = models.TextField(_("log"), blank=True)
    opacities = models.JSONField(
        default=dict, editable=False, help_text=_("What each layer that adapts to the picture got.")
    )
    look = models.CharField(
        max_length=64, blank=True, editable=False, help_text=_("A hash of what its file shows, whatever made it.")
    )
    stale_since = models.DateTimeField(_("stale since"), null=True, blank=True)
    coming_key = models.CharField(max_length=64, blank=True, editable=False)
    coming = models.JSONField(default=dict, editable=False, help_text=_("What is known of the file that comes."))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    keep = models.BooleanField(_("keep"), default=False, help_text=_("Its file stays until somebody lets it go."))
    removed_at = models.DateTimeField(_("file removed"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = OutputQuerySet.as_manager()

    class Meta:
        ordering = ["job", "source", "brand", "variant", "part"]
        verbose_name = _("output")
        verbose_name_plural = _("outputs")
        constraints = [
            models.UniqueConstraint(fields=["job", "source", "brand", "variant", "part"], name="output_one_per_cell")
        ]
        indexes = [
            models.Index(fields=["job", "state"], name="output_job_state"),
            models.Index(fields=["state", "-id"], name="output_state_newest"),
            # SQLite takes an index with a condition only where the query says the very same words: IS NULL can be that.
            models.Index(fields=["state", "finished_at"], condition=models.Q(removed_at=None), name="output_file_age"),
            # Only what went: else SQLite takes this one for IS NULL, and believes there are few.
            models.Index(fields=["removed_at"], condition=models.Q(removed_at__isnull=False), name="output_removed"),
            models.Index(fields=["stale_since"], condition=models.Q(stale_since__isnull=False), name="output_stale"),
            models.Index(fields=["state"], condition=models.Q(coming_key__gt=""), name="output_coming"),
            models.Index(fields=["coming_key"], condition=models.Q(coming_key__gt=""), name="output_coming_key"),
        ]

    def __str__(self) -> str:
        return f"{self.source} / {self.brand} / {self.variant}"

    @property
    def is_stale(self) -> bool:
        """As `OutputQuerySet.stale`."""
        return self.stale_since is not None and self.state == OutputState.DONE and self.removed_at is None

    @property
    def renewing(self) -> bool:
        """Is it being made again, while the file that it holds stays as it is?"""
        return bool(self.file) and self.state in OPEN

    @property
    def duration(self) -> Fraction:
        """Seconds, exact: frames over rate."""
        return Fraction(self.frames) / Fraction(self.rate) if self.rate else Fraction(0)
