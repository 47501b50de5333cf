"""Delete rows, and after the commit the files that no other row holds. What is in use is refused."""

from collections.abc import Iterable
from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.models import Asset, Job, Output, Stage
from jobs.models.job import OPEN
from jobs.models.output import comes
from jobs.services import files


class InUse(Exception):
    """Something still needs the row; the message says what, and what to do."""


def job_refusal(job: Job) -> str:
    """Why a job may not be deleted now; "" when it may."""
    if job.state not in OPEN:
        return ""
    return _("%(job)s is not finished. Cancel it first, or wait for its end.") % {"job": job}


def asset_refusal(asset: Asset) -> str:
    """Why a video may not be deleted now; "" when it may."""
    used = Output.objects.filter(source=asset)
    count, jobs = used.count(), used.values("job").distinct().count()
    if not count and not Stage.objects.filter(source=asset).exists():
        return ""
    outputs = ngettext("%(count)d output", "%(count)d outputs", count) % {"count": count}
    where = ngettext("%(jobs)d job", "%(jobs)d jobs", jobs) % {"jobs": jobs}
    words = {"video": asset, "outputs": outputs, "where": where}
    return _("“%(video)s” is in use by %(outputs)s in %(where)s. Delete what uses it first.") % words


@transaction.atomic
def jobs(rows: QuerySet[Job]) -> int:
    """Delete ended jobs with their outputs; how many jobs. Raises InUse, and deletes nothing, when one is open."""
    chosen = list(rows.select_for_update(of=("self",)).order_by("pk"))
    _refuse(job_refusal(job) for job in chosen)
    names = Output.objects.filter(job__in=chosen).values_list("file", "poster")
    held = {name for pair in names for name in pair if name}
    held |= unrecorded(Output.objects.filter(job__in=chosen))
    Job.objects.filter(pk__in=[job.pk for job in chosen]).delete()
    transaction.on_commit(partial(drop_unheld, held))
    return len(chosen)


@transaction.atomic
def assets(rows: QuerySet[Asset]) -> int:
    """Delete videos that nothing was made from; how many. Raises InUse, and deletes nothing, when one is needed."""
    chosen = list(rows.select_for_update(of=("self",)).order_by("pk"))
    _refuse(asset_refusal(asset) for asset in chosen)
    held = {name for asset in chosen for name in (asset.file.name, asset.poster.name) if name}
    Asset.objects.filter(pk__in=[asset.pk for asset in chosen]).delete()
    transaction.on_commit(partial(drop_unheld, held))
    return len(chosen)


def _refuse(sentences: Iterable[str]) -> None:
    if said := [sentence for sentence in sentences if sentence]:
        raise InUse(" ".join(said))


def unrecorded(rows: QuerySet[Output]) -> set[str]:
    """Names under which files of these outputs may lie although no row says so: their cells ended between the storing
    of the file and the word on the row.
    """
    keys = {*rows.filter(file="").exclude(sha256="").values_list("key", flat=True)}
    keys |= {*rows.filter(coming_key__gt="").values_list("coming_key", flat=True)}
    return {name for key in keys for name in files.output_names(key)}


def drop_unheld(names: set[str]) -> None:
    """Delete the files that no row holds, or is about to hold."""
    for name in sorted(names):
        if not held(name) and not awaited(name):
            files.drop(name)


def held(name: str) -> bool:
    """Does a row hold this file? Names have no index. So outputs are asked for by the key that a name tells, which is
    written first, and not at all for the file of a video.
    """
    holds, key = Q(file=name) | Q(poster=name), files.key_of(name)
    if not files.is_source(name) and Output.objects.filter(holds, **({"key": key} if key else {})).exists():
        return True
    return bool(Asset.objects.filter(holds).exists())


def awaited(name: str) -> bool:
    """Is a cell being made that has announced this very file, and takes it if it finds it?"""
    key = files.key_of(name)
    announced = Q(key=key, file="") & ~Q(sha256="") | comes(key)
    return bool(key) and bool(Output.objects.open().filter(announced).exists())
