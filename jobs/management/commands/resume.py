"""Go on after a pause: `manage.py resume`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.text import capfirst

from jobs.engine import gate
from jobs.management.commands.pause import operator
from jobs.services import pause


class Command(BaseCommand):
    help = "Lift every pause, or that of one queue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queue", choices=pause.QUEUES, default=None, help="only this queue's")
        parser.add_argument("--by", default="", metavar="NAME", help="who is written down (default: your login)")

    def handle(self, *args: Any, **options: Any) -> None:
        lifted = pause.off(options["by"] or operator(), options["queue"])
        self.stdout.write("Resumed." if lifted else "Nothing was paused.")
        for row in pause.now():
            self.stdout.write(f"{capfirst(gate.says(row))}.")
