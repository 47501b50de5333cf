"""manage.py render_video, called as a program would be: exit codes, JSON lines, sentences."""

import errno
import io
import json
import os
import subprocess
from fractions import Fraction

import pytest
from django.core.management import CommandError, call_command

from brands.models import Brand
from jobs.models import Asset, Job
from jobs.services import inline
from jobs.sources import upload
from tests.clips import clip, ffmpeg

pytestmark = pytest.mark.usefixtures("storage")


def render(*words, **options):
    """Standard output, standard error, and the exit code."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("render_video", *map(str, words), stdout=out, stderr=err, **options)
    except CommandError as error:
        return out.getvalue(), err.getvalue() + str(error), error.returncode
    return out.getvalue(), err.getvalue(), 0


def quick(source, tmp_path, *words, brand="a", variant="square"):
    target = tmp_path / "out"
    fixed = ("--brand", brand, "--variant", variant, "--out", target, "--size", 720, "--profile", "draft")
    return render(source, *fixed, *words)


def test_it_prints_one_json_line_for_each_output(one_second, two_brands, tmp_path):
    out, _err, code = quick(one_second, tmp_path, "--brand", "b", "--variant", "vertical", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert {(line["brand"], line["variant"], line["width"], line["height"]) for line in lines} == {
        ("a", "square", 720, 720),
        ("b", "square", 720, 720),
        ("a", "vertical", 720, 1280),
        ("b", "vertical", 720, 1280),
    }
    for line in lines:
        path = tmp_path / "out" / f"one-second_{line['brand']}_{line['variant']}.mp4"
        assert line["path"] == str(path)
        assert line["bytes"] == path.stat().st_size > 0
        assert Fraction(line["fps"]) == 30
        assert len(line["key"]) == 64
        assert abs(line["duration"] - 1) < 0.1
        assert line["seconds"] > 0


def test_two_sources_of_one_name_are_two_files(two_brands, tmp_path):
    made = []
    for folder, rate in (("x", "30"), ("y", "25")):
        (tmp_path / folder).mkdir()
        made.append(clip(tmp_path / folder / "clip.mp4", rate=rate))
    brand = ("--brand", "a", "--variant", "square", "--size", 720, "--profile", "draft")
    out, _err, code = render(*made, *brand, "--out", tmp_path / "out")
    assert code == 0
    assert len(set(out.split())) == len(list((tmp_path / "out").iterdir())) == 2


def test_a_full_disk_while_a_file_comes_in_is_said_in_words(one_second, two_brands, tmp_path, monkeypatch):
    def store(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(upload, "store", store)
    out, err, code = quick(one_second, tmp_path)
    assert (out, code) == ("", 2)
    assert "one second.mp4: " in err
    assert "No space left on device" in err


@pytest.mark.parametrize(("brand", "variant", "named"), [("nobody", "square", "nobody"), ("a", "round", "round")])
def test_an_unknown_word_is_named_and_nothing_is_started(brand, variant, named, one_second, two_brands, tmp_path):
    out, err, code = quick(one_second, tmp_path, brand=brand, variant=variant)
    assert (out, code) == ("", 2)
    assert named in err
    assert not Asset.objects.exists()
    assert not Job.objects.exists()


def test_a_missing_file_is_named_and_nothing_is_started(two_brands, tmp_path):
    _out, err, code = quick(tmp_path / "nowhere.mp4", tmp_path)
    assert code == 2
    assert "nowhere.mp4: The file is not there (nowhere.mp4). Check the path" in err
    assert not Job.objects.exists()


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
@pytest.mark.parametrize("search", ["ytsearch:harbour", "ytsearch5:two words", "ytsearchdate3:x", "SCSEARCH:x"])
def test_a_search_is_refused_and_says_what_is_wanted(search, words, two_brands, tmp_path):
    _out, err, code = quick(search, tmp_path, *words)
    assert code == 2
    assert "searches are not taken; give the path of a file, or the address of one video" in err
    assert not Asset.objects.exists()


def test_a_file_may_be_called_like_a_search(one_second, two_brands, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "search:harbour.mp4").write_bytes(one_second.read_bytes())
    assert quick("search:harbour.mp4", tmp_path)[2] == 0


def test_an_order_over_the_limit_is_refused_with_the_next_step(one_second, two_brands, tmp_path, settings):
    settings.MAX_OUTPUTS_PER_JOB = 1
    _out, err, code = quick(one_second, tmp_path, "--brand", "b")
    assert code == 2
    assert "2 outputs; a job may have 1" in err
    assert "Choose fewer" in err


def test_a_source_that_ends_early_fails_with_its_sentence(two_brands, tmp_path):
    whole = ffmpeg(
        tmp_path / "fast.mp4",
        "-i",
        str(clip(tmp_path / "w.mp4", seconds=3)),
        *("-c", "copy", "-movflags", "+faststart"),
    )
    short = tmp_path / "short.mp4"
    short.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    out, err, code = quick(short, tmp_path)
    assert (out, code) == ("", 1)
    assert "ends earlier than it says" in err
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_fails_in_words_and_leaves_no_half_file(one_second, two_brands, tmp_path, settings, folders):
    disk = tmp_path / "small"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a tmpfs")
    try:
        settings.TEMP_DIR, settings.DISK_FLOOR_MB = disk, 0
        settings.STAGE_MAX_ATTEMPTS = 1  # it is not going to get emptier
        noise = ffmpeg(
            tmp_path / "noise.mp4",
            *("-f", "lavfi", "-i", "nullsrc=s=180x320:d=1,geq=random(1)*255:128:128", "-c:v", "libx264", "-crf", "30"),
        )
        out, err, code = quick(noise, tmp_path)
        assert (out, code) == ("", 1)
        assert "disk" in err.lower()
        assert [path for path in folders.media.rglob("*.mp4") if "outputs" in path.parts] == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_ctrl_c_cancels_the_job(one_second, two_brands, tmp_path, monkeypatch):
    def interrupted(job, after_each, on_wait):
        raise KeyboardInterrupt

    monkeypatch.setattr(inline, "work_off", interrupted)
    _out, _err, code = quick(one_second, tmp_path)
    assert (code, Job.objects.get().state) == (130, "cancelled")


def test_a_dry_run_prints_the_commands_and_makes_nothing(one_second, two_brands, tmp_path, folders):
    Brand.objects.filter(slug="b").update(slug="b-and-co")
    out, _err, code = quick(one_second, tmp_path, "--brand", "b-and-co", "--dry-run")
    heading, command = out.strip().splitlines()
    assert code == 0
    assert heading.endswith("one second.mp4: square, a, b-and-co")
    assert command.count("overlay=") == 2
    assert "OFF" not in command  # what a brand says is in its picture, never in a filter
    assert not Asset.objects.exists()
    assert not Job.objects.exists()
    assert not (tmp_path / "out").exists()
    assert list((folders.temp / "work").iterdir()) == []


@pytest.mark.parametrize("word", ["http://127.0.0.1/x.mp4", "nowhere.mp4"])
def test_a_dry_run_of_what_is_not_here_is_refused(word, two_brands, tmp_path):
    _out, err, code = quick(word, tmp_path, "--dry-run")
    assert code == 2
    assert word in err


def test_names_do_nothing_to_the_terminal(one_second, tmp_path, db):
    Brand.objects.create(name="\x1b[2Jcleared\nfaked", slug="a")  # it has no layers, which the plan warns of
    Brand.objects.create(name="\x1b[31mred", slug="b").layers.create(name="logo", artwork_kind="logo")
    _out, err, code = quick(one_second, tmp_path, "--brand", "b")
    assert code != 0
    assert "\x1b" not in err
    assert "\\x1b[2Jcleared\\nfaked" in err
    assert [line for line in err.splitlines() if line.startswith("one second / \\x1b[31mred / square: blocked")]
