"""How much of the picture is left: VMAF of finished files against overlays that were never encoded.

Each way is held against its own overlay (scaled by ffmpeg, or drawn as a plate), laid over the scaled source in RGB.
"""

import importlib.util
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.ways import LEVEL, Order, sequential_overlays

EVERY = 4  # frames: each fourth is enough for a mean, and takes a quarter of the time


@dataclass(frozen=True)
class Score:
    """VMAF, 0 to 100: the mean, and the worst frame."""

    mean: float
    worst: float


def find_ffmpeg() -> str:
    """An ffmpeg with libvmaf: BENCH_VMAF_FFMPEG, the one on PATH, or that of the wheel imageio_ffmpeg; else "" """
    for program in (os.environ.get("BENCH_VMAF_FFMPEG", ""), shutil.which("ffmpeg") or "", _wheel()):
        if program and _has_vmaf(program):
            return program
    return ""


def _wheel() -> str:
    if importlib.util.find_spec("imageio_ffmpeg") is None:
        return ""
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def _has_vmaf(program: str) -> bool:
    listing = subprocess.run([program, "-hide_banner", "-filters"], capture_output=True, text=True, check=True)
    return " libvmaf " in listing.stdout


def ours(order: Order, ffmpeg: str) -> Score:
    plate = order.plates[0]
    graph = f"movie='{plate.path.name}',format=rgba[p];[base][p]overlay={plate.x}:{plate.y}:format=gbrp"
    return _score(order, ffmpeg, graph, "c0.mp4")


def sequential(order: Order, ffmpeg: str) -> Score:
    return _score(order, ffmpeg, sequential_overlays(order.canvas, 0, "base", ":format=gbrp"), "seq0.mp4")


def _score(order: Order, ffmpeg: str, overlays: str, made: str) -> Score:
    subprocess.run(command(order, ffmpeg, overlays, made), cwd=order.work, check=True)
    return read(order.work / "vmaf.json")


def command(order: Order, ffmpeg: str, overlays: str, made: str) -> list[str]:
    """`overlays` takes [base], the scaled source in RGB."""
    width, height = order.canvas.width, order.canvas.height
    fill = f"scale={width}:{height}:force_original_aspect_ratio=increase:in_color_matrix=bt709,crop={width}:{height}"
    back = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,setpts=PTS-STARTPTS"
    graph = (
        f"[1:v:0]{fill},fps={order.rate},format=gbrp[base];{overlays},{back}[ideal];"
        f"[0:v:0]fps={order.rate},format=yuv420p,setpts=PTS-STARTPTS[made];"
        f"[made][ideal]libvmaf=n_subsample={EVERY}:n_threads=2:log_fmt=json:log_path=vmaf.json"
    )
    return [ffmpeg, *LEVEL, "-i", made, "-i", str(order.source), "-filter_complex", graph, "-an", "-f", "null", "-"]


def read(log: Path) -> Score:
    pooled = json.loads(log.read_text())["pooled_metrics"]["vmaf"]
    return Score(pooled["mean"], pooled["min"])
