"""Files in storage that no row tells of: what a crash, a restored database or a failed deletion has left.

Only the folders that the studio itself fills are looked at (`outputs/ab`, `sources/ab`), through the storage's list: a
file goes when it is called as we call ours, no row holds it, nobody can be about to take it, it is older than any work
can last, and no other studio keeps files there (`jobs.services.tenancy`).
"""

import re
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Q
from django.utils import timezone

from jobs.models import Asset, Output
from jobs.models.output import OPEN, comes
from jobs.services import files, remove, tenancy

log = structlog.stdlib.get_logger(__name__)

TOPS = ("outputs", "sources")
HEX = set("0123456789abcdef")
AFTER_HEX = "g"  # sorts behind every name that goes on with a hexadecimal digit
OURS = re.compile(r"[a-z]+/([0-9a-f]{2})/\1[0-9a-f]{62}[._]\S*")  # folder, first two digits, key or SHA-256
PARTS = 16  # rounds until every folder has been looked at
YOUNGEST = timedelta(days=1)


def begin() -> None:
    """Leave our mark in storage, and say once why nothing is swept there."""
    tenancy.mark()
    if others := tenancy.others():
        log.warning("another studio keeps files in this storage: none goes for want of a row", marks=others)


def allowed() -> bool:
    """Is it certain that all files are ours? Not before our mark has lain there as long as a stray must have."""
    return is_old(tenancy.path()) and not tenancy.others()


def folders(part: int | None = None) -> Iterator[str]:
    """`outputs/3f` and so on: all that are there, or one part of PARTS."""
    for top in TOPS:
        for name in sorted(listed(top)[0]):
            if len(name) == 2 and set(name) <= HEX and part in (None, zlib.crc32(name.encode()) % PARTS):
                yield f"{top}/{name}"


def listed(folder: str) -> tuple[list[str], list[str]]:
    """The folders and files in a folder; none if it is not there."""
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


def strays(folder: str) -> Iterator[str]:
    """The files of one folder that may go."""
    names = {f"{folder}/{name}" for name in listed(folder)[1]}
    prefix = folder[-2:]
    for name in sorted(names - held(prefix)):
        if OURS.fullmatch(name) and not promised(name) and is_old(name):
            yield name


def held(prefix: str) -> set[str]:
    """Files of rows whose key or SHA-256 begins so, which is what their folder is called after."""
    outputs = Output.objects.filter(key__gte=prefix, key__lt=prefix + AFTER_HEX).exclude(file="", poster="")
    sources = Asset.objects.filter(sha256__gte=prefix, sha256__lt=prefix + AFTER_HEX)
    pairs = [*outputs.order_by().values_list("file", "poster"), *sources.order_by().values_list("file", "poster")]
    return {name for pair in pairs for name in pair if name}


def promised(name: str) -> bool:
    """Is a cell being made whose file this may be, or did one end that may have stored it (`orphans` sees to those)?"""
    key = files.key_of(name)
    waiting = Q(state__in=OPEN) | Q(file="", removed_at=None) & ~Q(sha256="")
    return bool(key) and bool(Output.objects.filter(waiting & Q(key=key) | comes(key)).exists())


def is_old(name: str) -> bool:
    """False, too, for what has just gone by itself. (Not every storage then says FileNotFoundError here.)"""
    if not default_storage.exists(name):
        return False
    try:
        changed: datetime = default_storage.get_modified_time(name)
    except FileNotFoundError:
        return False
    return changed < timezone.now() - oldest()


def size(name: str) -> int:
    """0, too, for what another host has just removed."""
    try:
        return int(default_storage.size(name))
    except FileNotFoundError:
        return 0


def oldest() -> timedelta:
    """How old a file must be: a day, or longer than any stage may take."""
    longest = max(cluster["timeout"] for cluster in settings.Q_CLUSTER["ALT_CLUSTERS"].values())
    return max(YOUNGEST, timedelta(seconds=longest))


def drop(name: str) -> bool:
    """Delete one, unless it has come into use since it was found."""
    if promised(name) or not is_old(name):
        return False
    remove.drop_unheld({name})
    return not default_storage.exists(name)
