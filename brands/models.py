"""Brands, their artwork files and their layers."""

import uuid
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from brands import lettering
from wtfsite.access import UserQuerySet
from wtfsite.lib import names

PERCENT = [MinValueValidator(0.0), MaxValueValidator(100.0)]
COLOUR = RegexValidator(r"^#[0-9a-fA-F]{6}\Z", _("Write a colour as # and six hex digits, for example #ff8800."))


class Variant(models.TextChoices):
    """The target shapes. Their pixel sizes are in `brands.layouts`."""

    VERTICAL = "vertical", _("vertical 9:16")
    PORTRAIT = "portrait", _("portrait 4:5")
    SQUARE = "square", _("square 1:1")
    LANDSCAPE = "landscape", _("landscape 16:9")


class BrandQuerySet(UserQuerySet):
    def active(self) -> Self:
        return self.filter(active=True)


class Brand(models.Model):
    name = models.CharField(_("name"), max_length=80, unique=True)
    slug = models.SlugField(_("short name"), max_length=60, unique=True, help_text=_("In commands and addresses."))
    handle = models.CharField(_("handle"), max_length=60, blank=True, help_text=_("For example @northshore."))
    active = models.BooleanField(
        _("active"), default=True, help_text=_("Inactive brands are not offered for new jobs.")
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


class ArtworkKind(models.TextChoices):
    LOGO = "logo", _("logo")
    WATERMARK = "watermark", _("watermark")


def artwork_path(artwork: "Artwork", filename: str) -> str:
    """A name of ours for a PNG of ours; the uploader's name is only kept as text."""
    return f"artwork/{artwork.uuid.hex[:2]}/{artwork.uuid}.png"


class Artwork(models.Model):
    """One picture of a brand. Without a brand it is the house's own: used where a brand has none of that kind.

    The file is a PNG made by `brands.intake`, and so are the hash and the size; name and format are what came in.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    brand = models.ForeignKey(
        Brand,
        verbose_name=_("brand"),
        related_name="artwork",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        help_text=_("Leave empty for a picture that every brand without its own may use."),
    )
    kind = models.CharField(_("kind"), max_length=12, choices=ArtworkKind.choices, default=ArtworkKind.LOGO)
    variant = models.CharField(
        _("variant"), max_length=12, choices=Variant.choices, blank=True, help_text=_("Leave empty for all variants.")
    )
    file = models.FileField(_("picture"), upload_to=artwork_path, max_length=200)
    original_name = models.CharField(_("file name"), max_length=255, blank=True, editable=False)
    image_format = models.CharField(max_length=8, blank=True, editable=False)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    width = models.PositiveIntegerField(_("width"), default=0, editable=False)
    height = models.PositiveIntegerField(_("height"), default=0, editable=False)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects: ClassVar[Any] = UserQuerySet.as_manager()

    class Meta:
        ordering = ["brand", "kind", "variant"]
        verbose_name = _("artwork")
        verbose_name_plural = _("artwork")
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "kind", "variant"],
                name="artwork_one_per_brand_kind_variant",
                violation_error_message=_(
                    "There is already a picture of this kind for this variant. Replace its file."
                ),
            ),
            models.UniqueConstraint(  # a missing brand never equals another one, so the house needs its own
                fields=["kind", "variant"],
                condition=models.Q(brand=None),
                name="artwork_one_per_house_kind_variant",
                violation_error_message=_(
                    "There is already a picture of this kind for this variant. Replace its file."
                ),
            ),
        ]

    def __str__(self) -> str:
        owner = self.brand.name if self.brand else _("house")
        return f"{owner}: {self.get_kind_display()}" + (f" ({self.get_variant_display()})" if self.variant else "")


class LayerKind(models.TextChoices):
    IMAGE = "image", _("picture")
    TEXT = "text", _("text")


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
    kind = models.CharField(_("kind"), max_length=8, choices=LayerKind.choices, default=LayerKind.IMAGE)
    artwork_kind = models.CharField(
        _("picture"), max_length=12, choices=ArtworkKind.choices, blank=True, help_text=_("Which picture of the brand.")
    )
    text = models.TextField(_("text"), max_length=2000, blank=True)
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

    objects: ClassVar[Any] = UserQuerySet.as_manager()

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
        if self.kind == LayerKind.TEXT and not self.text:
            raise ValidationError({"text": _("Write the text that this layer shows.")})
