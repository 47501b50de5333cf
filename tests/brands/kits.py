"""Brand kits for imports, written where a test wants them. Pictures differ by their colour."""

import json
import zipfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from jobs.media import picture_child
from tests.brands.pictures import encoded, logo
from wtfsite.lib.process import Finished

Files = dict[str, Any]
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
CAPTION = f"NORTHSHORE — @northshore 🌊 🇳🇴 {SCOTLAND} 👩‍🚒"
BRAND_LIST = f"""
brands:
  NorthshoreNews:
    display_name: "Northshore News"
    slug: "northshore"
    logo: "northshore-logo.png"
    watermark_key: "northshore"
    default_caption_postfix: "{CAPTION}"
    default_hashtags: ["#Northshore", "#News"]
    posting_cadence_hours: 4
    languages: ["en", "gd"]
    watermark_opacity: 0.55
    watermark_position: "top-center"
"""


def put(folder: Path, files: Files) -> Path:
    """Texts as they are, dictionaries as JSON, colours as a picture."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_bytes(content))
    return folder


def _bytes(content: object) -> bytes:
    if isinstance(content, tuple):
        return encoded(logo(40, 20, content))
    if isinstance(content, dict):
        return json.dumps(content).encode()
    return content if isinstance(content, bytes) else str(content).encode()


def northshore(folder: Path, **more: Any) -> Path:
    """A brand list with its pictures."""
    pictures: Files = {"logos/northshore-logo.png": (200, 0, 0), "watermarks/Northshore_watermark.png": (0, 200, 0)}
    return put(folder, {"brands.yml": BRAND_LIST, **pictures, **more})


def at_once(command, **options):
    """Runs the child that decodes pictures right here: starting it takes longer than most tests."""
    with redirect_stdout(StringIO()) as said:
        code = picture_child.main(command[3:])
    return Finished(code, said.getvalue().encode(), "", 0.0, 0, 0.0)


def packed(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return target
