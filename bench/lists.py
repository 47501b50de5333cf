"""./run bench lists: how fast the lists are in a studio with 100,000 jobs and 1,000,000 outputs.

    rows in bulk, in a database of its own -> real requests through all middleware, rendered -> judged

The median of some requests after a first one, and how many queries each needed. Ends with 1 when a bar is missed: of
CPU time with SQLite, which works in the process that is measured, else of wall time. docs/benchmarks.md says how to
read it.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from bench.brand import load, processor, say
from bench.judge import Row, missed

BAR = 300.0  # ms
QUERIES = 30
ASSETS, BRANDS, PEOPLE = 20_000, 40, 5
VARIANTS = ("vertical", "portrait", "square", "landscape")
CHUNK = 5000  # rows of one INSERT
MIDDLE = 500  # rows newer than the one whose page is opened
NOW = datetime.now(UTC)
PAGES = {
    "jobs": "jobs/job/",
    "jobs, second page": "jobs/job/?p=2",
    "jobs, a quarter down": "jobs/job/?p=PAGE",
    "jobs that failed": "jobs/job/?state__exact=failed",
    "jobs that are done": "jobs/job/?state__exact=done",
    "jobs of a brand": "jobs/job/?brands__id__exact=7",
    "jobs of this week": "jobs/job/?created_at__gte=WEEK",
    "jobs, search a title": "jobs/job/?q=Harbour+1234",
    "jobs, search a word of all": "jobs/job/?q=Harbour",
    "jobs, search nothing": "jobs/job/?q=zzzzzz",
    "jobs, by state": "jobs/job/?o=2",
    "outputs": "jobs/output/",
    "outputs, second page": "jobs/output/?p=2",
    "outputs, page 1000": "jobs/output/?p=PAGE",
    "outputs that failed": "jobs/output/?state__exact=failed",
    "outputs that are done": "jobs/output/?state__exact=done",
    "outputs of a brand": "jobs/output/?brand__id__exact=7",
    "outputs of a shape": "jobs/output/?variant__exact=square",
    "outputs of this week": "jobs/output/?finished_at__gte=WEEK",
    "outputs, search a title": "jobs/output/?q=Harbour+1234",
    "outputs, search a word of all": "jobs/output/?q=Harbour",
    "outputs, search nothing": "jobs/output/?q=zzzzzz",
    "outputs with one error": "jobs/output/?state__in=failed,blocked&error_code=timeout",
    "videos": "jobs/asset/",
    "videos, search a title": "jobs/asset/?q=Harbour+1234",
    "first page": "",
    "one job": "jobs/job/JOB/change/",
    "one output": "jobs/output/OUTPUT/change/",
    "one video": "jobs/asset/ASSET/change/",
    "storage": "storage/",
}


@dataclass(frozen=True)
class Size:
    jobs: int
    outputs: int


@dataclass(frozen=True)
class Look:
    """One page: milliseconds of the first request and of the later ones, of which `cpu` in this process (with SQLite
    that is all of the work); queries of the last.
    """

    name: str
    first: float
    median: float
    cpu: float
    queries: int
    slowest: str


def main(arguments: list[str] | None = None) -> int:
    options = read(arguments)
    place = nullcontext(options.data) if options.data else tempfile.TemporaryDirectory(prefix="bench-")
    with place as folder:
        start(Path(folder), options.db)
        fill(Size(options.jobs, options.outputs))
        looks = list(measure(options.only, options.repeat))
    rows = judge(looks, sqlite=database().startswith("sqlite"))
    about = {
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "database": database(),
        "rows": f"{options.jobs} jobs, {options.outputs} outputs, {ASSETS} videos",
        "load after": load(),
    }
    print(as_json(about, looks) if options.json else text(about, looks, rows))
    return 1 if missed(rows) else 0


def read(arguments: list[str] | None) -> Any:
    parser = argparse.ArgumentParser(prog="./run bench lists", description="Measure the lists of a large studio.")
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--outputs", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5, help="requests of each page, after the first")
    parser.add_argument("--only", default="", help="pages whose name begins so")
    parser.add_argument("--db", default="", help="an empty PostgreSQL database, as a DATABASE_URL; default: SQLite")
    parser.add_argument("--data", type=Path, help="a folder to keep the database in, and to find it in again")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(arguments)


def start(folder: Path, url: str) -> None:
    """Django on a database of the bench's own."""
    (folder / "static").mkdir(parents=True, exist_ok=True)
    where = {"WTF_DEV": "1", "WTF_DATA_DIR": str(folder), "DATABASE_URL": url, "STORAGE_URL": "", "LOG_FILE": ""}
    os.environ.update({"DJANGO_SETTINGS_MODULE": "wtfsite.settings", "LOG_LEVEL": "WARNING", **where})
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    call_command("migrate", verbosity=0)


def database() -> str:
    from django.db import connection

    return f"{connection.vendor} {'.'.join(map(str, connection.get_database_version()))}"


# Rows


def fill(size: Size) -> None:
    from django.db import connection

    from jobs.models import Asset, Event, Job, Output, Stage

    if Output.objects.exists():
        say("Taking the rows that are there.")
        return
    say(f"Making {size.jobs} jobs with {size.outputs} outputs ...")
    brands, people = brand_keys(), people_keys()
    each = max(1, size.outputs // size.jobs)
    bulk(Asset, ASSETS, asset_values)
    bulk(Job, size.jobs, lambda number: job_values(number, size.jobs, people))
    bulk(Job.sources.through, size.jobs, lambda number: {"job_id": number + 1, "asset_id": source_of(number)})
    links = 2 * size.jobs
    bulk(Job.brands.through, links, lambda n: {"job_id": n // 2 + 1, "brand_id": brands[(n // 2 + n % 2) % BRANDS]})
    bulk(Stage, 3 * size.jobs, lambda number: stage_values(number, size.jobs))
    bulk(Event, 3 * size.jobs, lambda number: {"job_id": number // 3 + 1, "message": "Ordered: 10 outputs."})
    bulk(Output, size.outputs, lambda number: output_values(number, each, size, brands))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def brand_keys() -> list[int]:
    from brands.models import Brand

    return [Brand.objects.create(name=f"Brand {number}", slug=f"brand-{number}").pk for number in range(BRANDS)]


def people_keys() -> list[int]:
    from wtfsite.models import User

    return [User.objects.create_user(f"person-{number}").pk for number in range(PEOPLE)]


def bulk(model: Any, count: int, values: Callable[[int], dict[str, Any]]) -> None:
    """So many rows with these values and the fields' defaults; keys count from 1. Straight into the table: a million
    objects would take a quarter of an hour.
    """
    from django.db import connection, transaction

    fields = {field.attname: field for field in model._meta.concrete_fields}
    names = ", ".join(f'"{field.column}"' for field in fields.values())
    marks = ", ".join(["%s"] * len(fields))
    sql = f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({marks})'
    template = model()
    common = {name: getattr(template, name) for name in fields}
    dates = [name for name, field in fields.items() if getattr(field, "auto_now_add", False)]
    with transaction.atomic(), connection.cursor() as cursor:
        for begin in range(0, count, CHUNK):
            rows = (line(number, values, common, dates) for number in range(begin, min(begin + CHUNK, count)))
            stored = [[fields[name].get_db_prep_save(row[name], connection) for name in fields] for row in rows]
            cursor.executemany(sql, stored)


def line(number: int, values: Callable[[int], dict[str, Any]], common: dict[str, Any], dates: list[str]) -> Any:
    import uuid

    own = {"id": number + 1, **dict.fromkeys(dates, NOW), **values(number)}
    if "uuid" in common:
        own["uuid"] = uuid.UUID(int=number + 1)
    if "changed_at" in common and own.get("changed_at") is None:
        own["changed_at"] = NOW
    return {**common, **own}


def ago(number: int, count: int) -> datetime:
    """Spread over a year, the last one now."""
    return NOW - timedelta(days=365) * (1 - (number + 1) / count)


def source_of(job: int) -> int:
    return job * 7919 % ASSETS + 1


def asset_values(number: int) -> dict[str, Any]:
    when = ago(number, ASSETS)
    state = "ready" if number > ASSETS - 500 else "expired"
    facts = {"title": f"Harbour {number}", "state": state, "sha256": f"{number:064x}", "bytes": 40_000_000}
    return {**facts, "file": f"sources/{number}.mp4" if state == "ready" else "", "created_at": when, "used_at": when}


def job_values(number: int, count: int, people: list[int]) -> dict[str, Any]:
    ended = "failed" if number % 50 == 0 else "partly_done" if number % 20 == 0 else "done"
    state = "running" if number >= count - 4 else "queued" if number >= count - 40 else ended
    when = ago(number, count)
    times = {"created_at": when, "started_at": when, "finished_at": None if number >= count - 40 else when}
    options = {"version": 1, "profile": "standard", "size": 720, "fit": "fill"}
    return {"state": state, **times, "variants": list(VARIANTS[:3]), "options": options, "owner_id": people[number % 5]}


def stage_values(number: int, jobs: int) -> dict[str, Any]:
    job, kind = number // 3, ("prepare", "render", "finish")[number % 3]
    state = "done" if job < jobs - 40 else "queued"
    return {"job_id": job + 1, "kind": kind, "state": state, "queue": "render" if kind == "render" else "work"}


def output_values(number: int, each: int, size: Size, brands: list[int]) -> dict[str, Any]:
    job = min(number // each, size.jobs - 1)
    place = number - job * each
    cell: dict[str, Any] = {
        "job_id": job + 1,
        "source_id": source_of(job),
        "brand_id": brands[(job + place // 4) % BRANDS],
    }
    cell |= {"variant": VARIANTS[place % 4], "part": place // (4 * BRANDS), "key": f"{number:064x}"}
    if job >= size.jobs - 40:
        return {**cell, "state": "queued"}
    when = ago(number, size.outputs)
    if job % 50 == 0 or (job % 20 == 0 and place == 0):
        return {**cell, "state": "failed", "error_code": "timeout", "finished_at": when, "error_tail": "x" * 400}
    removed = when if NOW - when > timedelta(days=30) else None
    file = "" if removed else f"outputs/{cell['key'][:2]}/{cell['key']}.mp4"
    facts = {"bytes": 3_000_000, "width": 1080, "height": 1920, "rate": "30", "frames": 360, "seconds": 4.0}
    return {
        **cell,
        **facts,
        "state": "done",
        "file": file,
        "removed_at": removed,
        "finished_at": when,
        "sha256": "1" * 64,
    }


# Measuring


def measure(only: str, repeat: int) -> Iterator[Look]:
    from django.test import Client

    from jobs.models import Asset, Job, Output
    from wtfsite.models import User

    someone = User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("bench")
    client = Client(SERVER_NAME="localhost", raise_request_exception=True)
    client.force_login(someone)
    keys: dict[str, Any] = {"JOB": Job, "OUTPUT": Output, "ASSET": Asset}
    words = {word: str(model.objects.order_by("-pk")[MIDDLE].pk) for word, model in keys.items()}
    words["PAGE"] = str(min(1000, Job.objects.count() // 100))
    words["WEEK"] = f"{NOW - timedelta(days=7):%Y-%m-%dT00:00:00Z}"
    for name, address in PAGES.items():
        if name.startswith(only):
            for word, value in words.items():
                address = address.replace(word, value)
            found = look(client, name, f"/admin/{address}", repeat)
            say(f"{name}: {found.median:.0f} ms, CPU {found.cpu:.0f} ms, {found.queries} queries")
            yield found


def look(client: Any, name: str, address: str, repeat: int) -> Look:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    times, works = [], []
    for _ in range(repeat + 1):
        begun, worked = time.perf_counter(), time.process_time()
        answer = client.get(address)
        times.append(1000 * (time.perf_counter() - begun))
        works.append(1000 * (time.process_time() - worked))
        if answer.status_code != 200:
            raise SystemExit(f"{name}: {address} answers {answer.status_code}.")
    with CaptureQueriesContext(connection) as asked:
        client.get(address)
    slowest = max(asked.captured_queries, key=lambda query: float(query["time"]))
    return Look(
        name, times[0], median(times[1:]), median(works[1:]), len(asked), f"{slowest['time']} s: {slowest['sql']}"
    )


def judge(looks: list[Look], sqlite: bool) -> list[Row]:
    times = [Row(look.name, look.cpu if sqlite else look.median, at_most=BAR, unit="ms") for look in looks]
    return times + [Row(f"{look.name}: queries", look.queries, at_most=QUERIES) for look in looks]


def as_json(about: dict[str, str], looks: list[Look]) -> str:
    return json.dumps({"about": about, "pages": [asdict(look) for look in looks]}, indent=2)


def text(about: dict[str, str], looks: list[Look], rows: list[Row]) -> str:
    lines = [f"{name:<12} {value}" for name, value in about.items()]
    lines += ["", f"{'page':<32}{'first ms':>10}{'median ms':>11}{'CPU ms':>8}{'queries':>9}"]
    for look in looks:
        lines.append(f"{look.name:<32}{look.first:>10.0f}{look.median:>11.0f}{look.cpu:>8.0f}{look.queries:>9}")
        if look.cpu > BAR:
            lines.append(f"    {look.slowest[:1500]}")
    return "\n".join([*lines, "", *(f"Missed: {name}" for name in missed(rows))])


if __name__ == "__main__":
    sys.exit(main())
