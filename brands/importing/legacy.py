"""Where things stand when a list only says `watermark_position: top-center`: rows of layers with the usual values.

The logo takes 15 % of the width, bottom right; the watermark covers the frame at 40 %, 15 % larger than it. Positions
are centres in percent. What a list does not say stays as it is on a brand that has such a layer.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from brands.importing.readers.base import POSITIONS
from brands.importing.state import key, layer, parted
from brands.models import Layer, Variant

SIBLING = {"vertical": "portrait", "portrait": "vertical"}
COVERING, STANDING = 115.0, 25.0  # percent of the width: a mark over the frame, and one at a place
STANDARD: dict[str, dict[str, Any]] = {
    "watermark": {"order": 0, "x": 50.0, "y": 50.0, "width": COVERING, "full_frame": True, "opacity": 0.4},
    "template": {"order": 1, "x": 50.0, "y": 50.0, "width": 100.0, "full_frame": True},
    "logo": {"order": 2, "x": 100.0, "y": 100.0, "width": 15.0},
}
Layers = dict[str, dict[str, Any]]


def layers(has: Layers, mark: Mapping[str, Any], brought: Mapping[str, set[str]], made: Layers) -> Layers:
    """The brand's layers afterwards.

    `has` are those now, `brought` the kinds of pictures with the variants that they then cover ("" is all), and `made`
    what the last import left.
    """
    found = {name: dict(values) for name, values in has.items()}
    for kind in STANDARD:
        said = _said(mark) if kind == "watermark" else {}
        if (kind in brought or said) and (rows := _showing(found, kind)):
            _adjust(found, rows, said)
            _uncover(found, rows, brought.get(kind, {""}), made)
        elif kind in brought:
            found |= _new(kind, said, brought[kind], set(found))
    return found


def _said(mark: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "position" in mark:
        point = mark["position"] if isinstance(mark["position"], list) else POSITIONS[mark["position"]]
        found = {"full_frame": point is None, "x": point[0] if point else 50.0, "y": point[1] if point else 50.0}
    if "scale" in mark:
        found["width"] = round(mark["scale"] * 100, 4)
    if "opacity" in mark:
        found["opacity"] = mark["opacity"]
    return found


def _showing(found: Layers, kind: str) -> list[str]:
    """The rows of the layer that shows this kind, the row for all variants first."""
    shown = [
        parted(row)[0] for row, values in found.items() if values["kind"] == "image" and values["artwork_kind"] == kind
    ]
    return sorted((row for row in found if shown and parted(row)[0] == shown[0]), key=lambda row: parted(row)[1])


def _adjust(found: Layers, rows: list[str], said: dict[str, Any]) -> None:
    """What a list says is for the row of all variants; rows of single ones were placed by hand."""
    row = found[rows[0]]
    if said.get("full_frame", row["full_frame"]) != row["full_frame"] and "width" not in said:
        said = {**said, "width": COVERING if said["full_frame"] else STANDING}
    found[rows[0]] = {**row, **said}


def _uncover(found: Layers, rows: list[str], covered: set[str], made: Layers) -> None:
    """Rows that an import hid because there was no picture go when there is one."""
    for row in rows:
        variant = parted(row)[1]
        hidden = variant and not found[row]["visible"] and found[row] == made.get(row)
        if hidden and is_covered(variant, covered):
            del found[row]


def _new(kind: str, said: dict[str, Any], covered: set[str], names: set[str]) -> Layers:
    values = {**layer(Layer(kind="image", artwork_kind=kind)), **STANDARD[kind], **said}
    if said.get("full_frame") is False and "width" not in said:
        values["width"] = STANDING
    name = kind if kind not in map(_name, names) else f"{kind}-2"
    return {key(name, variant): row for variant, row in _rows(values, covered)}


def _rows(values: dict[str, Any], covered: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """One for all variants, and a hidden one for each that has no picture: it could not be rendered otherwise."""
    yield "", values
    for variant in Variant.values:
        if not is_covered(variant, covered):
            yield variant, {**values, "visible": False}


def is_covered(variant: str, covered: set[str]) -> bool:
    return bool(covered & {"", variant, SIBLING.get(variant, variant)})


def _name(row: str) -> str:
    return parted(row)[0]
