"""Three ways to the same files, each with its cost.

ours        the pipeline: decode and normalise once, one plate and one encoder for each brand
sequential  normalise into a file, then for each brand decode, overlay and encode that file
floor       nothing but the encoders: finished raw frames through a pipe, once for each brand
"""

import time
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from bench import art, measure
from bench.measure import Cost, Ledger
from brands.layouts import Canvas
from jobs.media import encode
from jobs.media.encode import Profile
from jobs.media.plan import predicted_mb
from jobs.media.probe import Probe, read_output
from jobs.media.reframe import Frame
from jobs.media.tools import Tools
from jobs.pipelines import brand
from jobs.pipelines.brand import BrandSpec, Broken, Cell, Overlay

LEVEL = ("-hide_banner", "-loglevel", "error", "-nostdin")


@dataclass(frozen=True)
class Order:
    """What is to be made, and where everything lies. The artwork of brand 3 is `wm3.png` and `logo3.png` in `work`."""

    source: Path
    probe: Probe
    canvas: Canvas
    rate: Fraction
    profile: Profile
    plates: tuple[Overlay, ...]
    tools: Tools
    work: Path

    @property
    def size(self) -> str:
        return f"{self.canvas.width}x{self.canvas.height}"

    def spec(self, brands: int) -> BrandSpec:
        cells = tuple(Cell(f"c{number}", (plate,)) for number, plate in enumerate(self.plates[:brands]))
        width, height = self.canvas.width, self.canvas.height
        return BrandSpec(self.source, self.probe, width, height, self.rate, Frame(), self.profile, cells)

    def predicted(self, brands: int) -> float:
        """Bytes that the memory planner expects of our render process."""
        return 1e6 * predicted_mb(brands, self.probe, self.canvas.width, self.canvas.height, self.profile)


def place(
    source: Path, canvas: Canvas, profile: Profile, brands: int, tools: Tools, work: Path, *, raw: bool = True
) -> Order:
    """Probe the source, draw the artwork of so many brands, and write down the `raw` frames for the floor."""
    probe = read_output(source, tools, work)
    plates = []
    for number in range(brands):
        pictures = art.make(number)
        (work / f"wm{number}.png").write_bytes(pictures.watermark)
        (work / f"logo{number}.png").write_bytes(pictures.logo)
        plates.append(art.overlay(pictures, canvas, work / f"plate{number}.png"))
    order = Order(source, probe, canvas, encode.target_rate(probe), profile, tuple(plates), tools, work)
    if raw:
        measure.run(raw_command(order), work, "raw.yuv")
    return order


# Ours


def ours(order: Order, brands: int) -> Cost:
    """The pipeline with everything it does around ffmpeg: the launcher, looking at the plates, proving the files.

    Our own CPU time counts, too.
    """
    ledger = Ledger(order.tools.ffmpeg)
    tools = replace(order.tools, run=ledger)
    wall, cpu = time.perf_counter(), time.process_time()
    results = brand.run(order.spec(brands), tools, order.work)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    for result in results:
        if isinstance(result, Broken):
            raise SystemExit(f"{result.name}: {result.error}")
    written = sum((order.work / f"c{number}.mp4").stat().st_size for number in range(brands))
    return Cost(cpu + ledger.cpu, wall, ledger.peak, written, ledger.encoding)


# One after the other


def sequential(order: Order, brands: int) -> Cost:
    """Without the calls of ffprobe that such a way makes, too."""
    total = replace(measure.run(normalise_command(order), order.work, "norm.mp4"), written=0)
    for number in range(brands):
        total += measure.run(brand_command(order, number), order.work, f"seq{number}.mp4")
    return total


def normalise_command(order: Order) -> list[str]:
    width, height = order.canvas.width, order.canvas.height
    fill = f"scale={width}:{height}:force_original_aspect_ratio=increase"
    return [
        *(order.tools.ffmpeg, *LEVEL, "-y", "-threads", "1", "-i", str(order.source)),
        *("-vf", f"{fill},crop={width}:{height}:(iw-{width})/2:(ih-{height})/2"),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-threads", "1", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", "norm.mp4"),
    ]


def brand_command(order: Order, number: int) -> list[str]:
    return [
        *(order.tools.ffmpeg, *LEVEL, "-y", "-i", "norm.mp4", "-filter_complex"),
        f"{sequential_overlays(order.canvas, number, '0:v')}[vout]",
        *("-threads", "1", "-filter_threads", "1", "-map", "[vout]", "-map", "0:a?"),
        *("-c:v", "libx264", "-crf", "23", "-preset", "veryfast", "-c:a", "copy", "-movflags", "+faststart"),
        f"seq{number}.mp4",
    ]


def sequential_overlays(canvas: Canvas, number: int, base: str, mode: str = "") -> str:
    """The watermark over the whole frame and the logo, each scaled by ffmpeg; `mode` goes to both overlays."""
    width, height = round(canvas.width * 1.15), round(canvas.height * 1.15)
    left, top = (canvas.width - width) // 2, (canvas.height - height) // 2
    logo, margin = round(canvas.width * 0.15), round(canvas.width * 40 / 720)
    fade = "geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='0.4*alpha(X,Y)'"
    return (
        f"movie='wm{number}.png',scale={width}:{height},format=rgba,{fade}[w];[{base}][w]overlay={left}:{top}{mode}[v1];"
        f"movie='logo{number}.png',scale={logo}:-1,format=rgba,colorkey=black:0.1:0.1[l];"
        f"[v1][l]overlay=W-w-{margin}:H-h-{margin}{mode}"
    )


# Nothing but encoders


def raw_command(order: Order) -> list[str]:
    """The frames as our encoders get them, written down once for all measurements."""
    width, height, plate = order.canvas.width, order.canvas.height, order.plates[0]
    fill = f"scale={width}:{height}:force_original_aspect_ratio=increase,crop={width}:{height},fps={order.rate}"
    return [
        *(order.tools.ffmpeg, *LEVEL, "-y", "-i", str(order.source), "-i", str(plate.path), "-filter_complex"),
        f"[0:v:0]{fill}[base];[base][1:v]overlay={plate.x}:{plate.y}:format=yuv420,format=yuv420p[v]",
        *("-map", "[v]", "-f", "rawvideo", "raw.yuv"),
    ]


def floor(order: Order, brands: int) -> Cost:
    total = Cost()
    for number in range(brands):
        total += measure.run(floor_command(order, number), order.work, f"floor{number}.mp4", order.work / "raw.yuv")
    return total


def floor_command(order: Order, number: int) -> list[str]:
    """The same encoder settings as ours; no sound."""
    return [
        *(order.tools.ffmpeg, "-hide_banner", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p"),
        *("-s", order.size, "-r", str(order.rate), "-i", "pipe:0"),
        *words(encode.video(order.profile, order.rate)),
        f"floor{number}.mp4",
    ]


def words(options: encode.Options) -> list[str]:
    return [word for name, value in options.items() for word in (f"-{name}", str(value))]


WAYS = {"ours": ours, "sequential": sequential, "floor": floor}


def interleaved(order: Order, brands: int, repeat: int) -> dict[str, Cost]:
    """A B C A B C ...: whatever else the machine does meets all three alike. Medians."""
    costs: dict[str, list[Cost]] = {name: [] for name in WAYS}
    for _ in range(repeat):
        for name, way in WAYS.items():
            costs[name].append(way(order, brands))
    return {name: measure.middle(each) for name, each in costs.items()}
