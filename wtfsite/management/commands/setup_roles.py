"""manage.py setup_roles: the groups that a studio begins with."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from wtfsite import roles


class Command(BaseCommand):
    help = "Make the groups operator, editor, publisher, auditor and admin where they are missing. Safe to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--complete",
            action="store_true",
            help="also give those that are there what they lack, for example after an update",
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        made = list(roles.set_up(options["complete"]))
        if options["verbosity"]:
            self.stdout.write(f"Set up: {', '.join(made)}." if made else "All roles are there.")
