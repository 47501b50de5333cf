"""The gate and the reader: records by hand for the gate, ffprobe's answers by a double, real files for the refusals."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jobs.media import encode
from jobs.media import probe as media
from jobs.media.errors import CODES, MediaError
from jobs.media.probe import Gate, Probe
from jobs.media.tools import Tools
from tests.media import clips
from wtfsite.lib import process

GATE = Gate(max_seconds=60, max_bytes=50_000_000)


def answering(answer: object) -> Tools:
    """Tools whose ffprobe says this."""
    text = json.dumps(answer).encode()
    return Tools("ffmpeg", "ffprobe", "5.1", lambda *_, **__: process.Finished(0, text, "", 0.0, 0, 0.0))


def read(answer: object, tmp_path: Path) -> Probe:
    path = tmp_path / "any.bin"
    path.write_bytes(b"x" * 5000)
    return media.read(path, answering(answer), GATE, tmp_path)


def refusal(path: Path, tools: Tools, gate: Gate = GATE) -> MediaError:
    with pytest.raises(MediaError) as caught:
        media.read(path, tools, gate, path.parent)
    return caught.value


def stream(**changes: object) -> dict[str, object]:
    usual = {
        "index": 0,
        "codec_type": "video",
        "codec_name": "h264",
        "width": 1920,
        "height": 1080,
        "pix_fmt": "yuv420p",
        "avg_frame_rate": "30/1",
        "r_frame_rate": "30/1",
        "duration": "2.0",
    }
    return {**usual, **changes}


def answer(*streams: dict[str, object], **changes: object) -> dict[str, object]:
    return {"streams": list(streams), "format": {"format_name": "mov,mp4", "duration": "2.5", **changes}}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"width": 15}, "bad_picture_size"),
        ({"height": 15}, "bad_picture_size"),
        ({"width": 8193}, "bad_picture_size"),
        ({"height": 8193, "width": 16}, "bad_picture_size"),
        ({"width": 8000, "height": 5001}, "bad_picture_size"),
        ({"width": 30, "sar": Fraction(1, 3)}, "bad_picture_size"),
        ({"sar": Fraction(5)}, "bad_picture_size"),
        ({"sar": Fraction(1, 5)}, "bad_picture_size"),
        ({"rotation": 37}, "bad_picture_size"),
        ({"rate": Fraction(121)}, "bad_rate"),
        ({"rate": Fraction(30), "frames": 20_000}, "bad_rate"),
        ({"rate": Fraction(0), "frames": 20_000}, "bad_rate"),
        ({"codec": ""}, "unsupported_format"),
    ],
)
def test_the_gate_refuses_impossible_pictures(changes, code):
    with pytest.raises(MediaError) as caught:
        media.check(clips.probe(**changes), GATE)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("video", None, "no_video"),
        ("streams", 9, "too_many_streams"),
        ("duration_us", 60_000_001, "too_long"),
        ("duration_us", 0, "corrupt_media"),
        ("bytes", 999, "corrupt_media"),
    ],
)
def test_the_gate_refuses_what_is_out_of_bounds(field, value, code):
    with pytest.raises(MediaError) as caught:
        media.check(Probe.from_dict({**clips.probe().to_dict(), field: value}), GATE)

    assert caught.value.code == code


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"width": 16, "height": 16},
        {"width": 8192, "height": 4882},
        {"sar": Fraction(4), "width": 1024},
        {"sar": Fraction(1, 4), "width": 1024},
        *({"rotation": degrees} for degrees in (90, 180, 270)),
        {"rate": Fraction(120), "frames": 120},
        {"rate": Fraction(0), "base_rate": Fraction(0)},  # a file that does not say: frames come when they come
        {"rate": Fraction(25), "base_rate": Fraction(90_000)},  # the clock of what varies, not a number of frames
    ],
)
def test_the_gate_lets_usual_clips_in(changes):
    media.check(clips.probe(**changes), GATE)


def test_the_gate_takes_eight_tracks_and_no_more():
    for count, code in ((8, ""), (9, "too_many_streams")):
        record = Probe.from_dict({**clips.probe().to_dict(), "streams": count})
        if code:
            with pytest.raises(MediaError, match=code):
                media.check(record, GATE)
        else:
            media.check(record, GATE)


def test_a_record_survives_json():
    record = clips.probe(rate=Fraction(30000, 1001), sar=Fraction(4, 3))

    assert Probe.from_dict(json.loads(json.dumps(record.to_dict()))) == record
    assert record.to_dict()["video"]["rate"] == "30000/1001"


@pytest.mark.parametrize(
    ("sound", "changes", "line"),
    [
        (True, {}, "1080x1920 · 30 fps · H.264 + AAC stereo · 0:01 · 0.5 MB"),
        (False, {"rotation": 90}, "1920x1080 · 30 fps · H.264, no sound · 0:01 · 0.5 MB"),
        (
            True,
            {"transfer": "smpte2084", "codec": "hevc", "rate": Fraction(30000, 1001)},
            "1080x1920 HDR · 29.97 fps variable · HEVC + AAC stereo · 0:01 · 0.5 MB",
        ),
    ],
)
def test_it_sums_up_a_file_in_one_line(sound, changes, line):
    assert (
        clips.probe(sound, **{"base_rate": Fraction(60), **changes} if "rate" in changes else changes).summary() == line
    )


def test_it_asks_with_every_limit(tmp_path):
    asked: list[tuple[list[str], dict[str, object]]] = []

    def run(command: Any, **options: Any) -> process.Finished:
        asked.append((command, options))
        return process.Finished(0, json.dumps(answer(stream())).encode(), "", 0.0, 0, 0.0)

    path = tmp_path / "%03d:x.mp4"
    path.write_bytes(b"x" * 5000)
    media.read(path, Tools("ffmpeg", "ffprobe", "5.1", cast(process.Runner, run)), GATE, tmp_path)

    (command, options), *_ = asked
    assert command[-2:] == ["-i", f"file:{path}"]
    assert command[command.index("-protocol_whitelist") + 1] == "file"
    assert "image2" not in command[command.index("-format_whitelist") + 1]
    assert options["limits"] == process.Limits(4, 2 << 30, 1 << 20, growth=64 << 20)
    assert (options["timeout"], options["reads"]) == (20, [path])


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"avg_frame_rate": "0/0"}, "rate", Fraction(0)),
        ({"avg_frame_rate": "N/A"}, "rate", Fraction(0)),
        ({"sample_aspect_ratio": "0:1"}, "sar", Fraction(1)),
        ({"sample_aspect_ratio": "4:3"}, "sar", Fraction(4, 3)),
        ({"color_space": "unknown"}, "matrix", ""),
        ({"color_range": "pc"}, "full_range", True),
        ({"pix_fmt": "yuvj420p"}, "full_range", True),
        ({"field_order": "tt"}, "interlaced", True),
        ({"field_order": "progressive"}, "interlaced", False),
        ({"side_data_list": [{"rotation": -90}]}, "rotation", 90),
        ({"side_data_list": [{"rotation": 90}]}, "rotation", 270),
        ({"side_data_list": "lies"}, "rotation", 0),
        ({"tags": {"rotate": "180"}}, "rotation", 180),
        ({"nb_frames": "1e400"}, "frames", 0),
        ({"nb_frames": "-5"}, "frames", 0),
        ({"avg_frame_rate": "1e9/1"}, "rate", Fraction(0)),
        ({"avg_frame_rate": "-30/1"}, "rate", Fraction(0)),
        ({"avg_frame_rate": ["30/1"]}, "rate", Fraction(0)),
        ({"r_frame_rate": "999999999999/1"}, "base_rate", Fraction(999_999_999_999)),
        ({"side_data_list": [{"rotation": "nan"}]}, "rotation", 0),
        ({"profile": "High\u202e\x00 4:2:2\ud800"}, "profile", "High 4:2:2"),
        ({"profile": {"a": 1}}, "profile", ""),
        ({"duration": "nan"}, "duration_us", 0),
        ({"duration": "inf"}, "duration_us", 0),
        ({"duration": "-7"}, "duration_us", 0),
        ({"duration": ["2.0"]}, "duration_us", 0),
        ({"duration": "N/A", "tags": {"DURATION": "00:00:01.500000000"}}, "duration_us", 1_500_000),
        ({"codec_name": "x" * 999}, "codec", "x" * 40),
    ],
)
def test_it_bears_any_answer(tmp_path, changes, field, value):
    video = read(answer(stream(**changes)), tmp_path).video

    assert getattr(video, field) == value


def test_the_length_is_the_pictures(tmp_path):
    late = stream(start_time="0.5")

    assert read(answer(stream()), tmp_path).duration_us == 2_000_000
    assert read(answer(late), tmp_path).duration_us == 2_500_000
    assert read(answer(stream(duration="N/A")), tmp_path).duration_us == 2_500_000


def test_covers_are_no_video_and_the_default_stream_is_preferred(tmp_path):
    cover = stream(disposition={"attached_pic": 1})
    second = stream(index=2, disposition={"default": 1})

    video = read(answer(cover, stream(index=1), second), tmp_path).video

    assert video is not None
    assert video.index == 2


@pytest.mark.parametrize("length", ["N/A", "nan", "inf", "-1", "0", "", [], {}])
def test_a_file_without_a_finite_length_is_refused(tmp_path, length):
    with pytest.raises(MediaError, match="corrupt_media"):
        read(answer(stream(duration=length), duration=length), tmp_path)


@pytest.mark.parametrize("length", ["4294967.294", "1e12", "1e300"])
def test_a_file_of_absurd_length_is_too_long(tmp_path, length):
    with pytest.raises(MediaError, match="too_long"):
        read(answer(stream(duration=length)), tmp_path)


def test_sound_in_a_codec_without_a_name_is_passed_over(tmp_path):
    odd = {"index": 1, "codec_type": "audio", "channels": 4, "disposition": {"default": 1}}
    usual = {**odd, "index": 2, "codec_name": "aac", "channels": 2, "disposition": {}}

    sound = read(answer(stream(), odd, usual), tmp_path).audio

    assert sound is not None
    assert sound.index == 2


@pytest.mark.parametrize("nonsense", [[], "text", {"streams": 7, "format": []}, None, 5, {}])
def test_nonsense_is_an_error_with_a_code(tmp_path, nonsense):
    with pytest.raises(MediaError):
        read(nonsense, tmp_path)


def test_an_answer_nested_too_deeply_is_an_error_with_a_code(tmp_path):
    deep = ("[" * 100_000).encode()
    tools = Tools("", "", "5.1", lambda *_, **__: process.Finished(0, deep, "", 0.0, 0, 0.0))
    path = tmp_path / "any.bin"
    path.write_bytes(b"x" * 5000)
    with pytest.raises(MediaError, match="corrupt_media"):
        media.read(path, tools, GATE, tmp_path)


# Whatever ffprobe says: numbers as words, words as numbers, lists as dicts.
odd_words = st.sampled_from(
    ["", "N/A", "0/0", "1/0", "nan", "-inf", "1e400", "1e999999999", "9" * 5000, "12:34:56.7", "\ud800", "\0", "video"]
)
odd_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | odd_words | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    *stream(),
    "profile",
    "sample_aspect_ratio",
    "start_time",
    "nb_frames",
    "field_order",
    "color_range",
    "channels",
]
KEYS += ["disposition", "tags", "side_data_list", "sample_rate", "color_space", "color_transfer", "color_primaries"]
odd_streams = st.dictionaries(st.sampled_from(KEYS), odd_words | odd_values, min_size=1, max_size=4).map(
    lambda changes: stream(**changes)
)
odd_formats = st.dictionaries(
    st.sampled_from(["format_name", "duration", "start_time", "nb_streams"]), odd_values, max_size=4
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(odd_streams, min_size=1, max_size=2) | st.lists(odd_values) | odd_values, odd_formats | odd_values)
def test_any_answer_is_a_sane_record_or_an_error_with_a_code(any_file, streams, form):
    try:
        record = media.read(any_file, answering({"streams": streams, "format": form}), GATE, any_file.parent)
    except MediaError as error:
        assert error.code in CODES  # noqa: PT017 - any other exception fails the test
        return
    assert Probe.from_dict(json.loads(json.dumps(record.to_dict(), allow_nan=False))) == record
    assert "\0" not in record.summary().encode().decode()
    assert 0 < record.duration_us <= GATE.max_seconds * 1e6
    assert encode.target_rate(record) in encode.RATES


@pytest.fixture(scope="module")
def any_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("any") / "any.bin"
    path.write_bytes(b"x" * 5000)
    return path


def test_it_refuses_a_missing_and_an_empty_file(tmp_path, real_tools):
    (tmp_path / "empty.mp4").touch()

    assert refusal(tmp_path / "none.mp4", real_tools).code == "missing_file"
    assert refusal(tmp_path / "empty.mp4", real_tools).code == "empty_file"
    assert refusal(tmp_path, real_tools).code == "missing_file"


@pytest.mark.parametrize(
    ("content", "code", "detail"),
    [
        (b"<!doctype html><title>404</title>" * 99, "unsupported_format", "web page"),
        (b"#EXTM3U\nhttp://127.0.0.1/x.ts\n" * 99, "unsupported_format", "playlist"),
        (b"words and words " * 99, "unsupported_format", ""),
        (b"\0\0\0\x20ftypisom" + b"\0" * 5000, "corrupt_media", ""),
    ],
)
def test_it_tells_what_a_file_is_instead(tmp_path, real_tools, content, code, detail):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    error = refusal(path, real_tools)

    assert (error.code, error.detail) == (code, detail)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_picture_is_called_a_picture(tmp_path, real_tools, form):
    path = tmp_path / "clip.mp4"
    Image.effect_noise((64, 64), 50).save(path, form)

    assert refusal(path, real_tools).code == "still_picture"


def test_it_refuses_sound_alone_even_with_a_cover(tmp_path, real_tools):
    Image.new("RGB", (64, 64)).save(tmp_path / "cover.png")
    clips.ffmpeg(*clips.tone(), *clips.AAC, tmp_path / "sound.m4a")
    clips.ffmpeg(
        *("-i", tmp_path / "sound.m4a", "-i", tmp_path / "cover.png", "-map", 0, "-map", 1),
        *("-c", "copy", "-disposition:v:0", "attached_pic", tmp_path / "cover.m4a"),
    )

    assert refusal(tmp_path / "sound.m4a", real_tools).code == "no_video"
    assert refusal(tmp_path / "cover.m4a", real_tools).code == "no_video"


def test_it_names_the_codec_it_does_not_take(tmp_path, real_tools):
    path = tmp_path / "old.mkv"
    clips.ffmpeg(*clips.pattern(), "-c:v", "mpeg2video", path)
    error = refusal(path, real_tools)

    assert (error.code, error.detail) == ("unsupported_format", "mpeg2video")


def test_it_refuses_what_is_too_large_and_too_long(tmp_path, real_tools):
    path = clips.plain(tmp_path / "clip.mp4")

    assert refusal(path, real_tools, Gate(max_seconds=60, max_bytes=1000)).code == "too_large"
    assert refusal(path, real_tools, Gate(max_seconds=0.5, max_bytes=10**9)).code == "too_long"
