"""How a file was made, kept as JSON for as long as an output has it: enough to make it again (`jobs.services.rerun`).

{"version": 1, "key", "output": {sha256, bytes, …},
 "source": {uuid, title, url, author, sha256, facts, …},
 "variant", "canvas", "rate", "frame", "profile", "part", "options",
 "design": {digest, parts: [plates with their layers, marks], intro, outro, opacities},
 "files": [{sha256, what, name}],       pictures, clips and fonts of the design
 "command": […],                        what ffmpeg was told, for all outputs of its process
 "versions", "operator", "job", "made"}
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from PIL import __version__ as pillow_version

import wtfsite
from brands.artwork import ARTWORK_VERSION, ImageLayer, TextLayer, text_shaping
from brands.design import DESIGN_VERSION, Design, Film, MarkPart, Part
from brands.models import Artwork, Brand, BrandClip, Font
from jobs.models import Asset, Output, Recipe
from jobs.pipelines.brand import PIPELINE_VERSION, Rendered
from jobs.services import cells
from jobs.services.cells import Shape
from jobs.services.toolbox import get_tools

VERSION = 1


def keep_recipe(made: cells.Recipe, result: Rendered, facts: dict[str, Any]) -> None:
    """Keep how a verified file was made; in the transaction that announces it, so that no crash parts the two."""
    Recipe.objects.update_or_create(key=made.key, defaults={"data": data(made, result, facts)})


def of_output(output: Output, user: Any = None) -> dict[str, Any] | None:
    """None for files of earlier versions, and while there is no file; for a user also when the file is shared with a
    brand that is hidden from them: it may be named there.
    """
    rows = Recipe.objects.filter(key=output.key)
    row = (rows if user is None else rows.within_reach(user)).first() if output.file else None
    return row.data if row else None


def data(made: cells.Recipe, result: Rendered, facts: dict[str, Any]) -> dict[str, Any]:
    output, common = made.output, made.common
    assert common is not None, "only of what is made"
    return {
        "version": VERSION,
        "key": made.key,
        "output": {name: value for name, value in facts.items() if name != "seconds"},
        "source": _source(output.source, common),
        "brand": {"name": output.brand.name, "slug": output.brand.slug},
        "variant": output.variant,
        "part": output.part,
        "canvas": asdict(common.canvas),
        "rate": str(common.rate),
        "frame": asdict(common.frame),
        "profile": asdict(common.profile),
        "options": output.job.options,
        "design": design(made.design),
        "files": list(_files(made.design, output.brand)),
        "command": command(result),
        "versions": versions(),
        "operator": output.job.owner.get_username() if output.job.owner else "",
        "job": {"number": output.job_id, "uuid": str(output.job.uuid), "ordered": output.job.created_at.isoformat()},
        "made": {"at": timezone.now().isoformat(), "seconds": round(result.seconds, 2)},
    }


def _source(source: Asset, common: Shape) -> dict[str, Any]:
    return {
        "uuid": str(source.uuid),
        "title": source.title,
        "url": source.origin_url,
        "author": source.author,
        "platform": source.platform,
        "licence_note": source.licence_note,
        "sha256": common.sha256,
        "summary": common.probe.summary(),
        "facts": common.probe.to_dict(),
    }


def versions() -> dict[str, str]:
    """All that shapes bytes beside what was ordered. Where they are equal, the same recipe gives the same bytes."""
    return {
        "studio": wtfsite.VERSION,
        "pipeline": str(PIPELINE_VERSION),
        "drawing": f"{DESIGN_VERSION}.{ARTWORK_VERSION}",
        "ffmpeg": get_tools().build,
        "pillow": pillow_version,
        "text": text_shaping(),
    }


def command(result: Rendered) -> list[str]:
    """Without the folders of the host that ran it: what is left are names of ours."""
    cut = (f"{result.path.parent.absolute()}/", f"{Path(settings.TEMP_DIR).absolute() / 'cache'}/")
    words = list(result.command)
    for folder in cut:
        words = [word.replace(folder, "") for word in words]
    return words


def design(shown: Design) -> dict[str, Any]:
    """All values, as `jobs.services.rerun` reads them."""
    return {
        "digest": shown.digest(),
        "parts": [_part(part) for part in shown.parts],
        "intro": _film(shown.intro),
        "outro": _film(shown.outro),
        "opacities": dict(shown.opacities),
    }


def _part(part: Part) -> dict[str, Any]:
    span = asdict(part.span)
    if isinstance(part, MarkPart):
        mark = {"sha256": part.sha256, "facts": part.probe.to_dict(), "box": asdict(part.box), "opacity": part.opacity}
        return {"kind": "mark", **mark, "span": span}
    layers = [_layer(layer) for layer in part.plate.layers]
    return {"kind": "plate", "digest": part.plate.digest(), "layers": layers, "span": span}


def _layer(layer: ImageLayer | TextLayer) -> dict[str, Any]:
    return {"kind": "image" if isinstance(layer, ImageLayer) else "text", **asdict(layer)}


def _film(film: Film | None) -> dict[str, Any] | None:
    return {"sha256": film.sha256, "facts": film.probe.to_dict()} if film else None


def _files(shown: Design, brand: Brand) -> Iterator[dict[str, str]]:
    """The pictures, clips and fonts by their hash, with the names that they had with this brand or the house: other
    brands' rows may hold the same bytes.
    """
    layers = [layer for part in shown.parts if not isinstance(part, MarkPart) for layer in part.plate.layers]
    pictures = {layer.sha256 for layer in layers if isinstance(layer, ImageLayer)}
    fonts = {layer.font for layer in layers if isinstance(layer, TextLayer) and layer.font}
    clips = {part.sha256 for part in shown.parts if isinstance(part, MarkPart)}
    clips |= {film.sha256 for film in (shown.intro, shown.outro) if film}
    for what, model, hashes in (("picture", Artwork, pictures), ("font", Font, fonts), ("clip", BrandClip, clips)):
        rows = model.objects.filter(Q(brand=brand) | Q(brand=None), sha256__in=hashes).select_related("brand")
        names = {row.sha256: str(row) for row in rows}
        for sha256 in sorted(hashes):
            yield {"sha256": sha256, "what": what, "name": names.get(sha256, "")}
