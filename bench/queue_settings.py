"""The studio's settings, but its stages only say when they began: for `bench.queue` and the workers that it starts."""

import os
import time
from typing import Any

from jobs.apps import JobsConfig
from wtfsite.settings import *  # noqa: F403  the real ones, with one app replaced
from wtfsite.settings import INSTALLED_APPS

BEGUN = "BENCH_BEGUN"  # names the file to which every stage adds its line

INSTALLED_APPS = ["bench.queue_settings.Jobs" if app == "jobs" else app for app in INSTALLED_APPS]


class Jobs(JobsConfig):
    """The real one, which loads all that workers load, and then another handler."""

    def ready(self) -> None:
        from jobs.engine import registry
        from jobs.models import Stage

        super().ready()
        registry.register(Stage, begin, lambda stage: None)


def begin(stage: Any, lease: Any) -> None:
    with open(os.environ[BEGUN], "a", encoding="ascii") as file:  # noqa: PTH123  one short line is one write
        file.write(f"{stage.pk} {time.time()}\n")
