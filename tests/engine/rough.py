"""Settings for worker processes whose stages do what a stage should not: `variant` says what.

HOUSE_CLOCK is how many seconds this machine's own clock is fast.
"""

import os
import signal
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from tests.engine import house
from tests.engine.house import *  # noqa: F403  stages that only take time
from wtfsite.lib import process

INSTALLED_APPS = ["tests.engine.rough.RoughJobs" if "SlowJobs" in app else app for app in house.INSTALLED_APPS]
TIMEOUT = 3  # seconds until a worker of a cluster is stopped
for cluster in Q_CLUSTER["ALT_CLUSTERS"].values():  # noqa: F405
    cluster["timeout"] = TIMEOUT if "HOUSE_IMPATIENT" in os.environ else cluster["timeout"]

FAST = timedelta(seconds=float(os.environ.get("HOUSE_CLOCK", "0")))
if FAST:
    right, seconds = timezone.now, time.time
    timezone.now = lambda: right() + FAST
    time.time = lambda: seconds() + FAST.total_seconds()


class RoughJobs(house.SlowJobs):
    def ready(self):
        from jobs.engine import registry
        from jobs.models import Stage

        registry.register(Stage, work, lambda stage: note("ended", stage))


def work(stage, lease):
    note("begun", stage)
    DEEDS.get(stage.variant, house.sleep)(stage, lease)


def die(stage, lease):
    os.kill(os.getpid(), signal.SIGKILL)


def hang(stage, lease):
    """A tool that never ends, and a worker that never asks."""
    with tempfile.TemporaryDirectory() as work:
        process.run(["sleep", str(HANGING)], work=Path(work), timeout=HANGING)


HANGING = 12345  # seconds; a test finds the tool by it
DEEDS = {"die": die, "hang": hang}


def note(what, stage):
    """One line in the ledger, if there is one."""
    if path := os.environ.get("HOUSE_LEDGER"):
        with Path(path).open("a", encoding="ascii") as ledger:
            ledger.write(f"{what} {stage.pk}\n")
