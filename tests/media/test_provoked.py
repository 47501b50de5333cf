"""Failures of the installed ffmpeg, provoked for real and each in the sandbox; and what other versions wrote."""

import subprocess
from pathlib import Path

import pytest

from jobs.media import errors
from jobs.media.errors import MediaError
from tests.media import clips
from wtfsite.lib import process
from wtfsite.lib.process import Limits

SAVED = Path(__file__).with_name("ffmpeg_errors.txt")
BUSY = ["-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=60"]  # it has no end
X264 = ["-c:v", "libx264", "-preset", "ultrafast"]

# name: (arguments of ffmpeg, the code)
PROVOKED = {
    "missing file": (["-i", "none.mp4", "o.mp4"], "missing_file"),
    "missing logo": (["-i", "a.mp4", "-i", "logo.png", "-filter_complex", "overlay", "o.mp4"], "missing_file"),
    "missing folder": (["-i", "a.mp4", "none/o.mp4"], "missing_file bad_output"),
    "a folder in its place": (["-i", "a.mp4", "-f", "mp4", "folder"], "bad_output"),
    "no index": (["-i", "half.mp4", "o.mp4"], "corrupt_media"),
    "a web page": (["-i", "page.mp4", "o.mp4"], "corrupt_media"),
    "an empty file": (["-i", "empty.mp4", "o.mp4"], "corrupt_media"),
    "no video stream": (["-i", "sound.m4a", "-map", "0:v", "o.mp4"], "no_video"),
    "no video for a graph": (
        ["-i", "sound.m4a", "-filter_complex", "[0:v]null[a]", "-map", "[a]", "o.mp4"],
        "no_video",
    ),
    "unmapped stream": (["-i", "a.mp4", "-map", "0:7", "o.mp4"], "no_video"),
    "unknown encoder": (["-i", "a.mp4", "-c:v", "magic", "o.mp4"], "unknown_encoder"),
    "unknown decoder": (["-c:v", "magic", "-i", "a.mp4", "o.mp4"], "unsupported_format"),
    "codec not taken": (["-codec_whitelist", "vp9", "-i", "a.mp4", "o.mp4"], "unsupported_format"),
    "format not taken": (["-format_whitelist", "avi", "-i", "a.mp4", "o.mp4"], "unsupported_format"),
    "unknown filter": (["-i", "a.mp4", "-vf", "magic", "o.mp4"], "unknown_filter"),
    "bad filter": (["-i", "a.mp4", "-filter_complex", "[0:v]split[a][b]", "-map", "[a]", "o.mp4"], "bad_filter"),
    "bad filter argument": (["-i", "a.mp4", "-vf", "scale=wide:high", "o.mp4"], "bad_filter"),
    "bad filter option": (["-i", "a.mp4", "-vf", "scale=depth=3", "o.mp4"], "bad_filter"),
    "bad preset": (["-i", "a.mp4", "-c:v", "libx264", "-preset", "warp", "o.mp4"], "bad_option"),
    "bad duration": (["-t", "long", "-i", "a.mp4", "o.mp4"], "bad_option"),
    "bad option": (["-magic", "1", "-i", "a.mp4", "o.mp4"], "bad_option"),
    "odd size": (["-i", "a.mp4", "-vf", "scale=101:75,format=yuv420p", *X264, "o.mp4"], "odd_size"),
    "too many pixels": (["-max_pixels", "100", "-i", "a.mp4", "o.mp4"], "bad_picture_size"),
    "no permission": (["-i", "../foreign.mp4", "o.mp4"], "permission"),
}
LIMITED = {
    "memory": ([*BUSY, *X264, "o.mp4"], {"limits": Limits(address_space=150 << 20)}, "resource_limit crashed"),
    "file size": ([*BUSY, *X264, "o.mkv"], {"limits": Limits(file_size=100_000)}, "resource_limit"),
    # ffmpeg catches this signal and ends with 255, as it does when somebody stops it
    "processor time": ([*BUSY, *X264, "-f", "null", "-"], {"limits": Limits(cpu_seconds=1)}, "killed resource_limit"),
    "time": ([*BUSY, *X264, "-f", "null", "-"], {"timeout": 0.5}, "timeout"),
}


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("work") / "here"
    (work / "folder").mkdir(parents=True)
    whole = clips.plain(work / "a.mp4").read_bytes()
    clips.plain(work.parent / "foreign.mp4")
    (work / "half.mp4").write_bytes(whole[: len(whole) // 2])
    (work / "page.mp4").write_text("<html><body>no video</body></html>" * 50)
    (work / "empty.mp4").touch()
    clips.ffmpeg(*clips.tone(), *clips.AAC, work / "sound.m4a")
    return work


def failure(tools, work, *arguments, **options) -> MediaError:
    command = [tools.ffmpeg, "-v", "error", "-nostdin", "-y", *arguments]
    with pytest.raises(process.ProcessError) as caught:
        tools.run(command, **{"work": work, "timeout": 60, **options})
    return errors.translate(caught.value)


@pytest.mark.parametrize("name", PROVOKED)
def test_it_names_what_was_provoked(real_tools, material, name):
    arguments, codes = PROVOKED[name]
    error = failure(real_tools, material, *arguments)
    assert error.code in codes.split(), error.tail


@pytest.mark.parametrize("name", LIMITED)
def test_it_names_the_limit_that_was_met(real_tools, material, name):
    arguments, options, codes = LIMITED[name]
    error = failure(real_tools, material, *arguments, **options)
    assert error.code in codes.split(), error.tail


def test_it_names_a_refused_connection(real_tools, material):
    error = failure(real_tools, material, "-i", "http://127.0.0.1:1/a.mp4", "o.mp4", net=1)
    assert error.code == "network", error.tail


def test_it_names_a_full_disk(real_tools):
    """Outside the sandbox, which does not hand out this device."""
    command = [real_tools.ffmpeg, "-v", "error", "-y", *clips.pattern(), "-f", "mpegts", "/dev/full"]
    ended = subprocess.run(command, capture_output=True, check=False, text=True)
    error = errors.classify(process.Finished(ended.returncode, b"", ended.stderr, 0.0, 0, 0.0))
    assert error.code == "disk_full", error.tail


def test_it_names_a_kill(real_tools):
    with subprocess.Popen(
        [real_tools.ffmpeg, "-v", "quiet", *BUSY, "-f", "null", "-"], stdin=subprocess.DEVNULL
    ) as child:
        child.kill()
    assert errors.classify(process.Finished(child.returncode, b"", "", 0.0, 0, 0.0)).code == "killed"


def test_it_names_a_program_that_the_sandbox_does_not_start(real_tools, tmp_path):
    (tmp_path / "ffmpeg").touch(mode=0o600)
    with pytest.raises(process.NotStarted) as caught:
        real_tools.run([str(tmp_path / "ffmpeg")], work=tmp_path, timeout=20)
    error = errors.translate(caught.value)
    assert error.code == "sandbox_refused"
    assert "security.md" in error.remedy


def saved() -> list[list[str]]:
    lines = [line for line in SAVED.read_text().splitlines() if not line.startswith("#")]
    return [line.split(" | ", 4) for line in lines]


@pytest.mark.parametrize(("name", "version", "exit_code", "code", "text"), saved())
def test_it_knows_what_other_versions_write(name, version, exit_code, code, text):
    ended = process.Finished(int(exit_code), b"", text.replace("\\n", "\n"), 0.0, 0, 0.0)
    assert errors.classify(ended).code == code


def test_a_kill_for_memory_is_not_blamed_on_the_video():
    """What a later version says when it had no memory: its decoder complains of the data first."""
    text = "Error submitting packet to decoder: Invalid data found when processing input"
    assert errors.classify(process.Finished(244, b"", text, 0.0, 0, 0.0)).code == "resource_limit"
    assert errors.classify(process.Finished(-9, b"", text, 0.0, 0, 0.0)).code == "killed"
