"""What all cases share: good clips, the canaries, a site; and a house of their own for each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.corpus import canary
from tests.corpus.canary import MARKER, Watched
from tests.corpus.cases import Clips, Kit
from tests.corpus.doors import House
from tests.standins import hostile
from wtfsite.models import User


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("good"))


@pytest.fixture(scope="session")
def secret(tmp_path_factory: pytest.TempPathFactory, clips: Clips) -> Iterator[Watched]:
    """A good film, so that a reader that is led to it goes on reading."""
    path = tmp_path_factory.mktemp("secret") / "canary.mp4"
    path.write_bytes(clips.mp4 + MARKER)
    with canary.watching(path) as watched:
        yield watched


@pytest.fixture(scope="session")
def kit(clips: Clips, secret: Watched) -> Iterator[Kit]:
    with hostile.canary() as bird, hostile.serve() as site:
        yield Kit(clips, secret.path, bird, site)


@pytest.fixture
def house(tmp_path: Path, db: None, settings: Any) -> House:
    """A superuser at the admin. The site may be reached and the canary not; one attempt, and short limits."""
    settings.EGRESS_ALLOW_CIDRS = list(hostile.SITE)
    settings.MAX_UPLOAD_SIZE = 30_000_000
    settings.STAGE_MAX_ATTEMPTS = 1
    settings.FETCH_RETRIES = settings.FETCH_FRAGMENT_RETRIES = 0
    settings.FETCH_WALL_SECONDS = 20
    client = Client()
    client.force_login(User.objects.create(username="operator", is_staff=True, is_superuser=True))
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return House(client, folder)
