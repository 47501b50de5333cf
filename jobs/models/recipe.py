"""How a file was made, to be looked at and to be made again."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from brands.models import hidden
from jobs.models.output import Output
from wtfsite.access import UserQuerySet


class RecipeQuerySet(UserQuerySet):
    def within_reach(self, user: Any) -> Self:
        """Those of files that an output of theirs holds, and no output of a brand that is hidden from them."""
        closed = hidden(user)
        if not closed:
            return self.all()
        holders = Output.objects.order_by().filter(key=OuterRef("pk"))
        return self.filter(Exists(holders), ~Exists(holders.filter(brand__in=closed)))


class Recipe(models.Model):
    """One for each file: outputs with the same key share it. `data` is versioned; see `jobs.services.recipes`."""

    key = models.CharField(max_length=64, primary_key=True)
    data = models.JSONField(_("recipe"))
    created_at = models.DateTimeField(_("written"), auto_now_add=True)

    objects: ClassVar[Any] = RecipeQuerySet.as_manager()

    class Meta:
        verbose_name = _("recipe")
        verbose_name_plural = _("recipes")

    def __str__(self) -> str:
        return self.key
