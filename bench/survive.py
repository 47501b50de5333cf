"""./run bench survive: a job on a real supervisor, while a process of its tree is killed every second.

    clips x brands x variants -> job -> runworkers <- SIGKILL, one process a second: its role is drawn by the seed
                                           |
              ledger (one line for each file stored), rows, storage, processes, folders -> judged

On top of that, some workers die between the storing of a file and the word on its row (`bench.ledger`). The bench
plays init: it starts the supervisor again when that has died, and takes in orphans. Leases are short and
pauses cut, so that a minute holds what else takes an hour. Ends with 1 unless every cell was done exactly once and
nothing is left over. docs/reliability.md says how to read it.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from bench import tree
from bench.judge import Row, missed
from bench.ledger import is_deadly
from bench.tree import Tree
from wtfsite.lib import process

ROOT = Path(__file__).parent.parent
SERVER = "postgres://postgres@127.0.0.1:5432"  # BENCH_POSTGRES names another; a database of our own is made there
BRANDS, VARIANTS = 5, ("vertical", "square")
CELLS_OF_A_CLIP = BRANDS * len(VARIANTS)
LEASE, ATTEMPTS = 4, 50
LOOK = 0.05  # seconds between looks at the processes
ASK = 0.5  # seconds between looks at the rows
HURRY = 2.0  # seconds that a row waits for its next attempt at most; else a quarter of a minute and more
PATIENCE = 300.0  # seconds after the last kill in which the job must end
LEAVING = 30.0  # seconds in which a supervisor without work ends after SIGTERM
ROLES = ("worker", "monitor", "pusher", "sentinel", "main", "supervisor", "ffmpeg")
ONCE = "cells stored exactly once"


@dataclass(frozen=True)
class Trial:
    """`seconds` is how long the killing lasts, `kills` how many there are at most; the job's end ends it, too."""

    seed: int = 1
    database: str = "sqlite"
    cells: int = 30
    seconds: float = 60.0
    kills: int = 10_000


@dataclass
class Outcome:
    """What came of one trial. `seconds` is from the order to the job's end."""

    trial: Trial
    kills: dict[str, int] = field(default_factory=dict)
    starts: int = 0  # of the supervisor
    reaped: int = 0  # orphans that we took in
    deaths: int = 0  # between the storing of a file and the word on its row, on top of the kills
    requeued: int = 0  # rows that supervisors took from dead workers
    attempts: int = 0
    seconds: float = 0.0
    rows: list[Row] = field(default_factory=list)

    def value(self, name: str) -> float:
        return next(row.value for row in self.rows if row.name == name)


def main(arguments: list[str] | None = None) -> int:
    options = read(arguments)
    if options.seeds > 1:
        return several(options)
    trial = Trial(options.seed, options.db, options.cells, options.seconds, options.kills)
    with installation(trial) as folder:
        outcome = run(trial, folder)
        bad = missed(outcome.rows)
        if bad:
            keep(folder)
    print(as_json(outcome) if options.json else text(outcome), flush=True)
    return 1 if bad else 0


def read(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench survive", description="Kill every process, lose nothing.")
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seconds", type=float, default=Trial.seconds, help="of killing (%(default)g)")
    parser.add_argument("--seed", type=int, default=Trial.seed, help="draws who is killed (%(default)s)")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="run this many seeds, from --seed on")
    parser.add_argument("--cells", type=int, default=Trial.cells, help=f"a multiple of {CELLS_OF_A_CLIP} (%(default)s)")
    parser.add_argument("--kills", type=int, default=Trial.kills, help="at most")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    if options.cells % CELLS_OF_A_CLIP:
        parser.error(f"--cells must be a multiple of {CELLS_OF_A_CLIP}")
    return options


# One trial


def run(trial: Trial, folder: Path) -> Outcome:
    tree.become_init()
    outcome = Outcome(trial)
    job, started = order(trial, folder), time.monotonic()
    with log(folder).open("ab") as file:
        house = Tree(lambda: process.spawn(supervisor(), stdout=file.fileno(), stderr=file.fileno(), cwd=ROOT))
        try:
            storm(trial, house, job, outcome)
            attend(house, job, PATIENCE)  # the storm is over: the job must end by itself
            outcome.seconds = time.monotonic() - started
            leave(house)
            judge(trial, folder, house, job, outcome)
        finally:
            house.burn()
    outcome.starts, outcome.reaped = house.starts, house.reaped
    return outcome


def supervisor() -> list[str]:
    return [sys.executable, "manage.py", "runworkers", "--skip-checks"]


def storm(trial: Trial, house: Tree, job: int, outcome: Outcome) -> None:
    """From the first claim on, one kill a second. Which role it meets is drawn from all, or hardly any but those that
    start first would ever be met; a role that is not there is waited for.
    """
    dice, kills = random.Random(trial.seed), Counter(dict.fromkeys(ROLES, 0))
    next(filter(working, looks(house, job, PATIENCE)), None)
    end = time.monotonic() + trial.seconds
    while time.monotonic() < end and kills.total() < trial.kills and is_open(job):
        next_at = time.monotonic() + 1
        name = dice.choice(ROLES)
        kills[name] += strike(house, job, name, dice, end)
        attend(house, job, next_at - time.monotonic())
    outcome.kills = dict(kills)


def strike(house: Tree, job: int, name: str, dice: random.Random, end: float) -> bool:
    """Kill one process of that role, a moment after it has been seen; False when there was none in time."""
    find(house, job, name, end - time.monotonic())
    attend(house, job, dice.random())
    there = find(house, job, name, end - time.monotonic())
    return bool(there) and tree.kill(dice.choice(there))


def find(house: Tree, job: int, name: str, seconds: float) -> list[int]:
    """The processes of a role, as soon as there is one."""
    return next((roles[name] for roles in looks(house, job, seconds) if roles.get(name)), [])


def attend(house: Tree, job: int, seconds: float) -> None:
    """Look after the tree for so long, or until the job has ended."""
    for _ in looks(house, job, seconds):
        pass


def looks(house: Tree, job: int, seconds: float) -> Iterator[dict[str, list[int]]]:
    """Who is there, looked at again and again until the time is over or the job has ended."""
    asked, until = 0.0, time.monotonic() + seconds
    while time.monotonic() < until:
        if time.monotonic() - asked > ASK:
            asked = time.monotonic()
            if not is_open(job):
                return
            hurry()
        yield house.look()
        time.sleep(LOOK)


def leave(house: Tree) -> None:
    """A whole supervisor stands, and is stopped as a service manager would."""
    end = time.monotonic() + LEAVING
    while "worker" not in house.look() and time.monotonic() < end:
        time.sleep(LOOK)
    house.stop(LEAVING)


# The installation


@contextmanager
def installation(trial: Trial) -> Iterator[Path]:
    """A folder and a database of our own, named in the environment that all processes inherit. Gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="survive-") as name, database(trial, Path(name)) as url:
        folder = Path(name)
        os.environ.update(environment(folder, url))
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        yield folder


def environment(folder: Path, url: str) -> Mapping[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "bench.survive_settings",
        "BENCH_LEDGER": str(ledger(folder)),
        "DATABASE_URL": url,
        "WTF_DEV": "1",
        "WTF_DATA_DIR": str(folder / "data"),
        "PYTHONPATH": str(ROOT),
        "STAGE_MAX_ATTEMPTS": str(ATTEMPTS),
        "STAGE_LEASE_SECONDS": str(LEASE),
        "QUEUE_POLL_INTERVAL": "0.1",
        "DISK_FLOOR_MB": "64",
        "WORKER_CONCURRENCY": "2",
        "WORKER_MEMORY_MB": "1100",  # small batches: more stages
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "json",
    }


@contextmanager
def database(trial: Trial, folder: Path) -> Iterator[str]:
    if trial.database == "sqlite":
        yield f"sqlite:///{folder / 'db.sqlite3'}"
        return
    import psycopg

    server, name = os.environ.get("BENCH_POSTGRES", SERVER), f"wtf_survive_{os.getpid()}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    try:
        yield f"{server}/{name}"
    finally:
        from django.db import connections

        connections.close_all()
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def ledger(folder: Path) -> Path:
    return folder / "ledger"


def log(folder: Path) -> Path:
    return folder / "log"


def keep(folder: Path) -> None:
    """Somebody will want to know why."""
    kept = Path(tempfile.mkdtemp(prefix="survive-kept-"))
    shutil.copytree(folder, kept, dirs_exist_ok=True)
    print(f"All that is known of it is kept in {kept}.", file=sys.stderr)


def order(trial: Trial, folder: Path) -> int:
    """The job's number."""
    from brands.models import Brand, Layer
    from jobs.services import assets, enqueue, plan
    from jobs.services.options import BrandOptions
    from tests.clips import clip

    brands = [Brand.objects.create(name=f"Brand {number}", slug=f"brand-{number}") for number in range(BRANDS)]
    for brand in brands:
        Layer.objects.create(brand=brand, name="line", kind="text", text=brand.name, x=50, y=80, width=80)
    clips = [
        assets.from_path(clip(folder / f"clip {number}.mp4", seconds=1 + number / 10))[0]
        for number in range(trial.cells // CELLS_OF_A_CLIP)
    ]
    options = BrandOptions(size=720, profile="draft")
    return int(enqueue.order(plan.make(clips, brands, VARIANTS, options)).pk)


def is_open(job: int) -> bool:
    from jobs.models import Job
    from jobs.models.job import OPEN

    return bool(Job.objects.filter(pk=job, state__in=OPEN).exists())


def working(_roles: object) -> bool:
    from jobs.models import Stage

    return bool(Stage.objects.filter(state="running").exists())


def hurry() -> None:
    """A row that waits for its next attempt waits for a moment only."""
    from django.db.models.functions import Now

    from jobs.engine.ending import after
    from jobs.models import Stage

    Stage.objects.filter(state="retry_wait", not_before__gt=after(HURRY)).update(not_before=Now())


# What came of it


def judge(trial: Trial, folder: Path, house: Tree, job: int, outcome: Outcome) -> None:
    from jobs.models import Event, Output, Stage

    lines = Counter(ledger(folder).read_text().split() if ledger(folder).exists() else [])
    outcome.requeued = requeued(folder)
    outcome.deaths = sum(map(is_deadly, lines))
    outcome.attempts = sum(Stage.objects.values_list("attempt", flat=True))
    outputs = list(Output.objects.filter(job=job))
    effects = [effect(output, lines) for output in outputs]
    rows = {str(name) for pair in Output.objects.values_list("file", "poster") for name in pair if name}
    finished = Event.objects.filter(job=job, message__startswith="Finished").count()
    outcome.rows = [
        Row("cells done", sum(output.state == "done" for output in outputs), at_least=trial.cells),
        Row(ONCE, effects.count(1), at_least=trial.cells),
        Row("files stored again", sum(max(0, count - 1) for count in effects), at_most=0),
        Row("outputs verified", sum(verified(output, folder) for output in outputs), at_least=trial.cells),
        Row("orphans for 10 s", len(house.left_over), at_most=0),
        Row("ffmpeg left", len(tree.tools()), at_most=0),
        Row("processes left", len(tree.family()), at_most=0),
        Row("folders left", len(left(folder)), at_most=0),
        Row("rows without file", len(rows - stored()), at_most=0),
        Row("files without row", len(stored() - rows), at_most=0),
        Row("stages not done", Stage.objects.exclude(state="done").count(), at_most=0),
        Row("times finished", finished, at_most=1, at_least=1),
        Row("posters stored again", sum(lines[name] - 1 for name in lines if name.endswith(".jpg") and name in rows)),
        Row("ledger lines lost", sum(not lines[str(output.file)] for output in outputs if output.file)),
    ]


def effect(output: Any, lines: Mapping[str, int]) -> int:
    """How often a film was stored under the key of a cell, whatever name it got there.

    A kill can fall between the storing and its line in the ledger; the file tells of that one.
    """
    told = sum(count for name, count in lines.items() if output.key in name and name.endswith(".mp4"))
    return max(told, int(str(output.file) in stored()))


def verified(output: Any, folder: Path) -> bool:
    """Is the stored file what its row says: the bytes, and what ffprobe reads in them?"""
    from django.core.files.storage import default_storage

    from jobs.media.probe import read_output
    from jobs.services import files
    from jobs.services.toolbox import get_tools

    name = str(output.file)
    if not files.there(name) or files.digest(name) != output.sha256:
        return False
    made = read_output(Path(default_storage.path(name)), get_tools(), folder)
    video = made.video
    return (
        made.bytes == output.bytes
        and video is not None
        and (video.width, video.height, video.frames) == (output.width, output.height, output.frames)
        and video.rate == Fraction(output.rate)
        and made.audio is not None
    )


def stored() -> set[str]:
    """The names of all outputs' files in storage."""
    from django.conf import settings

    media = Path(settings.MEDIA_ROOT)
    return {str(path.relative_to(media)) for path in (media / "outputs").rglob("*") if path.is_file()}


def left(folder: Path) -> list[Path]:
    """What lies in the temporary folder, other than the whole copies of sources."""
    temp = folder / "data" / "temp"
    halves = (path for path in (temp / "cache").glob("*") if path.suffix)
    return [*(temp / "work").glob("*"), *(temp / "uploads").glob("*"), *halves]


def requeued(folder: Path) -> int:
    """Rows that were given back, as the supervisors' logs count them."""
    lines = (entry(line) for line in log(folder).read_text(errors="replace").splitlines())
    told = [line for line in lines if line.get("event") == "reaped"]
    return sum(int(line.get("requeued", 0)) + int(line.get("released", 0)) for line in told)


def entry(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


# Several trials


def several(options: argparse.Namespace) -> int:
    """Each seed in a process of its own: settings are read once in a process."""
    print(heading(), flush=True)
    bad = 0
    for seed in range(options.seed, options.seed + options.seeds):
        given = {"db": options.db, "seconds": options.seconds, "seed": seed, "cells": options.cells}
        words = [f"--{name}={value}" for name, value in {**given, "kills": options.kills}.items()]
        with tempfile.TemporaryFile() as answer:
            child = process.spawn([sys.executable, "-m", "bench.survive", "--json", *words], stdout=answer.fileno())
            bad += child.wait() != 0
            answer.seek(0)
            print(line(seed, entry(answer.read().decode())), flush=True)
    print(f"{options.seeds} trials, {bad} with a violation")
    return 1 if bad else 0


COLUMNS = (
    ("cells done", "done"),
    (ONCE, "once"),
    ("outputs verified", "verified"),
    ("ffmpeg left", "ffmpeg"),
    ("folders left", "folders"),
    ("rows without file", "no file"),
    ("files without row", "no row"),
)


def heading() -> str:
    names = "".join(f"{name[:10]:>11}" for name in ROLES)
    return (
        f"{'seed':>4}{names}{'kills':>7}{'stored+':>8}{'starts':>7}{'given back':>11}{'attempts':>9}{'seconds':>8}"
        + "".join(f"{short:>9}" for _name, short in COLUMNS)
    )


def line(seed: int, found: dict[str, Any]) -> str:
    if not found:
        return f"{seed:>4}  the trial itself ended early"
    kills, rows = found["kills"], {row["name"]: row["value"] for row in found["rows"]}
    each = "".join(f"{kills.get(name, 0):>11}" for name in ROLES)
    counts = (
        f"{sum(kills.values()):>7}{found['deaths']:>8}{found['starts']:>7}{found['requeued']:>11}{found['attempts']:>9}"
    )
    judged = "".join(f"{rows[name]:>9.0f}" for name, _short in COLUMNS)
    return f"{seed:>4}{each}{counts}{found['seconds']:>8.0f}{judged}  {', '.join(found['missed'])}".rstrip()


# Telling


def as_json(outcome: Outcome) -> str:
    return json.dumps({**asdict(outcome), "missed": missed(outcome.rows)})


def text(outcome: Outcome) -> str:
    trial = outcome.trial
    kills = ", ".join(f"{count} {name}" for name, count in outcome.kills.items())
    lines = [
        f"{trial.cells} cells on {trial.database}, seed {trial.seed}: {sum(outcome.kills.values())} kills ({kills})",
        f"{outcome.starts} starts of the supervisor, {outcome.reaped} orphans reaped, {outcome.requeued} rows returned",
        f"{outcome.deaths} deaths between the storing of a file and the word on its row",
        f"{outcome.attempts} attempts at the stages, {outcome.seconds:.0f} s from the order to the job's end",
        "",
    ]
    width = max(len(row.name) for row in outcome.rows) + 2
    lines += [f"{row.name:<{width}}{row.value:>4.0f}  {row.bar:<14}{row.verdict}".rstrip() for row in outcome.rows]
    return "\n".join([*lines, *(f"Missed: {name}" for name in missed(outcome.rows))])


if __name__ == "__main__":
    sys.exit(main())
