import pytest

from jobs.media import tools
from jobs.media.errors import MediaError


def test_it_finds_ffmpeg_with_all_that_is_needed(real_tools):
    assert {"libx264", "aac", "mjpeg"} <= tools.encoders(real_tools)
    assert {"overlay", "zscale", "tonemap", "bwdif", "fps"} <= tools.filters(real_tools)


def test_the_build_names_the_version_and_its_configuration(real_tools):
    version, _, digest = real_tools.build.rpartition("-")

    assert version[0].isdigit() or version.startswith("N")
    assert len(digest) == 6


def test_both_programs_tell_their_version(real_tools):
    told = tools.versions(real_tools)

    assert told.keys() == {"ffmpeg", "ffprobe"}
    assert real_tools.build.startswith(told["ffmpeg"])
    assert told["ffprobe"] != "unknown"


@pytest.mark.parametrize("paths", [("/nowhere/ffmpeg", ""), ("", "/nowhere/ffprobe")])
def test_a_wrong_path_is_not_replaced_by_another_program(paths):
    with pytest.raises(MediaError) as caught:
        tools.find(*paths)

    assert caught.value.code == "tool_missing"
    assert "apt-get install ffmpeg" in caught.value.remedy


def test_a_program_that_cannot_start_is_missing(tmp_path):
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/nowhere/sh\n")
    broken.chmod(0o755)

    with pytest.raises(MediaError) as caught:
        tools.find(str(broken))

    assert caught.value.code == "tool_missing"
