"""manage.py render_video SOURCE... --brand SLUG... --variant NAME... --out DIR [--json]"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from brands.layouts import SIZES
from brands.models import Brand, Variant
from jobs.management.sandbox import enough
from jobs.media import errors
from jobs.media.errors import MediaError
from jobs.models import Asset, Fit, Job, Output, OutputState, Profile
from jobs.services import assets, cancel, dry_run, enqueue, export, inline, lessons, plan
from jobs.services.options import BrandOptions
from wtfsite.lib import visible

NOTHING_STARTED = 2
SOME_FAILED = 1
INTERRUPTED = 130
SEARCH = re.compile(r"[a-z]*search[a-z]*[0-9]*:", re.IGNORECASE)  # yt-dlp's way to ask a site: `ytsearch5:harbour`
RATES = ("24", "25", "30", "50", "60", "24000/1001", "30000/1001", "60000/1001")


class Command(BaseCommand):
    help = (
        "Brand videos in this process, without a queue: the same services, rows and files as a job in the admin. "
        "Exit code: 0 all outputs made, 1 some failed, 2 nothing started."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sources", nargs="+", metavar="SOURCE", help="a video file or an http(s) address")
        parser.add_argument("--brand", action="append", required=True, metavar="SLUG", help="repeat for several")
        parser.add_argument("--variant", action="append", required=True, metavar="NAME", help=", ".join(Variant.values))
        parser.add_argument("--size", type=int, default=SIZES[0], choices=SIZES, help="of the shorter side")
        parser.add_argument("--profile", default=Profile.STANDARD, choices=Profile.values)
        parser.add_argument("--fit", default=Fit.FILL, choices=Fit.values, help="when the shape differs")
        parser.add_argument("--fps", default="", choices=RATES, metavar="N", help=f"one of {', '.join(RATES)}")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the files are put")
        parser.add_argument("--dry-run", action="store_true", help="print the ffmpeg commands and make nothing")
        parser.add_argument("--json", action="store_true", help="one JSON object a line for each output")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            self._dry_run(options)
            return
        enough(returncode=NOTHING_STARTED)
        folder: Path = options["out"]
        job = enqueue.order(self._plan(options), inline=True)
        try:
            inline.work_off(job, self._show_progress, on_wait=self.stderr.write)
        except KeyboardInterrupt:
            cancel.job(job)
            raise CommandError("Interrupted; the job was cancelled.", returncode=INTERRUPTED) from None
        self._report(job, folder, as_json=options["json"])

    def _plan(self, options: dict[str, Any]) -> plan.Plan:
        """Everything is looked at before anything starts: a mistake in one word must not cost half an hour."""
        matrix = _matrix(options)
        _make_folder(options["out"])
        made = plan.make([_source(word) for word in dict.fromkeys(options["sources"])], *matrix)
        if made.refusal:
            raise CommandError(f"{made.refusal.reason} {made.refusal.next_step}", returncode=NOTHING_STARTED)
        self.stderr.write(plan.sentence(made))
        for warning in made.warnings:
            self.stderr.write(f"  {visible.line(warning)}")
        return made

    def _dry_run(self, options: dict[str, Any]) -> None:
        matrix = _matrix(options)
        for word in dict.fromkeys(options["sources"]):
            if "://" in word:
                raise CommandError(f"{word}: a dry run takes files, not addresses.", returncode=NOTHING_STARTED)
            with _named(word):
                _no_search(word)
                for batch in dry_run.of_file(Path(word), *matrix):
                    self.stdout.write(f"# {word}: {batch.variant}, {', '.join(batch.brands)}\n{batch.command}\n")

    def _show_progress(self, job: Job) -> None:
        done = Output.objects.done().filter(job=job).count()
        self.stderr.write(f"  {done} of {job.outputs.count()} done")

    def _report(self, job: Job, folder: Path, as_json: bool) -> None:
        outputs = list(job.outputs.select_related("source", "brand"))
        for output in outputs:
            if output.state == OutputState.DONE:
                path = export.save(output, folder)
                self.stdout.write(_line(output, path) if as_json else str(path))
            else:
                self.stderr.write(_failure(output))
        missing = sum(output.state != OutputState.DONE for output in outputs)
        if missing:
            raise CommandError(f"{missing} of {len(outputs)} outputs were not made.", returncode=SOME_FAILED)


def _known(what: str, words: list[str], known: set[str]) -> list[str]:
    unknown = [word for word in words if word not in known]
    if unknown:
        choice = ", ".join(sorted(known)) or "none yet: add one in the admin"
        raise CommandError(f"Unknown {what}: {', '.join(unknown)}. There are: {choice}.", returncode=NOTHING_STARTED)
    return list(dict.fromkeys(words))


def _matrix(options: dict[str, Any]) -> tuple[list[Brand], list[str], BrandOptions]:
    variants = _known("variant", options["variant"], set(Variant.values))
    slugs = _known("brand", options["brand"], set(Brand.objects.values_list("slug", flat=True)))
    wanted = BrandOptions(size=options["size"], profile=options["profile"], fit=options["fit"], fps=options["fps"])
    return list(Brand.objects.filter(slug__in=slugs)), variants, wanted


def _source(word: str) -> Asset:
    with _named(word):
        _no_search(word)
        return assets.from_url(word) if "://" in word else assets.from_path(Path(word))[0]


def _no_search(word: str) -> None:
    """Raises MediaError `bad_url` for what yt-dlp would take for a search."""
    if SEARCH.match(word) and not Path(word).exists():
        raise errors.fail("bad_url", "searches are not taken; give the path of a file, or the address of one video")


@contextmanager
def _named(word: str) -> Iterator[None]:
    """What goes wrong inside is said of this source, and nothing is started."""
    try:
        yield
    except MediaError as error:
        words = lessons.say(lessons.met(error), error.detail)
        raise CommandError(f"{word}: {words}", returncode=NOTHING_STARTED) from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"--out {folder}: {error.strerror}.", returncode=NOTHING_STARTED) from error


def _failure(output: Output) -> str:
    reason = lessons.say(output.error_code, output.error_detail)
    return visible.line(f"{output}: {output.get_state_display()}. {reason}")


def _line(output: Output, path: Path) -> str:
    facts = {
        "path": str(path),
        "source": output.source.title,
        "brand": output.brand.slug,
        "variant": output.variant,
        "width": output.width,
        "height": output.height,
        "fps": output.rate,
        "duration": round(float(output.duration), 3),
        "bytes": output.bytes,
        "key": output.key,
        "seconds": round(output.seconds, 2),
    }
    return json.dumps(facts)
