"""Settings and an app for worker processes that tests start: stages that only take time, `batch` tenths of a second."""

import time

from django.apps import AppConfig

from wtfsite.settings import *  # noqa: F403  the real ones, with one app replaced

INSTALLED_APPS = [
    "tests.engine.house.SlowJobs" if app == "jobs" else app
    for app in INSTALLED_APPS  # noqa: F405
]


class SlowJobs(AppConfig):
    name = "jobs"

    def ready(self):
        from jobs.engine import registry
        from jobs.models import Stage

        registry.register(Stage, sleep, lambda stage: None)


def sleep(stage, lease):
    end = time.monotonic() + stage.batch / 10
    while time.monotonic() < end and lease.keep_going():
        time.sleep(0.05)
