"""Stored files of brands: when one may go."""

from collections.abc import Iterable

from django.core.files.storage import default_storage
from django.db import transaction

from brands.importing import history
from brands.models import Artwork, BrandClip, Font

HOLDERS = (Artwork, BrandClip, Font)


def drop_unheld(names: Iterable[str]) -> None:
    """After the commit, removes those that no row holds and no import may have to put back."""
    wanted = {name for name in names if name}
    transaction.on_commit(lambda: _drop(wanted))


def _drop(wanted: set[str]) -> None:
    for model in HOLDERS:
        wanted -= set(model.objects.filter(file__in=wanted).values_list("file", flat=True))
    for before in history.kept().filter(undone_at=None).values_list("before", flat=True) if wanted else ():
        wanted -= set(history.files(before))
    for name in wanted:
        default_storage.delete(name)
