"""./run bench cancel: how long a cancelled render goes on, and what it leaves.

    one long clip -> job -> runworkers -> ffmpeg
                      cancelled through the service -> ffmpeg gone, state, files, folders -> retried -> done

Whole jobs and single cells in turn. The time counts from the call of the service, as a click would make it, to the
moment when the process is gone. Ends with 1 when a bar is missed. docs/benchmarks.md says how to read it.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import survive, tree
from bench.brand import load
from bench.judge import Row, missed
from bench.tree import Tree
from wtfsite.lib import process

BAR = 2.0  # seconds until ffmpeg is gone
SECONDS = 40.0  # of the clip
LOOK = 0.02  # seconds between looks at the processes
PATIENCE = 300.0  # seconds in which a render must begin, or end
LEAVES = 30.0  # seconds in which a cancelled stage must be over


@dataclass(frozen=True)
class Stop:
    """One render that was cancelled. Seconds are from the call: until ffmpeg was gone, until the rows said so."""

    what: str
    gone: float
    told: float
    job: str
    cell: str
    files: int
    folders: int
    again: str  # the cell's state after its retry


def main(arguments: list[str] | None = None) -> int:
    options = read(arguments)
    tree.become_init()
    before = load()
    with survive.installation(survive.Trial()) as folder:
        stops = run(options.rounds, options.seconds, folder)
    rows = judge(stops)
    about = {"rounds": str(options.rounds), "load before": before, "load after": load()}
    print(as_json(about, stops, rows) if options.json else text(about, stops, rows), flush=True)
    return 1 if missed(rows) else 0


def read(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench cancel", description="Measure how fast a render is stopped.")
    parser.add_argument("--rounds", type=int, default=4, help="renders that are cancelled (%(default)s)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of the clip (%(default)g)")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


# Measuring


def run(rounds: int, seconds: float, folder: Path) -> list[Stop]:
    source = bring(folder, seconds)
    with survive.log(folder).open("ab") as file:
        house = Tree(
            lambda: process.spawn(survive.supervisor(), stdout=file.fileno(), stderr=file.fileno(), cwd=survive.ROOT)
        )
        try:
            stops = [stop(house, source, number, folder) for number in range(rounds)]
            house.stop(LEAVES)
        finally:
            house.burn()
    return stops


def bring(folder: Path, seconds: float) -> Any:
    from jobs.services import assets
    from tests.clips import clip

    return assets.from_path(clip(folder / "long.mp4", seconds=seconds))[0]


def stop(house: Tree, source: Any, number: int, folder: Path) -> Stop:
    """Order, wait until it is being rendered, cancel, look; then try it again to its end."""
    from jobs.services import cancel, retry

    job, whole = order(source, number), number % 2 == 0
    pids = wait(house, lambda: rendering(job), PATIENCE)
    if not pids:
        raise SystemExit("The render did not begin in time: nothing was measured.")
    before = set(survive.stored())
    began = time.monotonic()
    if whole:
        cancel.job(job)
    else:
        cancel.outputs(job.outputs.all())
    wait(house, lambda: not set(pids) & set(tree.tools()), LEAVES)
    gone = time.monotonic() - began
    wait(house, lambda: over(job), LEAVES)
    told = time.monotonic() - began
    job.refresh_from_db()
    state, cell = job.state, job.outputs.get().state
    files, folders = len(set(survive.stored()) - before), len(survive.left(folder))
    retry.job(job)
    wait(house, lambda: not survive.is_open(job.pk), PATIENCE)
    again = job.outputs.get().state
    return Stop("job" if whole else "cell", gone, told, state, cell, files, folders, again)


def order(source: Any, number: int) -> Any:
    """One cell in full size; each for a brand of its own, or the next would take the file of the last."""
    from brands.models import Brand, Layer
    from jobs.services import enqueue, plan
    from jobs.services.options import BrandOptions

    brand = Brand.objects.create(name=f"Brand {number}", slug=f"brand-{number}")
    Layer.objects.create(brand=brand, name="line", kind="text", text=brand.name, x=50, y=80, width=80)
    return enqueue.order(plan.make([source], [brand], ["vertical"], BrandOptions(profile="draft")))


def rendering(job: Any) -> list[int]:
    """The processes that render it, once they have got somewhere."""
    under_way = job.stages.filter(kind="render", state="running", progress__gt=0).exists()
    return tree.tools() if under_way else []


def over(job: Any) -> bool:
    """Have all its stages ended, and the job with them?"""
    return not (survive.is_open(job.pk) or job.stages.unfinished().exists())


def wait(house: Tree, come: Callable[[], Any], seconds: float) -> Any:
    """What has come to be; whatever it was when it did not come in time, which the figures then tell."""
    end = time.monotonic() + seconds
    while not (found := come()) and time.monotonic() < end:
        house.look()
        time.sleep(LOOK)
    return found


# Telling


def judge(stops: list[Stop]) -> list[Row]:
    count = len(stops)
    return [
        Row("slowest: ffmpeg gone", max(each.gone for each in stops), at_most=BAR, unit="s"),
        Row("slowest: rows say so", max(each.told for each in stops), unit="s"),
        Row("jobs cancelled", sum(each.job == "cancelled" for each in stops), at_least=count),
        Row("cells cancelled", sum(each.cell == "cancelled" for each in stops), at_least=count),
        Row("files left", sum(each.files for each in stops), at_most=0),
        Row("folders left", sum(each.folders for each in stops), at_most=0),
        Row("retries done", sum(each.again == "done" for each in stops), at_least=count),
    ]


def as_json(about: dict[str, str], stops: list[Stop], rows: list[Row]) -> str:
    told = [{**asdict(row), "missed": row.missed} for row in rows]
    return json.dumps({"about": about, "stops": [asdict(each) for each in stops], "rows": told}, indent=2)


def text(about: dict[str, str], stops: list[Stop], rows: list[Row]) -> str:
    lines = [f"{name:<12} {value}" for name, value in about.items()]
    lines += [
        "",
        *(f"{each.what:<6}ffmpeg gone after {each.gone:.2f} s, told after {each.told:.2f} s" for each in stops),
    ]
    lines += ["", *(f"{row.name:<24}{row.value:>8.2f} {row.unit:<3}{row.bar:<14}{row.verdict}" for row in rows)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
