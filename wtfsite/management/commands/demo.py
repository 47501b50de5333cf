"""manage.py demo [FILE_OR_URL]: the whole product once, from nothing to finished files."""

import secrets
import signal
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import run_checks
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError, CommandParser

from brands import sample
from brands.models import Variant
from jobs.media.errors import MediaError
from jobs.models import Asset, Job, Output, OutputState
from jobs.models.job import OPEN
from jobs.services import assets, cancel, enqueue, export, lessons, plan
from jobs.services.options import BrandOptions
from jobs.services.toolbox import get_tools
from wtfsite import checks
from wtfsite.demo import clip
from wtfsite.lib import process
from wtfsite.models import User

VARIANTS = (Variant.VERTICAL, Variant.SQUARE, Variant.LANDSCAPE)
LOOK_EVERY = 0.5  # seconds
WORKER_STOPS_WITHIN = 30  # seconds


class Command(BaseCommand):
    help = "Make three brands and a clip (or take FILE_OR_URL), start a worker, and make nine branded files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", nargs="?", default="", metavar="FILE_OR_URL")

    def handle(self, *args: Any, **options: Any) -> None:
        self._check()
        password = _operator()
        brands = sample.install()
        source = self._source(options["source"])
        made = plan.make([source], brands, VARIANTS, BrandOptions())
        self.stdout.write(f"\n“{source}”, {plan.sentence(made)}")
        try:
            job = enqueue.order(made, owner=User.objects.get(username="demo"))
        except plan.PlanRefused as error:
            raise CommandError(str(error)) from error
        self._work(job)
        self._report(job, password)

    def _check(self) -> None:
        found = run_checks(tags=[checks.STUDIO], include_deployment_checks=True)
        for message in found:
            self.stderr.write(f"{message.msg} {message.hint or ''}")
        if any(message.is_serious() for message in found):
            raise CommandError("The studio cannot work like this; see above.")

    def _source(self, word: str) -> Asset:
        try:
            if "://" in word:
                return assets.from_url(word)
            if not word:
                self.stdout.write("Composing a clip of 12 seconds (the first time takes a moment) ...")
            return assets.from_path(Path(word) if word else clip(get_tools()))[0]
        except MediaError as error:
            raise CommandError(f"{word}: {lessons.say(lessons.met(error), error.detail)}") from error

    def _work(self, job: Job) -> None:
        """A real worker in its own process, until the job has ended; no process is left."""
        manage = Path(settings.BASE_DIR) / "manage.py"
        quiet = {"LOG_LEVEL": "WARNING" if settings.LOG_LEVEL == "INFO" else settings.LOG_LEVEL}
        worker = process.spawn([sys.executable, str(manage), "runworkers"], env=quiet)
        try:
            while Job.objects.filter(pk=job.pk, state__in=OPEN).exists():
                if worker.poll() is not None:
                    raise CommandError(f"The worker ended with code {worker.returncode}; its log is above.")
                self._show(job)
                time.sleep(LOOK_EVERY)
        except KeyboardInterrupt:
            cancel.job(job)
            raise CommandError("Interrupted; the job was cancelled.", returncode=130) from None
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(WORKER_STOPS_WITHIN)
        self._show(job, end="\n")

    def _show(self, job: Job, end: str = "\r") -> None:
        if self.stdout.isatty() or end == "\n":
            done = Output.objects.done().filter(job=job).count()
            running = [stage.progress for stage in job.stages.filter(kind="render", state="running")]
            percent = " ".join(f"{share:.0%}" for share in running)
            self.stdout.write(f"  {done} of {job.outputs.count()} done  {percent:<24}", ending=end)

    def _report(self, job: Job, password: str) -> None:
        folder: Path = settings.DATA_DIR / "demo" / "outputs"
        folder.mkdir(parents=True, exist_ok=True)
        outputs = list(job.outputs.select_related("source", "brand"))
        self.stdout.write(f"\n{'file':<58}{'size':>11}{'MB':>7}{'duration':>10}{'seconds':>9}")
        for output in outputs:
            self.stdout.write(_row(output, folder) if _verified(output) else _failure(output))
        good = sum(_verified(output) for output in outputs)
        if good < len(outputs):
            raise CommandError(f"{len(outputs) - good} of {len(outputs)} outputs were not made.")
        self.stdout.write(
            f"\n{good} verified files in {folder}\n"
            f"\nNext: ./run studio, then http://127.0.0.1:{settings.PORT}/admin/\n"
            f"      user demo, password {password}   (a new one with every demo)\n"
        )


def _operator() -> str:
    """The demo's own superuser, with a new random password each time. Nobody else's account is touched."""
    password = secrets.token_urlsafe(12)
    user, _created = User.objects.get_or_create(username="demo", defaults={"is_staff": True, "is_superuser": True})
    user.set_password(password)
    user.save()
    return password


def _verified(output: Output) -> bool:
    """Done, and the file of that length is in storage."""
    name = str(output.file)
    done = output.state == OutputState.DONE and default_storage.exists(name)
    return bool(done and default_storage.size(name) == output.bytes)


def _row(output: Output, folder: Path) -> str:
    name = export.save(output, folder).name
    size = f"{output.width}x{output.height}"
    spent = "reused" if output.adopted else f"{output.seconds:.1f}"
    return f"{name:<58}{size:>11}{output.bytes / 1e6:>7.1f}{float(output.duration):>9.2f}s{spent:>9}"


def _failure(output: Output) -> str:
    words = lessons.say(output.error_code, output.error_detail)
    return f"{output.brand.slug} {output.variant}: {output.get_state_display()}. {words}"
