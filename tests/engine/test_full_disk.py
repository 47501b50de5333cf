"""A disk that fills up under a running ffmpeg, and is given room: a real one, where we may mount it."""

import os
import subprocess

import pytest

from jobs.models import JobState, Stage
from jobs.services import assets, files, inline
from tests.clips import ffmpeg
from tests.jobs.conftest import text_brand
from tests.jobs.test_faults import held, in_a_minute, step, stored
from tests.jobs.test_main_path import order

ROOMY, SMALL = "60m", "1500k"  # less than one of the files needs


@pytest.fixture
def disk(tmp_path, settings):
    """The temporary folder, on a disk of its own."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOMY}", "tmpfs", place], check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a tmpfs")
    settings.TEMP_DIR, settings.DISK_FLOOR_MB = place, 0
    yield place
    subprocess.run(["umount", place], check=True)


def resize(disk, size):
    subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_disk_that_fills_up_in_mid_render_costs_an_attempt_and_no_cell(disk, tmp_path, folders, db):
    noise = ffmpeg(
        tmp_path / "noise.mp4",
        *("-f", "lavfi", "-i", "nullsrc=s=180x320:d=1,geq=random(1)*255:128:128", "-c:v", "libx264", "-crf", "30"),
    )
    brands = [text_brand("a", "50% OFF"), text_brand("b", "It's live")]
    job = order([assets.from_path(noise)[0]], brands, ["vertical"])
    step(job)
    resize(disk, SMALL)
    step(job)
    stage = Stage.objects.get(job=job, kind="render")
    assert (stage.state, stage.error_code, stage.attempt) == ("retry_wait", "disk_full", 1)
    assert "No space left on device" in stage.error_tail
    assert set(job.outputs.values_list("state", flat=True)) == {"rendering"}
    assert list((disk / "work").glob("*")) == []
    assert stored() == set()
    resize(disk, ROOMY)
    in_a_minute(job)
    assert inline.work_off(job).state == JobState.DONE
    assert {files.digest(output.file.name) == output.sha256 for output in job.outputs.all()} == {True}
    assert stored() == held()
