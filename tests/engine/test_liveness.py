"""Real clusters that only seem to live, and real renders that a stop cuts off. Long tests, so there are few."""

import signal

import psutil
import pytest

from jobs.engine import pulse
from jobs.engine.pulse import Beat
from jobs.engine.ring import ring
from jobs.models import Host, Job, Output, Stage
from jobs.services import assets, enqueue, plan
from jobs.services.options import BrandOptions
from tests.clips import clip
from tests.engine.workers import DEADLINE, House, until
from tests.jobs.conftest import text_brand


@pytest.fixture
def start(transactional_db, settings, tmp_path):
    settings.WORKER_MEMORY_MB = 1024
    houses = []

    def start(*arguments, **variables):
        houses.append(House(tmp_path, *arguments, **variables))
        return houses[-1]

    yield start
    for house in houses:
        house.burn()


def seat():
    """What the supervisor has told of its only cluster."""
    host = Host.objects.alive().first()
    return host.seats[0] if host else {}


def restarted(reason):
    return lambda: seat().get("reason") == reason and seat()["pid"] and seat()["pids"]


def done(stage):
    return lambda: Stage.objects.filter(pk=stage.pk, state="done").exists()


def test_a_hanging_sentinel_is_replaced_without_a_human(start, desk, add):
    start()
    before = until(lambda: seat().get("pids") and seat())
    [sentinel] = psutil.Process(before["pid"]).children()
    sentinel.suspend()
    stage = add(queue="render")
    until(restarted("silent"))
    assert seat()["pid"] != before["pid"]
    ring("render")
    until(done(stage))


def test_a_killed_idle_worker_takes_its_lock_and_its_cluster_with_it(start, desk, add):
    """It waits for messages with the lock of their queue in its hand."""
    start()
    before = until(lambda: seat().get("pids") and seat())
    psutil.Process(before["pids"][0]).kill()
    until(restarted("died"))
    assert seat()["last_exit"] == -signal.SIGKILL
    stage = add(queue="render")
    ring("render")
    until(done(stage))


def rendering(house):
    """The ffmpeg processes of the house."""
    return [process for process in house.tree() if named(process) == "ffmpeg"]


def named(process):
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


def test_a_stop_in_the_middle_of_a_render_leaves_nothing_and_costs_no_attempt(start, folders, tmp_path):
    source, _new = assets.from_path(clip(tmp_path / "long.mp4", size="720x1280", seconds=30))
    options = BrandOptions(size=1080, profile="high")
    job = enqueue.order(plan.make([source], [text_brand("a", "50% OFF")], ["vertical"], options))
    places = {"MEDIA_ROOT": str(folders.media), "TEMP_DIR": str(folders.temp)}
    house = start("--grace", "0.5", DJANGO_SETTINGS_MODULE="wtfsite.settings", **places)
    until(lambda: Stage.objects.filter(kind="render", progress__gt=0).exists() and rendering(house))
    house.tree()
    house.process.terminate()
    assert house.process.wait(DEADLINE) == 0
    until(lambda: not house.tree())
    stage = Stage.objects.get(kind="render")
    assert (stage.state, stage.attempt) == ("queued", 0)
    assert list((folders.temp / "work").glob("*")) == []
    assert Output.objects.get().state in ("queued", "rendering")
    assert Job.objects.get(pk=job.pk).state == "running"
    assert not Host.objects.exists(), "it has left"


class Sentinel:
    """As much of one as a pulse looks at."""

    class result_queue:
        qsize = staticmethod(lambda: 2)

    pool = (psutil.Process(),)


def test_the_newest_whole_beat_is_heard(tmp_path):
    class Child:
        stdout = None

    assert pulse.heard(Child) is None
    with (tmp_path / "pipe").open("wb+", buffering=0) as Child.stdout:
        said = b'{"results": %d, "workers": [7, 8]}'
        Child.stdout.write(said % 1 + b"\n" + said % 2 + b"\n" + said % 3)
        Child.stdout.seek(0)
        assert pulse.heard(Child) == Beat(2, (7, 8))
        assert pulse.heard(Child) is None


def test_without_a_pipe_a_pulse_says_nothing(capfd):
    pulse.Pulse(Sentinel).save()
    assert capfd.readouterr() == ("", "")
    assert pulse.Pulse(Sentinel).beat == Beat(2, (psutil.Process().pid,))
