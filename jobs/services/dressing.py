"""From what a brand shows to what a render reads: plates, marks and films as files of this host."""

from pathlib import Path

from brands import plates
from brands.design import Design, Film, MarkPart, Part
from brands.models import BrandClip
from jobs.media import errors, overlays, plan
from jobs.media.errors import MediaError
from jobs.pipelines.brand import Cell, Clip, Overlay
from jobs.services import files
from jobs.services.cells import Shape


def cell(name: str, design: Design, duration_us: int, folder: Path) -> Cell:
    """The cell of that name, on a video of that length. Plates are drawn into the folder.

    Raises MediaError: an ArtworkError where a picture or a clip is not there, or is not the one that was taken in.
    """
    laid = [overlay(part, duration_us, folder) for part in design.parts]
    return Cell(name, tuple(each for each in laid if each), _film(design.intro, folder), _film(design.outro, folder))


def overlay(part: Part, duration_us: int, folder: Path) -> Overlay | None:
    """None for a plate on which nothing can be seen."""
    start, end = (None, None) if part.span.kind == "always" else part.span.window(duration_us)
    fade = 1000 * part.span.fade_ms
    if isinstance(part, MarkPart):
        box, path = part.box, clip_file(part.sha256, folder)
        return Overlay(path, box.x, box.y, start, end, fade, part.probe, box.width, box.height, part.opacity)
    drawn = plates.write(part.plate, folder)
    return Overlay(*drawn, start, end, fade) if drawn else None


def _film(film: Film | None, folder: Path) -> Clip | None:
    return Clip(clip_file(film.sha256, folder), film.probe) if film else None


def clip_file(sha256: str, folder: Path) -> Path:
    """A clip on this host's disk by its hash, from whichever row still has it. Raises `clip_missing`,
    `clip_unreadable` when the file changed, or `storage` when it cannot be asked now.
    """
    error = errors.fail("clip_missing", "the clip was removed")
    for clip in BrandClip.objects.filter(sha256=sha256).order_by("pk"):
        try:
            return files.local(str(clip.file), sha256, folder)
        except MediaError as found:
            error = errors.fail(TOLD[found.code], str(clip)) if found.code in TOLD else found
    raise error


TOLD = {"missing_file": "clip_missing", "corrupt_media": "clip_unreadable"}


def weight(cell: Cell, common: Shape) -> plan.Extra:
    """What a cell costs beyond its encoder."""
    found = sum((_overlay_weight(each, common) for each in cell.overlays), plan.Extra())
    found += plan.intro(cell.intro.probe, common.probe) if cell.intro else plan.Extra()
    return found + (plan.outro(cell.outro.probe) if cell.outro else plan.Extra())


def _overlay_weight(each: Overlay, common: Shape) -> plan.Extra:
    if each.probe is None:
        return plan.fading(common.canvas.width, common.canvas.height) if each.fade_us else plan.Extra()
    kept = overlays.loop_bytes(each.probe, each.width, each.height, common.rate)
    end = common.probe.duration_us if each.end_us is None else each.end_us
    return plan.mark(each.probe, kept if kept <= overlays.LOOP_BYTES else 0, (end - (each.start_us or 0)) / 1e6)
