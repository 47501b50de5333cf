"""./run bench studio: what the plates of a network cost, drawn and taken from the store, and how long previews take.

    25 brands with artwork and layers in a database of their own -> every brand on every variant, twice -> judged

Ends with 1 when a bar is missed. docs/benchmarks.md says how to read it.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import clip
from bench.brand import FOLDER, load, processor, say
from bench.judge import Row, as_json, missed, text
from bench.lists import start
from bench.previews import previews

BRANDS = 25
VARIANTS = ("vertical", "portrait", "square", "landscape")
SIZE = 1080
COLD, WARM = 30.0, 1.0  # CPU seconds


def main(arguments: list[str] | None = None) -> int:
    options = read(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        start(Path(folder), "")
        rows = plates(options.brands, Path(folder))
        if not options.plates_only:
            rows += previews(clip.make(shutil.which("ffmpeg") or "ffmpeg", FOLDER))
    about = {"machine": f"{processor()}, {os.cpu_count()} cores", "load after": load()}
    print(as_json(about, rows) if options.json else text(about, rows))
    return 1 if missed(rows) else 0


def read(arguments: list[str] | None) -> Any:
    parser = argparse.ArgumentParser(prog="./run bench studio", description="Measure the plates of a network.")
    parser.add_argument("--brands", type=int, default=BRANDS)
    parser.add_argument("--plates-only", action="store_true", help="measure no previews")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(arguments)


# Plates


def plates(count: int, folder: Path) -> list[Row]:
    """Every brand on every variant, as a render asks for it: from rows to a file on disk."""
    say(f"Making {count} brands ...")
    for number in range(count):
        add_brand(number)
    say("Drawing ...")
    cold = cpu(lambda: write_all(folder))
    say("Taking them from the store ...")
    warm = cpu(lambda: write_all(folder))
    name = f"plates of {count} brands x {len(VARIANTS)} variants"
    return [
        Row(f"{name}, drawn: CPU", cold, at_most=COLD, unit="s"),
        Row(f"{name}, kept: CPU", warm, at_most=WARM, unit="s"),
    ]


def write_all(folder: Path) -> None:
    from brands import layouts
    from brands import plates as drawing
    from brands.models import Brand

    for brand in Brand.objects.prefetch_related("layers__font", "artwork"):
        for variant in VARIANTS:
            spec = drawing.spec(brand, layouts.canvas(variant, SIZE), variant)
            assert drawing.write(spec, folder) is not None


def cpu(work: Callable[[], None]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def add_brand(number: int) -> None:
    """A logo in the corner, a watermark over everything, a headline in a box, a turned badge and a handle."""
    from brands.models import Brand

    brand = Brand.objects.create(name=f"Brand {number}", slug=f"brand-{number}", handle=f"@brand{number}")
    for kind, size in (("logo", (1000, 500)), ("watermark", (1080, 1920)), ("second_logo", (800, 800))):
        add_artwork(brand, kind, size, number)
    layers: tuple[dict[str, Any], ...] = (
        {"name": "mark", "artwork_kind": "watermark", "full_frame": True, "width": 115, "opacity": 0.2},
        {"name": "logo", "artwork_kind": "logo", "x": 100, "y": 100, "width": 15},
        {
            "name": "badge",
            "artwork_kind": "second_logo",
            "x": 0,
            "y": 0,
            "width": 12,
            "shape": "circle",
            "rotation": 12,
        },
        {"name": "headline", "kind": "text", "text": f"Offer {number} – 50% 🎉 today", "x": 50, "y": 75, "width": 80},
        {"name": "handle", "kind": "text", "text": brand.handle, "x": 50, "y": 95, "width": 40, "text_size": 3},
    )
    for order, values in enumerate(layers):
        brand.layers.create(order=order, **values)


def add_artwork(brand: Any, kind: str, size: tuple[int, int], number: int) -> None:
    import hashlib
    import io

    from django.core.files.base import ContentFile
    from PIL import Image, ImageDraw

    from brands.models import Artwork

    # A flat shape with a soft shade and a ring, on nothing: pictures of marks are mostly that.
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    shape = Image.new("L", size)
    pen, (width, height) = ImageDraw.Draw(shape), size
    pen.rounded_rectangle((0, height // 3, width - 1, height * 2 // 3), 40 + number, fill=255)
    pen.ellipse((width // 4, 0, width * 3 // 4, height - 1), outline=200, width=30)
    image.putalpha(shape)
    target = io.BytesIO()
    image.save(target, "PNG", compress_level=1)
    data = target.getvalue()
    artwork = Artwork(brand=brand, kind=kind, sha256=hashlib.sha256(data).hexdigest(), width=size[0], height=size[1])
    artwork.file.save("bench.png", ContentFile(data), save=True)


if __name__ == "__main__":
    sys.exit(main())
