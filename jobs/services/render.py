"""The stage that makes files: one batch of cells of one source and variant, in one ffmpeg process.

The batch was cut where it was prepared. A host with less memory cuts it again, into processes one after the other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from jobs.engine import gate
from jobs.engine.lease import Lease
from jobs.media.errors import ArtworkError, MediaError, ResourceError
from jobs.media.progress import Progress
from jobs.models import Event, EventLevel, Output, OutputState, Stage
from jobs.pipelines import brand as pipeline
from jobs.pipelines.brand import BrandSpec, Broken, Cell, Rendered, Result
from jobs.services import cells, dressing, files, pace, remove
from jobs.services.cells import Recipe, Shape
from jobs.services.options import BrandOptions
from jobs.services.recipes import keep_recipe
from jobs.services.toolbox import get_tools
from jobs.sources.upload import sha256
from wtfsite.lib.process import Cancelled

STOPPED = ("killed", "stalled")  # by whom or what the log does not say, but not by what was read or written


@dataclass
class Watch:
    """Told of progress by the pipeline, and asked about once a second whether to go on: the lease must hold, and
    somebody must still want a cell. That one UPDATE a second is progress report and cancel check in one.

    `names` are the cells that were wanted when the database last answered; of the `total` of the stage, `made` have had
    their process and `size` are in the one that runs. `spent` seconds went into `whole` cells by processes that made
    all they were asked for, and encoded them.
    """

    lease: Lease
    stage: Stage
    names: set[str]
    total: int
    made: int = 0
    size: int = 0
    fraction: float = 0.0
    eta_seconds: float | None = None
    spent: float = 0.0
    whole: int = 0

    def begin(self, size: int) -> None:
        """The next process starts, with so many cells."""
        self.made, self.size, self.fraction = self.made + self.size, size, 0.0

    def report(self, progress: Progress) -> None:
        self.fraction, self.eta_seconds = progress.fraction, self._left(progress)

    def _left(self, progress: Progress) -> float | None:
        """Seconds to the end of the stage: of this process, and of those that follow it as fast."""
        if progress.eta_seconds is None or progress.fraction >= 1:
            return progress.eta_seconds
        process, follow = progress.eta_seconds / (1 - progress.fraction), self.total - self.made - self.size
        return progress.eta_seconds + process * follow / self.size

    def count(self, results: Sequence[Result]) -> None:
        """Take the time of a process that went well."""
        good = [result.seconds for result in results if isinstance(result, Rendered)]
        if len(good) == self.size:
            self.spent, self.whole = self.spent + sum(good), self.whole + self.size

    def keep_going(self) -> bool:
        """The share is never less than an earlier attempt had: people see it grow."""
        share = max(self.stage.progress, (self.made + self.fraction * self.size) / self.total)
        return self.lease.tell(progress=share, eta_seconds=self.eta_seconds) and bool(self.wanted())

    def wanted(self) -> set[str]:
        with self.lease.patience():
            rendering = Output.objects.filter(stage=self.stage, state=OutputState.RENDERING)
            self.names = {_name(pk) for pk in rendering.values_list("pk", flat=True)}
        return self.names


def work(stage: Stage, lease: Lease) -> None:
    assert stage.source is not None
    gate.room()
    common = cells.shape(stage.source, stage.variant, BrandOptions.from_json(stage.job.options))
    with files.workspace(str(lease.token)) as folder:
        recipes = _start(stage, lease, common)
        ready = _draw(recipes, common, folder)
        watch = Watch(lease, stage, set(recipes), len(ready))
        for batch in cells.batches(ready, common, [dressing.weight(cell, common) for cell in ready]):
            spec = cells.spec(files.local_copy(stage.source, folder), common, tuple(batch))
            _deliver(lease, recipes, _run(watch, spec, folder))
    with transaction.atomic():
        lease.end(progress=1.0, eta_seconds=None)
        if stage.attempt == 1:
            _learn(stage, watch)


def _learn(stage: Stage, watch: Watch) -> None:
    """What was adopted, copied, joined to films, stopped, broken or tried again says nothing about a render's pace."""
    assert stage.source is not None
    options = BrandOptions.from_json(stage.job.options)
    kind = pace.Kind(stage.variant, options.size, options.profile)
    pace.learn(kind, watch.spent, watch.whole * stage.source.duration_us / pace.MEGA)


def _name(pk: int) -> str:
    return f"c{pk}"


def _start(stage: Stage, lease: Lease, common: Shape) -> dict[str, Recipe]:
    """The cells that are still to be made, with fresh keys: a brand may have changed since they were queued."""
    found = {}
    waiting = Output.objects.filter(stage=stage, state__in=(OutputState.QUEUED, OutputState.RENDERING))
    for cell in waiting.select_related("brand", "source", "job__owner"):
        try:
            recipe = cells.recipe(cell, common, get_tools())
        except ArtworkError as error:
            cells.end_badly(cell, OutputState.BLOCKED, error)
            continue
        if cells.adopt(recipe) or _take_up(lease, recipe):
            continue
        if waiting.filter(pk=cell.pk).update(state=OutputState.RENDERING):
            found[_name(cell.pk)] = recipe
    return found


def _draw(recipes: dict[str, Recipe], common: Shape, folder: Path) -> tuple[Cell, ...]:
    """Plates and clips on disk. What cannot be read blocks its own cell before the process starts."""
    ready = []
    for name, recipe in recipes.items():
        try:
            ready.append(dressing.cell(name, recipe.design, common.probe.duration_us, folder))
        except ArtworkError as error:
            cells.end_badly(recipe.output, OutputState.BLOCKED, error)
    return tuple(ready)


def _run(watch: Watch, spec: BrandSpec, folder: Path) -> Iterable[Result]:
    """One process, and what came of its cells: nothing when somebody cancelled them one by one."""
    watch.begin(len(spec.cells))
    try:
        results = pipeline.run(
            spec, get_tools(), folder, on_progress=watch.report, keep_going=watch.keep_going, wanted=watch.wanted
        )
    except Cancelled:
        if not watch.lease.held:
            raise
        return ()
    if not any(pipeline.copyable(spec, cell) or cell.films for cell in spec.cells):
        watch.count(results)
    return results


def _deliver(lease: Lease, recipes: dict[str, Recipe], results: Iterable[Result]) -> None:
    """Each result to its cell. Where this machine is in the way (a full disk), or somebody stopped the program, the
    cell stays open: the siblings are kept, then the error rises, and the stage is tried again for those that are left.
    """
    trouble: MediaError | None = None
    for result in results:
        try:
            _settle(lease, recipes[result.name], result)
        except MediaError as error:
            trouble = error
    if trouble:
        raise trouble


def _settle(lease: Lease, recipe: Recipe, result: Result) -> None:
    if isinstance(result, Rendered):
        _done(lease, recipe, result)
    elif _from_outside(result.error):
        raise result.error
    else:
        _broken(recipe.output, result)


def _from_outside(error: MediaError) -> bool:
    """Does it say nothing about the video, the brand or our order? Then the same again can end well."""
    return error.retryable and (isinstance(error, ResourceError) or error.code in STOPPED)


def _broken(output: Output, result: Broken) -> None:
    if cells.end_badly(output, OutputState.FAILED, result.error):
        message = _("%(output)s failed: %(reason)s") % {"output": output, "reason": result.error.sentence}
        Event.objects.tell(message, job_id=output.job_id, brand_id=output.brand_id, level=EventLevel.ERROR)


def _done(lease: Lease, recipe: Recipe, result: Rendered) -> None:
    """File into storage under its key, then the cell, each step guarded by the lease.

    What is about to be stored is written on the row first: whoever finds the cell open after a crash knows by its
    SHA-256 whether the file in storage is the whole one, and takes it (`_take_up`). Nothing is stored for a cell that
    was cancelled meanwhile, or under a lease that was lost.
    """
    facts = _facts(result)
    if not _announce(lease, recipe, result, facts):
        return
    if cells.adopt(recipe):  # another job finished the same file a moment ago
        return
    film, still = files.output_names(recipe.key)
    poster = _store(result.poster, still)  # first: where the film is, its poster is, too
    _record(lease, recipe, _store(result.path, film), poster, facts)


def _facts(result: Rendered) -> dict[str, Any]:
    return {
        "sha256": sha256(result.path),
        "bytes": result.bytes,
        "width": result.width,
        "height": result.height,
        "rate": str(result.rate),
        "frames": result.frames,
        "seconds": result.seconds,
    }


def _announce(lease: Lease, recipe: Recipe, result: Rendered, facts: dict[str, Any]) -> bool:
    """The facts of a verified file, on the row of its cell, and how it was made; False when nobody waits for it here
    any more. A cell that holds a file keeps the facts of that one until the new one has taken its place.
    """
    output = recipe.output
    waiting = Output.objects.filter(pk=output.pk, stage=output.stage_id, state=OutputState.RENDERING)
    said = {"coming_key": recipe.key, "coming": facts} if output.file else {"key": recipe.key, **facts}
    with transaction.atomic():
        if not lease.progress() or not waiting.update(**said):
            return False
        keep_recipe(recipe, result, facts)
        return True


def _take_up(lease: Lease, recipe: Recipe) -> bool:
    """Take the file that an earlier attempt stored and could not write down any more, if it is there and whole."""
    output = recipe.output
    key, facts = (output.coming_key, output.coming) if output.file else (output.key, {"sha256": output.sha256})
    if key != recipe.key or not facts.get("sha256"):
        return False
    film, still = files.output_names(recipe.key)
    if files.digest(film) != facts["sha256"]:
        return False
    return _record(lease, recipe, film, still if files.there(still) else "", facts)


def _record(lease: Lease, recipe: Recipe, film: str, poster: str, facts: dict[str, Any]) -> bool:
    with transaction.atomic():
        return lease.progress() and cells.done(recipe, key=recipe.key, file=film, poster=poster, adopted=False, **facts)


def _store(path: Path, name: str) -> str:
    """The same file under the name is taken as it is. Another one that a crash has left there makes way; one that a
    row holds stays, and storage then finds another name for ours.
    """
    if files.digest(name) == sha256(path):
        return name
    if not remove.held(name):
        files.drop(name)
    return files.put(path, name)
