"""manage.py import_brands PATH [--dry-run] [--json]"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from brands.importing.applying import apply, report
from brands.importing.files import Unreadable
from brands.importing.pictures import told
from brands.importing.planning import Changes
from brands.importing.session import planned
from jobs.media.errors import MediaError
from wtfsite.lib import visible

NOTHING, SOME = 2, 1  # exit codes


class Command(BaseCommand):
    help = "Bring brands in from a folder, a ZIP or a single list. A second import of the same changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, metavar="PATH", help="a folder, a ZIP, or a list (.yml, .json)")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument("--json", action="store_true", help="one JSON object for each line, then the sum")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with planned(options["path"]) as changes:
                run = None if options["dry_run"] else apply(changes)
        except Unreadable as error:
            raise CommandError(str(error), returncode=NOTHING) from error
        except MediaError as error:
            raise CommandError(told(error), returncode=NOTHING) from error
        about = {**counts(changes), "dry_run": options["dry_run"], "run": str(run.uuid) if run else None}
        self.stdout.write("\n".join(as_json(changes, about) if options["json"] else text(changes, about)))
        if changes.is_empty:
            raise SystemExit(NOTHING)
        if changes.refused:
            raise SystemExit(SOME)


def counts(changes: Changes) -> dict[str, Any]:
    found = dict.fromkeys(("new", "changes", "same", "refused"), 0)
    for brand in changes.brands:
        found[brand.outcome] += 1
    return {**found, "findings": len(changes.findings)}


def as_json(changes: Changes, about: dict[str, Any]) -> list[str]:
    return [json.dumps(line, ensure_ascii=False) for line in [*report(changes), about]]


def heading(line: dict[str, Any]) -> str:
    return f"font {line['font']}" if "font" in line else f"safe zone {line['zone']} ({line['variant']})"


def text(changes: Changes, about: dict[str, Any]) -> list[str]:
    """`northshore  changes`, with a line for each value below it; then what was found, and the sum."""
    lines: list[str] = []
    for line in report(changes):
        if "sentence" in line:
            lines.append(f"{line['level']}: {line['where']}: {line['sentence']}")
            continue
        name = line.get("slug") or heading(line)
        lines.append(f"{name}: {line['outcome']}")
        for one in line["changes"]:
            by_hand = " (changed by hand)" if one["by_hand"] else ""
            lines.append(f"    {one['what']}: {one['old']} → {one['new']}{by_hand}")
    if changes.is_empty:
        lines.append("There is nothing in it that could be imported.")
    verb = "would be " if about["dry_run"] else ""
    lines.append(
        f"{about['new']} brands {verb}new, {about['changes']} {verb}changed, {about['same']} the same, "
        f"{about['refused']} refused."
    )
    return [visible.line(line) for line in lines]
