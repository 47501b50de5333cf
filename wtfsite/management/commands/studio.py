"""Web and workers of one machine, until Ctrl-C: `./run studio`."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jobs.engine.supervisor import LOOK, end, stop_signals
from jobs.management.sandbox import enough
from wtfsite.lib import process
from wtfsite.lib.clock import Clock

HOST = "127.0.0.1"  # this machine only; whoever wants more starts gunicorn with an address of their choice
GRACE = 20.0  # seconds; more than runworkers gives its own children
PROGRAMS = {
    "web": ("-m", "gunicorn", "-c", "wtfsite/gunicorn.py"),
    "workers": ("manage.py", "runworkers"),
}


class Command(BaseCommand):
    help = "Serve the site and work on its jobs until Ctrl-C or SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        enough()
        clock = Clock()
        with stop_signals() as stop:
            children = {name: start(arguments) for name, arguments in PROGRAMS.items()}
            try:
                self.stdout.write(f"Studio: http://{HOST}:{settings.PORT}/ (Ctrl-C stops it)")
                while not (stop.asked or (dead := fallen(children))):
                    clock.sleep(LOOK)
            finally:
                end(list(children.values()), GRACE, clock)
        if not stop.asked:
            raise CommandError(f"The {dead} stopped, so the rest was stopped too. Its last lines above say why.")


def start(arguments: tuple[str, ...]) -> process.Child:
    return process.spawn([sys.executable, *arguments], env={"WTF_BIND": HOST}, cwd=settings.BASE_DIR)


def fallen(children: dict[str, process.Child]) -> str:
    """The name of a child that has ended, or an empty string."""
    return next((name for name, child in children.items() if child.poll() is not None), "")
