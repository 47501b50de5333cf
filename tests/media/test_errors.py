import re

import pytest

from jobs.media import errors
from wtfsite.lib import process


def ended(code: int, text: str = "") -> process.Finished:
    return process.Finished(code, b"", text, 0.0, 0, 0.0)


@pytest.mark.parametrize(
    ("exit_code", "text", "code"),
    [
        (1, "clip.mp4: No such file or directory", "missing_file"),
        (254, "Error opening input: No such file or directory", "missing_file"),
        (1, "moov atom not found\nclip.mp4: Invalid data found when processing input", "corrupt_media"),
        (183, "Error opening input: Invalid data found when processing input", "corrupt_media"),
        (1, "Stream map '0:v' matches no streams.", "no_video"),
        (234, "Stream specifier '' in filtergraph description [0:v]null matches no streams.", "no_video"),
        (1, "Unknown encoder 'libx264'", "unknown_encoder"),
        (8, "Unknown encoder 'libx264'", "unknown_encoder"),
        (1, "Unknown decoder 'magic'", "unsupported_format"),
        (1, "No such filter: 'zscale'", "unknown_filter"),
        (234, "No option name near '0:0'", "unknown_filter"),
        (1, "Error initializing filter 'scale' with args 'x'", "bad_filter"),
        (234, "Error initializing filters", "bad_filter"),
        (1, "Cannot parse expression for width", "bad_filter"),
        (1, "[libx264] width not divisible by 2 (853x480)", "odd_size"),
        (187, "height not divisible by 2 (854x479)\nCould not open encoder before EOF", "odd_size"),
        (1, "out.mp4: Permission denied", "permission"),
        (243, "Error opening output: Permission denied", "permission"),
        (1, "av_interleaved_write_frame(): No space left on device\nError writing trailer", "disk_full"),
        (228, "", "disk_full"),
        (127, "ffmpeg: error while loading shared libraries: x.so: failed to map segment", "resource_limit"),
        (127, "ffmpeg: error while loading shared libraries: x.so: cannot open", "tool_missing"),
        (245, "Resource temporarily unavailable\nCould not open encoder", "resource_limit"),
        (139, "", "crashed"),
        (-11, "", "crashed"),
        (-9, "", "killed"),
        (137, "", "killed"),
        (-24, "", "resource_limit"),
        (-25, "", "resource_limit"),
        (1, "c0.mp4: File too large", "resource_limit"),
        (1, "stream 0, offset 0x3a: partial file", "truncated"),
        (1, "Impossible to convert: no path between colorspaces", "bad_filter"),
        (1, "Number of streams exceeds max_streams parameter (64)\nCannot allocate memory", "too_many_streams"),
        (1, "[pcm_s16le @ 0x1] Too many channels: 65535", "unsupported_format"),
        (1, "Cannot determine format of input stream 0:0 after EOF", "corrupt_media"),
        (1, "Failed to read frame size: Could not seek to 1026.", "corrupt_media"),
        (1, "clip.mkv: Not yet implemented in FFmpeg, patches welcome", "unsupported_format"),
        (1, "File ended prematurely\nclip.webm: Input/output error", "truncated"),
        (1, "something new", "unknown"),
        (1, "", "unknown"),
    ],
)
def test_it_knows_what_ffmpeg_means(exit_code, text, code):
    error = errors.classify(ended(exit_code, text))

    assert error.code == code
    assert isinstance(error, errors.CODES[code].kind)


def test_it_names_the_refused_codec():
    error = errors.classify(ended(1, "Codec (mpeg2video) not on whitelist 'h264,hevc'\nInvalid data found"))

    assert (error.code, error.detail) == ("unsupported_format", "mpeg2video")


@pytest.mark.parametrize("code", sorted(errors.CODES))
def test_every_code_has_a_sentence_and_a_remedy(code):
    cause = errors.explain(code)

    assert cause.sentence.endswith(".")
    assert cause.remedy.endswith(".")
    assert issubclass(cause.kind, errors.MediaError)


def test_no_two_codes_share_a_sentence():
    assert len({cause.sentence for cause in errors.CODES.values()}) == len(errors.CODES)


def test_it_explains_a_code_it_does_not_know():
    assert errors.explain("from_the_future") == errors.CODES["unknown"]


def test_no_text_can_make_the_search_slow():
    """Logs hold other people's words: a pattern without an end looks through the rest of the log at every beginning."""
    assert not [pattern.pattern for pattern, _code in errors._TEXTS if re.search(r"\.[*+]", pattern.pattern)]


def test_a_detail_stands_in_the_sentence():
    assert errors.told("It is closed.", "at noon.", "Wait.") == "It is closed (at noon). Wait."
    assert errors.told("It is closed.", "", "Wait.") == "It is closed. Wait."


def test_no_remedy_points_to_a_place_on_some_page():
    """It is read in lists, in tables and on terminals, too."""
    assert not [code for code, cause in errors.CODES.items() if "below" in cause.remedy]


def test_a_tool_that_says_nothing_leaves_a_log_by_which_it_can_be_known():
    assert errors.classify(ended(77, " \n")).tail == "It ended with 77 and said nothing."
    assert errors.classify(ended(77, "Moo")).tail == "Moo"


def test_it_keeps_the_end_of_a_long_log():
    assert errors.fail("unknown", tail="x" * 99_999 + "end").tail.endswith("end")
    assert len(errors.fail("unknown", tail="x" * 99_999).tail) == errors.TAIL_LENGTH


def test_it_keeps_nothing_that_a_database_refuses():
    error = errors.fail("unknown", "codec \x00", "tag: \ud800\x00\n")
    assert (error.detail, error.tail) == ("codec \ufffd", "tag: \ufffd\ufffd\n")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (process.NotStarted("ffmpeg was not found", ended(127, "sandbox: ffmpeg was not found")), "tool_missing"),
        (process.NotStarted("no", ended(126, "sandbox: ffmpeg could not be started: no")), "sandbox_refused"),
        (process.NotStarted("no", ended(126, "sandbox: [Errno 12] Cannot allocate memory")), "resource_limit"),
        (process.NotStarted("SANDBOX_REQUIRED forbids to run tools"), "sandbox_refused"),
        (process.TimedOut("late", ended(-15)), "timeout"),
        (process.Stalled("still", ended(-15)), "stalled"),
        (process.Failed("bad", ended(1, "No space left on device")), "disk_full"),
        (process.Failed("bad"), "unknown"),
    ],
)
def test_it_translates_the_runners_errors(error, code):
    assert errors.translate(error).code == code
