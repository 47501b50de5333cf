"""Do the workers of this host work? For container health checks: `manage.py checkworkers`."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from jobs.engine import identity
from jobs.services import workers


class Command(BaseCommand):
    help = "Exit code 0: the workers of this host are well. 1: they are not, and why."
    requires_system_checks = []  # it is asked every few seconds

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
        parser.add_argument("--host", default=identity.host(), help="another host than this one (%(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = found(options["host"])
        if options["json"]:
            self.stdout.write(json.dumps({"host": options["host"], "well": not wrong, "wrong": wrong}))
        if wrong:
            raise CommandError(" ".join(wrong))
        if not options["json"]:
            self.stdout.write(f"The workers of {options['host']} are well.")


def found(host: str) -> list[str]:
    try:
        return workers.wrong(host)
    except DatabaseError as error:
        return [f"The database does not answer: {str(error).strip()}"]
