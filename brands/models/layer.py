"""What stands where on a brand's videos."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from brands import lettering
from brands.models.artwork import ArtworkKind, Font
from brands.models.brand import Brand, OfBrandQuerySet
from brands.models.variant import Variant

PERCENT = [MinValueValidator(0.0), MaxValueValidator(100.0)]
SHARE = [MinValueValidator(0.0), MaxValueValidator(1.0)]
COLOUR = RegexValidator(r"^#[0-9a-fA-F]{6}\Z", _("Write a colour as # and six hex digits, for example #ff8800."))


class LayerKind(models.TextChoices):
    IMAGE = "image", _("picture")
    TEXT = "text", _("text")
    CREDIT = "credit", _("credit")
    CLIP = "clip", _("moving mark")


class LayerShape(models.TextChoices):
    """What is cut out of the picture, from its middle."""

    WHOLE = "", _("as it is")
    CIRCLE = "circle", _("circle")
    SQUARE = "square", _("square")


class Timing(models.TextChoices):
    ALWAYS = "always", _("all the time")
    FIRST = "first", _("at the beginning")
    LAST = "last", _("at the end")
    BETWEEN = "between", _("from a time on")


class Layer(models.Model):
    """One standing element on a brand's videos. Lengths are percent of the canvas, positions the centre of the box.

    A layer without a variant is for all of them; one with a variant replaces the layer of the same name there.
    """

    brand = models.ForeignKey(Brand, verbose_name=_("brand"), related_name="layers", on_delete=models.CASCADE)
    name = models.SlugField(_("layer"), max_length=40, help_text=_("For example logo, mark, headline."))
    variant = models.CharField(
        _("variant"), max_length=12, choices=Variant.choices, blank=True, help_text=_("Leave empty for all variants.")
    )
    order = models.PositiveSmallIntegerField(_("order"), default=0, help_text=_("Higher is further to the front."))
    visible = models.BooleanField(_("visible"), default=True)
    locked = models.BooleanField(_("locked"), default=False, help_text=_("Cannot be moved in the editor."))
    kind = models.CharField(_("kind"), max_length=8, choices=LayerKind.choices, default=LayerKind.IMAGE)
    artwork_kind = models.CharField(
        _("picture"), max_length=12, choices=ArtworkKind.choices, blank=True, help_text=_("Which picture of the brand.")
    )
    text = models.TextField(
        _("text"),
        max_length=2000,
        blank=True,
        help_text=_("In a credit, {author}, {title} and {site} stand for what is known of the video."),
    )
    full_frame = models.BooleanField(
        _("full frame"),
        default=False,
        help_text=_("Cover the whole frame from its middle; the width then scales it, 100 fits exactly."),
    )
    x = models.FloatField(_("centre x %"), default=86.0, validators=PERCENT)
    y = models.FloatField(_("centre y %"), default=92.0, validators=PERCENT)
    width = models.FloatField(_("width %"), default=15.0, validators=[MinValueValidator(1.0), MaxValueValidator(200.0)])
    opacity = models.FloatField(
        _("opacity"),
        default=1.0,
        validators=[MinValueValidator(0.01), MaxValueValidator(1.0)],
        help_text=_("0.01 to 1."),
    )
    adaptive = models.BooleanField(
        _("adapt to the picture"),
        default=False,
        help_text=_("Strong on dark pictures and weak on bright ones, between the two values; instead of the opacity."),
    )
    opacity_low = models.FloatField(_("opacity on bright"), default=0.10, validators=SHARE)
    opacity_high = models.FloatField(_("opacity on dark"), default=0.20, validators=SHARE)
    rotation = models.FloatField(
        _("rotation °"),
        default=0.0,
        validators=[MinValueValidator(-180.0), MaxValueValidator(180.0)],
        help_text=_("Clockwise."),
    )
    shape = models.CharField(_("shape"), max_length=8, choices=LayerShape.choices, blank=True, default=LayerShape.WHOLE)
    timing = models.CharField(_("shown"), max_length=8, choices=Timing.choices, default=Timing.ALWAYS)
    start_ms = models.PositiveIntegerField(_("from, ms"), default=0)
    length_ms = models.PositiveIntegerField(_("for, ms"), default=3000)
    fade_ms = models.PositiveIntegerField(_("fade, ms"), default=0, help_text=_("In and out."))
    font = models.ForeignKey(
        Font,
        verbose_name=_("font"),
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        help_text=_("Leave empty for the studio's own."),
    )
    text_size = models.FloatField(
        _("text size %"),
        default=4.5,
        validators=[MinValueValidator(0.5), MaxValueValidator(50.0)],
        help_text=_("Letter height in percent of the shorter side; text that does not fit is made smaller."),
    )
    text_colour = models.CharField(_("text colour"), max_length=7, default="#ffffff", validators=[COLOUR])
    box_colour = models.CharField(_("box colour"), max_length=7, default="#000000", validators=[COLOUR])
    box_opacity = models.FloatField(
        _("box opacity"), default=0.6, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )

    objects: ClassVar[Any] = OfBrandQuerySet.as_manager()

    class Meta:
        ordering = ["brand", "order", "name"]
        verbose_name = _("layer")
        verbose_name_plural = _("layers")
        constraints = [
            models.UniqueConstraint(fields=["brand", "name", "variant"], name="layer_one_per_brand_name_variant")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_variant_display()})" if self.variant else self.name

    def clean(self) -> None:
        if self.kind == LayerKind.IMAGE and not self.artwork_kind:
            raise ValidationError({"artwork_kind": _("Choose which picture of the brand this layer shows.")})
        self.text = lettering.clean(self.text)
        if self.kind in (LayerKind.TEXT, LayerKind.CREDIT) and not self.text:
            raise ValidationError({"text": _("Write the text that this layer shows.")})
        if self.opacity_low > self.opacity_high:
            raise ValidationError({"opacity_low": _("On bright pictures it may not be stronger than on dark ones.")})
        if self.timing != Timing.ALWAYS and not self.length_ms:
            raise ValidationError({"length_ms": _("Say for how many milliseconds it is shown.")})
