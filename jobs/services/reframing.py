"""How a video is laid into a shape: as somebody set it by hand, else as the job says."""

from typing import Any

from jobs.media.reframe import Frame
from jobs.models import Asset, Reframe
from jobs.services.options import BrandOptions


def frame_of(asset: Asset, variant: str, options: BrandOptions) -> Frame:
    """Reads `asset.reframes`; prefetch them when asking for many."""
    row = row_of(asset, variant)
    return frame(row) if row else Frame(options.fit)


def row_of(asset: Asset, variant: str) -> Reframe | None:
    """What was set for a video and a shape; None also for a video that is no row yet."""
    rows = asset.reframes.all() if asset.pk else ()
    return next((row for row in rows if row.variant == variant), None)


def frame(row: Reframe) -> Frame:
    return Frame(
        fit=row.fit,
        turn=row.turn,
        mirror=row.mirror,
        crop=(row.crop_left, row.crop_top, row.crop_width, row.crop_height),
        zoom=row.zoom,
        pan=(row.pan_x, row.pan_y),
    )


def values(given: Frame) -> dict[str, Any]:
    """The columns of a Reframe."""
    left, top, width, height = given.crop
    crop = {"crop_left": left, "crop_top": top, "crop_width": width, "crop_height": height}
    pan = {"pan_x": given.pan[0], "pan_y": given.pan[1]}
    return {"fit": given.fit, "turn": given.turn, "mirror": given.mirror, "zoom": given.zoom, **crop, **pan}
