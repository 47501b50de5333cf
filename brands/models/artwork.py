"""The files of a brand: pictures, moving pictures, fonts."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from brands.models.brand import Brand, OfBrandQuerySet
from brands.models.variant import Variant


class ArtworkKind(models.TextChoices):
    LOGO = "logo", _("logo")
    SECOND_LOGO = "second_logo", _("second logo")
    WATERMARK = "watermark", _("watermark")
    TEMPLATE = "template", _("template frame")


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

    objects: ClassVar[Any] = OfBrandQuerySet.as_manager()

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


class ClipKind(models.TextChoices):
    MARK = "mark", _("moving mark")
    INTRO = "intro", _("intro")
    OUTRO = "outro", _("outro")


def clip_path(clip: "BrandClip", filename: str) -> str:
    """A name of ours, with the ending of what the probe found."""
    return f"artwork/{clip.uuid.hex[:2]}/{clip.uuid}.{clip.container or 'mp4'}"


class BrandClip(models.Model):
    """A moving picture of a brand: a mark that a layer shows (VP9 with alpha in WebM), or a film that is joined in
    front of its videos or behind them. Kept as it came in, after the gate let it through.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    brand = models.ForeignKey(Brand, verbose_name=_("brand"), related_name="clips", on_delete=models.CASCADE)
    kind = models.CharField(_("kind"), max_length=8, choices=ClipKind.choices, default=ClipKind.MARK)
    variant = models.CharField(
        _("variant"), max_length=12, choices=Variant.choices, blank=True, help_text=_("Leave empty for all variants.")
    )
    active = models.BooleanField(_("in use"), default=True)
    file = models.FileField(_("file"), upload_to=clip_path, max_length=200)
    container = models.CharField(max_length=8, blank=True, editable=False)
    original_name = models.CharField(_("file name"), max_length=255, blank=True, editable=False)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    facts = models.JSONField(default=dict, editable=False, help_text=_("What the probe found."))
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects: ClassVar[Any] = OfBrandQuerySet.as_manager()

    class Meta:
        ordering = ["brand", "kind", "variant"]
        verbose_name = _("clip of a brand")
        verbose_name_plural = _("clips of brands")
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "kind", "variant"],
                name="clip_one_per_brand_kind_variant",
                violation_error_message=_("There is already a clip of this kind for this variant. Replace its file."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.brand.name}: {self.get_kind_display()}" + (
            f" ({self.get_variant_display()})" if self.variant else ""
        )


def font_path(font: "Font", filename: str) -> str:
    return f"fonts/{font.uuid.hex[:2]}/{font.uuid}.{font.font_format or 'otf'}"


class Font(models.Model):
    """A font file, rebuilt by a sanitiser when it came in. Without a brand every brand may use it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    brand = models.ForeignKey(
        Brand,
        verbose_name=_("brand"),
        related_name="fonts",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        help_text=_("Leave empty for a font that every brand may use."),
    )
    name = models.CharField(_("name"), max_length=80, help_text=_("For example Kettle Sans Bold."))
    file = models.FileField(_("file"), upload_to=font_path, max_length=200)
    font_format = models.CharField(max_length=4, blank=True, editable=False)
    original_name = models.CharField(_("file name"), max_length=255, blank=True, editable=False)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects: ClassVar[Any] = OfBrandQuerySet.as_manager()

    class Meta:
        ordering = ["brand", "name"]
        verbose_name = _("font")
        verbose_name_plural = _("fonts")
        constraints = [
            models.UniqueConstraint(fields=["brand", "name"], name="font_one_per_brand_name"),
            models.UniqueConstraint(fields=["name"], condition=models.Q(brand=None), name="font_one_per_house_name"),
        ]

    def __str__(self) -> str:
        return self.name
