"""The options of the recipe `brand`, as they are kept on a job: a versioned dataclass."""

from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from jobs.models import Fit, Profile

VERSION = 1


@dataclass(frozen=True)
class BrandOptions:
    """`size` is the shorter side of a 16:9 or 9:16 output in pixels; `fps` a fraction such as "30000/1001" or ""."""

    size: int = 1080
    profile: str = Profile.STANDARD
    fit: str = Fit.FILL
    fps: str = ""
    version: int = VERSION

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "BrandOptions":
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        return cls(**{**known, "version": VERSION})

    @property
    def rate(self) -> Fraction | None:
        return Fraction(self.fps) if self.fps else None
