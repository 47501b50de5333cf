"""A brand as plain values: what is compared, exported, and looked at before something is undone.

{"name":, "slug":, "handle":, "active":, "locked":,
 "profile": {...},
 "artwork": {"logo": {...}, "watermark/square": {...}},   by kind and variant
 "clips":   {"intro": {...}},
 "fonts":   {"Kettle Sans": {...}},                        by name
 "layers":  {"logo": {...}, "logo/square": {...}}}         by name and variant

Files are told by the hash of their bytes. Keys of rows, times and the names of stored files are no part of it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from brands.models import Artwork, Brand, BrandClip, Font, Layer, PublishingProfile

State = dict[str, Any]

BRAND = ("name", "slug", "handle", "active", "locked")
PROFILE = ("caption_ending", "hashtags", "languages", "cadence_hours", "platforms", "priority", "filename_pattern")
LAYER = (
    *("kind", "artwork_kind", "text", "full_frame", "x", "y", "width", "opacity", "adaptive", "opacity_low"),
    *("opacity_high", "rotation", "shape", "order", "visible", "locked", "timing", "start_ms", "length_ms", "fade_ms"),
    *("text_size", "text_colour", "box_colour", "box_opacity"),
)  # and the font, by its hash
ARTWORK = {"sha256": "sha256", "name": "original_name", "format": "image_format", "width": "width", "height": "height"}
CLIP = {"sha256": "sha256", "name": "original_name", "format": "container", "active": "active", "facts": "facts"}
FONT = {"sha256": "sha256", "name": "original_name", "format": "font_format"}
PARTS = ("artwork", "clips", "fonts", "layers")


def blank() -> State:
    """A brand of which nothing is said yet."""
    return {
        "name": "",
        "slug": "",
        "handle": "",
        "active": True,
        "locked": False,
        "profile": profile(PublishingProfile()),
        **{part: {} for part in PARTS},
    }


def state(brand: Brand) -> State:
    """Reads the brand's rows; prefetch profile, artwork, clips, fonts and layers__font when asking for many."""
    own: PublishingProfile = getattr(brand, "profile", None) or PublishingProfile()
    return {
        **{name: getattr(brand, name) for name in BRAND},
        "profile": profile(own),
        "artwork": {key(row.kind, row.variant): facts(row, ARTWORK) for row in sorted_rows(brand.artwork.all())},
        "clips": {key(row.kind, row.variant): facts(row, CLIP) for row in sorted_rows(brand.clips.all())},
        "fonts": {row.name: facts(row, FONT) for row in sorted(brand.fonts.all(), key=lambda row: row.name)},
        "layers": {key(row.name, row.variant): layer(row) for row in _layers(brand)},
    }


def profile(row: PublishingProfile) -> dict[str, Any]:
    return {name: getattr(row, name) for name in PROFILE}


def layer(row: Layer) -> dict[str, Any]:
    return {**{name: getattr(row, name) for name in LAYER}, "font": row.font.sha256 if row.font else ""}


def facts(row: Artwork | BrandClip | Font, names: dict[str, str]) -> dict[str, Any]:
    return {name: getattr(row, column) for name, column in names.items()}


def key(name: str, variant: str) -> str:
    return f"{name}/{variant}" if variant else name


def parted(key: str) -> tuple[str, str]:
    """`logo/square` -> logo, square."""
    name, _slash, variant = key.partition("/")
    return name, variant


def sorted_rows(rows: Any) -> Any:
    return sorted(rows, key=lambda row: (row.kind, row.variant))


def _layers(brand: Brand) -> list[Layer]:
    return sorted(brand.layers.all(), key=lambda row: (row.order, row.name, row.variant))


PREFETCH = ("profile", "artwork", "clips", "fonts", "layers__font")


class Difference(NamedTuple):
    """One value that is not what it was. `path` is ("layers", "logo", "x"), or as short as ("name",)."""

    path: tuple[str, ...]
    old: Any
    new: Any


def differences(old: State, new: State) -> Iterator[Difference]:
    """Value by value; a layer, file or font that is only on one side is one difference, with None on the other."""
    for name in BRAND:
        if old[name] != new[name]:
            yield Difference((name,), old[name], new[name])
    for name in PROFILE:
        if old["profile"][name] != new["profile"][name]:
            yield Difference(("profile", name), old["profile"][name], new["profile"][name])
    for part in PARTS:
        for one in [*old[part], *(one for one in new[part] if one not in old[part])]:
            yield from _inner((part, one), old[part].get(one), new[part].get(one))


def _inner(path: tuple[str, ...], old: Any, new: Any) -> Iterator[Difference]:
    whole = path[0] != "layers" or old is None or new is None
    if whole and old != new:
        yield Difference(path, old, new)
    elif not whole:
        for name in old:
            if old[name] != new[name]:
                yield Difference((*path, name), old[name], new[name])


def at(state: State, path: tuple[str, ...]) -> Any:
    """The value there, None when there is none."""
    value: Any = state
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
