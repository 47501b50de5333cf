"""Who may see and use which brand."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from brands.models.brand import Brand, OfBrandQuerySet


class BrandGrant(models.Model):
    """A brand without grants is for everybody who may see brands; one with grants for those people and groups only.

    The last grant must not go unseen, since the brand is everybody's then: a person or group that has one stays.
    """

    brand = models.ForeignKey(Brand, verbose_name=_("brand"), related_name="grants", on_delete=models.CASCADE)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        related_name="brand_grants",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
    )
    group = models.ForeignKey(
        Group, verbose_name=_("group"), related_name="brand_grants", on_delete=models.PROTECT, null=True, blank=True
    )

    objects: ClassVar[Any] = OfBrandQuerySet.as_manager()

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False, group=None) | models.Q(user=None, group__isnull=False),
                name="grant_person_or_group",
                violation_error_message=_("Choose a person or a group, one of the two."),
            ),
            models.UniqueConstraint(fields=["brand", "user"], name="grant_one_per_brand_user"),
            models.UniqueConstraint(fields=["brand", "group"], name="grant_one_per_brand_group"),
        ]

    def __str__(self) -> str:
        return str(self.user or self.group)
