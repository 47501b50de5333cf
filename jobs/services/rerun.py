"""A file made again from nothing but its recipe: pictures, clips and fonts by their hashes, the video by its own.

What the recipe says is read as from a stranger: every value has its type, and names are hashes.
"""

import re
import shutil
from dataclasses import MISSING, dataclass, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from django.utils.translation import gettext as _

from brands.artwork import ImageLayer, PlateSpec, TextLayer
from brands.design import Design, Film, MarkPart, Part, PlatePart, Span
from brands.layouts import Box, Canvas
from jobs.media import framemd5
from jobs.media.encode import Profile
from jobs.media.errors import MediaError
from jobs.media.probe import Probe
from jobs.media.reframe import Frame
from jobs.models import Asset, Output
from jobs.pipelines import brand as pipeline
from jobs.pipelines.brand import BrandSpec, Broken
from jobs.services import dressing, files, recipes
from jobs.services.toolbox import get_tools
from jobs.sources.upload import sha256

Value = TypeVar("Value")
HASH = re.compile(r"[0-9a-f]{64}")
UNSHAPING = ("studio",)  # of the versions: those that shape no bytes by themselves
TYPES: dict[type, tuple[type, ...]] = {float: (int, float), int: (int,), str: (str,), bool: (bool,)}


class Impossible(Exception):
    """It cannot be made again; the message says what is missing."""


@dataclass(frozen=True)
class Order:
    """What a recipe tells to be made, and what came of it then."""

    key: str
    source: str
    sha256: str
    versions: dict[str, str]
    design: Design
    spec: BrandSpec


@dataclass(frozen=True)
class Made:
    """`same_frames` is None where nothing is left to compare with. `changed` names what is of another version now than
    it was: with any of them other bytes are no surprise.
    """

    path: Path
    sha256: str
    same_bytes: bool
    same_frames: bool | None
    changed: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Although everything that shapes it is as it was."""
        return not self.same_bytes and not self.changed


def run(data: dict[str, Any], folder: Path, source: Path | None = None) -> Made:
    """Make the file into `folder`. `source` is a copy of the video, where the studio has none any more.

    Raises Impossible.
    """
    order = read(data)
    try:
        with files.workspace("rerun") as work:
            return _made(order, _source(order, source, work), folder, work)
    except MediaError as error:
        raise Impossible(" ".join(part for part in (_(error.sentence), error.detail) if part)) from error


def _source(order: Order, given: Path | None, work: Path) -> Path:
    if given is not None:
        if not given.is_file() or sha256(given) != order.source:
            raise Impossible(_("%(path)s is not the video of the recipe: its SHA-256 is another.") % {"path": given})
        return given
    asset = Asset.objects.ready().filter(sha256=order.source).first()
    if asset is None:
        words = {"sha256": order.source}
        raise Impossible(_("The video with SHA-256 %(sha256)s is not here. Name a copy of it: --source PATH") % words)
    return files.local_copy(asset, work)


def _made(order: Order, source: Path, folder: Path, work: Path) -> Made:
    spec = order.spec
    cell = dressing.cell("c0", order.design, spec.probe.duration_us, work)
    [result] = pipeline.run(replace(spec, source=source, cells=(cell,)), get_tools(), work)
    if isinstance(result, Broken):
        raise result.error
    digest, now = sha256(result.path), recipes.versions()
    same = digest == order.sha256
    return Made(
        path=_save(result.path, folder, f"{order.key[:16]}.mp4"),
        sha256=digest,
        same_bytes=same,
        same_frames=True if same else _same_frames(order, result.path, work),
        changed=tuple(name for name in now if name not in UNSHAPING and order.versions.get(name) != now[name]),
    )


def _same_frames(order: Order, path: Path, work: Path) -> bool | None:
    held = Output.objects.filter(key=order.key, sha256=order.sha256).exclude(file="").first()
    if held is None:
        return None
    tools, original = get_tools(), files.local(str(held.file), held.sha256, work)
    return framemd5.hashes(original, tools, work) == framemd5.hashes(path, tools, work)


def _save(path: Path, folder: Path, name: str) -> Path:
    """Into the folder, complete or not at all."""
    target, part = folder / name, folder / f".{name}.part"
    try:
        shutil.copyfile(path, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


# --- Reading


def read(data: Any) -> Order:
    """Raises Impossible when it is not a recipe of ours."""
    try:
        if data["version"] != recipes.VERSION:
            raise Impossible(_("It is of version %(version)s, which is not known here.") % {"version": data["version"]})
        return _order(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        words = {"error": f"{type(error).__name__}: {error}"}
        raise Impossible(_("It is not a recipe: %(error)s") % words) from error


def _order(data: dict[str, Any]) -> Order:
    canvas = _flat(Canvas, data["canvas"])
    spec = BrandSpec(
        source=Path(),
        probe=Probe.from_dict(data["source"]["facts"]),
        width=canvas.width,
        height=canvas.height,
        rate=Fraction(data["rate"]),
        frame=_frame(data["frame"]),
        profile=_flat(Profile, data["profile"]),
        cells=(),
    )
    return Order(
        key=_hash(data["key"]),
        source=_hash(data["source"]["sha256"]),
        sha256=_hash(data["output"]["sha256"]),
        versions=dict(data["versions"]),
        design=_design(canvas, data["design"]),
        spec=spec,
    )


def _design(canvas: Canvas, data: dict[str, Any]) -> Design:
    parts = tuple(_part(canvas, part) for part in data["parts"])
    return Design(canvas, parts, _film(data["intro"]), _film(data["outro"]), tuple(data["opacities"].items()))


def _part(canvas: Canvas, data: dict[str, Any]) -> Part:
    span = _flat(Span, data["span"])
    if data["kind"] == "mark":
        facts, box = Probe.from_dict(data["facts"]), _flat(Box, data["box"])
        return MarkPart(_hash(data["sha256"]), facts, box, _number(data["opacity"]), span)
    return PlatePart(PlateSpec(canvas, tuple(_layer(layer) for layer in data["layers"])), span)


def _layer(data: dict[str, Any]) -> ImageLayer | TextLayer:
    if data["kind"] == "image":
        _hash(data["sha256"])
        return _flat(ImageLayer, data)
    if data["font"]:
        _hash(data["font"])
    return _flat(TextLayer, data)


def _film(data: dict[str, Any] | None) -> Film | None:
    return Film(_hash(data["sha256"]), Probe.from_dict(data["facts"])) if data else None


def _frame(data: dict[str, Any]) -> Frame:
    crop, pan = (tuple(map(_number, data[name])) for name in ("crop", "pan"))
    if len(crop) != 4 or len(pan) != 2:
        raise ValueError("frame")
    return _flat(Frame, data, crop=crop, pan=pan)


def _flat(kind: type[Value], data: dict[str, Any], **given: Any) -> Value:
    """An instance of a dataclass of plain values, each of the type that the class says."""
    hints = get_type_hints(kind)
    for each in fields(kind):  # type: ignore[arg-type]  # a dataclass, by its callers
        if each.name in given or (each.name not in data and each.default is not MISSING):
            continue
        given[each.name] = data[each.name]
        if type(given[each.name]) not in TYPES[hints[each.name]]:
            raise ValueError(f"{each.name}: {data[each.name]!r}")
    return kind(**given)


def _number(value: Any) -> float:
    if type(value) not in TYPES[float]:
        raise ValueError(repr(value))
    return float(value)


def _hash(value: Any) -> str:
    """Names of files are made of it."""
    if not isinstance(value, str) or not HASH.fullmatch(value):
        raise ValueError(f"not a SHA-256: {value!r}")
    return value
