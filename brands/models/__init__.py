"""The rows: Brand -> Artwork, clips, fonts (files) -> Layer (where), with profile, grants and imports beside them."""

from brands.models.artwork import (
    Artwork,
    ArtworkKind,
    BrandClip,
    ClipKind,
    Font,
    artwork_path,
    clip_path,
    font_path,
)
from brands.models.brand import Brand, OfBrandQuerySet, hidden
from brands.models.grant import BrandGrant
from brands.models.importrun import ImportRun
from brands.models.layer import Layer, LayerKind, LayerShape, Timing
from brands.models.profile import PublishingProfile
from brands.models.variant import Variant
from brands.models.zone import SafeZone

__all__ = [
    "Artwork",
    "ArtworkKind",
    "Brand",
    "BrandClip",
    "BrandGrant",
    "ClipKind",
    "Font",
    "ImportRun",
    "Layer",
    "LayerKind",
    "LayerShape",
    "OfBrandQuerySet",
    "PublishingProfile",
    "SafeZone",
    "Timing",
    "Variant",
    "artwork_path",
    "clip_path",
    "font_path",
    "hidden",
]
