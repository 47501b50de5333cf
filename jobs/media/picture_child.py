"""Turns a stranger's picture into a PNG of our own making. Started by `picture.py`, in the sandbox, and nowhere else.

    main([SPEC]), in a Python of its own

SPEC is a JSON object: `source`, `target` (paths), `limits` (bytes, side, pixels) and `longest` (pixels on the longer
side of what is written, 0 for as many as there are). The answer is one line of JSON on
stdout: `format`, `width` and `height` of what was written, or `code` and `detail` of a refusal. A file that cannot be
written is no refusal: it ends this with a traceback.

Only Pillow and the standard library are imported. What stands here is what a picture's bytes can reach.
"""

import io
import json
import struct
import sys
import warnings
import zlib
from pathlib import Path
from typing import NamedTuple

from PIL import (
    GifImagePlugin,
    Image,
    ImageFile,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

# Imported by name: to find one that is not there yet, Pillow would load the readers of forty other formats.
READERS = (PngImagePlugin, JpegImagePlugin, WebPImagePlugin, GifImagePlugin)
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8")  # of three of them
SNIFFED = 4096  # bytes in which a drawing says that it is one
QUICK = 1  # of 9: larger levels of compression cost a large picture seconds and save little
# What damaged files make Pillow raise, beside its own errors.
DAMAGE = (OSError, ValueError, SyntaxError, EOFError, LookupError, ArithmeticError, TypeError, struct.error, zlib.error)


class Limits(NamedTuple):
    """What is taken in: bytes of the file, pixels on the longer side, pixels in all."""

    bytes: int
    side: int
    pixels: int


class Refused(Exception):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def main(arguments: list[str]) -> int:
    spec = json.loads(arguments[0])
    try:
        answer = rebuild(Path(spec["source"]), Path(spec["target"]), Limits(**spec["limits"]), spec["longest"])
    except Refused as refusal:
        answer = {"code": refusal.code, "detail": refusal.detail}
    except MemoryError:
        answer = {"code": "resource_limit", "detail": "the picture needs too much memory"}
    print(json.dumps(answer))
    return 0


def rebuild(source: Path, target: Path, limits: Limits, longest: int) -> dict[str, object]:
    picture, kind = read(source, limits)
    if longest:
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    picture.info.clear()  # Pillow would write the profile and more of it into the new file
    picture.save(target, "PNG", compress_level=QUICK)
    return {"format": kind, "width": picture.width, "height": picture.height}


def read(source: Path, limits: Limits) -> tuple[Image.Image, str]:
    """The picture upright in sRGB with alpha, of a moving one the first frame; and the format that it came in."""
    Image.MAX_IMAGE_PIXELS = limits.pixels
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    if (size := source.stat().st_size) > limits.bytes:
        raise Refused("artwork_too_large", f"{size / 1e6:.1f} MB, at most {limits.bytes / 1e6:.0f} MB are taken")
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return decode(source, limits)
        except UnidentifiedImageError:
            raise foreign(source) from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise Refused("artwork_too_large", f"too many pixels: {words(limits)}") from None
        except DAMAGE as error:
            raise Refused("artwork_unreadable", f"damaged or cut off: {str(error).partition(' (')[0]}") from None


def decode(source: Path, limits: Limits) -> tuple[Image.Image, str]:
    with opened(source, limits) as first:
        first.verify()  # checksums; a verified picture cannot be used any more
    with opened(source, limits) as picture:
        kind = "JPEG" if picture.format == "MPO" else str(picture.format)  # a JPEG with more pictures behind the first
        picture.load()
        check(picture, limits)
        ImageOps.exif_transpose(picture, in_place=True)
        return srgb(picture), kind


def opened(source: Path, limits: Limits) -> Image.Image:
    """Not yet decoded; the numbers in its header decide whether it will be."""
    picture = Image.open(source, formats=FORMATS)
    check(picture, limits)
    return picture


def check(picture: Image.Image, limits: Limits) -> None:
    width, height = picture.size
    if picture.format == "WEBP":  # whose decoder keeps four copies of what it decodes
        limits = limits._replace(pixels=limits.pixels // 2)
    if max(width, height) > limits.side or width * height > limits.pixels:
        raise Refused("artwork_too_large", f"{width} x {height} pixels: {words(limits)}")


def words(limits: Limits) -> str:
    return f"at most {limits.side} on a side and {limits.pixels / 1e6:.0f} million in all are taken"


def foreign(source: Path) -> Refused:
    with source.open("rb") as file:
        start = file.read(SNIFFED)
    if not start:
        return Refused("artwork_unreadable", "the file is empty")
    if start.startswith(STARTS) or (start[:4], start[8:12]) == (b"RIFF", b"WEBP"):
        return Refused("artwork_unreadable", "damaged or cut off: its head cannot be read")
    if b"<svg" in start.lower():
        return Refused("artwork_format", "SVG is a drawing, not a picture")
    return Refused("artwork_format", "not a PNG, JPEG, WebP or GIF picture")


# Wherever it can be, the picture is changed in its place: a large one has 160 MB, and each copy as much again.


def srgb(picture: Image.Image) -> Image.Image:
    """In RGBA, with the colours meant: a profile is applied, 16-bit greys are scaled rather than clipped."""
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I"):
        picture = picture.point(lambda value: value * (1 / 256)).convert("L")
    if picture.mode in ("P", "PA", "1") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    if profile:
        picture = with_profile(picture, profile)
    if picture.mode == "RGB":
        picture.putalpha(255)
    return picture if picture.mode == "RGBA" else picture.convert("RGBA")


def with_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    if picture.mode != "LA":
        return from_profile(picture, profile)
    turned = from_profile(picture.convert("L"), profile)
    if turned.mode == "L":
        turned = turned.convert("RGB")
    turned.putalpha(picture.getchannel("A"))
    return turned


def from_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    from PIL import ImageCms  # few pictures need it

    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    try:
        source, target = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        turned = ImageCms.profileToProfile(picture, source, target, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture  # a broken profile, or one for other colours: browsers, too, then show the numbers as they are
    return turned or picture


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
