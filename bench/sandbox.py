"""./run bench sandbox: what the sandbox costs, a render and a start.

The same command in turn, bare and behind the best level of this machine; then a program that does nothing. Prints
figures, judges them against the bars below and ends with 1 when one is missed. docs/benchmarks.md says how to read
them.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from bench import clip, measure, ways
from bench.brand import FOLDER, load, machine, say
from bench.judge import Row, as_json, missed, ratio, text
from bench.ways import Order
from brands import layouts
from jobs.media import tools as programs
from jobs.media.encode import PROFILES
from jobs.pipelines import brand
from wtfsite.lib import process
from wtfsite.lib.sandbox import Level

RENDER_BAR = 1.03  # CPU of a render inside, to the same outside
START_BAR = 50.0  # ms from call to return of a program that does nothing
START_SECONDS = 20.0
RENDER_SECONDS = 600.0


@dataclass(frozen=True)
class Start:
    """Of a program that does nothing: `wall` and `cpu` are ms."""

    wall: float
    cpu: float


def main(arguments: list[str] | None = None) -> int:
    options = read(arguments)
    best = process.level()
    tools = programs.find(os.environ.get("FFMPEG_PATH", ""), os.environ.get("FFPROBE_PATH", ""))
    about = machine(tools) | {"level": best.value, "rounds": str(options.repeat), "load before": load()}
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if best is Level.BWRAP:
            say("Renders are left out: what a tool behind bwrap takes is not known.")
        else:
            say(f"A render, bare and behind {best}, {options.repeat} times each ...")
            rows += render_rows(*renders(place(tools, options.seconds, Path(folder)), best, options.repeat))
        say(f"A start, {options.starts} times ...")
        rows += start_rows(starts(best, options.starts, Path(folder)))
    about["load after"] = load()
    print(as_json(about, rows) if options.json else text(about, rows))
    return 1 if missed(rows) else 0


def read(arguments: list[str] | None) -> Any:
    parser = argparse.ArgumentParser(prog="./run bench sandbox", description="Measure what the sandbox costs.")
    parser.add_argument("--repeat", type=int, default=9, help="renders of each kind, in turn; medians are told")
    parser.add_argument("--starts", type=int, default=41, help="of a program that does nothing")
    parser.add_argument("--seconds", type=float, default=clip.SECONDS, help="of the clip")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(arguments)


# Measuring


def place(tools: programs.Tools, seconds: float, work: Path) -> Order:
    """The bench's own clip, to be made 720x1280 with one plate."""
    original = clip.make(tools.ffmpeg, FOLDER)
    source = clip.cut(tools.ffmpeg, original, clip.SECONDS, seconds, work / "clip")
    return ways.place(source, layouts.canvas("vertical", 720), PROFILES["standard"], 1, tools, work, raw=False)


def renders(order: Order, best: Level, repeat: int) -> tuple[list[float], list[float]]:
    """CPU seconds bare and inside, launcher included; A B B A A B ..., since either may profit from coming second."""
    bare, inside = [], []
    for number in range(repeat):
        if number % 2:
            inside.append(behind(order, best))
        bare.append(outside(order))
        if not number % 2:
            inside.append(behind(order, best))
    return bare, inside


def outside(order: Order) -> float:
    return measure.run(brand.compile(order.spec(1), order.tools, order.work), order.work, "c0.mp4").cpu


def behind(order: Order, level: Level) -> float:
    spec = order.spec(1)
    finished = process.run(
        brand.compile(spec, order.tools, order.work),
        work=order.work,
        reads=[spec.source, *(plate.path for plate in order.plates)],
        limits=process.Limits(file_size=brand.size_cap(spec), growth=2 * brand.size_cap(spec)),
        timeout=RENDER_SECONDS,
        behind=level,
    )
    return finished.cpu_seconds


def starts(level: Level, repeat: int, work: Path) -> list[Start]:
    return [start(level, work) for _ in range(repeat)]


def start(level: Level, work: Path) -> Start:
    began = time.perf_counter()
    finished = process.run(["true"], work=work, timeout=START_SECONDS, behind=level)
    return Start(1000 * (time.perf_counter() - began), 1000 * finished.cpu_seconds)


# Telling


def render_rows(bare: list[float], inside: list[float]) -> list[Row]:
    """Each render is held against its neighbour: what else the machine does meets both."""
    shares = [ratio(ours, other) for ours, other in zip(inside, bare, strict=True)]
    return [
        Row("a render: CPU bare", median(bare), unit="s"),
        Row("a render: CPU in the sandbox", median(inside), unit="s"),
        Row("a render: CPU, sandbox / bare", median(shares), RENDER_BAR),
    ]


def start_rows(found: list[Start]) -> list[Row]:
    walls = [each.wall for each in found]
    return [
        Row("a start: wall", median(walls), START_BAR, unit="ms"),
        Row("a start: wall of the fastest quarter", quantiles(walls)[0], unit="ms"),
        Row("a start: CPU", median(each.cpu for each in found), unit="ms"),
    ]


if __name__ == "__main__":
    sys.exit(main())
