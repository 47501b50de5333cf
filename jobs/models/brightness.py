"""How bright a video is, place by place."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.models.asset import Asset
from wtfsite.access import UserQuerySet


class Brightness(models.Model):
    """The mean luma of sampled frames on a small grid over the canvas, one byte (0..255) for each field, row by row.

    `shape` is a hash of all that brought the frames onto the canvas: the variant, and how the video is laid into it.
    """

    asset = models.ForeignKey(Asset, related_name="brightness", on_delete=models.CASCADE)
    shape = models.CharField(max_length=64)
    columns = models.PositiveSmallIntegerField(_("columns"))
    rows = models.PositiveSmallIntegerField(_("rows"))
    luma = models.BinaryField()
    created_at = models.DateTimeField(_("measured"), auto_now_add=True)

    objects: ClassVar[Any] = UserQuerySet.as_manager()

    class Meta:
        verbose_name = _("brightness")
        verbose_name_plural = _("brightness")
        constraints = [models.UniqueConstraint(fields=["asset", "shape"], name="brightness_one_per_asset_shape")]
