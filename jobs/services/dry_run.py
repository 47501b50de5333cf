"""What ffmpeg would be told: the same compilation as a render, printed instead of run. Nothing is made but the plates,
which are drawn and kept as for a render."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from brands import plates
from brands.models import Brand
from brands.plates import Video
from jobs.media.probe import read as read_probe
from jobs.models import Asset, Output
from jobs.pipelines import brand as pipeline
from jobs.pipelines.brand import Cell
from jobs.services import cells, dressing, files
from jobs.services.cells import Shape
from jobs.services.options import BrandOptions
from jobs.services.toolbox import gate, get_tools


@dataclass(frozen=True)
class Batch:
    """One ffmpeg process: its brands (short names), and its command as a shell would take it."""

    variant: str
    brands: tuple[str, ...]
    command: str


def of_file(source: Path, brands: Sequence[Brand], variants: Iterable[str], options: BrandOptions) -> Iterable[Batch]:
    """The processes that would brand a file of this machine. Raises MediaError about the file or a brand's artwork."""
    with files.workspace("dry-run") as work:
        probe = read_probe(source, get_tools(), gate(), work)
        asset = Asset(facts=probe.to_dict(), title=source.stem)
        for variant in variants:
            common = cells.shape(asset, variant, options)
            about = cells.video(asset, common)
            made = _cells(brands, about, common, variant, work)
            slugs = {cell.name: brand.slug for cell, brand in zip(made, brands, strict=True)}
            for batch in cells.batches(made, common, [dressing.weight(cell, common) for cell in made]):
                yield Batch(variant, tuple(slugs[cell.name] for cell in batch), _command(source, common, batch, work))


def of_output(output: Output) -> str:
    """The command for one output alone. Its source need not be here: the file is named as it lies in storage."""
    with files.workspace("dry-run") as work:
        common = cells.shape(output.source, output.variant, BrandOptions.from_json(output.job.options))
        about, source = cells.video(output.source, common), Path("/") / str(output.source.file)
        made = _cells([output.brand], about, common, output.variant, work)
        return _command(source, common, made, work)


def _cells(brands: Sequence[Brand], about: Video, common: Shape, variant: str, work: Path) -> list[Cell]:
    designs = [plates.design(brand, common.canvas, variant, about) for brand in brands]
    length = common.probe.duration_us
    return [dressing.cell(f"c{number}", design, length, work) for number, design in enumerate(designs)]


def _command(source: Path, common: Shape, made: Sequence[Cell], work: Path) -> str:
    return shlex.join(pipeline.compile(cells.spec(source, common, tuple(made)), get_tools(), work))
