"""Lists of videos, jobs and outputs as tables, one line for each row. Reads only, a few hundred rows at a time."""

from collections.abc import Callable, Iterator
from datetime import datetime
from fractions import Fraction
from itertools import islice
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _

from brands.models import Brand
from jobs.media.errors import Cause
from jobs.models import Asset, Job, Output
from jobs.services import lessons, progress
from wtfsite.lib import tables
from wtfsite.lib.tables import Value

MOST = 10_000  # rows of one table
CHUNK = 500  # rows that are in memory at a time

Line = dict[str, Value]  # by the heading of its column
Lister = Callable[[QuerySet[Any]], Iterator[Line]]


def csv(rows: QuerySet[Any], user: Any = None) -> Iterator[bytes]:
    """The file line by line: the headings, then the rows, the newest first. Jobs are told as far as the user may see
    their brands, if one is given.
    """
    if rows.model is Job:
        return tables.lines(_with_headings(jobs(rows.order_by("-pk"), user=user)))
    _name, lister = KINDS[rows.model]
    return tables.lines(_with_headings(lister(rows.order_by("-pk"))))


def file_name(rows: QuerySet[Any]) -> str:
    """`videos-2026-11-02.csv`."""
    name, _lister = KINDS[rows.model]
    return f"{name}-{localdate():%Y-%m-%d}.csv"


def _with_headings(found: Iterator[Line]) -> Iterator[list[Value]]:
    headings: list[Value] | None = None
    for line in found:
        if headings is None:
            headings = list(line)
            yield headings
        yield list(line.values())


def videos(rows: QuerySet[Asset]) -> Iterator[Line]:
    tell = lessons.explainer()
    for asset in rows.select_related("owner").iterator(CHUNK):
        yield {
            _("id"): asset.pk,
            _("title"): asset.title,
            _("state"): asset.get_state_display(),
            _("author"): asset.author,
            _("address"): asset.origin_url,
            _("platform"): asset.platform,
            _("file name"): asset.original_name,
            _("length (s)"): round(asset.duration_us / 1e6, 3),
            _("width"): asset.width,
            _("height"): asset.height,
            _("size (bytes)"): asset.bytes,
            _("licence note"): asset.licence_note,
            _("brought in by"): str(asset.owner or ""),
            _("added"): _local(asset.created_at),
            _("last used"): _local(asset.used_at),
            **_error(asset.error_code, tell),
            "SHA-256": asset.sha256,
        }


def jobs(rows: QuerySet[Job], size: int = CHUNK, user: Any = None) -> Iterator[Line]:
    brands = Brand.objects.all() if user is None else Brand.objects.all().within_reach(user)
    found = rows.select_related("owner").prefetch_related("sources", Prefetch("brands", brands)).iterator(size)
    while chunk := list(islice(found, size)):
        yield from _jobs(chunk, user)


def _jobs(chunk: list[Job], user: Any) -> Iterator[Line]:
    tallies, tell = progress.tally(chunk, user), lessons.explainer()
    for job in chunk:
        count = tallies[job.pk]
        yield {
            _("id"): job.pk,
            _("state"): job.get_state_display(),
            _("videos"): "; ".join(str(source) for source in job.sources.all()),
            _("brands"): "; ".join(brand.name for brand in job.brands.all()),
            _("shapes"): "; ".join(job.variants),
            _("outputs"): count.total,
            _("done"): count.done,
            _("failed"): count.failed,
            _("blocked"): count.blocked,
            _("cancelled"): count.cancelled,
            _("ordered by"): str(job.owner or ""),
            _("created"): _local(job.created_at),
            _("started"): _local(job.started_at),
            _("finished"): _local(job.finished_at),
            **_error(job.error_code, tell),
        }


def outputs(rows: QuerySet[Output]) -> Iterator[Line]:
    tell = lessons.explainer()
    for output in rows.select_related("source", "brand").iterator(CHUNK):
        yield {
            _("id"): output.pk,
            _("job"): output.job_id,
            _("video"): str(output.source),
            _("video's author"): output.source.author,
            _("video's address"): output.source.origin_url,
            _("brand"): output.brand.name,
            _("shape"): output.get_variant_display(),
            _("state"): output.get_state_display(),
            _("length (s)"): round(float(output.duration), 3),
            _("frame rate"): round(float(Fraction(output.rate or 0)), 3),
            _("width"): output.width,
            _("height"): output.height,
            _("size (bytes)"): output.bytes,
            _("rendering (s)"): round(output.seconds, 1),
            _("reused"): _("yes") if output.adopted else "",
            _("created"): _local(output.created_at),
            _("finished"): _local(output.finished_at),
            **_error(output.error_code, tell),
            _("detail"): output.error_detail,
            "SHA-256": output.sha256,
        }


KINDS: dict[type, tuple[str, Lister]] = {Asset: ("videos", videos), Job: ("jobs", jobs), Output: ("outputs", outputs)}


def _error(code: str, tell: Callable[[str], Cause]) -> Line:
    cause = tell(code) if code else None
    return {_("error"): code, _("what happened"): f"{_(cause.sentence)} {_(cause.remedy)}" if cause else ""}


def _local(moment: datetime | None) -> datetime | None:
    return localtime(moment) if moment else None
