"""How long a preview takes: asked over the site's own address, of videos at 1080, while a layout changes.

the bench's clip -> one video -> previews of many moments (cold), of many layouts at one moment (warm) -> judged
"""

import json
import os
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.brand import say
from bench.judge import Row

MOMENTS, LAYOUTS = 10, 20
P50 = 1.0  # seconds


def previews(source: Path) -> list[Row]:
    """Each is another picture. Warm is what an editor asks for at each change: the video was decoded before."""
    from django.test import Client

    from brands.models import Brand
    from jobs.services import assets
    from wtfsite.models import User

    asset, brand, client = (
        assets.from_path(source)[0],
        Brand.objects.get(slug="brand-0"),
        Client(SERVER_NAME="localhost"),
    )
    client.force_login(User.objects.create_superuser("bench"))
    usual = {"asset": str(asset.uuid), "brand": brand.pk, "variant": "vertical"}
    say("Previewing ...")
    step = asset.duration_us // 1000 // MOMENTS
    cold = [ask(client, {**usual, "at_ms": number * step}) for number in range(MOMENTS)]
    before = cpu()
    warm = [ask(client, {**usual, "at_ms": 0, "layout": layout(brand, number)}) for number in range(LAYOUTS)]
    spent = (cpu() - before) / LAYOUTS
    return [
        Row("preview of another moment: p50", median(cold), unit="s"),
        Row("preview of another layout, warm: p50", median(warm), at_most=P50, unit="s"),
        Row("preview of another layout, warm: slowest", max(warm), unit="s"),
        Row("preview of another layout, warm: CPU", spent, unit="s"),
    ]


def cpu() -> float:
    """Seconds of this process and of all that it has started and seen end."""
    return sum(os.times()[:4])


def ask(client: Any, data: dict[str, Any]) -> float:
    """Seconds from the question to the whole picture."""
    before = time.perf_counter()
    response = client.post("/jobs/preview", json.dumps(data), content_type="application/json")
    assert response.status_code == 200, response.content
    return time.perf_counter() - before


def layout(brand: Any, number: int) -> dict[str, Any]:
    """The brand's own, with its headline dragged to another place."""
    from brands import layoutjson

    document = layoutjson.read(brand)
    moved = next(layer for layer in document["layers"] if layer["name"] == "headline")
    moved["place"]["y"] = 30 + number
    return document
