"""What a render costs, in seconds: as our own history tells, and where it tells nothing, by a fixed table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Case, F, FloatField, Value, When
from django.db.models.functions import Greatest, Least

from brands.layouts import canvas
from jobs.models import Pace, Profile

MEGA = 1_000_000
# Render seconds per second of video and megapixel of the frame, as docs/benchmarks.md measured them with three brands
# on two cores: standard by its wall time (7.12 s for 6 s at 720x1280), the others by their CPU time against standard's.
TABLE = {Profile.DRAFT: 0.45, Profile.STANDARD: 0.45, Profile.HIGH: 0.5}
KEPT = 0.8  # of both sums at each new render: after ten of one length a tenth of an old pace is left
WILD = 4.0  # times faster or slower than before: more than that says something about the day, not about the render


@dataclass(frozen=True)
class Kind:
    """What renders have in common that take equally long for a second of video."""

    variant: str
    size: int
    profile: str

    @property
    def megapixels(self) -> float:
        frame = canvas(self.variant, self.size)
        return frame.width * frame.height / MEGA

    @property
    def by_table(self) -> float:
        return TABLE[Profile(self.profile)] * self.megapixels


@dataclass(frozen=True)
class Paces:
    """The history as it was read: (seconds spent, seconds of video made) of each kind."""

    known: Mapping[Kind, tuple[float, float]] = field(default_factory=dict)

    def seconds(self, kind: Kind, length: float) -> float:
        """Wall seconds that one slot needs for a cell of `length` seconds."""
        return length * self.per_second(kind)

    def per_second(self, kind: Kind) -> float:
        """Of this kind, else by area from the other kinds of its profile, else by the table."""
        spent, made = self.known.get(kind, (0.0, 0.0))
        if made > 0:
            return spent / made
        alike = [(each, sums) for each, sums in self.known.items() if each.profile == kind.profile]
        area = sum(sums[1] * each.megapixels for each, sums in alike)
        return sum(sums[0] for _each, sums in alike) / area * kind.megapixels if area > 0 else kind.by_table


def read() -> Paces:
    rows = Pace.objects.filter(made__gt=0).values_list("variant", "size", "profile", "spent", "made")
    return Paces({Kind(name, size, profile): (spent, made) for name, size, profile, spent, made in rows})


def learn(kind: Kind, spent: float, made: float) -> None:
    """A stage has rendered `made` seconds of video (of all its cells) in `spent` seconds. One UPDATE, whoever else
    writes; call it in the transaction that ends the stage, so that it counts once.
    """
    if spent <= 0 or made <= 0:
        return
    mine: dict[str, Any] = {"variant": kind.variant, "size": kind.size, "profile": kind.profile}
    if _fade(mine, spent, made):
        return
    with transaction.atomic():
        Pace.objects.get_or_create(**mine)
    _fade(mine, spent, made)


def _fade(mine: Mapping[str, Any], spent: float, made: float) -> int:
    before = F("spent") / F("made") * made
    tame = Greatest(before / WILD, Least(before * WILD, Value(spent)))
    new = Case(When(made__gt=0, then=tame), default=Value(spent), output_field=FloatField())
    return Pace.objects.filter(**mine).update(spent=F("spent") * KEPT + new, made=F("made") * KEPT + made)
