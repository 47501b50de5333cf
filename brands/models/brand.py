"""Who a video is for."""

from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wtfsite.access import UserQuerySet
from wtfsite.lib import names


def hidden(user: Any) -> frozenset[int]:
    """The brands that are granted to others only. Asked once and kept on the user, as Django does with permissions."""
    if user.is_superuser:
        return frozenset()
    found: frozenset[int] | None = getattr(user, "_hidden_brands", None)
    if found is None:
        mine = Brand.objects.filter(Q(grants__user=user) | Q(grants__group__user=user))
        granted = Brand.objects.filter(grants__isnull=False).exclude(pk__in=mine.order_by().values("pk"))
        found = user._hidden_brands = frozenset(granted.order_by().values_list("pk", flat=True))
    return found


class BrandQuerySet(UserQuerySet):
    def active(self) -> Self:
        return self.filter(active=True)

    def within_reach(self, user: Any) -> Self:
        closed = hidden(user)
        return self.exclude(pk__in=closed) if closed else self.all()


class OfBrandQuerySet(UserQuerySet):
    """Of rows that belong to one brand, or to the house when they have none: who sees the brand sees them."""

    def within_reach(self, user: Any) -> Self:
        closed = hidden(user)
        return self.exclude(brand__in=closed) if closed else self.all()


class Brand(models.Model):
    name = models.CharField(_("name"), max_length=80, unique=True)
    slug = models.SlugField(_("short name"), max_length=60, unique=True, help_text=_("In commands and addresses."))
    handle = models.CharField(_("handle"), max_length=60, blank=True, help_text=_("For example @northshore."))
    active = models.BooleanField(
        _("active"), default=True, help_text=_("Inactive brands are not offered for new jobs.")
    )
    locked = models.BooleanField(
        _("protected"), default=False, help_text=_("Stays as it is: nobody changes or deletes it before this is off.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects: ClassVar[Any] = BrandQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("brand")
        verbose_name_plural = _("brands")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """As forms do, for rows that come from elsewhere: lists that are imported."""
        self.name, self.handle = names.line(self.name, 80), names.line(self.handle, 60)
        if not self.name:
            raise ValidationError({"name": _("Write a name that can be seen.")})
