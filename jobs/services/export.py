"""Finished outputs as files with names for people, in a folder of the operator's."""

import shutil
from pathlib import Path

from django.core.files.storage import default_storage
from django.utils.text import slugify

from jobs.models import Output


def file_name(output: Output) -> str:
    """`harbour-at-dawn_northshore_vertical.mp4`: letters, digits, - and _ only, whatever the title was."""
    title = slugify(output.source.title)[:60].strip("-_") or f"video-{output.source_id}"
    return f"{title}_{output.brand.slug}_{output.variant}.mp4"


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
