"""What one cell is made of: from the rows of an output to the values that shape its bytes, and their key."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models.functions import Now

from brands import plates
from brands.design import Design
from brands.layouts import Canvas, canvas
from brands.plates import Video
from jobs.engine import slots
from jobs.media import encode, plan, reframe
from jobs.media.encode import Profile
from jobs.media.errors import MediaError
from jobs.media.probe import Probe
from jobs.media.reframe import Frame, Placed
from jobs.media.tools import Tools
from jobs.models import Asset, Output, OutputState
from jobs.models.output import OPEN
from jobs.pipelines.brand import PIPELINE_VERSION, BrandSpec, Cell
from jobs.services import brightness, lessons, reframing
from jobs.services.options import BrandOptions
from wtfsite.lib import names

Made = TypeVar("Made")


@dataclass(frozen=True)
class Shape:
    """What all cells of one source and variant have in common."""

    sha256: str
    probe: Probe
    canvas: Canvas
    rate: Fraction
    frame: Frame
    profile: Profile

    @property
    def placed(self) -> Placed:
        """How the video is laid into the canvas."""
        assert self.probe.video is not None, "the gate lets no file without a picture through"
        return reframe.place(self.probe.video, self.canvas.width, self.canvas.height, self.frame)


def spec(source: Path, common: Shape, made: tuple[Cell, ...]) -> BrandSpec:
    """The order for one process: these cells of one source and variant."""
    return BrandSpec(
        source=source,
        probe=common.probe,
        width=common.canvas.width,
        height=common.canvas.height,
        rate=common.rate,
        frame=common.frame,
        profile=common.profile,
        cells=made,
    )


@dataclass(frozen=True)
class Recipe:
    """One cell: what its brand shows, and the key of the file that this gives."""

    output: Output
    design: Design
    key: str


def shape(source: Asset, variant: str, options: BrandOptions) -> Shape:
    """Reads `source.reframes`, once."""
    probe = source.probe
    if probe is None:
        raise ValueError(f"asset {source.pk} was never probed")
    return Shape(
        sha256=source.sha256,
        probe=probe,
        canvas=canvas(variant, options.size),
        rate=encode.target_rate(probe, options.rate),
        frame=reframing.frame_of(source, variant, options),
        profile=encode.PROFILES[options.profile],
    )


def recipe(output: Output, common: Shape, tools: Tools) -> Recipe:
    """Raises ArtworkError (`artwork_missing` and its like) when the brand's layers cannot be shown."""
    design = plates.design(output.brand, common.canvas, output.variant, video(output.source, common))
    return Recipe(output, design, key(common, design, output.part, tools))


def video(source: Asset, common: Shape | None = None) -> Video:
    """What a brand's layers may take from a video; how bright it is only when it is known how it is laid out."""
    site = names.line(urlsplit(source.origin_url).hostname or "").removeprefix("www.")
    luma = brightness.luma(source, common) if common else None
    return Video(author=source.author, title=source.title, site=site, luma=luma)


def batches(made: Sequence[Made], common: Shape) -> list[list[Made]]:
    """Cells of one shape (in whatever form), cut into what this host renders in one process each."""
    frame = common.canvas
    size = plan.batch_size(slots.budget_mb(), common.probe, frame.width, frame.height, common.profile)
    return plan.batches(made, size)


def key(common: Shape, design: Design, part: int, tools: Tools) -> str:
    """SHA-256 over everything that shapes the bytes, and over nothing else."""
    facts = [
        common.sha256,
        [common.canvas.width, common.canvas.height],
        str(common.rate),
        common.placed.facts(),
        repr(common.profile),
        design.digest(),
        part,
        tools.build,
        PIPELINE_VERSION,
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


@transaction.atomic
def adopt(found: Recipe) -> bool:
    """Take the verified file that an earlier cell made under the same key, if there is one.

    The holder's row is locked meanwhile: whoever deletes it then sees our row, and leaves the file.
    """
    # Ordered by the row's own column: the model's order joins other tables, whose rows would then be locked as well.
    holders = Output.objects.select_for_update(of=("self",)).filter(state=OutputState.DONE, key=found.key)
    holder = holders.exclude(file="").order_by("pk").first()
    if holder is None or not default_storage.exists(str(holder.file)):
        return False
    fields = ("key", "file", "poster", "sha256", "bytes", "width", "height", "rate", "frames")
    values = {name: getattr(holder, name) for name in fields}
    return end(found.output, OutputState.DONE, adopted=True, opacities=dict(found.design.opacities), **values)


def end(output: Output, state: str, **fields: object) -> bool:
    """Put an open cell into its last state. False when it had ended already (cancelled, or done by somebody else), or
    has left the stage it was read under: what happened there says nothing about a cell that was retried meanwhile.
    """
    return bool(end_all(Output.objects.filter(pk=output.pk, stage=output.stage_id), state, **fields))


def end_all(rows: "models.QuerySet[Output]", state: str, **fields: object) -> int:
    """Put those of the rows that are open into their last state; how many."""
    values = {"state": state, "finished_at": Now(), "error_code": "", "error_detail": "", "error_tail": "", **fields}
    return rows.filter(state__in=OPEN).update(**values)


def end_badly(output: Output, state: str, error: MediaError) -> bool:
    return end(output, state, error_code=lessons.met(error), error_detail=error.detail, error_tail=error.tail)
