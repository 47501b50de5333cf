"""What ends by itself must do so well before the worker that does it is killed."""

import json

import pytest

from jobs.media import plan
from tests.site import child

PRINT = "import json; from wtfsite import settings as s; print(json.dumps(s.Q_CLUSTER['ALT_CLUSTERS']))"


DATABASE = "import json; from wtfsite import settings as s; print(json.dumps(s.DATABASES['default']['OPTIONS']))"


@pytest.fixture
def timeouts(tmp_path):
    """timeouts(FETCH_WALL_SECONDS="7200"): the seconds after which a worker of each cluster is killed."""

    def read(**variables):
        started = child.python(PRINT, WTF_DEV="1", WTF_DATA_DIR=str(tmp_path), **variables)
        return {name: cluster["timeout"] for name, cluster in json.loads(started.stdout).items()}

    return read


def test_a_batch_may_take_four_times_as_long_as_predicted(timeouts):
    assert timeouts()["render"] >= 4 * plan.LONGEST_BATCH


@pytest.mark.parametrize("seconds", [1, 7200, 40_000])
def test_a_fetch_ends_before_its_worker(timeouts, seconds):
    """On a small machine the render cluster fetches, too."""
    assert min(timeouts(FETCH_WALL_SECONDS=str(seconds)).values()) >= 2 * seconds


@pytest.mark.parametrize(("words", "patience"), [("", 10), ("?connect_timeout=3", 3)])
def test_a_database_server_that_vanished_is_waited_for_less_than_a_lease(tmp_path, settings, words, patience):
    """What the address says itself counts more."""
    address = f"postgres://somebody@database.invalid/wtf{words}"
    started = child.python(DATABASE, WTF_DEV="1", WTF_DATA_DIR=str(tmp_path), DATABASE_URL=address)
    found = {name: int(value) for name, value in json.loads(started.stdout).items()}
    assert found["connect_timeout"] == patience
    assert found["tcp_user_timeout"] / 1000 < settings.STAGE_LEASE_SECONDS
    idle = found["keepalives_idle"] + found["keepalives_interval"] * found["keepalives_count"]
    assert idle < settings.STAGE_LEASE_SECONDS


def test_the_longest_video_may_be_rendered_to_its_end(timeouts):
    assert timeouts(MAX_SOURCE_SECONDS="36000")["render"] >= 6 * 36000
