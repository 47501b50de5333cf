"""How bright a video is under a layer that adapts to it: measured once for each shape, and kept."""

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from brands import plates
from brands.layouts import Box
from brands.models import Brand
from jobs.media import luma as measuring
from jobs.media.errors import MediaError
from jobs.media.luma import Grid
from jobs.models import Asset, Brightness, Event, EventLevel, Job
from jobs.services import files
from jobs.services.toolbox import get_tools

if TYPE_CHECKING:  # it asks us
    from jobs.services.cells import Shape

VERSION = 1  # to be raised whenever the same video would be measured to other values


def luma(asset: Asset, common: "Shape") -> Callable[[Box], float | None]:
    """Gives the mean luma, 0 to 1, under a box of the canvas; None where the video was not measured.

    It looks for the measurement when it is first asked.
    """
    found: list[Grid | None] = []

    def under(box: Box) -> float | None:
        if not found:
            found.append(kept(asset, common))
        grid, canvas = found[0], common.canvas
        if grid is None:
            return None
        right, bottom = box.x + box.width, box.y + box.height
        return grid.mean(box.x / canvas.width, box.y / canvas.height, right / canvas.width, bottom / canvas.height)

    return under


def wanted(brands: Iterable[Brand], variant: str) -> bool:
    """Whether any of them shows a layer that adapts. Reads `brand.layers`."""
    return any(layer.adaptive for brand in brands for layer in plates.visible_layers(brand.layers.all(), variant))


def kept(asset: Asset, common: "Shape") -> Grid | None:
    if not asset.pk:
        return None
    row = Brightness.objects.filter(asset=asset, shape=digest(common)).first()
    return Grid(row.columns, row.rows, bytes(row.luma)) if row else None


def measure(
    asset: Asset,
    common: "Shape",
    work: Path,
    job: Job | None = None,
    keep_going: Callable[[], bool] | None = None,
) -> None:
    """Measure the video on this canvas, unless that was done before. What cannot be measured is told and no error;
    process.Cancelled rises when `keep_going` says no.
    """
    if kept(asset, common):
        return
    try:
        learn(asset, common, work, keep_going)
    except MediaError as error:
        words = {"source": asset, "reason": error.sentence}
        message = _("The brightness of “%(source)s” is unknown, so adapting layers are half opaque: %(reason)s") % words
        Event.objects.tell(message, job=job, asset=asset, level=EventLevel.WARNING)


def learn(asset: Asset, common: "Shape", work: Path, keep_going: Callable[[], bool] | None = None) -> None:
    """Measure the video on this canvas and keep what was found. Raises MediaError and process.Cancelled."""
    source, size = files.local_copy(asset, work), (common.canvas.width, common.canvas.height)
    grid = measuring.measure(source, common.probe, *size, common.frame, get_tools(), work, keep_going)
    values = {"columns": grid.columns, "rows": grid.rows, "luma": grid.values}
    Brightness.objects.update_or_create(asset=asset, shape=digest(common), defaults=values)


def digest(common: "Shape") -> str:
    """SHA-256 over all that brings the video's frames onto the canvas."""
    facts = [VERSION, common.sha256, [common.canvas.width, common.canvas.height], common.placed.facts()]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
