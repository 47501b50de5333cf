"""How fast this installation renders: one row for each shape, size and profile."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from brands.models import Variant
from jobs.models.job import Profile
from wtfsite.access import UserQuerySet


class Pace(models.Model):
    """`spent` seconds of render for `made` seconds of video, summed over cells; older renders fade from both sums."""

    variant = models.CharField(_("variant"), max_length=12, choices=Variant.choices)
    size = models.PositiveSmallIntegerField(_("size"))
    profile = models.CharField(_("profile"), max_length=8, choices=Profile.choices)
    spent = models.FloatField(_("render seconds"), default=0.0)
    made = models.FloatField(_("video seconds"), default=0.0)

    objects: ClassVar[Any] = UserQuerySet.as_manager()

    class Meta:
        verbose_name = _("pace")
        verbose_name_plural = _("paces")
        constraints = [models.UniqueConstraint(fields=["variant", "size", "profile"], name="pace_one_per_kind")]

    def __str__(self) -> str:
        return f"{self.variant} {self.size} {self.profile}"
