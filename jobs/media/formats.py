"""Which kinds of files are opened at all, and with which decoders. Everything else is refused before it is read.

Playlists and sequences (hls, dash, concat, image2, ...) are not in the table and never will be: they open other files.
"""

from collections.abc import Iterable
from dataclasses import dataclass

Option = str | int


@dataclass(frozen=True)
class Format:
    """`extension` is what a stored file of this kind is called; `decoders` are needed beyond those of all kinds."""

    extension: str
    decoders: str = ""


# By the demuxer's name. `mov` stands for mp4, m4a and the rest of that family, `matroska` for webm too.
FORMATS: dict[str, Format] = {
    "mov": Format("mp4"),
    "matroska": Format("mkv"),
    "avi": Format("avi"),
    "mp3": Format("mp3"),
    "wav": Format("wav"),
    "flac": Format("flac"),
    "ogg": Format("ogg"),
    "aac": Format("aac"),
    # old, or with more flaws found than the others: only where somebody asks for them
    "mpegts": Format("ts", "mpeg2video,mp2,mp2float,aac_latm,dvbsub,pgssub"),
    "asf": Format("wmv", "wmv1,wmv2,wmv3,vc1,wmav1,wmav2,wmapro"),
    "flv": Format("flv", "flv,vp6f,adpcm_swf"),
}
DEFAULT = ("mov", "matroska", "avi", "mp3", "wav", "flac", "ogg", "aac")
NEEDED = ("mov", "matroska")  # what we make ourselves, and what comes from the web
# Names of decoders, not of codecs. A stream outside the list makes ffprobe refuse the whole file, so cover pictures
# (png, mjpeg) and subtitles must be in it although they are never rendered.
DECODERS = (
    "h264,hevc,vp8,vp9,av1,libdav1d,mpeg4,msmpeg4v2,msmpeg4v3,msmpeg4,prores,png,mjpeg,"
    "aac,mp3,mp3float,opus,libopus,vorbis,flac,alac,ac3,eac3,pcm_s16le,pcm_s24le,pcm_u8,pcm_s16be,"
    "srt,subrip,ssa,ass,mov_text,webvtt"
)
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}  # ffmpeg's own leave the alpha out; only for marks


def safe_input(formats: Iterable[str] = DEFAULT) -> dict[str, Option]:
    """Options for every input of ffmpeg and ffprobe that somebody else has made; `formats` are keys of the table."""
    allowed = list(dict.fromkeys(formats))
    more = [FORMATS[name].decoders for name in allowed if FORMATS[name].decoders]
    return {
        "protocol_whitelist": "file",
        "format_whitelist": ",".join(allowed),
        "codec_whitelist": ",".join([DECODERS, *more]),
        "max_alloc": 268435456,
        "max_streams": 64,
        "max_pixels": 40_000_000,
        "probesize": "20M",
        "analyzeduration": "10M",
    }


def arguments(formats: Iterable[str] = DEFAULT) -> list[str]:
    """The same as words of a command."""
    return [word for key, value in safe_input(formats).items() for word in (f"-{key}", str(value))]


def extension(container: str) -> str:
    """What a stored file is called, by ffprobe's name for its format (`mov,mp4,m4a,...`)."""
    known = FORMATS.get(container.partition(",")[0])
    return known.extension if known else "bin"
