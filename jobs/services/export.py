"""Finished outputs as files with names for people, in a folder of the operator's."""

import shutil
from pathlib import Path

from django.core.files.storage import default_storage
from django.utils.text import slugify

from jobs.models import Asset, Output


def file_name(output: Output) -> str:
    """`harbour-at-dawn_northshore_vertical.mp4`: letters, digits, - and _ only, whatever the rows say.

    When the job has another source of that title, the source's number tells the two apart.
    """
    title = _flat(output.source.title) or f"video--{output.source_id}"
    others = Asset.objects.filter(jobs=output.job_id).exclude(pk=output.source_id)
    if title in {_flat(other) for other in others.values_list("title", flat=True)}:
        title = f"{title}--{output.source_id}"  # two hyphens: no flattened title has them
    return f"{title}_{_flat(output.brand.slug)}_{output.variant}.mp4"


def _flat(title: str) -> str:
    return slugify(title)[:60].strip("-_")


def save(output: Output, folder: Path) -> Path:
    """Copy an output's file into `folder`, complete or not at all. A file of the same name is replaced."""
    target = folder / file_name(output)
    part = target.with_name(f".{output.uuid}.part")
    try:
        with default_storage.open(str(output.file)) as source, part.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target
