"""What ffmpeg would be told: the same compilation as a render, printed instead of run. Nothing is made but the plates,
which are drawn and kept as for a render."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from brands import plates
from brands.models import Brand
from jobs.media.probe import read as read_probe
from jobs.models import Asset, Output
from jobs.pipelines import brand as pipeline
from jobs.pipelines.brand import Cell, Overlay
from jobs.services import cells, files
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
        asset = Asset(facts=probe.to_dict())
        for variant in variants:
            common = cells.shape(asset, variant, options)
            for batch in cells.batches(brands, common):
                yield Batch(
                    variant, tuple(brand.slug for brand in batch), _command(source, common, batch, variant, work)
                )


def of_output(output: Output) -> str:
    """The command for one output alone. Its source need not be here: the file is named as it lies in storage."""
    with files.workspace("dry-run") as work:
        common = cells.shape(output.source, output.variant, BrandOptions.from_json(output.job.options))
        return _command(Path("/") / str(output.source.file), common, [output.brand], output.variant, work)


def _command(source: Path, common: cells.Shape, brands: Sequence[Brand], variant: str, work: Path) -> str:
    made = tuple(Cell(f"c{number}", _overlay(brand, common, variant, work)) for number, brand in enumerate(brands))
    return shlex.join(pipeline.compile(cells.spec(source, common, made), get_tools(), work))


def _overlay(brand: Brand, common: cells.Shape, variant: str, work: Path) -> Overlay | None:
    drawn = plates.write(plates.spec(brand, common.canvas, variant), work)
    return Overlay(*drawn) if drawn else None
