"""A stage: one unit of a job's background work."""

from typing import Any, ClassVar, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from brands.models import Variant, hidden
from jobs.engine.leased import Leased, LeasedQuerySet
from jobs.models.asset import Asset
from jobs.models.job import Job


class StageKind(models.TextChoices):
    """prepare: bring one source here and plan its cells; render: a batch of cells; finish: end the job."""

    PREPARE = "prepare", _("prepare")
    RENDER = "render", _("render")
    FINISH = "finish", _("finish")


class StageQuerySet(LeasedQuerySet):
    def within_reach(self, user: Any) -> Self:
        """Those of the jobs that the user sees; of their renders those with an output of theirs."""
        closed = hidden(user)
        if not closed:
            return self.all()
        job = Job.objects.order_by().filter(pk=OuterRef("job")).within_reach(user)
        outputs = apps.get_model("jobs", "Output").objects.order_by()  # it knows of stages, not they of it
        theirs = outputs.filter(job=OuterRef("job"), stage=OuterRef("pk")).exclude(brand__in=closed)
        return self.filter(~Q(kind=StageKind.RENDER) | Exists(theirs), Exists(job))


class Stage(Leased):
    job = models.ForeignKey(Job, related_name="stages", on_delete=models.CASCADE)
    kind = models.CharField(_("kind"), max_length=8, choices=StageKind.choices)
    source = models.ForeignKey(Asset, related_name="stages", on_delete=models.PROTECT, null=True, blank=True)
    variant = models.CharField(_("variant"), max_length=12, choices=Variant.choices, blank=True)
    batch = models.PositiveSmallIntegerField(_("batch"), default=0)
    lane = models.CharField(max_length=40, blank=True, editable=False, help_text=_("Who takes turns with whom."))
    progress = models.FloatField(_("progress"), default=0.0, help_text=_("0 to 1."))
    eta_seconds = models.FloatField(_("seconds left"), null=True, blank=True)

    objects: ClassVar[Any] = StageQuerySet.as_manager()

    class Meta(Leased.Meta):
        verbose_name = _("piece of work")
        verbose_name_plural = _("gave up")  # whoever looks at a list of stages looks at those
        indexes = [
            models.Index(fields=["queue", "state", "-priority", "turn", "id"], name="stage_order"),
            models.Index(fields=["queue", "state", "priority", "lane", "turn"], name="stage_lane"),
            models.Index(fields=["changed_at"], name="stage_changed"),
        ]

    def for_log(self) -> dict[str, Any]:
        return {**super().for_log(), "kind": self.kind, "job": self.job_id}

    def __str__(self) -> str:
        batch = f" ({self.batch + 1})" if self.batch else ""
        return f"{self.job}: {self.get_kind_display()} {self.get_variant_display()}".rstrip() + batch
