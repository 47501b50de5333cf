"""./run bench hostile: hostile inputs and thousands of broken files, through the functions behind every door.

    corpus (tests/corpus) --+-> probe gate and poster, picture.rebuild, readers of YAML, JSON, ZIP and names, fetch
    mutants (bench/mutants) +        |
                                     +-> accepted, refused with a code, or a finding

Ends with 1 unless nothing of ours crashed, nothing hung, nobody touched a canary, and no input cost more than the
limits of the corpus. docs/benchmarks.md says how to read it.
"""

import argparse
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from bench import mutants
from bench.brand import FOLDER, machine, say
from bench.judge import Row, missed
from jobs.media import errors, picture, poster, probe
from jobs.media import tools as programs
from jobs.media.errors import MediaError
from jobs.media.tools import Tools
from jobs.sources import fetch
from jobs.sources.fetch import FetchLimits
from tests.corpus import canary
from tests.corpus.canary import MARKER
from tests.corpus.cases import ACCEPTED, FAMILIES, Case, Clips, Kit, family
from tests.corpus.meter import MOST_CPU, MOST_MEMORY, Meter, own_memory, peak_memory
from tests.corpus.table import CASES
from tests.standins import hostile
from wtfsite.lib import archives, documents, names
from wtfsite.lib.archives import BadArchive
from wtfsite.lib.documents import BadDocument
from wtfsite.lib.names import BadName

SAVED = FOLDER / "hostile"
GATE = probe.Gate(max_seconds=7200, max_bytes=30_000_000)
WALL = 60  # seconds for one input; all that we start has shorter limits of its own
WEB = FetchLimits(
    max_bytes=2_000_000, max_seconds=7200, retries=0, fragment_retries=0, socket_timeout=5, wall_seconds=20
)
DRIP_SECONDS = 3
LARGEST_MEMBER = 50_000_000
SAID = 300  # characters of a log
TOLD = 20  # findings that are printed one by one


@dataclass(frozen=True)
class Place:
    """Where a worker finds what it needs; all of it can be sent to another process."""

    folder: Path
    secret: Path
    bird: int  # ports
    site: int
    seed: int
    ffmpeg: str
    ffprobe: str


@dataclass(frozen=True)
class Found:
    """What came of one input. CPU and wall are seconds, memory bytes; `ours` is what our own process took on top."""

    name: str
    kind: str
    code: str
    cpu: float = 0.0
    peak: int = 0
    ours: int = 0
    wall: float = 0.0
    signals: tuple[int, ...] = ()
    hung: bool = False
    crash: str = ""
    said: str = ""  # the end of the tool's log, for what has no name
    number: int | None = None  # of a mutant
    wanted: str = ""  # the code of a corpus case

    @property
    def bad(self) -> bool:
        return bool(self.crash) or self.hung or self.cpu > MOST_CPU or max(self.peak, self.ours) > MOST_MEMORY


class Hung(BaseException):
    """The wall limit. Not an Exception: nothing on the way may take it for an error of its own."""


@dataclass
class Report:
    about: dict[str, str] = field(default_factory=dict)
    found: list[Found] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


# The doors, from inside

Door = Callable[[Path, Path, Tools], None]


def film(path: Path, work: Path, tools: Tools) -> None:
    if not path.stat().st_size:
        raise errors.fail("empty_file")  # the upload says so before anybody looks
    poster.take(path, probe.read(path, tools, GATE, work), tools, work)


def artwork(path: Path, work: Path, tools: Tools) -> None:
    picture.rebuild(path, work, tools.run)


def yaml(path: Path, work: Path, tools: Tools) -> None:
    documents.read_yaml(path.read_bytes())


def jsons(path: Path, work: Path, tools: Tools) -> None:
    documents.read_json(path.read_bytes())


def zips(path: Path, work: Path, tools: Tools) -> None:
    with archives.open_zip(path) as archive:
        for name in archive.names():
            archive.read(name, LARGEST_MEMBER)


def named(path: Path, work: Path, tools: Tools) -> None:
    """The file's content is a name that a list holds."""
    (work / "logo.png").write_bytes(b"x")
    (work / "link.png").symlink_to("/etc/passwd")
    names.inside(work, path.read_bytes().decode("utf-8", "surrogatepass"))


DOORS: dict[str, Door] = {
    **dict.fromkeys(("upload", "render", "path", mutants.MEDIA), film),
    **dict.fromkeys(("artwork", mutants.PICTURE), artwork),
    "yaml": yaml,
    "json": jsons,
    "zip": zips,
    "name": named,
}


def try_case(place: Place, number: int) -> Found:
    case = CASES[number]
    kit = Kit(Clips(place.folder / "clips"), place.secret, hostile.Canary(place.bird), hostile.Site(place.site))
    return knock(place, str(case), case.door, case.make(kit), wanted=inner_code(case))


def inner_code(case: Case) -> str:
    """What only a render shows is accepted here."""
    return ACCEPTED if case.door == "render" else case.code


def try_mutant(place: Place, number: int) -> Found:
    made = mutants.mutant(place.seed, number, goods(place))
    found = replace(knock(place, made.name, made.kind, made.data), number=number)
    if found.bad or found.signals:
        SAVED.mkdir(parents=True, exist_ok=True)
        (SAVED / f"{place.seed}-{number}.{made.kind}").write_bytes(made.data)
    return found


@cache
def goods(place: Place) -> dict[str, dict[str, bytes]]:
    clips = Clips(place.folder / "clips")
    return mutants.good_files(Kit(clips, place.secret, hostile.Canary(place.bird), hostile.Site(place.site)))


def knock(place: Place, name: str, kind: str, data: bytes, wanted: str = "") -> Found:
    """One input through one door, measured. Never raises for what the input does."""
    with tempfile.TemporaryDirectory(dir=place.folder) as folder:
        work = Path(folder) / "work"
        work.mkdir()
        source = work / "source"
        source.write_bytes(data)
        return measured(name, kind, wanted, place, lambda tools: DOORS[kind](source, work, tools))


def measured(name: str, kind: str, wanted: str, place: Place, act: Callable[[Tools], None]) -> Found:
    meter, before = Meter(), own_memory()
    started, cpu = time.monotonic(), time.process_time()
    code, said, crash, hung = ACCEPTED, "", "", False
    try:
        with alarm(WALL):
            act(Tools(place.ffmpeg, place.ffprobe, "bench", meter))
    except MediaError as error:
        code, said = error.code, error.tail[-SAID:]
    except (BadDocument, BadArchive, BadName) as error:
        code = error.code
    except Hung:
        code, hung = "hung", True
    except Exception:  # noqa: BLE001 - this is what we are looking for
        code, crash = "crashed here", traceback.format_exc()
    return Found(
        name,
        kind,
        code,
        cpu=meter.cpu + time.process_time() - cpu,
        peak=meter.peak,
        ours=max(0, peak_memory() - before),
        wall=time.monotonic() - started,
        signals=tuple(meter.signals),
        hung=hung or (meter.late > 0 and wanted != "timeout"),
        crash=crash,
        said=said,
        wanted=wanted,
    )


@contextmanager
def alarm(seconds: int) -> Iterator[None]:
    """Raises Hung in the block after so many seconds. For the main thread."""

    def ring(*_args: object) -> NoReturn:
        raise Hung

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fetch_case(place: Place, case: Case, kit: Kit) -> Found:
    """Addresses are fetched by the process that has the site."""
    url = case.make(kit).decode()
    limits = replace(WEB, wall_seconds=DRIP_SECONDS) if case.code == "timeout" else WEB

    def act(tools: Tools) -> None:
        with tempfile.TemporaryDirectory(dir=place.folder) as folder:
            work = Path(folder)
            got = fetch.fetch(url, work, tools, limits, allow=hostile.SITE)
            film(got.path, work, tools)

    return measured(str(case), case.door, case.code, place, act)


# The run


def main(arguments: list[str] | None = None) -> int:
    options = read(arguments)
    tools = programs.find(os.environ.get("FFMPEG_PATH", ""), os.environ.get("FFPROBE_PATH", ""))
    with tempfile.TemporaryDirectory(prefix="hostile-") as name, hostile.canary() as bird, hostile.serve() as site:
        folder = Path(name)
        (folder / "clips").mkdir()
        clips = Clips(folder / "clips")
        secret = folder / "canary.mp4"
        secret.write_bytes(clips.mp4 + MARKER)
        place = Place(folder, secret, bird.port, site.port, options.seed, tools.ffmpeg, tools.ffprobe)
        kit = Kit(clips, secret, bird, site)
        goods(place)  # encodes the clips once, before several need them
        with canary.watching(secret) as watched:
            if options.only is not None:
                return tell_one(try_mutant(place, options.only))
            report = Report({**machine(tools), "mutants": str(options.mutants), "seed": str(options.seed)})
            report.found = list(all_of(place, kit, options))
            judge(report, bird.hits, watched.opened)
    print(as_json(report) if options.json else text(report))
    return 1 if missed(report.rows) else 0


def read(arguments: list[str] | None) -> Any:
    parser = argparse.ArgumentParser(prog="./run bench hostile", description="Try to break what takes files in.")
    parser.add_argument("--mutants", type=int, default=2000, help="how many broken files besides the corpus")
    parser.add_argument("--seed", type=int, default=1, help="another one makes other mutants")
    parser.add_argument("--only", type=int, metavar="N", help="this mutant alone, with all that is known of it")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes at once")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(arguments)


def all_of(place: Place, kit: Kit, options: Any) -> Iterator[Found]:
    """Files in as many processes as there are cores, addresses meanwhile in this one."""
    files = [number for number, case in enumerate(CASES) if case.door != "address"]
    context = multiprocessing.get_context("spawn")  # our threads would not survive a fork
    with ProcessPoolExecutor(options.workers, mp_context=context) as pool:
        say(f"{len(CASES)} inputs of the corpus, {options.mutants} mutants, {options.workers} at once ...")
        tried = [pool.submit(try_case, place, number) for number in files]
        tried += [pool.submit(try_mutant, place, number) for number in range(options.mutants)]
        for case in CASES:
            if case.door == "address":
                yield fetch_case(place, case, kit)
        for number, future in enumerate(tried, 1):
            yield future.result()
            if number % 250 == 0:
                say(f"{number} of {len(tried)} files")


# Telling


def judge(report: Report, hits: int, opened: int) -> None:
    found = report.found
    corpus = [one for one in found if one.wanted]
    report.rows = [
        Row("inputs of the corpus", len(corpus), at_least=130),
        Row("  of which ended in another code than theirs", sum(one.code != one.wanted for one in corpus), 0),
        Row("mutants", len(found) - len(corpus)),
        Row("  of which were accepted", sum(one.code == ACCEPTED for one in found if not one.wanted)),
        Row("refused without a name for the reason", sum(family(one.code) not in FAMILIES for one in found)),
        Row("crashes of ours", sum(bool(one.crash) for one in found), 0),
        Row("hangs, and tools stopped for their time", sum(one.hung for one in found), 0),
        Row("tools ended by a signal", sum(bool(one.signals) for one in found if one.wanted != "timeout")),
        Row("connections to the canary", hits, 0),
        Row("openings of the canary's file", opened, 0),
        Row("most CPU for one input", max(one.cpu for one in found), MOST_CPU, unit="s"),
        Row("largest tool", max(one.peak for one in found) / 1e6, MOST_MEMORY / 1e6, unit="MB"),
        Row("our own memory for one input", max(one.ours for one in found) / 1e6, MOST_MEMORY / 1e6, unit="MB"),
        Row("longest wall time of one input", max(one.wall for one in found), unit="s"),
    ]


def text(report: Report) -> str:
    lines = [f"{name:<12} {value}" for name, value in report.about.items()]
    lines += ["", f"{'ended in':<24}{'corpus':>8}{'mutants':>9}"]
    ends = {kind: Counter(one.code for one in report.found if bool(one.wanted) is kind) for kind in (True, False)}
    for code in sorted({*ends[True], *ends[False]}, key=lambda code: (code != ACCEPTED, code)):
        lines.append(f"{code:<24}{ends[True][code]:>8}{ends[False][code]:>9}")
    width = max(len(row.name) for row in report.rows) + 2
    lines += [
        "",
        *(f"{row.name:<{width}}{row.value:>9.6g} {row.unit:<3}{row.bar:<14}{row.verdict}" for row in report.rows),
    ]
    lines += [line for one in notable(report.found)[:TOLD] for line in ("", *about(one))]
    return "\n".join(lines)


def notable(found: list[Found]) -> list[Found]:
    return [
        one for one in found if one.bad or (one.wanted and one.code != one.wanted) or family(one.code) not in FAMILIES
    ]


def about(one: Found) -> list[str]:
    what = f"mutant {one.number} ({one.kind}: {one.name})" if one.number is not None else one.name
    wanted = f", not {one.wanted}" if one.wanted and one.wanted != one.code else ""
    cost = f"{one.cpu:.2f} CPU s, {one.wall:.1f} s, tools {one.peak / 1e6:.0f} MB, we {one.ours / 1e6:.0f} MB"
    signals = f", signals {one.signals}" if one.signals else ""
    said = one.crash or one.said
    return [f"{what}: {one.code}{wanted}; {cost}{signals}", *(f"    {line}" for line in said.rstrip().splitlines())]


def tell_one(found: Found) -> int:
    print("\n".join(about(found)))
    return int(found.bad)


def as_json(report: Report) -> str:
    rows = [{**asdict(row), "missed": row.missed} for row in report.rows]
    ends = Counter(one.code for one in report.found)
    findings = [asdict(one) for one in notable(report.found)]
    return json.dumps({"about": report.about, "ends": ends, "rows": rows, "findings": findings}, indent=2)


if __name__ == "__main__":
    sys.exit(main())
