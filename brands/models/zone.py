"""Where platforms put their own buttons and texts over a video."""

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from brands.models.variant import Variant
from wtfsite.access import UserQuerySet

SIDE = [MinValueValidator(0.0), MaxValueValidator(90.0)]


class SafeZone(models.Model):
    """The margins, in percent of the canvas, that a platform is said to cover. Guidance, not law: sources disagree and
    change, so each row says where it is from and when somebody last looked.
    """

    name = models.CharField(_("name"), max_length=60, help_text=_("For example Reels."))
    platform = models.SlugField(_("platform"), max_length=40, help_text=_("For example instagram_reels."))
    variant = models.CharField(_("variant"), max_length=12, choices=Variant.choices, default=Variant.VERTICAL)
    top = models.FloatField(_("top %"), default=0.0, validators=SIDE)
    right = models.FloatField(_("right %"), default=0.0, validators=SIDE)
    bottom = models.FloatField(_("bottom %"), default=0.0, validators=SIDE)
    left = models.FloatField(_("left %"), default=0.0, validators=SIDE)
    source = models.CharField(_("source"), max_length=200, blank=True)
    checked_on = models.DateField(_("looked at"), null=True, blank=True)

    objects: ClassVar[Any] = UserQuerySet.as_manager()

    class Meta:
        ordering = ["platform", "variant"]
        verbose_name = _("safe zone")
        verbose_name_plural = _("safe zones")
        constraints = [models.UniqueConstraint(fields=["platform", "variant"], name="zone_one_per_platform_variant")]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_variant_display()})"
