"""manage.py prune [--dry-run]"""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs.services import prune
from wtfsite.lib import visible


class Command(BaseCommand):
    help = "Remove the files of sources whose keep time (RETENTION_HOURS after last use) is over. Workers do it hourly."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            for asset in prune.due():
                self.stdout.write(f"{asset.uuid}  {asset.bytes // 10**6} MB  {visible.line(str(asset))}")
            self.stdout.write(f"{prune.due().count()} files would go.")
            return
        counts = prune.tick()
        self.stdout.write(f"{counts['sources']} source files and {counts['cached']} cached copies removed.")
