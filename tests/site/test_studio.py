"""manage.py studio: web and workers together, and that nothing is left when it is killed in the middle of a render."""

import signal
import urllib.error
import urllib.request

import pytest

from tests.clips import clip
from tests.site.installation import Installation, until

ORDER = """
import json, sys
from pathlib import Path
from brands.models import Brand, Layer
from jobs.services import assets, enqueue, plan
from jobs.services.options import BrandOptions
brand = Brand.objects.create(name="A", slug="a")
Layer.objects.create(brand=brand, name="line", kind="text", text="50% OFF", x=50, y=80, width=80)
source, _ = assets.from_path(Path({source!r}))
job = enqueue.order(plan.make([source], [brand], ["vertical"], BrandOptions(size=1080)))
print(json.dumps(job.pk))
"""
STATE = """
import json
from jobs.models import Output
print(json.dumps(list(Output.objects.values_list("state", flat=True))))
"""


@pytest.fixture
def studio(tmp_path):
    # A short lease, so that the second start does not wait a minute for what the first one held.
    installation = Installation(tmp_path / "data", WORKER_CONCURRENCY="1", STAGE_LEASE_SECONDS="4")
    assert installation.manage("migrate", "--verbosity", "0") == (0, "")
    assert installation.manage("collectstatic", "--no-input", "--verbosity", "0") == (0, "")
    yield installation
    installation.end()


def answers(studio):
    address = f"http://127.0.0.1:{studio.environment['PORT']}/health"
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError):
        return False


def rendering(studio):
    return any("ffmpeg" in process.name() for process in studio.processes())


def stored(studio):
    return [path for path in (studio.folder / "media" / "outputs").rglob("*") if path.is_file()]


def test_killed_in_mid_render_it_leaves_nothing_and_started_again_it_finishes(studio, tmp_path):
    source = clip(tmp_path / "long.mp4", size="540x960", seconds=20)
    process = studio.start("studio")
    until(lambda: answers(studio), "the web page answers")
    studio.ask(ORDER.format(source=str(source)))
    until(lambda: rendering(studio), "ffmpeg renders")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    until(lambda: not studio.processes(), "every process is gone")
    assert stored(studio) == []

    process = studio.start("studio")
    until(lambda: studio.ask(STATE) == ["done"], "the output is done")
    assert len(stored(studio)) == 2  # the film and its poster
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 0
    until(lambda: not studio.processes(), "every process is gone")
