"""Real worker processes on the test database, as a test starts and ends them."""

import os
import subprocess
import sys
import time

import psutil
from django.conf import settings as django_settings
from django.db import connection

DEADLINE = 60  # seconds, on a machine that does other things too


def until(condition):
    end = time.monotonic() + DEADLINE
    while not (result := condition()):
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)
    return result


def database_url():
    real = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{real['NAME']}"
    return f"postgres://{real['USER']}:{real['PASSWORD']}@{real['HOST']}:{real['PORT']}/{real['NAME']}"


class House:
    """`manage.py runworkers` as on a small machine: one cluster of one worker, for both queues."""

    def __init__(self, tmp_path, *arguments, **variables):
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.engine.house",
            "DATABASE_URL": database_url(),
            "WTF_DATA_DIR": str(tmp_path / "data"),
            "WTF_SECRET_KEY": django_settings.SECRET_KEY,  # signs the rings
            "WORKER_MEMORY_MB": "1024",
            "QUEUE_POLL_INTERVAL": "0.1",
            **variables,
        }
        command = [sys.executable, "manage.py", "runworkers", "--skip-checks", *arguments]
        self.process = subprocess.Popen(command, env=environment, cwd=django_settings.BASE_DIR)
        self.seen = {psutil.Process(self.process.pid)}

    def tree(self):
        """All processes of the house; remembered, so that orphans can be found later."""
        if self.process.poll() is None:
            self.seen.update(psutil.Process(self.process.pid).children(recursive=True))
        return [process for process in self.seen if alive(process)]

    def burn(self):
        if self.process.poll() is None:
            self.tree()
        for process in self.seen:
            if alive(process):
                process.kill()
        self.process.wait()


def alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
