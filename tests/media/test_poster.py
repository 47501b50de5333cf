"""The still of a source: what it costs, and what is done when it costs too much."""

from pathlib import Path
from typing import Any

import pytest

from jobs.media import poster, probe
from jobs.media.errors import MediaError
from jobs.media.probe import Gate
from jobs.media.tools import Tools, find
from tests.standins import files
from wtfsite.lib import process


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.clip(tmp_path_factory.mktemp("clip"), seconds=3)


class Dear:
    """A runner for which the first so many stills need more CPU time than they may take."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.limits: list[process.Limits] = []

    def __call__(self, *commands: Any, **options: Any) -> process.Finished:
        self.limits.append(options["limits"])
        if len(self.limits) > self.times:
            return process.run(*commands, **options)
        endless = [commands[0][0], "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=1920x1080", "-f", "null", "-"]
        return process.run(endless, **{**options, "limits": process.Limits(cpu_seconds=1)})


def take(clip: Path, work: Path, runner: process.Runner) -> Path:
    plain = find()
    facts = probe.read(clip, plain, Gate(max_seconds=60, max_bytes=10**8), work)
    return poster.take(clip, facts, Tools(plain.ffmpeg, plain.ffprobe, "test", runner), work)


def test_when_the_frame_at_one_second_costs_too_much_the_first_is_taken(clip, tmp_path):
    runner = Dear(times=1)
    assert take(clip, tmp_path, runner).stat().st_size > 0
    assert len(runner.limits) == 2


def test_when_every_frame_costs_too_much_it_says_so(clip, tmp_path):
    with pytest.raises(MediaError) as caught:
        take(clip, tmp_path, Dear(times=2))
    assert caught.value.code == "resource_limit"


def test_a_look_at_a_file_can_cost_ten_cpu_seconds_at_most(clip, tmp_path):
    seen = []

    def look(*commands: Any, **options: Any) -> process.Finished:
        seen.append(options["limits"].cpu_seconds)
        return process.run(*commands, **options)

    plain = find()
    probe.read(clip, Tools(plain.ffmpeg, plain.ffprobe, "test", look), Gate(max_seconds=60, max_bytes=10**8), tmp_path)
    runner = Dear(times=1)
    take(clip, tmp_path, runner)
    assert sum([*seen, *(limits.cpu_seconds or 100 for limits in runner.limits)]) <= 10
