"""Take nothing new, before an update: `manage.py pause`."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.text import capfirst

from jobs.engine import gate
from jobs.services import pause


class Command(BaseCommand):
    help = "Begin nothing new, on no host; what runs goes on to its end. resume lifts it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queue", choices=pause.QUEUES, default="", help="only this queue (default: both)")
        parser.add_argument("--by", default="", metavar="NAME", help="who is shown to others (default: your login)")

    def handle(self, *args: Any, **options: Any) -> None:
        pause.on(options["by"] or operator(), options["queue"])
        for row in pause.now():
            self.stdout.write(f"{capfirst(gate.says(row))}.")
        self.stdout.write(f"Still running: {pause.running()}.")


def operator() -> str:
    """Whoever called the command; in a container there may be no name for the user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "an operator"
