"""The workers of one host: `manage.py runworkers`."""

from argparse import ArgumentParser
from typing import Any

import structlog
from django.core.management.base import BaseCommand

from jobs.engine import slots
from jobs.engine.supervisor import GRACE, Supervisor, Tick
from jobs.management.sandbox import enough
from jobs.services import finish, orphans, prune, workers
from jobs.services.confinement import Confinement

log = structlog.stdlib.get_logger(__name__)

LOOK, MINUTE = 15.0, 60.0


class Command(BaseCommand):
    help = "Work on queued jobs until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--exit-when-idle", type=float, metavar="S", help="end after S seconds without any queued or running work"
        )
        parser.add_argument(
            "--grace",
            type=float,
            default=GRACE,
            metavar="S",
            help="seconds that running work gets to end (%(default)g)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        here = enough()
        tell(here)
        Supervisor(
            clusters=slots.plan().clusters,
            ticks=[Tick(LOOK, prune.Round()), Tick(MINUTE, finish.tick), Tick(MINUTE, orphans.tick)],
            idle_for=options["exit_when_idle"],
            grace=options["grace"],
            about=workers.about(here),
        ).run()


def tell(here: Confinement) -> None:
    """Once, so that it can be found in the log of every start how firmly tools were held."""
    write = log.info if here.firm else log.warning
    write(here.says, sandbox=str(here.level), landlock=here.abi, **({"remedy": here.remedy} if here.remedy else {}))
