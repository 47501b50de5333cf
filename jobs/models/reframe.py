"""How a video is laid into a shape, as somebody set it by hand."""

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from brands.models import Variant
from jobs.models.asset import Asset
from jobs.models.job import Fit
from wtfsite.access import UserQuerySet

SHARE = [MinValueValidator(0.0), MaxValueValidator(1.0)]


class Turn(models.IntegerChoices):
    """Degrees, clockwise."""

    NONE = 0, _("as it is")
    RIGHT = 90, _("right")
    OVER = 180, _("upside down")
    LEFT = 270, _("left")


class Reframe(models.Model):
    """One for each video and shape; every job that uses the video takes it, in place of the job's own fit.

    The picture is turned, mirrored, cut (a rectangle in shares of the turned picture), brought to the canvas by `fit`,
    enlarged by `zoom`, and moved: `pan` says which share of what stands over (or is free) lies left of (above) it.
    """

    asset = models.ForeignKey(Asset, verbose_name=_("video"), related_name="reframes", on_delete=models.CASCADE)
    variant = models.CharField(_("variant"), max_length=12, choices=Variant.choices)
    fit = models.CharField(_("when the shape differs"), max_length=8, choices=Fit.choices, default=Fit.FILL)
    turn = models.PositiveSmallIntegerField(_("turn"), choices=Turn.choices, default=Turn.NONE)
    mirror = models.BooleanField(_("mirror"), default=False)
    crop_left = models.FloatField(_("cut left"), default=0.0, validators=SHARE)
    crop_top = models.FloatField(_("cut top"), default=0.0, validators=SHARE)
    crop_width = models.FloatField(_("cut width"), default=1.0, validators=[MinValueValidator(0.02), *SHARE[1:]])
    crop_height = models.FloatField(_("cut height"), default=1.0, validators=[MinValueValidator(0.02), *SHARE[1:]])
    zoom = models.FloatField(_("zoom"), default=1.0, validators=[MinValueValidator(0.25), MaxValueValidator(4.0)])
    pan_x = models.FloatField(_("place across"), default=0.5, validators=SHARE)
    pan_y = models.FloatField(_("place down"), default=0.5, validators=SHARE)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects: ClassVar[Any] = UserQuerySet.as_manager()

    class Meta:
        ordering = ["asset", "variant"]
        verbose_name = _("reframing")
        verbose_name_plural = _("reframings")
        constraints = [models.UniqueConstraint(fields=["asset", "variant"], name="reframe_one_per_asset_variant")]

    def __str__(self) -> str:
        return f"{self.asset} / {self.get_variant_display()}"
