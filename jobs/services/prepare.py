"""The first stage of a source: bring its file here, give its cells their keys, and cut the rest into batches."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from brands.models import Brand
from jobs.engine import gate
from jobs.engine.lease import Lease, NotYet
from jobs.media.errors import ArtworkError
from jobs.models import Asset, AssetState, Event, Job, JobState, Output, OutputState, Stage, StageKind
from jobs.services import assets, brightness, cells, enqueue, files, sites
from jobs.services.options import BrandOptions
from jobs.services.toolbox import get_tools


@dataclass
class Watch:
    """Told of progress by the fetch, as often as it likes, and asked about once a second whether to go on: that is one
    UPDATE a second for both.
    """

    lease: Lease
    stage: Stage
    share: float = 0.0

    def report(self, share: float | None) -> None:
        self.share = max(self.share, share or 0.0)

    def keep_going(self) -> bool:
        """The share is never less than an earlier attempt had: people see it grow."""
        return self.lease.tell(progress=max(self.stage.progress, self.share))


def work(stage: Stage, lease: Lease) -> None:
    Job.objects.filter(pk=stage.job_id, state=JobState.QUEUED).update(state=JobState.RUNNING, started_at=Now())
    source = _bring(stage, lease)
    get_tools()  # asks ffmpeg for its build now, not while the transaction below locks the job
    _measure(stage.job, source, lease)
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=stage.job_id)
        cells.lock(job.brands.values("pk"))
        for variant in job.variants:
            _batch(job, source, variant)
        lease.end()


def _bring(stage: Stage, lease: Lease) -> Asset:
    """The ready asset with the source's bytes; the stage points at it from now on."""
    assert stage.source is not None
    if stage.source.state != AssetState.READY:
        gate.room()
    watch = Watch(lease, stage)
    try:
        source = assets.bring(
            stage.source,
            watch.keep_going,
            watch.report,
            label=str(lease.token),
            on_start=lambda: _tell(stage, _("Fetching %(source)s.") % {"source": stage.source}),
        )
    except NotYet as later:
        if assets.waits(stage.source, later.code) and later.code == sites.CLOSED:
            _tell_once(stage, sites.sentence(later.code, stage.source.origin_url, later.until))
        raise sites.in_line(stage, later) from later
    stage.source = source
    return source


def _measure(job: Job, source: Asset, lease: Lease) -> None:
    """Look how bright the video is where a layer adapts to it."""
    for variant in job.variants:
        brands = Brand.objects.filter(outputs__job=job, outputs__source=source, outputs__variant=variant).distinct()
        if brightness.wanted(brands.prefetch_related("layers"), variant):
            common = cells.shape(source, variant, BrandOptions.from_json(job.options))
            with files.workspace(str(lease.token)) as folder:
                brightness.measure(source, common, folder, job, lease.keep_going)


def _tell(stage: Stage, message: str) -> None:
    Event.objects.tell(message, job=stage.job, asset=stage.source)


def _tell_once(stage: Stage, message: str) -> None:
    """What holds for all sources of a site is no news for the second one of a job."""
    if not Event.objects.filter(job=stage.job, message=message).exists():
        _tell(stage, message)


def _batch(job: Job, source: Asset, variant: str) -> None:
    """Adopt, block or queue the planned cells of one source and variant."""
    options = BrandOptions.from_json(job.options)
    common = cells.shape(source, variant, options)
    planned = Output.objects.filter(job=job, source=source, variant=variant, state=OutputState.PLANNED)
    wanted = [cell for cell in planned.select_related("brand") if not _settled(cell, common)]
    first = Stage.objects.filter(job=job, kind=StageKind.RENDER, source=source, variant=variant).count()
    for number, batch in enumerate(cells.batches(wanted, common), start=first):
        about = {"source": source, "variant": variant, "batch": number}
        stage = enqueue.add_stage(job, StageKind.RENDER, cost=len(batch), **about)
        still_planned = planned.filter(pk__in=[cell.pk for cell in batch])  # one may have been cancelled meanwhile
        still_planned.update(state=OutputState.QUEUED, stage=stage)
    if wanted:
        message = ngettext(
            "%(count)d output of %(variant)s queued.", "%(count)d outputs of %(variant)s queued.", len(wanted)
        )
        Event.objects.tell(message % {"count": len(wanted), "variant": variant}, job=job, asset=source)


def _settled(cell: Output, common: cells.Shape) -> bool:
    """Whether a cell needs no render: its file is there already, or its artwork is not."""
    try:
        recipe = cells.recipe(cell, common, get_tools())
    except ArtworkError as error:
        return cells.end_badly(cell, OutputState.BLOCKED, error)
    Output.objects.filter(pk=cell.pk).update(**{"coming_key" if cell.file else "key": recipe.key})
    return cells.adopt(recipe)
