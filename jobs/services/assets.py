"""A file, an upload or a URL becomes an asset. The same bytes twice are one asset."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from jobs.media import errors, formats, poster
from jobs.media.probe import Probe
from jobs.media.probe import read as read_probe
from jobs.models import Asset, AssetState, Event, Output, OutputState, Stage
from jobs.services import files, remove, sites
from jobs.services.toolbox import fetch_limits, gate, get_tools
from jobs.sources import fetch, upload
from wtfsite.lib import names, net

# The columns that tell of a file, written when it has been stored.
OF_THE_FILE = (
    *("state", "file", "poster", "sha256", "bytes", "facts", "duration_us", "width", "height"),
    *("error_code", "error_tail", "removed_at"),
)


def from_upload(chunks: Iterable[bytes], name: str, owner: Any, title: str = "") -> tuple[Asset, bool]:
    """Take in uploaded bytes. The asset, and whether it is new. Raises MediaError when it is no usable video."""
    with files.workspace("upload") as work:
        path = work / "source"
        upload.store(chunks, path, settings.MAX_UPLOAD_SIZE)
        name = names.clean(name)
        return _admit(path, work, Asset(original_name=name, title=names.line(title) or Path(name).stem, owner=owner))


def from_path(source: Path, owner: Any = None) -> tuple[Asset, bool]:
    """Take in a file of this machine; it is copied and stays as it is. Raises MediaError."""
    try:
        with source.open("rb") as file:
            return from_upload(iter(lambda: file.read(files.CHUNK), b""), source.name, owner)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise errors.fail("missing_file", detail=source.name) from error
    except PermissionError as error:
        raise errors.fail("permission", detail=source.name) from error


def from_url(url: str, owner: Any = None) -> Asset:
    """An asset that a worker will fetch; the one that is already there (or on its way) for the same address.

    Raises MediaError `bad_url`, `blocked_address` or `network` before anything is stored.
    """
    url = url.strip()
    check_address(url)
    known: Asset | None = Asset.objects.filter(origin_url=url).exclude(state=AssetState.FAILED).first()
    if known is None:
        known = Asset.objects.create(origin_url=url, platform=fetch.platform(url), owner=owner)
    renew(known)
    return known


def check_address(url: str) -> None:
    try:
        net.check_url(url, settings.EGRESS_ALLOW_CIDRS)
    except net.Refused as error:
        raise errors.fail(error.code, detail=str(error)) from error


def renew(asset: Asset) -> bool:
    """Begin a ready asset's keep time anew. False when its file is not there: never was, was removed, or is lost."""
    ready = Asset.objects.ready().filter(pk=asset.pk).update(used_at=Now())
    return bool(ready) and files.there(str(asset.file))


def bring(
    asset: Asset,
    keep_going: Callable[[], bool],
    on_progress: Callable[[float | None], None],
    label: str = "fetch",
    on_start: Callable[[], None] = lambda: None,
) -> Asset:
    """Make an asset's file be there: fetch it from its URL unless it is ready. The asset that now holds the bytes,
    which is another one when these bytes were here before (the given one is then merged into it and deleted).

    Two stages may bring one asset at the same time; the file that is stored first stays, the other one is thrown away.
    `label` names the workspace; `on_start` is called when the site may be asked. Raises NotYet while it may not.
    """
    asset = Asset.objects.filter(pk=asset.pk).first() or asset  # another stage may have brought it in the meantime
    if renew(asset):
        return asset
    if not asset.origin_url:
        raise errors.fail("missing_file", detail=_("its file is no longer kept; upload it again"))
    with files.workspace(label) as work:
        with sites.visit(asset.origin_url) as turn:
            on_start()
            got = _fetch(asset, work, lambda: turn.keep_going() and keep_going(), on_progress)
        asset.title, asset.author = asset.title or got.title, got.author
        return _admit(got.path, work, asset)[0]


def _fetch(
    asset: Asset, work: Path, keep_going: Callable[[], bool], on_progress: Callable[[float | None], None]
) -> fetch.Fetched:
    untouched = Asset.objects.filter(pk=asset.pk, state=asset.state, file=asset.file)
    untouched.update(state=AssetState.FETCHING, error_code="")
    return fetch.fetch(
        asset.origin_url,
        work,
        get_tools(),
        fetch_limits(),
        allow=settings.EGRESS_ALLOW_CIDRS,
        keep_going=keep_going,
        on_progress=on_progress,
    )


def waits(asset: Asset, code: str) -> bool:
    """Note on an asset why its site is not asked yet; whether that is news."""
    not_here = (AssetState.PENDING, AssetState.FETCHING, AssetState.EXPIRED)
    waiting = Asset.objects.filter(pk=asset.pk, state__in=not_here)
    return bool(waiting.exclude(error_code=code).update(state=AssetState.PENDING, error_code=code))


def failed(asset: Asset, error_code: str, tail: str) -> None:
    """Note on a fetched asset why it could not be had. One that is ready stays ready."""
    open_states = (AssetState.PENDING, AssetState.FETCHING)
    Asset.objects.filter(pk=asset.pk, state__in=open_states).update(
        state=AssetState.FAILED, error_code=error_code, error_tail=tail
    )


def _admit(path: Path, work: Path, asset: Asset) -> tuple[Asset, bool]:
    """Hash, recognise, probe, store: the one way in for every file. `asset` may be unsaved; its row is written."""
    digest, size = upload.sha256(path), path.stat().st_size
    known = Asset.objects.filter(sha256=digest).exclude(pk=asset.pk).first()
    if known and renew(known):
        return _same(known, asset), False
    holder = _same(known, asset) if known else asset
    probe = read_probe(path, get_tools(), gate(), work)
    try:
        holder = _keep(holder, path, work, probe, digest, size)
    except IntegrityError:  # somebody brought the same bytes at the same moment
        return _same(Asset.objects.get(sha256=digest), asset), False
    renew(holder)
    return holder, known is None


def _keep(asset: Asset, path: Path, work: Path, probe: Probe, digest: str, size: int) -> Asset:
    """Store the file and its poster, then write the row. What the row held before, or we stored in vain, is dropped."""
    picture = poster.take(path, probe, get_tools(), work)
    folder = f"sources/{digest[:2]}/{digest}"
    before = {str(asset.poster), str(asset.file)}
    asset.poster = files.put(picture, f"{folder}.jpg")
    asset.file = files.put(path, f"{folder}.{formats.extension(probe.container)}")
    stored = {str(asset.poster), str(asset.file)}
    asset.sha256, asset.bytes, asset.facts = digest, size, probe.to_dict()
    asset.duration_us, asset.width, asset.height = probe.duration_us, probe.display_width, probe.display_height
    asset.state, asset.error_code, asset.error_tail, asset.removed_at = AssetState.READY, "", "", None
    try:
        holder = _write(asset, probe)
    except IntegrityError:
        _drop(stored)
        raise
    _drop(before - stored if holder is asset else stored)
    return holder


@transaction.atomic
def _write(asset: Asset, probe: Probe) -> Asset:
    """The row with its file: as given, or as another stage wrote it while we fetched the same asset.

    Outputs may have been made from that other file already, and its name is not ours: storage never gives one twice.
    """
    row: Asset | None = Asset.objects.select_for_update().filter(pk=asset.pk).first()
    if row and row.state == AssetState.READY and row.file != asset.file and files.there(str(row.file)):
        return row
    # What people have written on a row while its file was on its way stays.
    asset.save(update_fields=OF_THE_FILE if row else None)
    _complete(asset, asset, "title", "author")
    Event.objects.tell(_("Taken in: %(facts)s") % {"facts": probe.summary()}, asset=asset)
    return asset


def _complete(asset: Asset, other: Asset, *fields: str) -> None:
    """Write on a row what it does not say yet, and nothing else: others may have changed the rest."""
    for name in fields:
        Asset.objects.filter(pk=asset.pk, **{name: ""}).update(**{name: getattr(other, name)})
    asset.refresh_from_db(fields=fields)


def _drop(names: set[str]) -> None:
    for name in names:
        files.drop(name)


@transaction.atomic
def _same(known: Asset, double: Asset) -> Asset:
    """Give everything that hangs on `double` to `known`, the row with the same bytes, and delete `double`.

    Of a job that has both, the cells of `known` stay.
    """
    if double.pk is None or double.pk == known.pk:
        return known
    left = {name for pair in Asset.objects.filter(pk=double.pk).values_list("file", "poster") for name in pair if name}
    for job in double.jobs.all():
        job.sources.add(known)
    kept = Output.objects.filter(source=known).values("job", "brand", "variant", "part")
    for cell in double.outputs.exclude(state=OutputState.DONE):
        same_cell = Q(job=cell.job_id, brand=cell.brand_id, variant=cell.variant, part=cell.part)
        if kept.filter(same_cell).exists():
            left |= remove.unrecorded(Output.objects.filter(pk=cell.pk))
            left |= {str(cell.file), str(cell.poster)} - {""}  # it was to be made again
            cell.delete()
    double.outputs.update(source=known)
    Stage.objects.filter(source=double).update(source=known)
    _complete(known, double, "origin_url", "platform", "author")
    Event.objects.filter(asset=double).update(asset=known)
    double.delete()
    transaction.on_commit(partial(remove.drop_unheld, left))
    return known
