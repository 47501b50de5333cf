"""The frames and the sound of a render as they are before they are encoded: the command's own graph, other outputs."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs.media.tools import Tools
from jobs.pipelines import command
from jobs.pipelines.order import BrandSpec


@dataclass(frozen=True)
class Film:
    """One output: `frames` hold Y, U and V; `sound` is mono, 16 bit, 48 kHz."""

    width: int
    frames: list[bytes]
    sound: bytes

    def luma(self, frame: int, x: int, y: int) -> int:
        return self.frames[frame][y * self.width + x]

    def loud(self, start: float, end: float) -> int:
        """The loudest sample between two times in seconds."""
        cut = memoryview(self.sound)[2 * round(start * 48000) : 2 * round(end * 48000)].cast("h")
        return max(map(abs, cut))


def films(spec: BrandSpec, tools: Tools, work: Path) -> dict[str, Film]:
    """By the names of the cells."""
    words = command.encoded(spec, tools)
    graph = words.index("-filter_complex") + 2 if "-filter_complex" in words else len(words)
    outputs = []
    for maps, target in split(words[graph:]):
        outputs += raw_outputs(maps, target)
    subprocess.run([*words[:graph], *outputs], check=True, cwd=work, stdout=subprocess.DEVNULL)
    return {cell.name: read(spec, cell.name, work) for cell in spec.cells}


def split(words: Sequence[str]) -> list[tuple[list[str], str]]:
    """What is mapped to each output, and its name."""
    found: list[tuple[list[str], str]] = []
    maps: list[str] = []
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word == "-map":
            maps.append(after)
        if word.endswith((".mp4", ".jpg")):
            found.append((maps, word))
            maps = []
    return found


def raw_outputs(maps: list[str], target: str) -> list[str]:
    if target.endswith(".jpg"):
        return ["-map", maps[0], "-f", "null", "-"]
    names = [each.rpartition("]")[2].removesuffix(".mp4") for each in target.split("|")]
    words: list[str] = []
    for name, label in zip(names, maps, strict=False):
        words += ["-map", label, "-fps_mode", "passthrough", "-f", "rawvideo", f"{name}.yuv"]
    for label in maps[len(names) :]:
        words += ["-map", label, "-ac", "1", "-f", "s16le", f"{names[0]}.pcm"]
    return words


def read(spec: BrandSpec, name: str, work: Path) -> Film:
    size = spec.width * spec.height * 3 // 2
    data, sound = (work / f"{name}.yuv").read_bytes(), work / f"{name}.pcm"
    frames = [data[start : start + size] for start in range(0, len(data), size)]
    return Film(spec.width, frames, sound.read_bytes() if sound.exists() else b"")


def rgb(frame: bytes, spec: BrandSpec, work: Path) -> bytes:
    """A frame in the colours of a screen, by the filters that a single frame goes through."""
    (work / "one.yuv").write_bytes(frame)
    chain = "scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags=bicubic+accurate_rnd+full_chroma_int"
    size = ("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{spec.width}x{spec.height}")
    words = [*size, "-i", str(work / "one.yuv"), "-vf", f"{chain}+full_chroma_inp,format=rgb24", "-f", "rawvideo", "-"]
    return subprocess.run(["ffmpeg", "-v", "error", *words], check=True, capture_output=True).stdout
