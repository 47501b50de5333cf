"""The stage that makes files: one batch of cells of one source and variant, in one ffmpeg process."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from brands import plates
from jobs.engine.lease import Lease
from jobs.media import errors
from jobs.media.errors import ArtworkError
from jobs.media.progress import Progress
from jobs.models import Event, EventLevel, Output, OutputState, Stage
from jobs.pipelines import brand as pipeline
from jobs.pipelines.brand import Broken, Cell, Overlay, Rendered
from jobs.services import cells, files
from jobs.services.cells import Recipe, Shape
from jobs.services.options import BrandOptions
from jobs.services.toolbox import get_tools
from jobs.sources.upload import sha256


@dataclass
class Watch:
    """Told of progress by the pipeline, and asked about once a second whether to go on: the lease must hold, and
    somebody must still want a cell. That one UPDATE a second is progress report and cancel check in one.
    """

    lease: Lease
    stage: Stage
    fraction: float = 0.0
    eta_seconds: float | None = None

    def report(self, progress: Progress) -> None:
        self.fraction, self.eta_seconds = progress.fraction, progress.eta_seconds

    def keep_going(self) -> bool:
        return self.lease.progress(progress=self.fraction, eta_seconds=self.eta_seconds) and bool(self.wanted())

    def wanted(self) -> set[str]:
        rendering = Output.objects.filter(stage=self.stage, state=OutputState.RENDERING)
        return {_name(pk) for pk in rendering.values_list("pk", flat=True)}


def work(stage: Stage, lease: Lease) -> None:
    assert stage.source is not None
    _disk_floor()
    common = cells.shape(stage.source, stage.variant, BrandOptions.from_json(stage.job.options))
    with files.workspace(str(lease.token)) as folder:
        recipes = _start(stage, common)
        batch = _draw(recipes, folder)
        if batch:
            _render(stage, lease, common, recipes, batch, folder)
    with transaction.atomic():
        lease.end(progress=1.0, eta_seconds=None)


def _disk_floor() -> None:
    """New work waits while the disk is nearly full; a full disk would take the database down with it."""
    if shutil.disk_usage(settings.TEMP_DIR).free < settings.DISK_FLOOR_MB * 10**6:
        raise errors.fail("disk_floor")


def _name(pk: int) -> str:
    return f"c{pk}"


def _start(stage: Stage, common: Shape) -> dict[str, Recipe]:
    """The cells that are still to be made, with fresh keys: a brand may have changed since they were queued."""
    found = {}
    waiting = Output.objects.filter(stage=stage, state__in=(OutputState.QUEUED, OutputState.RENDERING))
    for cell in waiting.select_related("brand"):
        try:
            recipe = cells.recipe(cell, common, get_tools())
        except ArtworkError as error:
            cells.end_badly(cell, OutputState.BLOCKED, error)
            continue
        if not cells.adopt(recipe):
            Output.objects.filter(pk=cell.pk, state=OutputState.QUEUED).update(state=OutputState.RENDERING)
            found[_name(cell.pk)] = recipe
    return found


def _draw(recipes: dict[str, Recipe], folder: Path) -> tuple[Cell, ...]:
    """Plates on disk. A picture that cannot be read blocks its own cell before the process starts."""
    ready = []
    for name, recipe in recipes.items():
        try:
            drawn = plates.write(recipe.plate, folder)
        except ArtworkError as error:
            cells.end_badly(recipe.output, OutputState.BLOCKED, error)
            continue
        ready.append(Cell(name, Overlay(*drawn) if drawn else None))
    return tuple(ready)


def _render(
    stage: Stage, lease: Lease, common: Shape, recipes: dict[str, Recipe], batch: tuple[Cell, ...], folder: Path
) -> None:
    assert stage.source is not None
    spec = cells.spec(files.local_copy(stage.source), common, batch)
    watch = Watch(lease, stage)
    results = pipeline.run(
        spec, get_tools(), folder, on_progress=watch.report, keep_going=watch.keep_going, wanted=watch.wanted
    )
    for result in results:
        recipe = recipes[result.name]
        if isinstance(result, Broken):
            _broken(stage, recipe.output, result)
        else:
            _done(lease, recipe, result)


def _broken(stage: Stage, output: Output, result: Broken) -> None:
    if cells.end_badly(output, OutputState.FAILED, result.error):
        message = _("%(output)s failed: %(reason)s") % {"output": output, "reason": result.error.sentence}
        Event.objects.create(job=stage.job, level=EventLevel.ERROR, message=message[:500])


def _done(lease: Lease, recipe: Recipe, result: Rendered) -> None:
    """File into storage under its key, then the cell, in one transaction that the lease guards.

    Nothing is stored for a cell that was cancelled meanwhile, or under a lease that was lost. A crash between the two
    steps leaves a file that belongs to no row; the next render of the same key replaces it.
    """
    if cells.adopt(recipe):  # another job finished the same file a moment ago
        return
    still_open = Output.objects.filter(pk=recipe.output.pk, state=OutputState.RENDERING).exists()
    if not (still_open and lease.progress()):
        return
    digest = sha256(result.path)
    name = f"outputs/{recipe.key[:2]}/{recipe.key}"
    file, poster = _store(result.path, f"{name}.mp4"), _store(result.poster, f"{name}.jpg")
    with transaction.atomic():
        if lease.progress():
            cells.end(
                recipe.output,
                OutputState.DONE,
                key=recipe.key,
                file=file,
                poster=poster,
                sha256=digest,
                bytes=result.bytes,
                width=result.width,
                height=result.height,
                rate=str(result.rate),
                frames=result.frames,
                seconds=result.seconds,
            )


def _store(path: Path, name: str) -> str:
    files.drop(name)
    return files.put(path, name)
