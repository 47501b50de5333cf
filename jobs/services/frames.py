"""Frames of a video for whoever lays it out: under values that are not saved, and all of the picture by itself.

They are made, kept and bounded like previews (`jobs.services.preview`), of which they are the part without a brand.
"""

from dataclasses import replace

from brands.design import Design
from brands.layouts import Canvas
from jobs.media import errors, reframe
from jobs.media.reframe import Frame
from jobs.models import Asset
from jobs.services import cells
from jobs.services.cells import Shape
from jobs.services.options import BrandOptions
from jobs.services.preview import Deadline, Preview, Wanted
from jobs.services.toolbox import get_tools

SAVED = BrandOptions()  # as in a preview, which begins with the same canvas
DRAFT = BrandOptions(size=720)  # half the work: while somebody drags, each is seen for a moment
LONGEST = 4  # times as long as wide; thinner pictures are shown in a box of that shape


def laid(asset: Asset, variant: str, at_us: int, edge: int, frame: Frame | None = None) -> Preview:
    """On the canvas of a variant, as it was set for the video or as `frame` says; `edge` pixels at most on the longer
    side. Raises MediaError when nothing is known of the video.
    """
    common = _shape(asset, variant, DRAFT if frame else SAVED)
    return _preview(asset, variant, at_us, edge, replace(common, frame=frame) if frame else common)


def whole(asset: Asset, variant: str, at_us: int, edge: int, frame: Frame | None = None) -> Preview:
    """All of the picture, turned and mirrored as in the frame. Raises as `laid`."""
    common, frame = _shape(asset, variant, DRAFT), frame or Frame()
    assert common.probe.video is not None, "the shape has looked"
    width, height, pixel = reframe.upright(common.probe.video)
    shape = min(max(float(width * pixel / height), 1 / LONGEST), LONGEST)
    if frame.turn in (90, 270):
        shape = 1 / shape
    canvas = Canvas(reframe.even(DRAFT.size * min(shape, 1.0)), reframe.even(DRAFT.size / max(shape, 1.0)))
    alone = replace(common, canvas=canvas, frame=Frame("fit", frame.turn, frame.mirror))
    return _preview(asset, variant, at_us, edge, alone)


def _shape(asset: Asset, variant: str, options: BrandOptions) -> Shape:
    if asset.probe is None or asset.probe.video is None:
        raise errors.fail("missing_file", detail=str(asset))
    return cells.shape(asset, variant, options)


def _preview(asset: Asset, variant: str, at_us: int, edge: int, common: Shape) -> Preview:
    tools, wanted = get_tools(), Wanted(asset, None, variant, at_us, edge, BrandOptions())
    return Preview(wanted, common, Design(common.canvas), tools, Deadline(tools))
