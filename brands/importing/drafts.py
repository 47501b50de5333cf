"""What readers hand on: plain values, whichever format they come from. Nothing here knows rows or files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ERROR, WARNING, NOTE = "error", "warning", "note"


@dataclass(frozen=True)
class Finding:
    """A sentence about one place of what was read. An error is something that is not imported; a warning was taken to
    mean something; a note is good to know."""

    level: str
    where: str
    sentence: str


@dataclass(frozen=True)
class FileDraft:
    """A file of the kit and what it is for: a picture, a clip or a font of a brand."""

    kind: str
    path: str
    variant: str = ""
    name: str = ""  # what people called it
    where: str = ""  # who names it; "" when it was found by its own name
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BrandDraft:
    """What one or more files say of a brand; None and absent keys are what they do not speak of.

    `whole`: this is all of the brand, and what is not here goes. `mark` is what a list says of the watermark (position,
    scale, opacity); `layers` are rows that are written out, as in our own format.
    """

    key: str
    where: str
    name: str | None = None
    slug: str | None = None
    handle: str | None = None
    active: bool | None = None
    locked: bool | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)
    mark: Mapping[str, Any] = field(default_factory=dict)
    mark_key: str = ""
    artwork: tuple[FileDraft, ...] = ()
    clips: tuple[FileDraft, ...] = ()
    fonts: tuple[FileDraft, ...] = ()
    layers: tuple[Mapping[str, Any], ...] = ()
    whole: bool = False


@dataclass(frozen=True)
class ZoneDraft:
    """What a platform covers of a shape, in percent."""

    platform: str
    variant: str
    where: str
    margins: Mapping[str, float]
    name: str = ""
    source: str = ""


@dataclass(frozen=True)
class PlatformDraft:
    """What a platform's rules say that lands on the profiles of the brands that post there."""

    key: str
    where: str
    enabled: bool = True
    filename_pattern: str = ""
