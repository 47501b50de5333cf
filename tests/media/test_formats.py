"""What is opened at all: the usual kinds always, some old ones when they are asked for, playlists never."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.media import formats, poster
from jobs.media import probe as media
from jobs.media.errors import MediaError
from jobs.media.probe import Gate
from tests.media import clips

GATE = Gate(max_seconds=60, max_bytes=50_000_000)
# What an installation may add: a clip of that kind as its makers made it, by ffmpeg's options.
OLD = {
    "mpegts with H.264": ("mpegts", "clip.ts", ("-c:v", "libx264", "-c:a", "aac")),
    "mpegts of broadcasts": ("mpegts", "clip.ts", ("-c:v", "mpeg2video", "-c:a", "mp2")),
    "mpegts with AC-3": ("mpegts", "clip.ts", ("-c:v", "mpeg2video", "-c:a", "ac3")),
    "asf with WMV 7": ("asf", "clip.wmv", ("-c:v", "wmv1", "-c:a", "wmav1")),
    "asf with WMV 8": ("asf", "clip.wmv", ("-c:v", "wmv2", "-c:a", "wmav2")),
    "asf with MPEG-4": ("asf", "clip.asf", ("-c:v", "msmpeg4", "-c:a", "libmp3lame")),
    "flv of the first players": ("flv", "clip.flv", ("-c:v", "flv", "-c:a", "libmp3lame")),
    "flv with its own sound": ("flv", "clip.flv", ("-c:v", "flv", "-c:a", "adpcm_swf")),
    "flv with H.264": ("flv", "clip.flv", ("-c:v", "libx264", "-c:a", "aac")),
}


@pytest.fixture(scope="module", params=OLD)
def old(request, tmp_path_factory) -> tuple[str, Path]:
    name, file, codecs = OLD[request.param]
    path = tmp_path_factory.mktemp("old") / file
    clips.ffmpeg(*clips.pattern(rate=25), *clips.tone(), "-pix_fmt", "yuv420p", *codecs, path)
    return name, path


def test_an_old_kind_is_refused_until_it_is_asked_for(old, real_tools):
    name, path = old
    with pytest.raises(MediaError) as caught:
        media.read(path, real_tools, GATE, path.parent)
    kind = {"mpegts": "MPEG-TS", "asf": "WMV", "flv": "FLV"}[name]
    assert (caught.value.code, caught.value.detail) == ("unsupported_format", kind)


def test_an_old_kind_that_is_asked_for_is_read_and_decoded(old, real_tools, tmp_path):
    name, path = old
    tools = replace(real_tools, formats=(*formats.DEFAULT, name))
    found = media.read(path, tools, GATE, path.parent)
    assert (found.container, found.has_audio) == (name, True)
    assert found.duration_us == pytest.approx(1_000_000, rel=0.15)
    assert poster.take(path, found, tools, tmp_path).stat().st_size > 0


def test_a_kind_that_is_left_out_is_refused_by_its_name(real_tools, tmp_path):
    path = tmp_path / "clip.avi"
    clips.ffmpeg(*clips.pattern(), "-c:v", "mpeg4", path)
    assert media.read(path, real_tools, GATE, tmp_path).container == "avi"
    with pytest.raises(MediaError) as caught:
        media.read(path, replace(real_tools, formats=("mov", "matroska")), GATE, tmp_path)
    assert (caught.value.code, caught.value.detail) == ("unsupported_format", "AVI")


def test_no_kind_of_the_table_opens_other_files():
    reaching = {
        "hls",
        "dash",
        "concat",
        "image2",
        "imf",
        "sdp",
        "rtsp",
        "tedcaptions",
        "webm_dash_manifest",
        "applehttp",
    }
    assert not reaching & set(formats.FORMATS)
    assert set(formats.NEEDED) <= set(formats.DEFAULT) <= set(formats.FORMATS)


def test_each_kind_brings_its_decoders():
    usual = str(formats.safe_input()["codec_whitelist"]).split(",")
    more = str(formats.safe_input((*formats.DEFAULT, "asf", "flv"))["codec_whitelist"]).split(",")
    assert "wmv2" not in usual
    assert more == [*usual, *formats.FORMATS["asf"].decoders.split(","), *formats.FORMATS["flv"].decoders.split(",")]


@pytest.mark.parametrize("name", formats.FORMATS)
def test_this_ffmpeg_has_what_the_table_names(name):
    """A misspelt decoder would refuse files for ever, silently."""
    ffmpeg = shutil.which("ffmpeg") or ""
    for what, wanted in (("demuxers", {name}), ("decoders", set(formats.FORMATS[name].decoders.split(",")) - {""})):
        listing = subprocess.run([ffmpeg, "-v", "error", f"-{what}"], capture_output=True, text=True, check=True).stdout
        known = {word for line in listing.splitlines() for word in "".join(line.split()[1:2]).split(",")}
        assert wanted <= known, what


@pytest.mark.parametrize(
    ("container", "extension"),
    [("mov,mp4,m4a,3gp,3g2,mj2", "mp4"), ("matroska,webm", "mkv"), ("asf", "wmv"), ("mpegts", "ts"), ("new", "bin")],
)
def test_a_stored_file_is_called_by_its_kind(container, extension):
    assert formats.extension(container) == extension
