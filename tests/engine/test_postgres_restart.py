"""A database server that is stopped in the middle of work and started again: a private one, where one can be made."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.site.installation import Installation, free_port, until

PROGRAMS = Path("/usr/lib/postgresql")
NOBODY_ELSE = ("postgres", "nobody")  # the server does not run as root
ORDER = """
import json
from jobs.models import Job, Stage
from jobs.engine.ring import ring
job = Job.objects.create()
for number in range(12):
    Stage.objects.create(job=job, kind="render", queue="render", batch=10)
ring("render")
print(json.dumps(job.pk))
"""
STATES = """
import json
from jobs.models import Stage
print(json.dumps(sorted(Stage.objects.values_list("state", flat=True))))
"""


class Server:
    """PostgreSQL in a folder of its own, on a port of its own."""

    def __init__(self, programs, folder, user):
        self.programs, self.folder, self.user, self.port = programs, folder, user, free_port()
        self.do("initdb", "-D", folder / "data", "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8")

    @property
    def url(self):
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def start(self):
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self.control("start", "-w", "-l", self.folder / "log", "-o", options)

    def stop(self):
        """As a power cut does: what is under way is lost, and recovered from the log at the next start."""
        self.control("stop", "-m", "immediate")

    def control(self, *words):
        self.do("pg_ctl", "-D", self.folder / "data", *words)

    def do(self, program, *words):
        subprocess.run(
            [self.programs / program, *map(str, words)],
            user=self.user,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )


@pytest.fixture
def server():
    found = sorted(PROGRAMS.glob("*/bin/initdb"))
    if not found:
        pytest.skip(f"no initdb under {PROGRAMS}")
    user = other_user() if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="wtf-postgres-") as name:  # tmp_path is closed to other users
        if user:
            shutil.chown(name, user)
        server = Server(found[-1].parent, Path(name), user)
        server.start()
        yield server
        server.stop()


def other_user():
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    chosen = next((name for name in NOBODY_ELSE if name in known), None)
    return chosen or pytest.skip(f"none of the users {', '.join(NOBODY_ELSE)} is there to run a server")


@pytest.fixture
def studio(server, tmp_path):
    installation = Installation(
        tmp_path / "data",
        DATABASE_URL=server.url,
        DJANGO_SETTINGS_MODULE="tests.engine.rough",
        HOUSE_LEDGER=str(tmp_path / "ledger"),
        WORKER_MEMORY_MB="4096",
        WORKER_CONCURRENCY="2",
        STAGE_LEASE_SECONDS="4",
        LOG_LEVEL="ERROR",
    )
    assert installation.manage("migrate", "--verbosity", "0") == (0, "")
    yield installation
    installation.end()


def ended(tmp_path):
    ledger = tmp_path / "ledger"
    return [line for line in ledger.read_text().splitlines() if line.startswith("ended")] if ledger.exists() else []


def test_work_goes_on_when_the_database_comes_back(server, studio, tmp_path):
    studio.ask(ORDER)
    workers = studio.start("runworkers", "--skip-checks")
    until(lambda: len(ended(tmp_path)) >= 2, "some work is done")
    server.stop()
    assert not answers(server.port)
    server.start()
    until(lambda: studio.ask(STATES) == ["done"] * 12, "all work is done")
    assert psutil.pid_exists(workers.pid)
    assert workers.poll() is None, "the supervisor has outlived it"
    workers.terminate()
    workers.communicate(timeout=60)
    assert workers.returncode == 0


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True
