"""What the recipe `brand` is told: frozen values, no rows."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from jobs.media.encode import Profile
from jobs.media.probe import Probe
from jobs.media.reframe import Frame


@dataclass(frozen=True)
class Overlay:
    """A picture over the video, and where its corner lies on the canvas; x and y are even.

    It is a plate (RGBA png, cropped to what is drawn), or with a `probe` a moving mark, which is scaled to `width` x
    `height`, made fainter by `opacity`, and repeated as long as it is shown. Times count on the video itself, without
    intro and outro; without them it is shown all the time. Fading takes `fade_us` at each end.
    """

    path: Path
    x: int
    y: int
    start_us: int | None = None
    end_us: int | None = None
    fade_us: int = 0
    probe: Probe | None = None
    width: int = 0
    height: int = 0
    opacity: float = 1.0

    @property
    def moving(self) -> bool:
        return self.probe is not None


@dataclass(frozen=True)
class Clip:
    """An intro or an outro: a file behind the gate."""

    path: Path
    probe: Probe


@dataclass(frozen=True)
class Cell:
    """One output of the pass: `name` is ours ("c0"), never a user's. Overlays come from back to front."""

    name: str
    overlays: tuple[Overlay, ...] = ()
    intro: Clip | None = None
    outro: Clip | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9]*", self.name):  # it becomes a file name inside tee's own syntax
            raise ValueError(f"not a cell name: {self.name!r}")

    @property
    def films(self) -> tuple[Clip, ...]:
        return tuple(clip for clip in (self.intro, self.outro) if clip)

    @property
    def untouched(self) -> bool:
        """Whether the video stays as it is."""
        return not (self.overlays or self.films)

    @property
    def files(self) -> tuple[Path, ...]:
        """All that is read for it beside the source."""
        return (*(overlay.path for overlay in self.overlays), *(clip.path for clip in self.films))


@dataclass(frozen=True)
class BrandSpec:
    """All that shapes the files. `frame` says how the video is laid into them."""

    source: Path
    probe: Probe
    width: int
    height: int
    rate: Fraction
    frame: Frame
    profile: Profile
    cells: tuple[Cell, ...]

    @property
    def duration_us(self) -> int:
        """Of the video itself."""
        return self.probe.duration_us

    @property
    def frames(self) -> int:
        """How many frames the video itself should have in each file, give or take one."""
        return round(Fraction(self.duration_us, 1_000_000) * self.rate)

    def film_frames(self, clip: Clip | None) -> int:
        """How many frames an intro or an outro takes, exactly."""
        return max(1, round(Fraction(clip.probe.duration_us, 1_000_000) * self.rate)) if clip else 0

    def frames_of(self, cell: Cell) -> int:
        return self.frames + self.film_frames(cell.intro) + self.film_frames(cell.outro)

    def duration_of(self, cell: Cell) -> int:
        """Of the finished file, in µs."""
        films = self.film_frames(cell.intro) + self.film_frames(cell.outro)
        return self.duration_us + round(Fraction(1_000_000 * films) / self.rate)

    def has_sound(self, cell: Cell) -> bool:
        """Of the video or of a film; where only one of them has any, the others are silent."""
        return self.probe.audio is not None or any(clip.probe.audio for clip in cell.films)
