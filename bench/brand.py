"""./run bench brand: what branding a video costs, against one brand after the other, and against bare encoders.

Prints figures, judges them against the bars below and ends with 1 when one is missed. docs/benchmarks.md says how to
read them. Wall times mean something on a machine that does nothing else; CPU seconds and ratios suffer less.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench import clip, quality, ways
from bench.judge import Row, missed, ratio
from bench.measure import Cost
from bench.ways import Order
from brands import layouts
from jobs.media import tools as programs
from jobs.media.encode import PROFILES
from jobs.media.probe import read_output
from jobs.media.tools import Tools

FOLDER = Path(__file__).parent.parent / "var" / "bench"
JUDGED_SIZE = 720  # at 1080 the figures are told, not judged; memory is judged at both
SEQUENTIAL_BAR = 0.50
FLOOR_BARS = {3: 1.40, 8: 1.15}
MEMORY_BAR = 1.15
VMAF_BAR = 4.0
BYTES_BAR = 1.10
MINUTE_BRANDS, MINUTE_SECONDS, MINUTE_BAR = 3, 60.0, 120.0


@dataclass
class Report:
    """All that was found, for people and for machines."""

    about: dict[str, str] = field(default_factory=dict)
    costs: dict[int, dict[str, Cost]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> str:
        rows = [{**asdict(row), "missed": row.missed} for row in self.rows]
        costs = {str(count): {way: asdict(cost) for way, cost in each.items()} for count, each in self.costs.items()}
        return json.dumps({"about": self.about, "costs": costs, "rows": rows, "notes": self.notes}, indent=2)


def main(arguments: list[str] | None = None) -> int:
    options = read(arguments)
    tools = programs.find(os.environ.get("FFMPEG_PATH", ""), os.environ.get("FFPROBE_PATH", ""))
    say("Taking the bench's own clip (drawn once, about a minute) ..." if not options.clip else "Taking the clip ...")
    original = options.clip or clip.make(tools.ffmpeg, FOLDER)
    if not original.is_file():
        raise SystemExit(f"There is no file {original}.")
    report = Report()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        work = Path(folder)
        length = read_output(original, tools, work).duration_us / 1e6
        source = clip.cut(tools.ffmpeg, original, length, options.seconds, work / "clip")
        compare(report, source, options, tools, work)
        if not options.quick:
            long = clip.cut(tools.ffmpeg, original, length, MINUTE_SECONDS, work / "clip")
            two_minutes(report, long, options, tools, work)
    print(report.as_json() if options.json else text(report))
    return 1 if missed(report.rows) else 0


def read(arguments: list[str] | None) -> Any:
    parser = argparse.ArgumentParser(prog="./run bench brand", description="Measure what branding one video costs.")
    parser.add_argument("--brands", type=counts, default=(1, 3, 8), help="how many brands, for example 1,3,8")
    parser.add_argument("--clip", type=Path, help="another clip than the bench's own; it repeats when it is short")
    parser.add_argument("--size", type=int, choices=layouts.SIZES, default=JUDGED_SIZE, help="of the shorter side")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="standard")
    parser.add_argument("--seconds", type=float, default=clip.SECONDS, help="of the clip")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each, interleaved; medians are told")
    parser.add_argument("--quick", action="store_true", help="leave out the minute-long clip and the quality")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(arguments)


def counts(text: str) -> tuple[int, ...]:
    """`1,3,8` as numbers, for argparse."""
    numbers = tuple(int(word) for word in text.split(","))
    if not all(0 < number <= 32 for number in numbers):
        raise argparse.ArgumentTypeError("1 to 32 brands, for example 1,3,8")
    return numbers


# Measuring


def compare(report: Report, source: Path, options: Any, tools: Tools, work: Path) -> None:
    canvas = layouts.canvas("vertical", options.size)
    order = ways.place(source, canvas, PROFILES[options.profile], max(options.brands), tools, work)
    report.about |= machine(tools) | {"clip": f"{source.name}, {order.probe.summary()}", "out": order.size}
    report.about |= {"profile": options.profile, "runs": str(options.repeat), "load before": load()}
    for number in options.brands:
        say(f"{number} of {', '.join(map(str, options.brands))} brands, three ways, {options.repeat} times each ...")
        costs = ways.interleaved(order, number, options.repeat)
        report.costs[number] = costs
        report.rows += cost_rows(number, costs, order.predicted(number), judged=options.size == JUDGED_SIZE)
    report.about["load after"] = load()
    if not options.quick:
        judge_quality(report, order, judged=options.size == JUDGED_SIZE)


def cost_rows(number: int, costs: dict[str, Cost], predicted: float, *, judged: bool) -> list[Row]:
    ours, sequential, floor = costs["ours"], costs["sequential"], costs["floor"]
    brands = f"{number} brand{'s' if number > 1 else ''}"
    against_sequential, against_floor = ratio(ours.cpu, sequential.cpu), ratio(ours.encoding, floor.encoding)
    return [
        Row(f"{brands}: CPU, ours / sequential", against_sequential, SEQUENTIAL_BAR if judged else None),
        Row(f"{brands}: CPU of ffmpeg, ours / floor", against_floor, FLOOR_BARS.get(number) if judged else None),
        Row(f"{brands}: peak memory / prediction ({predicted / 1e6:.0f} MB)", ratio(ours.peak, predicted), MEMORY_BAR),
    ]


def judge_quality(report: Report, order: Order, *, judged: bool) -> None:
    """Of the first brand's files, which lie in the work folder since the last measurement."""
    ffmpeg = quality.find_ffmpeg()
    if not ffmpeg:
        report.notes.append("VMAF not measured: no ffmpeg with libvmaf (set BENCH_VMAF_FFMPEG to one).")
        return
    say("Comparing pictures ...")
    ours, sequential = quality.ours(order, ffmpeg), quality.sequential(order, ffmpeg)
    sizes = [(order.work / name).stat().st_size for name in ("c0.mp4", "seq0.mp4")]
    report.notes.append(
        f"VMAF mean / worst frame: ours {ours.mean:.1f} / {ours.worst:.1f}, "
        f"sequential {sequential.mean:.1f} / {sequential.worst:.1f}."
    )
    report.rows += [
        Row("VMAF above the sequential way", ours.mean - sequential.mean, at_least=VMAF_BAR if judged else None),
        Row("bytes of a file, ours / sequential", ratio(*sizes), BYTES_BAR if judged else None),
    ]


def two_minutes(report: Report, source: Path, options: Any, tools: Tools, work: Path) -> None:
    """A minute of video for three brands at 720: how long somebody waits."""
    say(f"{MINUTE_SECONDS:.0f} seconds of video for {MINUTE_BRANDS} brands ...")
    canvas = layouts.canvas("vertical", 720)
    order = ways.place(source, canvas, PROFILES["standard"], MINUTE_BRANDS, tools, work, raw=False)
    cost = ways.ours(order, MINUTE_BRANDS)
    name = f"{MINUTE_SECONDS:.0f} s of video, {MINUTE_BRANDS} brands, 720: wall"
    report.rows.append(Row(name, cost.wall, MINUTE_BAR, unit="s"))
    report.notes.append(f"The minute-long clip took {cost.cpu:.1f} CPU seconds; load afterwards {load()}.")


# Telling


def machine(tools: Tools) -> dict[str, str]:
    return {
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "ffmpeg": tools.build,
        "python": platform.python_version(),
    }


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def load() -> str:
    """Of the last minute: how many processes wanted to run, ours included."""
    return f"{os.getloadavg()[0]:.1f}"


def text(report: Report) -> str:
    lines = [f"{name:<12} {value}" for name, value in report.about.items()]
    lines += ["", f"{'brands':<8}{'way':<12}{'CPU s':>8}{'ffmpeg':>8}{'wall s':>8}{'peak MB':>9}{'MB out':>8}"]
    for number, costs in report.costs.items():
        lines += [cost_line(number, way, cost) for way, cost in costs.items()]
    width = max(len(row.name) for row in report.rows) + 2
    lines += [
        "",
        *(f"{row.name:<{width}}{row.value:>8.2f} {row.unit:<3}{row.bar:<14}{row.verdict}" for row in report.rows),
    ]
    lines += ["", *report.notes]
    if names := missed(report.rows):
        lines += ["", *(f"Missed: {name}" for name in names)]
    return "\n".join(lines)


def cost_line(number: int, way: str, cost: Cost) -> str:
    peak, written = cost.peak / 1e6, cost.written / 1e6
    return f"{number:<8}{way:<12}{cost.cpu:>8.2f}{cost.encoding:>8.2f}{cost.wall:>8.2f}{peak:>9.0f}{written:>8.2f}"


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
