"""The recipe `brand`: one source, one canvas, many brands, in one pass."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from jobs.media.encode import Profile
from jobs.media.errors import MediaError
from jobs.media.probe import Probe
from jobs.media.progress import Progress
from jobs.media.tools import Tools

PIPELINE_VERSION = 1


@dataclass(frozen=True)
class Overlay:
    """A plate (RGBA png, cropped to what is drawn) and where its corner lies on the canvas; x and y are even."""

    path: Path
    x: int
    y: int


@dataclass(frozen=True)
class Cell:
    """One output of the pass: `name` is ours ("c0"), never a user's."""

    name: str
    overlay: Overlay | None = None


@dataclass(frozen=True)
class BrandSpec:
    """All that shapes the files. `fit` is "fill" (crop), "fit" (black bars) or "blur" (blurred bars)."""

    source: Path
    probe: Probe
    width: int
    height: int
    rate: Fraction
    fit: str
    profile: Profile
    cells: tuple[Cell, ...]

    @property
    def duration_us(self) -> int:
        return self.probe.duration_us

    @property
    def frames(self) -> int:
        """How many frames each file should have, give or take one."""
        return round(Fraction(self.duration_us, 1_000_000) * self.rate)


@dataclass(frozen=True)
class Rendered:
    """A verified file. `seconds` is its share of the wall time, `command` what made it."""

    name: str
    path: Path
    poster: Path
    width: int
    height: int
    rate: Fraction
    frames: int
    bytes: int
    seconds: float
    command: tuple[str, ...]


@dataclass(frozen=True)
class Broken:
    """A cell that could not be made."""

    name: str
    error: MediaError


def compile(spec: BrandSpec, tools: Tools, work: Path) -> list[str]:  # noqa: A001 - `brand.compile` reads as it should
    raise NotImplementedError


def run(
    spec: BrandSpec,
    tools: Tools,
    work: Path,
    on_progress: Callable[[Progress], None] | None = None,
    keep_going: Callable[[], bool] | None = None,
    wanted: Callable[[], set[str]] | None = None,
) -> list[Rendered | Broken]:
    raise NotImplementedError
