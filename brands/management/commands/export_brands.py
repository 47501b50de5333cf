"""manage.py export_brands [--brand SLUG...] --out FILE.zip|DIR"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from brands import exporting
from brands.models import Brand
from wtfsite.lib import names, visible
from wtfsite.lib.archives import BadArchive


class Command(BaseCommand):
    help = "Write brands into a ZIP or a folder, with all that import_brands needs to make them again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--brand", action="append", metavar="SLUG", help="only this brand; repeat it for several")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE.zip|DIR")

    def handle(self, *args: Any, **options: Any) -> None:
        exported = exporting.export(chosen(options["brand"]))
        try:
            exporting.write(exported, options["out"])
        except (BadArchive, OSError) as error:
            raise CommandError(f"{error} Export fewer brands, or into another place.", returncode=2) from error
        self.stdout.write(f"{len(exported.document['brands'])} brands are in {options['out']}.")
        for missing in exported.missing:
            self.stderr.write(f"The file is gone: {visible.line(missing)}.")
        if exported.missing:
            raise SystemExit(1)


def chosen(slugs: list[str] | None) -> list[Brand]:
    """All brands, or those named. Raises CommandError for a name that there is not."""
    rows = list(Brand.objects.all())
    known = {brand.slug: brand for brand in rows}
    for slug in slugs or ():
        if slug not in known:
            near = names.nearest(slug, known, 1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise CommandError(f"There is no brand with the short name {visible.line(slug)}.{meant}", returncode=2)
    return [known[slug] for slug in slugs] if slugs else rows
