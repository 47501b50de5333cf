"""The doors of the studio, used as an operator uses them, and what he is told at each."""

import html
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.core.management import CommandError, call_command
from django.db.models import Q
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from brands.models import Artwork, Brand
from jobs.engine import worker
from jobs.media import errors
from jobs.models import Asset, Job, Output
from jobs.services import enqueue, plan
from jobs.services.options import BrandOptions
from tests.corpus.cases import ACCEPTED, Case
from tests.jobs.conftest import text_brand
from wtfsite.lib import archives, documents, names

QUICK = BrandOptions(size=720, profile="draft")
BOUNDARY = "------------------------corpus"
LARGEST_MEMBER = 50_000_000


@dataclass(frozen=True)
class Outcome:
    """`code` is where it ended, `told` the whole text that the operator sees of it."""

    code: str
    told: str = ""


@dataclass(frozen=True)
class House:
    client: Client
    folder: Path  # of this test, outside storage and workspace


def knock(case: Case, data: bytes, house: House) -> Outcome:
    """Put the input through its door."""
    return DOORS[case.door](case, data, house)


def upload(case: Case, data: bytes, house: House) -> Outcome:
    return _form(house.client, reverse("admin:jobs_asset_add"), case.file, data)


def render(case: Case, data: bytes, house: House) -> Outcome:
    """The upload, then one small output of it."""
    outcome = upload(case, data, house)
    if outcome.code != ACCEPTED:
        return outcome
    job = _order(text_brand("corpus", "A line"))
    _work_off(job)
    output = Output.objects.get(job=job)
    page = house.client.get(reverse("admin:jobs_output_change", args=[output.pk]))
    return Outcome(output.error_code or (ACCEPTED if output.state == "done" else output.state), _text(page))


def path(case: Case, data: bytes, house: House) -> Outcome:
    """A file of this name on the disk, and the command."""
    text_brand("corpus", "A line")
    folder, out, err = house.folder / "in", io.StringIO(), io.StringIO()
    folder.mkdir()
    file = folder / case.file
    file.write_bytes(data)
    words = ["--brand", "corpus", "--variant", "square", "--size", "720", "--profile", "draft"]
    try:
        call_command(
            "render_video", "--out", str(house.folder / "out"), *words, "--", str(file), stdout=out, stderr=err
        )
    except CommandError as error:
        return Outcome(_code_of(str(error)), str(error))
    return Outcome(ACCEPTED, out.getvalue() + err.getvalue())


def address(case: Case, data: bytes, house: House) -> Outcome:
    """The form; what it takes is then fetched for a job."""
    response = house.client.post(reverse("admin:jobs_asset_add"), {"address": data.decode()}, follow=True)
    outcome = _answer(response)
    if outcome.code != ACCEPTED:
        return outcome
    job = _order(text_brand("corpus", "A line"))
    worker.run_one(("inline",), only=Q(job=job))
    asset = Asset.objects.get()
    page = house.client.get(reverse("admin:jobs_asset_change", args=[asset.pk]))
    return Outcome(asset.error_code or (ACCEPTED if asset.state == "ready" else asset.state), _text(page))


def artwork(case: Case, data: bytes, house: House) -> Outcome:
    more = {"brand": "", "kind": "logo", "variant": ""}
    return _form(house.client, reverse("admin:brands_artwork_add"), case.file, data, more)


def yaml(case: Case, data: bytes, house: House) -> Outcome:
    return _read(lambda: documents.read_yaml(data))


def name(case: Case, data: bytes, house: House) -> Outcome:
    """What a list names is looked up in its folder, where one good file lies and a link that leads out."""
    folder = house.folder / "brought"
    folder.mkdir()
    (folder / "logo.png").write_bytes(b"x")
    (folder / "link.png").symlink_to("/etc/passwd")
    return _read(lambda: names.inside(folder, data.decode("utf-8", "surrogatepass")))


def json(case: Case, data: bytes, house: House) -> Outcome:
    return _read(lambda: documents.read_json(data))


def archive(case: Case, data: bytes, house: House) -> Outcome:
    file = house.folder / "brought.zip"
    file.write_bytes(data)
    return _read(lambda: read_archive(file))


def read_archive(file: Path) -> None:
    """All members, as an importer reads them. Raises BadArchive."""
    with archives.open_zip(file) as opened:
        for name in opened.names():
            opened.read(name, LARGEST_MEMBER)


DOORS: dict[str, Callable[[Case, bytes, House], Outcome]] = {
    "upload": upload,
    "render": render,
    "path": path,
    "address": address,
    "artwork": artwork,
    "yaml": yaml,
    "json": json,
    "zip": archive,
    "name": name,
}


def _read(read: Callable[[], Any]) -> Outcome:
    """An importer shows the table's sentence with the reader's own words in it."""
    try:
        read()
    except (documents.BadDocument, archives.BadArchive, names.BadName) as error:
        return Outcome(error.code, f"{errors.explain(error.code).sentence} {error}")
    return Outcome(ACCEPTED)


def _form(client: Client, url: str, name: str, data: bytes, more: dict[str, str] | None = None) -> Outcome:
    """Post a file as a browser does, but with any name: in the form that can hold all signs."""
    parts = [
        f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in (more or {}).items()
    ]
    named = quote(name.encode("utf-8", "surrogatepass"), safe="")
    head = f'Content-Disposition: form-data; name="file"; filename="x"; filename*=UTF-8\'\'{named}'
    parts.append(f"{head}\r\nContent-Type: video/mp4\r\n\r\n".encode() + data)
    body = b"".join(f"--{BOUNDARY}\r\n".encode() + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()
    return _answer(client.post(url, body, content_type=f"multipart/form-data; boundary={BOUNDARY}", follow=True))


def _answer(response: Any) -> Outcome:
    """What a form says: a page further on, or itself once more with its errors."""
    if response.redirect_chain:
        return Outcome(ACCEPTED, _text(response))
    told = _text(response)
    return Outcome(_code_of(told), told)


def _text(response: Any) -> str:
    """What can be read on the page."""
    assert response.status_code == 200, response.status_code
    body = NOT_READ.sub(" ", response.content.decode())
    return " ".join(html.unescape(strip_tags(body)).split())


NOT_READ = re.compile(r"<(script|style|template|nav)\b.*?</\1>", re.DOTALL)
# Where there is a detail, it stands in brackets before the full stop.
SENTENCES = {f"{cause.sentence[:-1]}{end}": code for code, cause in errors.CODES.items() for end in (".", " (")}


def _code_of(told: str) -> str:
    """The code whose sentence stands in the text."""
    return next((code for sentence, code in SENTENCES.items() if sentence in told), f"no sentence in: {told[-2000:]}")


def _order(brand: Brand) -> Job:
    return enqueue.order(plan.make(Asset.objects.all(), [brand], ["square"], QUICK), inline=True)


def _work_off(job: Job) -> None:
    """Each stage once. One that waits for another attempt is left waiting."""
    while worker.run_one(("inline",), only=Q(job=job)):
        pass


def kept() -> tuple[int, int, int]:
    """Ready videos, finished outputs and pictures in the database."""
    return Asset.objects.ready().count(), Output.objects.done().count(), Artwork.objects.count()
