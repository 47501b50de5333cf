"""A real browser in front of a live server, and the real workers behind it."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from tests.pages.shots import ROOT, Shots

CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# Playwright's synchronous calls run inside an event loop, where Django would refuse its own.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if reason := missing():
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=reason))


def missing() -> str:
    if not CHROMIUM.exists():
        return f"no Chromium at {CHROMIUM}"
    return "" if importlib.util.find_spec("playwright") else "playwright is not installed"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shots(request: pytest.FixtureRequest) -> Iterator[Shots]:
    shots = Shots(request.config.getoption("--shots"))
    yield shots
    shots.sheet()


@pytest.fixture
def live_server(transactional_db: None, folders: Any) -> Iterator[LiveServer]:
    """A server of each test's own: pytest-django's lives longer than the folders of a test."""
    server = LiveServer("localhost")
    yield server
    server.stop()


class Workers:
    """`manage.py runworkers` on the test's own database and folders, once somebody starts it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "manage.py", "runworkers", "--grace", "2"]
        self.child = subprocess.Popen(command, cwd=ROOT, env=self.environment)

    def stop(self) -> None:
        if self.child:
            self.child.terminate()
            self.child.wait(timeout=30)


@pytest.fixture
def workers(transactional_db: None, folders: Any) -> Iterator[Workers]:
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "MEDIA_ROOT": str(folders.media),
        "TEMP_DIR": str(folders.temp),
        "WORKER_CONCURRENCY": "1",
    }
    workers = Workers(environment)
    yield workers
    workers.stop()


def database_url() -> str:
    """The test database, for another process."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
