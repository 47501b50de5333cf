"""What a media file is: ffprobe's answer as a small typed record, behind a gate.

Only this module knows what ffprobe prints. Every field of it is hostile: sizes lie, rates are 0/0, lengths are absurd.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from jobs.media import errors, formats
from jobs.media.errors import MediaError
from jobs.media.tools import Tools
from wtfsite.lib import process
from wtfsite.lib.documents import BadDocument, read_json

MOST_CHANNELS = 64
HDR_TRANSFERS = frozenset({"smpte2084", "arib-std-b67"})


@dataclass(frozen=True)
class VideoFacts:
    """The picture. `width` and `height` are as coded; `rotation` is how far to turn it clockwise to stand upright.

    `rate` is the average, `base_rate` the smallest that all timestamps fit in. Colour names are ffmpeg's, "" when
    untagged.
    `start_us` counts from the start of the file; `duration_us` and `frames` are 0 when the file does not say.
    """

    index: int
    codec: str
    profile: str
    width: int
    height: int
    sar: Fraction
    rotation: int
    rate: Fraction
    base_rate: Fraction
    pix_fmt: str
    primaries: str = ""
    transfer: str = ""
    matrix: str = ""
    full_range: bool = False
    interlaced: bool = False
    frames: int = 0
    start_us: int = 0
    duration_us: int = 0
    alpha: bool = False  # has transparent places, at least in principle


@dataclass(frozen=True)
class AudioFacts:
    index: int
    codec: str
    profile: str
    sample_rate: int
    channels: int
    start_us: int = 0


@dataclass(frozen=True)
class Probe:
    """One file. `duration_us` is how long the picture lasts, counted from the start of the file."""

    container: str
    duration_us: int
    bytes: int
    streams: int
    video: VideoFacts | None
    audio: AudioFacts | None

    @property
    def display_width(self) -> int:
        """Width after rotation, in square pixels; 0 without a picture."""
        return _display(self.video)[0]

    @property
    def display_height(self) -> int:
        """Height after rotation, in square pixels; 0 without a picture."""
        return _display(self.video)[1]

    @property
    def hdr(self) -> bool:
        return self.video is not None and self.video.transfer in HDR_TRANSFERS

    @property
    def variable_rate(self) -> bool:
        """Whether frames come irregularly.

        Phones wander by a few per mille around their rate; that is no variable rate. Fields may be counted as frames.
        """
        if self.video is None or not self.video.rate or not self.video.base_rate:
            return True
        ratio = self.video.base_rate / self.video.rate
        if self.video.interlaced and ratio > Fraction(3, 2):
            ratio /= 2
        return abs(ratio - 1) > Fraction(2, 100)

    @property
    def has_audio(self) -> bool:
        return self.audio is not None

    def summary(self) -> str:
        """One line for people: `1080x1920 · 30 fps · H.264 + AAC stereo · 0:12 · 9.1 MB`."""
        parts = [_picture(self), _rate(self), _codecs(self), _clock(self.duration_us), f"{self.bytes / 1e6:.1f} MB"]
        return " · ".join(part for part in parts if part)

    def to_dict(self) -> dict[str, Any]:
        """JSON safe; fractions as "30000/1001"."""
        return {key: _plain(value) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Probe":
        return cls(**{**data, "video": _video_from(data["video"]), "audio": _audio_from(data["audio"])})


@dataclass(frozen=True)
class Gate:
    """What is let in. The defaults bound what one frame and one second can cost; length and size are the operator's."""

    max_seconds: float
    max_bytes: int
    max_pixels: int = 40_000_000
    max_side: int = 8192
    min_side: int = 16
    max_rate: int = 120
    max_streams: int = 8
    min_bytes: int = 1000
    max_sar: int = 4


def read(path: Path, tools: Tools, gate: Gate, work: Path) -> Probe:
    """Probe one file and let it through the gate, or raise a MediaError that says why not.

    One call of ffprobe, a few milliseconds; no frame is decoded. That ffprobe is content proves little: a file cut in
    half still reports its full length, so the finished outputs are compared with it.
    """
    size = _size(path)
    if size > gate.max_bytes:
        raise errors.fail("too_large", f"{size} of at most {gate.max_bytes} bytes")
    probe = _parse(_ask(path, tools, work), size)
    check(probe, gate)
    return probe


def read_output(path: Path, tools: Tools, work: Path) -> Probe:
    """Probe a file of our own making: the same reader, and a gate that only refuses what is no video at all."""
    return read(path, tools, Gate(max_seconds=_FOREVER, max_bytes=1 << 50, max_rate=240), work)


def check(probe: Probe, gate: Gate) -> None:
    """Raise the SourceError for the first claim of a file that is out of bounds."""
    if probe.streams > gate.max_streams:
        raise errors.fail("too_many_streams", f"{probe.streams} of at most {gate.max_streams}")
    video = probe.video
    if video is None:
        raise errors.fail("no_video")
    if probe.bytes < gate.min_bytes:
        raise errors.fail("corrupt_media", f"{probe.bytes} bytes")
    if not video.codec:
        raise errors.fail("unsupported_format", "its codec has no name")
    if not _sane_picture(video, gate):
        raise errors.fail("bad_picture_size", f"{video.width}x{video.height}, pixels {_plain(video.sar)}")
    if video.rotation % 90:
        raise errors.fail("bad_picture_size", f"turned by {video.rotation} degrees")
    if video.rate > gate.max_rate:
        raise errors.fail("bad_rate", f"{float(video.rate):.0f} of at most {gate.max_rate} frames a second")
    if video.frames > gate.max_rate * (probe.duration_us // 1_000_000 + 1):
        raise errors.fail("bad_rate", f"{video.frames} frames in {_clock(probe.duration_us)}")
    if probe.duration_us <= 0:
        raise errors.fail("corrupt_media", "no length")
    if probe.duration_us > gate.max_seconds * 1_000_000:
        raise errors.fail("too_long", f"{_clock(probe.duration_us)} of at most {_clock(int(gate.max_seconds * 1e6))}")


_ENTRIES = (
    "format=format_name,duration,start_time,nb_streams"
    ":stream=index,codec_type,codec_name,profile,width,height,sample_aspect_ratio,pix_fmt,field_order,color_range"
    ",color_space,color_transfer,color_primaries,r_frame_rate,avg_frame_rate,start_time,duration,nb_frames"
    ",sample_rate,channels"
    ":stream_disposition=attached_pic,default:stream_tags=DURATION,rotate,alpha_mode,ALPHA_MODE:stream_side_data=rotation"
)
_LIMITS = process.Limits(cpu_seconds=4, address_space=2 << 30, file_size=1 << 20, growth=64 << 20)
_FOREVER = 100_000 * 3600.0
_MOST = 1 << 53  # what a float counts exactly

Json = dict[str, Any]


def _size(path: Path) -> int:
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise errors.fail("missing_file") from error
    except PermissionError as error:
        raise errors.fail("permission") from error
    if not path.is_file():
        raise errors.fail("missing_file", "not a file")
    if size == 0:
        raise errors.fail("empty_file")
    return size


def _ask(path: Path, tools: Tools, work: Path) -> Json:
    """ffprobe's answer. `file:` keeps a name such as `http:x.mp4` from being read as an address."""
    command = [tools.ffprobe, "-v", "error", "-hide_banner", *formats.arguments(tools.formats)]
    command += ["-show_entries", _ENTRIES, "-of", "json", "-i", f"file:{path.absolute()}"]
    try:
        finished = tools.run(command, work=work, reads=[path], limits=_LIMITS, timeout=20)
        answer = read_json(finished.stdout, mend=True)
    except process.ProcessError as error:
        raise _refusal(path, errors.translate(error, "corrupt_media"), tools.formats) from error
    except BadDocument as error:
        raise errors.fail("corrupt_media", "ffprobe's answer cannot be read") from error
    if not isinstance(answer, dict):
        raise errors.fail("corrupt_media", "ffprobe's answer cannot be read")
    return answer


def _refusal(path: Path, error: MediaError, taken: Iterable[str]) -> MediaError:
    """ffprobe says "Invalid data" to a damaged video and to a web page alike; the first bytes tell which it is."""
    if error.code not in ("corrupt_media", "unsupported_format"):
        return error
    kind, code = sniff(path, taken)
    if code == "":
        return error
    return errors.fail(code, error.detail or kind, error.tail)


# How files begin, what people call them, and the format or the error that they stand for.
_STARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG", "PNG", "still_picture"),
    (b"\xff\xd8\xff", "JPEG", "still_picture"),
    (b"GIF8", "GIF", "still_picture"),
    (b"BM", "BMP", "still_picture"),
    (b"<", "web page", "unsupported_format"),
    (b"#EXTM3U", "playlist", "unsupported_format"),
    (b"%PDF", "PDF", "unsupported_format"),
    (b"PK\x03\x04", "archive", "unsupported_format"),
    (b"\x1a\x45\xdf\xa3", "Matroska", "matroska"),
    (b"OggS", "Ogg", "ogg"),
    (b"fLaC", "FLAC", "flac"),
    (b"ID3", "MP3", "mp3"),
    (b"FLV\x01", "FLV", "flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMV", "asf"),
)
_RIFF = {
    b"WEBP": ("WebP", "still_picture"),
    b"AVI ": ("AVI", "avi"),
    b"AVIX": ("AVI", "avi"),
    b"WAVE": ("WAV", "wav"),
}
_ATOMS = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"})
_TS_PACKETS = (0, 188, 376)  # where MPEG-TS has its sync bytes


def sniff(path: Path, taken: Iterable[str] = formats.DEFAULT) -> tuple[str, str]:
    """What the first bytes look like, and the error code that it calls for; "" when it is of a format that is taken."""
    with path.open("rb") as file:
        head = file.read(_TS_PACKETS[-1] + 1)
    kind, means = _start(head)
    if means in taken:
        return kind, ""
    return kind, means if means in errors.CODES else "unsupported_format"


def _start(head: bytes) -> tuple[str, str]:
    if head[4:8] in _ATOMS:
        return "MP4", "mov"
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], ("", ""))
    if len(head) > _TS_PACKETS[-1] and all(head[place] == 0x47 for place in _TS_PACKETS):
        return "MPEG-TS", "mpegts"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return next(((kind, means) for start, kind, means in _STARTS if text.startswith(start)), ("", ""))


def _parse(answer: Json, size: int) -> Probe:
    form = _dict(answer.get("format"))
    streams = [_dict(stream) for stream in _list(answer.get("streams"))]
    origin = _us(form.get("start_time"))
    pictures = [stream for stream in streams if _is_picture(stream)]
    sounds = [stream for stream in streams if _is_sound(stream)]
    video = _video(_preferred(pictures), origin) if pictures else None
    return Probe(
        container=_word(form.get("format_name")).partition(",")[0],
        duration_us=_picture_end(video, _length(form.get("duration"))),
        bytes=size,
        streams=max(_integer(form.get("nb_streams")), len(streams)),
        video=video,
        audio=_audio(_preferred(sounds), origin) if sounds else None,
    )


def _begin(stream: Json, origin_us: int) -> int:
    """Where a stream begins, counted from the start of the file; 0 when the file does not say."""
    return _us(stream.get("start_time")) - origin_us if "start_time" in stream else 0


def _is_picture(stream: Json) -> bool:
    """Cover pictures are video streams too, flagged as attached."""
    return stream.get("codec_type") == "video" and not _dict(stream.get("disposition")).get("attached_pic")


def _is_sound(stream: Json) -> bool:
    """Phones add a second track in a codec that ffmpeg has no name for."""
    named = stream.get("codec_type") == "audio" and _word(stream.get("codec_name"))
    return bool(named) and 0 < _integer(stream.get("channels")) <= MOST_CHANNELS


def _preferred(streams: list[Json]) -> Json:
    return next((stream for stream in streams if _dict(stream.get("disposition")).get("default")), streams[0])


def _picture_end(video: VideoFacts | None, whole_us: int) -> int:
    """The picture's own end where the file tells it (the sound may be longer), else the whole file's."""
    if video is None or not video.duration_us:
        return whole_us
    return max(0, video.start_us) + video.duration_us


def _video(stream: Json, origin_us: int) -> VideoFacts:
    return VideoFacts(
        index=_integer(stream.get("index")),
        codec=_word(stream.get("codec_name")),
        profile=_word(stream.get("profile")),
        width=_integer(stream.get("width")),
        height=_integer(stream.get("height")),
        sar=_fraction(stream.get("sample_aspect_ratio")) or Fraction(1),
        rotation=_rotation(stream),
        rate=_fraction(stream.get("avg_frame_rate")),
        base_rate=_fraction(stream.get("r_frame_rate")),
        pix_fmt=_word(stream.get("pix_fmt")),
        primaries=_word(stream.get("color_primaries")),
        transfer=_word(stream.get("color_transfer")),
        matrix=_word(stream.get("color_space")),
        full_range=stream.get("color_range") == "pc" or _word(stream.get("pix_fmt")).startswith("yuvj"),
        interlaced=stream.get("field_order") in ("tt", "bb", "tb", "bt"),
        frames=max(0, _integer(stream.get("nb_frames"))),
        start_us=_begin(stream, origin_us),
        duration_us=_length(stream.get("duration")) or _length(_dict(stream.get("tags")).get("DURATION")),
        alpha=_has_alpha(stream),
    )


ALPHA = ("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya", "pal8")


def _has_alpha(stream: Json) -> bool:
    """VP8 and VP9 keep it beside the picture, which only a tag tells: the decoder that is asked does not see it."""
    tags = _dict(stream.get("tags"))
    beside = _word(tags.get("alpha_mode")) or _word(tags.get("ALPHA_MODE"))
    return beside == "1" or _word(stream.get("pix_fmt")).startswith(ALPHA)


def _audio(stream: Json, origin_us: int) -> AudioFacts:
    return AudioFacts(
        index=_integer(stream.get("index")),
        codec=_word(stream.get("codec_name")),
        profile=_word(stream.get("profile")),
        sample_rate=_integer(stream.get("sample_rate")),
        channels=_integer(stream.get("channels")),
        start_us=_begin(stream, origin_us),
    )


def _rotation(stream: Json) -> int:
    """Clockwise, 0 to 359. The display matrix counts the other way, the old `rotate` tag this way."""
    for data in _list(stream.get("side_data_list")):
        if "rotation" in _dict(data):
            return -_integer(data["rotation"]) % 360
    return _integer(_dict(stream.get("tags")).get("rotate")) % 360


def _sane_picture(video: VideoFacts, gate: Gate) -> bool:
    sides = (video.width, video.height, *_display(video))
    return (
        min(sides) >= gate.min_side
        and max(video.width, video.height) <= gate.max_side
        and video.width * video.height <= gate.max_pixels
        and Fraction(1, gate.max_sar) <= video.sar <= gate.max_sar
    )


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(value: Any) -> str:
    """A name of at most 40 letters and signs; ffmpeg's words for "not said" become ""."""
    text = str(value)[:40] if isinstance(value, str | int) else ""
    text = "".join(letter for letter in text if letter.isascii() and letter.isprintable())
    return "" if text in ("unknown", "reserved", "N/A", "unspecified") else text


def _integer(value: Any) -> int:
    """0 for what is no number; as much as a database column holds for what is absurd."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return int(min(max(number, -_MOST), _MOST)) if math.isfinite(number) else 0


def _fraction(value: Any) -> Fraction:
    """`30000/1001` or `4:3`; 0 for `0/0`, `N/A` and everything negative. No powers: `1e999999` would take hours."""
    found = _FRACTION.fullmatch(value) if isinstance(value, str) else None
    return Fraction(int(found[1]), int(found[2])) if found and int(found[2]) else Fraction(0)


def _length(value: Any) -> int:
    """Microseconds; 0 when it is not said or nonsense."""
    return max(0, _us(value))


def _us(value: Any) -> int:
    """Microseconds from `12.345000` or `00:00:12.345000000`; 0 when it is no such thing."""
    try:
        seconds = 0.0
        for part in str(value).split(":")[-3:]:
            seconds = seconds * 60 + float(part)
    except ValueError:
        return 0
    return round(min(max(seconds, -_FOREVER), _FOREVER) * 1_000_000) if math.isfinite(seconds) else 0


_FRACTION = re.compile(r"([0-9]{1,12})[/:]([0-9]{1,12})")
_FRACTIONS = ("sar", "rate", "base_rate")


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _video_from(data: dict[str, Any] | None) -> VideoFacts | None:
    if data is None:
        return None
    facts: dict[str, Any] = {key: Fraction(value) if key in _FRACTIONS else value for key, value in data.items()}
    return VideoFacts(**facts)


def _audio_from(data: dict[str, Any] | None) -> AudioFacts | None:
    return AudioFacts(**data) if data else None


def _display(video: VideoFacts | None) -> tuple[int, int]:
    if video is None:
        return 0, 0
    width, height = round(video.width * video.sar), video.height
    return (height, width) if video.rotation in (90, 270) else (width, height)


_NAMES = {
    "h264": "H.264", "hevc": "HEVC", "vp8": "VP8", "vp9": "VP9", "av1": "AV1", "mpeg4": "MPEG-4", "prores": "ProRes",
    "aac": "AAC", "mp3": "MP3", "opus": "Opus", "vorbis": "Vorbis", "flac": "FLAC", "alac": "ALAC", "ac3": "AC-3",
    "eac3": "E-AC-3",
}  # fmt: skip
_CHANNELS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def _picture(probe: Probe) -> str:
    return f"{probe.display_width}x{probe.display_height}{' HDR' if probe.hdr else ''}" if probe.video else ""


def _rate(probe: Probe) -> str:
    if probe.video is None or not probe.video.rate:
        return ""
    return f"{float(probe.video.rate):.4g} fps{' variable' if probe.variable_rate else ''}"


def _codecs(probe: Probe) -> str:
    names = [_NAMES.get(probe.video.codec, probe.video.codec)] if probe.video else []
    if probe.audio:
        channels = _CHANNELS.get(probe.audio.channels, f"{probe.audio.channels} channels")
        names.append(f"{_NAMES.get(probe.audio.codec, probe.audio.codec)} {channels}")
    return " + ".join(names) + ("" if probe.audio else ", no sound")


def _clock(us: int) -> str:
    seconds = round(us / 1_000_000)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"
