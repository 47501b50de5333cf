"""What changes, as people read it."""

from typing import Any

from django.utils.translation import gettext as _

from brands.importing.state import parted
from brands.models import Brand, Layer, PublishingProfile, SafeZone
from wtfsite.lib import names

LONGEST = 120  # characters of a value


def label(path: tuple[str, ...]) -> str:
    """("layers", "logo/square", "x") -> layer logo (square): centre x %"""
    if len(path) == 1:
        return _field(Brand, path[0])
    if path[0] == "profile":
        return _field(PublishingProfile, path[1])
    name, variant = parted(path[1])
    shown = f"{name.replace('_', ' ')} ({variant})" if variant else name.replace("_", " ")
    what = {"artwork": _("picture"), "clips": _("clip"), "fonts": _("font"), "layers": _("layer")}[path[0]]
    return f"{what} {shown}" + (f": {_layer_field(path[2])}" if len(path) > 2 else "")


def zone_label(platform: str, variant: str, field: str) -> str:
    return _("safe zone %(platform)s (%(variant)s): %(field)s") % {
        "platform": platform,
        "variant": variant,
        "field": _field(SafeZone, field),
    }


def value(found: Any) -> str:
    """Lists as words, yes and no, numbers as short as they are; – for nothing."""
    if isinstance(found, dict):
        return _file(found) if "sha256" in found else _row(found)
    if isinstance(found, bool):
        return _("yes") if found else _("no")
    if isinstance(found, float | int):
        return f"{found:.4f}".rstrip("0").rstrip(".")
    if isinstance(found, list):
        return ", ".join(map(str, found)) or "–"
    text = str(found or "").replace("\n", " ⏎ ")
    return (text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…") or "–"


def _file(facts: dict[str, Any]) -> str:
    name = names.line(facts.get("name", "")) or facts["sha256"][:8]
    size = f" ({facts['width']} × {facts['height']})" if facts.get("width") else ""
    return name + size


def _row(values: dict[str, Any]) -> str:
    if not values["visible"]:
        return _("hidden")
    if values["kind"] in ("text", "credit"):
        return value(values["text"])
    where = _("full frame") if values["full_frame"] else f"{value(values['x'])} / {value(values['y'])}"
    about = {"where": where, "width": value(values["width"]), "opacity": value(values["opacity"])}
    return _("%(where)s, width %(width)s %%, opacity %(opacity)s") % about


def _field(model: type[Any], name: str) -> str:
    return str(model._meta.get_field(name).verbose_name)


def _layer_field(name: str) -> str:
    return _field(Layer, name)
