"""How a file was made, to be looked at and to be made again."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from wtfsite.access import UserQuerySet


class Recipe(models.Model):
    """One for each file: outputs with the same key share it. `data` is versioned; see `jobs.services.recipes`."""

    key = models.CharField(max_length=64, primary_key=True)
    data = models.JSONField(_("recipe"))
    created_at = models.DateTimeField(_("written"), auto_now_add=True)

    objects: ClassVar[Any] = UserQuerySet.as_manager()

    class Meta:
        verbose_name = _("recipe")
        verbose_name_plural = _("recipes")

    def __str__(self) -> str:
        return self.key
