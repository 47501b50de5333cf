"""What one hostile input is, and how the modules beside this one add theirs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jobs.media import errors
from tests.clips import clip, ffmpeg
from tests.standins import hostile

ACCEPTED = "accepted"
FAMILIES = {
    *("unsupported_format", "corrupt_media", "too_large", "too_long", "too_many_streams", "no_video"),
    *("blocked_address", "not_a_video_page", "live_stream", "network", "resource_limit", "disk_full"),
    *("bad_manifest", "bad_archive", "bad_name", ACCEPTED),
}
DOORS = {
    "upload": "the admin's form for videos",
    "render": "the same, then an order that is worked off",
    "path": "manage.py render_video with a file of this name",
    "address": "the admin's form for videos, then the stage that fetches",
    "artwork": "the admin's form for artwork",
    "yaml": "the reader of YAML lists",
    "json": "the reader of JSON lists",
    "zip": "the reader of archives",
    "name": "the look-up of a file that a list names",
}


class Clips:
    """Good clips, each encoded in a folder when it is first asked for; the hostile ones are made of their bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def mp4(self) -> bytes:
        """Two seconds of H.264 and AAC, the index in front."""
        if not self._path("good.mp4").exists():
            plain = clip(self._path("plain.mp4"), size="160x120", rate="25", seconds=2)
            ffmpeg(self._path("good.mp4"), "-i", str(plain), "-c", "copy", "-movflags", "+faststart")
        return self._path("good.mp4").read_bytes()

    @cached_property
    def late(self) -> bytes:
        """The same with the index at the end."""
        return self._copy("late.mp4")

    @cached_property
    def fragments(self) -> bytes:
        """The same in fragments of a fifth of a second, as phones record and sites stream."""
        flags = "+frag_keyframe+empty_moov+default_base_moof"
        codecs = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-c:a", "copy")
        return self._from("fragments.mp4", *codecs, "-movflags", flags)

    @cached_property
    def mkv(self) -> bytes:
        return self._copy("clip.mkv")

    @cached_property
    def webm(self) -> bytes:
        codecs = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libvorbis"]
        return self._from("clip.webm", *codecs)

    @cached_property
    def avi(self) -> bytes:
        return self._from("clip.avi", "-c:v", "mpeg4", "-c:a", "libmp3lame")

    @cached_property
    def sound(self) -> bytes:
        return self._copy("sound.m4a", "-vn")

    def _copy(self, name: str, *options: str) -> bytes:
        return self._from(name, "-c", "copy", *options)

    def _from(self, name: str, *options: str) -> bytes:
        if self.mp4 and not self._path(name).exists():
            ffmpeg(self._path(name), "-i", str(self._path("good.mp4")), *options)
        return self._path(name).read_bytes()

    def _path(self, name: str) -> Path:
        return self.folder / name


@dataclass(frozen=True)
class Kit:
    """What a generator may use. `secret` is the canary file, `bird` the listener; neither may be touched.

    `site` is a web server that may be reached.
    """

    clips: Clips
    secret: Path
    bird: hostile.Canary
    site: hostile.Site


Maker = Callable[[Kit], bytes]


@dataclass(frozen=True)
class Case:
    """One input. `make` gives its bytes; at the door `address` those of a URL, at `path` those of a file.

    `file` is the name that the uploader gives it. `code` is where it must end.
    """

    group: str
    name: str
    code: str
    make: Maker
    door: str = "upload"
    file: str = "clip.mp4"

    @property
    def family(self) -> str:
        return family(self.code)

    def __str__(self) -> str:
        return f"{self.group}: {self.name}"


def family(code: str) -> str:
    """The wide code that people outside are told of."""
    return code if code == ACCEPTED else errors.explain(code).refines or code


class Group:
    """Cases of one kind. Its `case` decorates a generator; the function's name is the case's."""

    def __init__(self, name: str, door: str = "upload", file: str = "clip.mp4") -> None:
        self.name = name
        self.door = door
        self.file = file
        self.cases: list[Case] = []

    def case(self, code: str, *, door: str = "", file: str = "") -> Callable[[Maker], Maker]:
        def note(make: Maker) -> Maker:
            self.add(make.__name__.replace("_", " "), code, make, door=door, file=file)
            return make

        return note

    def add(self, name: str, code: str, make: Maker | bytes, *, door: str = "", file: str = "") -> None:
        maker = make if callable(make) else _always(make)
        self.cases.append(Case(self.name, name, code, maker, door or self.door, file or self.file))


def _always(data: bytes) -> Maker:
    return lambda kit: data
