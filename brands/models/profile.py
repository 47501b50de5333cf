"""How a brand writes and when it posts."""

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from brands.models.brand import Brand, OfBrandQuerySet


class PublishingProfile(models.Model):
    """What publications of a brand begin with. Platforms are keys such as `tiktok`; the first of `priority` leads."""

    brand = models.OneToOneField(Brand, verbose_name=_("brand"), related_name="profile", on_delete=models.CASCADE)
    caption_ending = models.CharField(_("caption ending"), max_length=500, blank=True)
    hashtags = models.JSONField(_("hashtags"), default=list, blank=True)
    languages = models.JSONField(_("languages"), default=list, blank=True)
    cadence_hours = models.FloatField(
        _("hours between posts"), default=6.0, validators=[MinValueValidator(0.0), MaxValueValidator(8760.0)]
    )
    platforms = models.JSONField(_("platforms"), default=list, blank=True)
    priority = models.JSONField(_("platforms by rank"), default=list, blank=True)
    filename_pattern = models.CharField(
        _("file name pattern"), max_length=120, blank=True, help_text=_("For example {date}_{brand}_{slug}_{hash}.mp4")
    )

    objects: ClassVar[Any] = OfBrandQuerySet.as_manager()

    class Meta:
        verbose_name = _("publishing profile")
        verbose_name_plural = _("publishing profiles")

    def __str__(self) -> str:
        return str(self.brand)
