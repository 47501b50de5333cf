"""manage.py diagnose [--json]: what the studio stands on, what is wrong with it, what to do."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from wtfsite import diagnosis
from wtfsite.diagnosis import Finding, Grade


class Command(BaseCommand):
    help = "Look at all that the studio stands on, and say what to do. Exit code: 0 fine, 1 an error."
    requires_system_checks = []  # what they would stop at is what this is asked about

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        found = diagnosis.look()
        level = diagnosis.worst(found)
        if options["json"]:
            self.stdout.write(json.dumps({"level": level, "findings": [one.as_json() for one in found]}, indent=2))
        else:
            self.stdout.write("\n".join(line for one in found for line in lines(one)))
        if level is Grade.ERROR:
            names = ", ".join(one.name for one in found if one.level is Grade.ERROR)
            raise CommandError(f"To be put right: {names}.")


def lines(one: Finding) -> list[str]:
    """`ok       ffmpeg       ffmpeg 5.1.9, ffprobe 5.1.9`, and the remedy below."""
    first, *rest = one.says.split("\n")
    remedy = [f"{'':21} -> {one.remedy}"] if one.remedy else []
    return [f"{one.level:8} {one.name:12} {first}", *(f"{'':22}{line}" for line in rest), *remedy]
