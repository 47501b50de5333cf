"""./run bench queue: how soon idle workers begin, and what they cost while they wait.

Real workers as `manage.py runworkers` starts them on this machine, with their own claims, leases and messages; only the
stages are replaced by ones that write down when they began. One after the other is queued and rung for while nothing
else is to do. Then everybody is left alone for a while and their CPU is counted; then their memory, and that of a web
process that has shown a few pages. Prints figures, judges them and ends with 1 when one is missed.
"""

import argparse
import os
import random
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any, TypeVar

import psutil

from bench.brand import load, say
from bench.judge import Row, as_json, missed, text

P50_BAR, P99_BAR = 0.5, 1.0  # seconds from the commit of a stage to its first line of work
IDLE_BAR = 3.0  # percent of one core, all processes of the workers together
PAUSE, SPREAD = 0.4, 0.7  # seconds between two stages: longer than a look at the queue, and never in step with it
DEADLINE = 90.0  # seconds for what takes a few, on a machine that does other things too
SETTLE = 12.0  # seconds after which what a start sets off has come to rest: one round of the supervisor
ROOT = Path(__file__).resolve().parent.parent
PAGES = ("/admin/login/", "/health")
MB = 2**20

Found = TypeVar("Found")


def main(arguments: list[str] | None = None) -> int:
    options = read(arguments)
    before = load()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        environment = prepare(Path(folder), options)
        supervisor = stack.enter_context(running("manage.py", "runworkers", "--skip-checks"))
        seats = wait(clusters)
        say(f"{len(seats)} clusters run. {options.stages} stages, one after the other ...")
        delays = [delay(Path(environment["BENCH_BEGUN"])) for _ in range(options.stages)]
        say(f"Nothing to do for {options.idle:g} s ...")
        time.sleep(SETTLE)
        idle = cpu_share(supervisor, options.idle)
        web = stack.enter_context(running("-m", "gunicorn", "-c", "wtfsite/gunicorn.py"))
        show_pages(int(environment["PORT"]))
        rows = [*delay_rows(delays), Row("idle CPU of all worker processes", idle, IDLE_BAR, unit="%")]
        rows += memory_rows(web, supervisor, seats)
    about = {"database": options.db or "SQLite", "broker": options.broker, "stages": str(options.stages)}
    about |= {"load before": before, "load after": load()}
    print(as_json(about, rows) if options.json else text(about, rows))
    return 1 if missed(rows) else 0


def read(arguments: list[str] | None) -> Any:
    parser = argparse.ArgumentParser(prog="./run bench queue", description="Measure latency and idle cost.")
    parser.add_argument("--stages", type=int, default=100, help="that are queued one after the other")
    parser.add_argument("--idle", type=float, default=20.0, help="seconds in which CPU is counted")
    parser.add_argument("--db", default="", metavar="URL", help="an empty database instead of a new SQLite file")
    parser.add_argument("--broker", default="orm", metavar="URL", help="the address of a Redis instead of the database")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(arguments)


# An installation of its own


def prepare(folder: Path, options: Any) -> dict[str, str]:
    """An empty studio in this folder, which this process and all that it starts use from now on."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "bench.queue_settings",
        "WTF_DEV": "1",
        "WTF_SECRET_KEY": secrets.token_hex(32),
        "WTF_DATA_DIR": str(folder),
        "DATABASE_URL": options.db or f"sqlite:///{folder / 'db.sqlite3'}",
        "QUEUE_BROKER": options.broker,
        "BENCH_BEGUN": str(folder / "begun"),
        "LOG_LEVEL": "WARNING",
        "WTF_BIND": "127.0.0.1",
        "PORT": str(free_port()),
        "PYTHONPATH": str(ROOT),
    }
    os.environ.update(environment)
    (folder / "begun").touch()
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    return environment


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(*arguments: str) -> Iterator[psutil.Process]:
    child = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait()


def wait(look: Callable[[], Found]) -> Found:
    """The first answer that says something."""
    end = time.monotonic() + DEADLINE
    while not (found := look()):
        if time.monotonic() > end:
            raise SystemExit(f"{look.__name__}: nothing within {DEADLINE:g} s.")
        time.sleep(0.05)
    return found


def clusters() -> list[dict[str, Any]]:
    """The clusters that the supervisor has told of, once all of them have their workers."""
    from jobs.models import Host

    host = Host.objects.first()
    seats: list[dict[str, Any]] = host.seats if host else []
    return seats if all(len(seat["pids"]) == seat["workers"] for seat in seats) else []


# Latency


def delay(begun: Path) -> float:
    """Seconds from the moment at which a stage is committed to the one at which a worker begins it."""
    from django.db import transaction

    from jobs.engine import ring
    from jobs.models import Job, Stage

    time.sleep(PAUSE + SPREAD * random.random())
    queue = random.choice(("work", "render"))
    seen = begun.stat().st_size
    with transaction.atomic():
        stage = Stage.objects.create(job=Job.objects.create(), kind="render", queue=queue)
        ring.ring(queue)
    queued = time.time()

    def started() -> float:
        lines = begun.read_text(encoding="ascii")[seen:].splitlines(keepends=True)
        times = [float(line.split()[1]) for line in lines if line.startswith(f"{stage.pk} ") and line.endswith("\n")]
        return times[0] if times else 0.0

    return wait(started) - queued


def delay_rows(delays: list[float]) -> list[Row]:
    steps = quantiles(delays, n=100, method="inclusive")
    return [
        Row("idle to running: p50", steps[49], P50_BAR, unit="s"),
        Row("idle to running: p90", steps[89], unit="s"),
        Row("idle to running: p99", steps[98], P99_BAR, unit="s"),
        Row("idle to running: longest", max(delays), unit="s"),
    ]


# Cost


def family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def cpu_share(supervisor: psutil.Process, seconds: float) -> float:
    """Percent of one core that the workers' processes take together. Those of which one ends in the meantime are
    counted with whoever waited for it."""
    before = cpu_seconds(supervisor)
    began = time.monotonic()
    time.sleep(seconds)
    return 100 * (cpu_seconds(supervisor) - before) / (time.monotonic() - began)


def cpu_seconds(supervisor: psutil.Process) -> float:
    return sum(sum(process.cpu_times()[:4]) for process in family(supervisor))


def show_pages(port: int) -> None:
    for page in PAGES:
        wait(lambda page=page: shown(f"http://127.0.0.1:{port}{page}"))  # type: ignore[misc]  # mypy cannot infer a lambda with a default


def shown(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=DEADLINE) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def memory_rows(web: psutil.Process, supervisor: psutil.Process, seats: list[dict[str, Any]]) -> list[Row]:
    """Memory, with what several processes share divided among them."""
    found = [("web", family(web)), ("supervisor", [supervisor])]
    found += [
        (f"cluster {number} ({seat['cluster']}, {seat['workers']} workers)", family(psutil.Process(seat["pid"])))
        for number, seat in enumerate(seats, 1)
    ]
    rows = [Row(f"PSS of {name}, {len(members)} processes", pss(members), unit="MB") for name, members in found]
    return [*rows, Row("PSS of all", sum(row.value for row in rows), unit="MB")]


def pss(members: list[psutil.Process]) -> float:
    """MB, from /proc/PID/smaps_rollup."""
    return sum(kilobytes(Path(f"/proc/{process.pid}/smaps_rollup")) for process in members) * 1024 / MB


def kilobytes(rollup: Path) -> int:
    [line] = [line for line in rollup.read_text(encoding="ascii").splitlines() if line.startswith("Pss:")]
    return int(line.split()[1])


if __name__ == "__main__":
    sys.exit(main())
