"""What a render makes of one moment of a video, without rendering it: its own graph, on one frame.

    video --decode, normalise--> canvas --overlays of the brand--> frame --scaled down--> picture

The canvas is kept for a while, so that only the overlays are made anew while somebody drags a logo; and so is the
picture. The work is done in the web process that was asked: a few at a time, each within seconds.
"""

import hashlib
import io
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from PIL import Image

from brands import plates
from brands.design import Design
from brands.models import Brand, Layer
from jobs.media import errors
from jobs.media.tools import Tools
from jobs.models import Asset
from jobs.pipelines import command
from jobs.pipelines.brand import PIPELINE_VERSION, BrandSpec, Cell
from jobs.services import brightness, cells, dressing, files, toolbox
from jobs.services.cells import Shape
from jobs.services.options import BrandOptions
from jobs.services.toolbox import get_tools
from wtfsite.lib import process
from wtfsite.lib.shelf import Shelf

VERSION = 1  # to be raised when the same pictures look different, or are kept in another way
EDGE = 540  # pixels
AT_ONCE = 2  # in one web process
SECONDS = 20.0
PATIENCE = 1.0  # seconds
MOST_BYTES = 128_000_000  # of pictures and canvases that are kept
LIMITS = process.Limits(cpu_seconds=20, file_size=64_000_000)
QUALITY = 90
USUAL = BrandOptions()

places = threading.BoundedSemaphore(AT_ONCE)  # a limit, no state: each process has its own


class Busy(Exception):
    """All places are taken."""


@dataclass(frozen=True)
class Wanted:
    """`at_us` counts on the video, without intro and outro. No brand: the video alone.

    `layers` are taken in place of the brand's own (unsaved ones of an editor). The longer edge of the picture has at
    most `edge` pixels.
    """

    asset: Asset
    brand: Brand | None
    variant: str
    at_us: int
    edge: int = EDGE
    options: BrandOptions = USUAL
    layers: Sequence[Layer] | None = None


class Deadline:
    """Runs the tools of one preview, all of them together for so many seconds at most."""

    def __init__(self, tools: Tools, seconds: float = SECONDS) -> None:
        self.tools = tools
        self.end = tools.clock.monotonic() + seconds

    def run(self, *commands: Sequence[str], timeout: float = SECONDS, **options: Any) -> process.Finished:
        return self.tools.run(*commands, timeout=min(timeout, self.left()), **options)

    def left(self) -> float:
        """Seconds; at least next to nothing."""
        return max(0.01, self.end - self.tools.clock.monotonic())


@dataclass(frozen=True)
class Preview:
    """One picture: `key` names all that shapes it, `draw` makes it."""

    wanted: Wanted
    common: Shape
    design: Design
    tools: Tools
    deadline: Deadline

    @property
    def key(self) -> str:
        return _digest(VERSION, self.frame, cells.key(self.common, self.design, 0, self.tools), self.wanted.edge)

    @property
    def type(self) -> str:
        return "image/png" if self.whole else "image/jpeg"

    @property
    def whole(self) -> bool:
        """Not scaled, and then exact to the last bit."""
        return self.wanted.edge >= max(self.common.canvas.width, self.common.canvas.height)

    @property
    def frame(self) -> int:
        """The number of the frame on the video."""
        return command.frame_number(self._spec(Path("/"), Cell("c0")), self.wanted.at_us)

    def draw(self) -> bytes:
        """The picture, kept from earlier or made. Raises Busy, or MediaError about the video, its artwork or the time
        that it took.
        """
        name = f"{self.key}.{self.type.rpartition('/')[2]}"
        if kept := shelf().read(name):
            return kept
        with place(self.deadline), files.workspace("preview") as work:
            data = self._finished(self._dressed(work))
            shelf().put(name, data)
        return data

    def _spec(self, source: Path, cell: Cell) -> BrandSpec:
        return cells.spec(source, self.common, (cell,))

    def _dressed(self, work: Path) -> Path:
        """The frame in its own size, a PNG in the folder."""
        cell = dressing.cell("c0", self.design, self.common.probe.duration_us, work)
        planes = self._canvas(work)
        words = command.dressed(self._spec(planes, cell), self.tools, self.wanted.at_us, planes)
        return self._made(words, [planes, *cell.files], work, command.FRAME_FILE)

    def _canvas(self, work: Path) -> Path:
        """The planes of the frame under the overlays: a file of our own, which nobody takes away meanwhile."""
        planes = work / command.CANVAS_FILE
        name = f"{self._canvas_key()}.yuv"
        if not shelf().link(name, planes):
            source = files.local_copy(self.wanted.asset, work)
            words = command.canvas(self._spec(source, Cell("c0")), self.tools, self.wanted.at_us)
            self._made(words, [source], work, command.CANVAS_FILE)
            shelf().take(planes, name)
        return planes

    def _canvas_key(self) -> str:
        common = self.common
        size = [common.canvas.width, common.canvas.height]
        facts = [common.sha256, size, str(common.rate), common.placed.facts(), self.tools.build, PIPELINE_VERSION]
        return _digest(VERSION, self.frame, facts)

    def _made(self, words: Sequence[str], reads: Iterable[Path], work: Path, name: str) -> Path:
        try:
            self.deadline.run(words, work=work, reads=list(dict.fromkeys(reads)), limits=LIMITS)
        except process.ProcessError as error:
            raise errors.translate(error) from error
        made = work / name
        if not made.is_file() or not made.stat().st_size:
            raise errors.fail("corrupt_media", "there is no picture at this time")
        return made

    def _finished(self, frame: Path) -> bytes:
        if self.whole:
            return frame.read_bytes()
        target = io.BytesIO()
        with Image.open(frame, formats=("PNG",)) as picture:
            picture.thumbnail((self.wanted.edge, self.wanted.edge), Image.Resampling.LANCZOS, reducing_gap=3.0)
            picture.save(target, "JPEG", quality=QUALITY, subsampling=0)
        return target.getvalue()


def plan(wanted: Wanted, seconds: float = SECONDS) -> Preview:
    """The preview of a video whose file is there. What its layers need to know of the video is measured first, if that
    was never done. Raises MediaError about the brand's artwork or the video, and Busy.
    """
    tools = get_tools()
    deadline = Deadline(tools, seconds)
    common = cells.shape(wanted.asset, wanted.variant, wanted.options)
    if wanted.brand is None:
        return Preview(wanted, common, Design(common.canvas), tools, deadline)
    if _adaptive(wanted.brand, wanted) and not brightness.kept(wanted.asset, common):
        _measure(wanted.asset, common, deadline)
    video = cells.video(wanted.asset, common)
    shown = plates.design(wanted.brand, common.canvas, wanted.variant, video, wanted.layers)
    return Preview(wanted, common, replace(shown, intro=None, outro=None), tools, deadline)


def _adaptive(brand: Brand, wanted: Wanted) -> bool:
    layers = brand.layers.all() if wanted.layers is None else wanted.layers
    return any(layer.adaptive for layer in plates.visible_layers(layers, wanted.variant))


def _measure(asset: Asset, common: Shape, deadline: Deadline) -> None:
    with place(deadline), files.workspace("preview") as work, toolbox.running_with(deadline.run):
        brightness.learn(asset, common, work)


@contextmanager
def place(deadline: Deadline) -> Iterator[None]:
    """One of the few places to work at; raises Busy when none becomes free for a moment."""
    if not places.acquire(timeout=min(PATIENCE, deadline.left())):
        raise Busy
    try:
        yield
    finally:
        places.release()


def shelf() -> Shelf:
    return Shelf(settings.TEMP_DIR / "cache" / "previews", MOST_BYTES)


def _digest(*facts: object) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
