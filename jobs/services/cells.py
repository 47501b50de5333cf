"""What one cell is made of: from the rows of an output to the values that shape its bytes, and their key."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models.functions import Now

from brands import plates
from brands.design import Design
from brands.layouts import Canvas, canvas
from brands.models import Brand
from brands.plates import Video
from jobs.engine import slots
from jobs.media import encode, plan, reframe
from jobs.media.encode import Profile
from jobs.media.errors import ArtworkError, MediaError
from jobs.media.probe import Probe
from jobs.media.reframe import Frame, Placed
from jobs.media.tools import Tools
from jobs.models import Asset, Output, OutputState
from jobs.models.output import OPEN
from jobs.pipelines.brand import PIPELINE_VERSION, BrandSpec, Cell
from jobs.services import brightness, lessons, reframing, remove
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
    """One cell: what its brand shows, and the key of the file that this gives. `look` is the same in all versions."""

    output: Output
    design: Design
    key: str
    look: str = ""
    common: Shape | None = None


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
    design = designed(output, common)
    return Recipe(output, design, key(common, design, output.part, tools), look(common, design.look()), common)


def designed(output: Output, common: Shape) -> Design:
    return plates.design(output.brand, common.canvas, output.variant, video(output.source, common))


def video(source: Asset, common: Shape | None = None) -> Video:
    """What a brand's layers may take from a video; how bright it is only when it is known how it is laid out."""
    site = names.line(urlsplit(source.origin_url).hostname or "").removeprefix("www.")
    luma = brightness.luma(source, common) if common else None
    return Video(author=source.author, title=source.title, site=site, luma=luma)


def batches(made: Sequence[Made], common: Shape, extras: Sequence[plan.Extra] | None = None) -> list[list[Made]]:
    """Cells of one shape (in whatever form), cut into what this host renders in one process each. `extras` tell what
    each costs beyond its encoder, where that is known.
    """
    frame, known = common.canvas, extras or [plan.Extra()] * len(made)
    return plan.packed(made, known, slots.budget_mb(), common.probe, frame.width, frame.height, common.profile)


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


def look(common: Shape, shown: str) -> str:
    """SHA-256 over what people may change after the order: what the brand shows (`Design.look`), and how the video is
    laid into the shape. It knows nothing of programs and versions: with another ffmpeg two keys differ although nobody
    has changed anything.
    """
    facts = [shown, common.placed.facts()]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


@transaction.atomic
def adopt(found: Recipe) -> bool:
    """Take the verified file that an earlier cell made under the same key, if there is one; or the one that the cell
    itself holds, when it shows what it should after all.

    The holder's row is locked meanwhile: whoever deletes it then sees our row, and leaves the file.
    """
    lock([found.output.brand_id])
    # Ordered by the row's own column: the model's order joins other tables, whose rows would then be locked as well.
    holders = Output.objects.select_for_update(of=("self",)).filter(state=OutputState.DONE, key=found.key)
    holder = _itself(found) or holders.exclude(file="").order_by("pk").first()
    if holder is None or not default_storage.exists(str(holder.file)):
        return False
    fields = ("key", "file", "poster", "sha256", "bytes", "width", "height", "rate", "frames")
    values = {name: getattr(holder, name) for name in fields}
    return done(found, adopted=holder.pk != found.output.pk or holder.adopted, **values)


def _itself(found: Recipe) -> Output | None:
    return found.output if found.output.file and found.output.look == found.look else None


def lock(brands: Iterable[int]) -> None:
    """Until the end of the transaction nobody else compares outputs of these brands with what they show. Brands are
    locked before outputs, and in one order.
    """
    list(Brand.objects.select_for_update(no_key=True).filter(pk__in=brands).order_by("pk").values_list("pk"))


def done(made: Recipe, **fields: object) -> bool:
    """The last state of a cell that has its file, in a transaction; the file that it held before then goes. It is stale
    at once if its brand was changed while it was made. False as for `end`.
    """
    output = made.output
    lock([output.brand_id])
    current = Output.objects.select_related("brand", "source", "job").filter(pk=output.pk).first()
    if current is None:
        return False
    settled: dict[str, object] = {
        "stale_since": None if _shows(current, made.look) else Now(),
        "coming_key": "",
        "coming": {},
    }
    facts = {"look": made.look, "opacities": dict(made.design.opacities)}
    if not end(output, OutputState.DONE, **settled, **facts, **fields):
        return False
    before = {str(output.file), str(output.poster)} - {""}
    transaction.on_commit(partial(remove.drop_unheld, before))
    return True


def _shows(output: Output, made: str) -> bool:
    """Does its brand, as it is now, still show what the file was made to?"""
    common = shape(output.source, output.variant, BrandOptions.from_json(output.job.options))
    try:
        return look(common, designed(output, common).look()) == made
    except ArtworkError:
        return False


def end(output: Output, state: str, **fields: object) -> bool:
    """Put an open cell into its last state. False when it had ended already (cancelled, or done by somebody else), or
    has left the stage it was read under: what happened there says nothing about a cell that was retried meanwhile.
    """
    return bool(end_all(Output.objects.filter(pk=output.pk, stage=output.stage_id), state, **fields))


def end_all(rows: "models.QuerySet[Output]", state: str, **fields: object) -> int:
    """Put those of the rows that are open into their last state; how many. One that was to be made again has its file
    as before, whatever went wrong: it stays done, and its error says what.
    """
    values = {"error_code": "", "error_detail": "", "error_tail": "", **fields}
    rows = rows.filter(state__in=OPEN)
    if state == OutputState.DONE:
        return rows.update(state=state, finished_at=Now(), **values)
    kept = {**values, "error_code": values["error_code"] or state}
    held = rows.exclude(file="").update(state=OutputState.DONE, **kept)
    return held + rows.filter(file="").update(state=state, finished_at=Now(), **values)


def end_badly(output: Output, state: str, error: MediaError) -> bool:
    return end(output, state, error_code=lessons.met(error), error_detail=error.detail, error_tail=error.tail)
