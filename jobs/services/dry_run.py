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
from jobs.services import cells, dressing, files
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
            for batch in cells.batches(brands, common):
                yield Batch(
                    variant, tuple(brand.slug for brand in batch), _command(source, about, common, batch, variant, work)
                )


def of_output(output: Output) -> str:
    """The command for one output alone. Its source need not be here: the file is named as it lies in storage."""
    with files.workspace("dry-run") as work:
        common = cells.shape(output.source, output.variant, BrandOptions.from_json(output.job.options))
        about, source = cells.video(output.source, common), Path("/") / str(output.source.file)
        return _command(source, about, common, [output.brand], output.variant, work)


def _command(source: Path, about: Video, common: cells.Shape, brands: Sequence[Brand], variant: str, work: Path) -> str:
    made = []
    for number, brand in enumerate(brands):
        design = plates.design(brand, common.canvas, variant, about)
        made.append(dressing.cell(f"c{number}", design, common.probe.duration_us, work))
    return shlex.join(pipeline.compile(cells.spec(source, common, tuple(made)), get_tools(), work))
