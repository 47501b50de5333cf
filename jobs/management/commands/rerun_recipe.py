"""Make a file again from nothing but its recipe, and compare the two."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from jobs.management import sandbox
from jobs.models import Output
from jobs.services import recipes, rerun
from jobs.services.toolbox import get_tools
from wtfsite.lib import visible
from wtfsite.lib.documents import BadDocument, read_json

DIFFERS, CANNOT = 1, 2


class Command(BaseCommand):
    help = "Make a file again from its recipe. Exit code 0: equal, or made; 1: it differs; 2: it cannot be made."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("recipe", metavar="FILE_OR_OUTPUT_UUID", help="a downloaded recipe, or an output's uuid")
        parser.add_argument(
            "--source", metavar="PATH", type=Path, help="a copy of the video, if it is not here any more"
        )
        parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder for the file")

    def handle(self, *args: Any, **options: Any) -> None:
        sandbox.enough(CANNOT)
        data = _read(options["recipe"])
        try:
            options["out"].mkdir(parents=True, exist_ok=True)
            made = rerun.run(data, options["out"], options["source"])
        except (rerun.Impossible, OSError) as error:
            raise CommandError(f"It cannot be made again. {visible.line(str(error))}", returncode=CANNOT) from error
        self._report(made, data)

    def _report(self, made: rerun.Made, data: dict[str, Any]) -> None:
        self.stdout.write(str(made.path))
        then, now = data["versions"], recipes.versions()
        same_build = then.get("ffmpeg") == get_tools().build
        self.stdout.write("The same build of ffmpeg." if same_build else "Another build of ffmpeg.")
        for name in made.changed:
            self.stdout.write(f"  {name}: {visible.line(str(then.get(name)))} then, {now[name]} now")
        self.stdout.write("The same bytes." if made.same_bytes else "Other bytes.")
        shown = {
            True: "The same frames.",
            False: "Other frames.",
            None: "The earlier file is gone: no frames compared.",
        }
        self.stdout.write(shown[made.same_frames])
        if made.differs:
            raise CommandError("It differs although everything that shapes it is the same.", returncode=DIFFERS)


def _read(word: str) -> dict[str, Any]:
    if Path(word).is_file():
        return _of_file(Path(word))
    try:
        uuid = UUID(word)
    except ValueError:
        raise CommandError(f"{visible.line(word)}: no such file, nor an output's uuid.", returncode=CANNOT) from None
    output = Output.objects.filter(uuid=uuid).first()
    data = recipes.of_output(output) if output else None
    if data is None:
        raise CommandError(f"There is no recipe of an output {uuid}.", returncode=CANNOT)
    return data


def _of_file(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = read_json(path.read_bytes())
    except (OSError, BadDocument) as error:
        raise CommandError(f"{path}: {error}", returncode=CANNOT) from error
    return data
