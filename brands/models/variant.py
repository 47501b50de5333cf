"""The target shapes."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Variant(models.TextChoices):
    """The target shapes. Their pixel sizes are in `brands.layouts`."""

    VERTICAL = "vertical", _("vertical 9:16")
    PORTRAIT = "portrait", _("portrait 4:5")
    SQUARE = "square", _("square 1:1")
    LANDSCAPE = "landscape", _("landscape 16:9")
