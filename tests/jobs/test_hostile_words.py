"""A text layer may say anything: it becomes pixels, and no part of it reaches ffmpeg's command line."""

import re
import shlex
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from brands import layouts, plates
from brands.models import Brand, Layer
from jobs.models import Asset, Job, JobState, Output
from jobs.services import assets, dry_run, enqueue, export, inline, plan
from jobs.services.options import BrandOptions
from jobs.views import attachment
from tests.hostile_strings import HOSTILE, Hostile, cut
from tests.jobs import rows

pytestmark = pytest.mark.django_db
QUICK = BrandOptions(size=720, profile="draft")
WORST = ("zq24x", "zq43x", "zq46x", "zq47x")  # format signs, escape signs, a filter graph, quotes and %{expr}


def brand(number: int, hostile: Hostile) -> Brand:
    made: Brand = Brand.objects.create(name=cut(hostile.text, 80), slug=f"b{number}", handle=cut(hostile.text, 60))
    Layer.objects.create(brand=made, name="line", kind="text", text=cut(hostile.text, 2000), x=50, y=50, width=90)
    return made


def test_every_text_is_drawn(tmp_path: Path) -> None:
    canvas = layouts.canvas("square", 720)
    for number, hostile in enumerate(HOSTILE):
        file = plates.write(plates.spec(brand(number, hostile), canvas, "square"), tmp_path)
        assert file, hostile
        with Image.open(file.path) as picture:
            assert picture.getbbox(), hostile
        assert file.path.parent == tmp_path
        assert file.path.name.startswith("plate-")


def test_no_text_is_in_the_command(tmp_path: Path) -> None:
    """Nor is a title, an author, a name of a file or a brand."""
    for number, hostile in enumerate(HOSTILE):
        short, owner = cut(hostile.text, 255), brand(number, hostile)
        video = rows.asset(short, author=short, original_name=short, origin_url=cut(hostile.text, 2048))
        job = rows.job("queued", source=video)
        output = job.outputs.get()
        output.brand, output.variant = owner, "square"
        command = shlex.split(dry_run.of_output(output))
        assert "-filter_complex" in command
        assert not [part for part in command if hostile.word in part or "passwd" in part]


def test_the_worst_are_rendered_and_the_files_are_as_ordered(one_second: Path) -> None:
    worst = [hostile for hostile in HOSTILE if hostile.word in WORST]
    brands = [brand(number, hostile) for number, hostile in enumerate(worst)]
    video, _new = assets.from_path(one_second)
    job = inline.work_off(enqueue.order(plan.make([video], brands, ["square"], QUICK), inline=True))
    assert job.state == JobState.DONE  # each file was probed and compared with the order
    assert job.outputs.done().count() == len(WORST)
    assert not [output for output in job.outputs.all() if any(word in output.file.name for word in WORST)]


HEADER = re.compile(r"attachment; filename=\"([^\"\\/\x00-\x1f]+)\"; filename\*=UTF-8''(\S+)")
UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069/\\:*?\"<>|%]")


def test_what_is_saved_is_called_like_a_file() -> None:
    for number, hostile in enumerate(HOSTILE):
        output = Output(
            source=Asset(title=cut(hostile.text, 255), pk=number),
            brand=Brand(name=cut(hostile.text, 80), slug=cut(hostile.text, 60)),
            job=Job(pk=number),
            variant="square",
        )
        assert re.fullmatch(r"[\w-]+\.mp4", export.file_name(output)), hostile
        header = HEADER.fullmatch(attachment(output))
        assert header, hostile
        assert hostile.word in header[1]
        assert hostile.word in unquote(header[2])
        assert not UNFIT.search(unquote(header[2]))
