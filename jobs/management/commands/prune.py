"""manage.py prune [--dry-run] [--json]"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs.services import prune, sweep
from jobs.services.prune import Going
from wtfsite.lib import visible


class Command(BaseCommand):
    help = "Remove files and rows whose keep time is over. Workers do it every hour."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would go, and why")
        parser.add_argument(
            "--json", action="store_true", help="one JSON object for each line of the plan, then the sum"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        went: Counter[str] = Counter()
        freed = 0
        if not options["dry_run"]:
            sweep.begin()
        for going in prune.plan():
            count = going.count if options["dry_run"] else going.act()
            if count:
                went[going.kind] += count
                freed += going.bytes
                self.stdout.write(as_json(going, count) if options["json"] else text(going, count))
        if options["json"]:
            self.stdout.write(json.dumps({"dry_run": options["dry_run"], "went": went, "bytes": freed}))
        else:
            self.stdout.write("".join(summary(went, freed, "would go" if options["dry_run"] else "removed")))


def as_json(going: Going, count: int) -> str:
    return json.dumps(
        {"kind": going.kind, "name": going.name, "count": count, "bytes": going.bytes, "reason": going.reason}
    )


def text(going: Going, count: int) -> str:
    """`sources     12.5 MB  Harbour at dawn: unused for 24 hours`, or how many rows."""
    what = f"{going.bytes / 1e6:.1f} MB" if going.name else str(count)
    name = f"{visible.line(going.name)}: " if going.name else ""
    return f"{going.kind:<10} {what:>10}  {name}{going.reason}"


def summary(went: Counter[str], freed: int, verb: str) -> Iterator[str]:
    if not went:
        yield f"Nothing {verb}."
        return
    yield ", ".join(f"{count} {kind}" for kind, count in went.items())
    yield f" {verb}, {freed / 1e6:.1f} MB."
