"""Rows as the services leave them, made without running anything."""

import hashlib
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from brands.models import Brand
from jobs.models import Asset, AssetState, Job, JobState, Output, OutputState
from jobs.services.options import BrandOptions

PROBE = {
    "container": "mov,mp4,m4a,3gp,3g2,mj2",
    "duration_us": 3_000_000,
    "bytes": 1_500_000,
    "streams": 2,
    "video": {
        "index": 0,
        "codec": "h264",
        "profile": "High",
        "width": 1080,
        "height": 1920,
        "sar": "1",
        "rotation": 0,
        "rate": "30",
        "base_rate": "30",
        "pix_fmt": "yuv420p",
        "primaries": "bt709",
        "transfer": "bt709",
        "matrix": "bt709",
        "full_range": False,
        "interlaced": False,
        "frames": 90,
        "start_us": 0,
        "duration_us": 3_000_000,
    },
    "audio": {"index": 1, "codec": "aac", "profile": "LC", "sample_rate": 48000, "channels": 2},
}


def asset(title: str = "Harbour at dawn", content: bytes = b"0123456789", **fields: Any) -> Asset:
    """A ready asset with a stored file (not a real video) and the facts of a plausible one."""
    digest = hashlib.sha256(title.encode() + content).hexdigest()
    ready = {
        "state": AssetState.READY,
        "sha256": digest,
        "bytes": len(content),
        "facts": PROBE,
        "duration_us": 3_000_000,
        "width": 1080,
        "height": 1920,
        "file": default_storage.save(f"sources/{digest}.mp4", ContentFile(content)),
        "poster": default_storage.save(f"sources/{digest}.jpg", ContentFile(b"jpeg")),
    }
    made: Asset = Asset.objects.create(title=title, **{**ready, **fields})
    return made


def brand(name: str = "Northshore", **fields: Any) -> Brand:
    made: Brand = Brand.objects.create(name=name, slug=name.lower(), **fields)
    return made


def job(*states: str, source: Asset | None = None, state: str = JobState.RUNNING, **fields: Any) -> Job:
    """A job with one cell per given state, each for a brand of its own."""
    source = source or asset()
    made: Job = Job.objects.create(state=state, variants=["vertical"], options=BrandOptions().to_json(), **fields)
    made.sources.add(source)
    for number, cell_state in enumerate(states):
        owner, _new = Brand.objects.get_or_create(slug=f"brand-{number}", defaults={"name": f"Brand {number}"})
        made.brands.add(owner)
        Output.objects.create(job=made, source=source, brand=owner, variant="vertical", state=cell_state)
    return made


def done(output: Output, content: bytes = b"a finished file", key: str = "") -> Output:
    """Give an output its file."""
    output.key = key or hashlib.sha256(str(output.pk).encode()).hexdigest()
    output.sha256 = hashlib.sha256(content).hexdigest()
    for field, suffix in (("file", "mp4"), ("poster", "jpg")):
        name = f"outputs/{output.key[:2]}/{output.key}.{suffix}"
        if not default_storage.exists(name):
            default_storage.save(name, ContentFile(content))
        setattr(output, field, name)
    output.state, output.bytes, output.seconds = OutputState.DONE, len(content), 1.5
    output.width, output.height, output.rate, output.frames = 1080, 1920, "30", 90
    output.save()
    return output
