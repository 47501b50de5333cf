"""From a path to a plan, in one `with`: the kit is open and its files are there until it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from brands.importing import history
from brands.importing.files import open_kit
from brands.importing.gather import gather
from brands.importing.pictures import Files
from brands.importing.planning import REFUSED, BrandChange, Changes, Planner, zones
from brands.importing.reading import read
from brands.importing.state import PREFETCH
from brands.importing.values import Sheet
from brands.models import Brand
from jobs.media import disk
from wtfsite.lib import process


@contextmanager
def planned(path: Path, name: str = "", user: Any = None, run: process.Runner = process.run) -> Iterator[Changes]:
    """What importing the folder, ZIP or file would change. Nothing is changed here.

    `user`: only brands that this one may see are touched; None for all. Raises files.Unreadable when there is nothing
    to read, MediaError when there is no room to work.
    """
    sheet = Sheet()
    with disk.workspace(settings.TEMP_DIR / "work", "import") as work, open_kit(path, sheet, name) as kit:
        reading = read(kit, sheet)
        rows = {brand.slug: brand for brand in Brand.objects.prefetch_related(*PREFETCH)}
        found = gather(reading, dict(_seen(user).values_list("slug", "name")))
        planner = Planner(Files(kit, work, run, history.known()), sheet, user)
        planner.house(reading.fonts)
        brands = [planner.brand(draft, rows) for draft in found.drafts]
        brands += [BrandChange(one.key, one.name or one.key, one.where, REFUSED) for one in found.refused]
        changed = zones(reading.zones)
        yield Changes(kit.name, brands, changed, sheet.findings, planner.made, planner.fonts, reading.understood)


def _seen(user: Any) -> QuerySet[Any]:
    """The brands whose names may be told."""
    brands: QuerySet[Any] = Brand.objects.all() if user is None else Brand.objects.for_user(user)
    return brands
