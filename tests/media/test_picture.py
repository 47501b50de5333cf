"""Strangers' pictures, rebuilt in the real child; a double stands in for a child that lies, or gets not so far."""

import ast
import io
import json
import os
import random
import struct
import sys
import zipfile
import zlib
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from jobs.media import picture
from jobs.media.errors import MediaError
from tests.brands.pictures import encoded, logo
from wtfsite.lib import process
from wtfsite.lib.process import Finished
from wtfsite.lib.sandbox import Level

RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 255, 0)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# The same with two primaries exchanged: red is meant as blue.
SWAPPED = SRGB.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")


@pytest.fixture
def rebuild(tmp_path):
    """Rebuilds bytes; gives what came of them and the picture that it holds."""

    def rebuild(data, **options):
        source, work = tmp_path / "upload", tmp_path / "work"
        source.write_bytes(data)
        work.mkdir(exist_ok=True)
        return picture.rebuild(source, work, **options)

    return rebuild


@pytest.fixture
def seen(rebuild):
    """The picture that comes of bytes."""

    def seen(data, **options):
        with Image.open(rebuild(data, **options).path) as image:
            image.load()
        return image

    return seen


@pytest.fixture
def refusal(rebuild):
    """Code and detail of the refusal of bytes."""

    def refusal(data, **options):
        with pytest.raises(MediaError) as caught:
            rebuild(data, **options)
        return caught.value.code, caught.value.detail

    return refusal


def plain(mode="RGB", colour=RED, size=(40, 20)):
    return Image.new("RGB", size, colour).convert(mode)


# --- what is taken --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("PNG", "RGB"), ("PNG", "L"), ("PNG", "P"), ("PNG", "1"), ("JPEG", "RGB"), ("JPEG", "L")),
        *(("WEBP", "RGB"), ("WEBP", "RGBA"), ("GIF", "P"), ("GIF", "L")),
    ],
)
def test_each_of_the_four_formats_becomes_a_png_of_ours(rebuild, kind, mode):
    image = plain(mode, (255, 255, 255))
    rebuilt = rebuild(encoded(image, kind))
    assert (rebuilt.width, rebuilt.height, rebuilt.format) == (40, 20, kind)
    with rebuilt.path.open("rb") as file:
        assert picture.dimensions(file) == (40, 20)
    with Image.open(rebuilt.path) as made:
        assert (made.format, made.mode, made.getpixel((5, 5))) == ("PNG", "RGBA", (255, 255, 255, 255))


def test_pixels_are_kept_to_the_bit(seen):
    image = logo(64, 32)
    assert seen(encoded(image)).tobytes() == image.tobytes()


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_transparency_is_kept(seen, mode):
    assert seen(encoded(Image.new("RGBA", (8, 8), (10, 20, 30, 0)).convert(mode))).getpixel((0, 0))[3] == 0


@pytest.mark.parametrize(("mode", "clear"), [("P", 0), ("L", 0), ("RGB", (0, 0, 0))])
@pytest.mark.parametrize("profile", [None, SRGB], ids=["plain", "profile"])
def test_a_transparent_colour_is_kept(seen, mode, clear, profile):
    data = encoded(Image.new(mode, (8, 8), 0), transparency=clear, icc_profile=profile)
    assert seen(data).getpixel((0, 0))[3] == 0


def test_sixteen_bit_greys_are_scaled(seen):
    image = Image.new("I;16", (3, 1))
    for x, value in enumerate((0, 0x8000, 0xFFFF)):
        image.putpixel((x, 0), value)
    made = seen(encoded(image))
    assert [made.getpixel((x, 0)) for x in range(3)] == [(0, 0, 0, 255), (128, 128, 128, 255), (255, 255, 255, 255)]


def test_inks_become_light(seen):
    assert seen(encoded(Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "JPEG")).getpixel((0, 0)) == (255, 255, 255, 255)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_as_its_camera_says(seen, kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = plain(size=(64, 32))
    image.paste(BLUE, (0, 0, 32, 32))
    made = seen(encoded(image, kind, exif=exif))
    assert made.size == (32, 64)
    assert made.getpixel((16, 8))[2] > 200 > made.getpixel((16, 56))[2]  # what was left is above


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_profile_is_applied(seen, mode):
    image = Image.new("RGBA", (8, 8), (*RED, 255)).convert(mode)
    red, _, blue, alpha = seen(encoded(image, icc_profile=SWAPPED)).getpixel((0, 0))
    assert red < 40
    assert (blue, alpha) == (255, 255)


def test_a_profile_leaves_transparency_alone(seen):
    data = encoded(Image.new("RGBA", (8, 8), (*RED, 77)), icc_profile=SWAPPED)
    assert seen(data).getpixel((0, 0))[2:] == (255, 77)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
@pytest.mark.parametrize("profile", [b"not a profile", SRGB[:200]], ids=["none", "cut"])
def test_a_broken_profile_is_passed_over(seen, mode, profile):
    image = Image.new("RGBA", (8, 8), (90, 90, 90, 50)).convert(mode)
    assert seen(encoded(image, icc_profile=profile)).getpixel((0, 0)) == image.convert("RGBA").getpixel((0, 0))


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_profile_for_other_colours_is_passed_over(seen, mode):
    image = Image.new("RGBA", (8, 8), (90, 90, 90, 50)).convert(mode)
    assert seen(encoded(image, icc_profile=SWAPPED)).getpixel((0, 0)) == image.convert("RGBA").getpixel((0, 0))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_a_moving_picture_is_taken(seen, kind):
    frames = [plain(colour=colour) for colour in (RED, BLUE, GREEN)]
    options = {"lossless": True} if kind == "WEBP" else {}
    made = seen(encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options))
    assert made.getpixel((0, 0)) == (*RED, 255)


def test_a_jpeg_with_more_pictures_behind_it_is_a_jpeg(rebuild):
    assert rebuild(encoded(plain(), "MPO", save_all=True, append_images=[plain()])).format == "JPEG"


def test_it_is_made_smaller_where_that_is_wanted(rebuild):
    for longest, size in ((50, (50, 25)), (400, (200, 100))):
        made = rebuild(encoded(logo()), longest=longest)
        assert (made.width, made.height) == size


def test_two_pictures_find_room_in_one_folder(rebuild):
    first, second = rebuild(encoded(plain())), rebuild(encoded(logo()))
    assert first.path != second.path
    assert first.path.exists()


@pytest.mark.parametrize("level", Level)
def test_the_child_works_behind_every_level(rebuild, level):
    if not process.works(level):
        pytest.skip(f"{level} does not work on this machine")
    data = encoded(plain(), "WEBP", icc_profile=SRGB)
    assert rebuild(data, run=partial(process.run, behind=level)).width == 40


# --- nothing but pixels ---------------------------------------------------------------------------------------------

SECRET = b"48.2082N 16.3738E"


def noted(kind):
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()  # description
    exif.get_ifd(0x8825)[0x001D] = SECRET.decode()  # GPS
    return encoded(plain(), kind, exif=exif, icc_profile=SRGB, xmp=SECRET, comment=SECRET)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_what_a_camera_notes_is_gone(rebuild, kind):
    data = noted(kind)
    assert SECRET in data
    rebuilt = rebuild(data)
    assert SECRET not in rebuilt.path.read_bytes()
    with Image.open(rebuilt.path) as image:
        assert image.info == {}


def archive():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        file.writestr("Evil.class", b"a second life")
    return target.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("tail", [archive(), b"<script>alert(1)</script>"], ids=["zip", "html"])
def test_what_hangs_on_a_picture_is_gone(rebuild, tmp_path, kind, tail):
    rebuilt = rebuild(encoded(plain(), kind) + tail)
    data = rebuilt.path.read_bytes()
    assert data.endswith(picture.END)
    assert tail[:8] not in data
    assert not zipfile.is_zipfile(rebuilt.path)


# --- what is refused ------------------------------------------------------------------------------------------------


def chunk(name, body, flip=0):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body) ^ flip)


def png(width, height, *extra, colour=2, depth=8, pixels=b"\0" * 200, flip=0):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    pieces = (header, *extra, chunk(b"IDAT", zlib.compress(pixels, 9), flip), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


def gif(width, height, frames):
    """By hand: every frame is one white pixel."""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\xff\xff\xff\0\0\0"
    return screen + (b",\0\0\0\0\1\0\1\0\0" + b"\2\2D\1\0") * frames + b";"


def zipped(size):
    return zlib.compress(bytes(size), 9)


NOISE = Image.effect_noise((300, 300), 80)
PHOTO = encoded(NOISE)
PSD = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 9, 9, 8, 3) + bytes(12)


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"<html>no</html>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        encoded(plain(), "EPS"),
        encoded(plain(), "BMP"),
        encoded(plain(), "TIFF"),
        encoded(plain(), "ICO"),
        encoded(plain(), "PPM"),
        encoded(plain(), "PDF"),
        PSD,
        archive(),
    ],
    ids=["text", "html", "eps", "real-eps", "bmp", "tiff", "ico", "ppm", "pdf", "psd", "zip"],
)
def test_other_formats_are_refused(refusal, data):
    assert refusal(data) == ("artwork_format", "not a PNG, JPEG, WebP or GIF picture")


@pytest.mark.parametrize("start", [b"", b"<?xml version='1.0'?>\n<!-- a logo -->\n"], ids=["bare", "xml"])
def test_a_drawing_is_refused_in_its_own_words(refusal, start):
    code, detail = refusal(start + b"<SVG xmlns='http://www.w3.org/2000/svg'/>")
    assert (code, detail) == ("artwork_format", "SVG is a drawing, not a picture")


def test_an_empty_file_is_refused(refusal):
    assert refusal(b"") == ("artwork_unreadable", "the file is empty")


@pytest.mark.parametrize(
    "data",
    [
        PHOTO[: len(PHOTO) // 2],
        PHOTO[:2000] + bytes([PHOTO[2000] ^ 255]) + PHOTO[2001:],
        png(8, 8, chunk(b"gAMA", b"\0\0\xb1\x8f", flip=1)),
        png(8, 8, flip=1),
        png(8, 8, pixels=b"short"),
        encoded(NOISE, "PNG")[:20],
        encoded(NOISE, "JPEG")[:20],
        encoded(NOISE, "GIF")[:10],
        encoded(NOISE, "WEBP")[:40],
        encoded(NOISE, "JPEG")[:3000],
        encoded(NOISE, "GIF")[:3000],
        encoded(NOISE, "WEBP")[:3000],
        png(8, 8, chunk(b"zTXt", b"note\0\0" + zipped(200_000_000))),
        png(8, 8, chunk(b"iCCP", b"note\0\0" + zipped(200_000_000))),
    ],
    ids=[
        *("cut", "flipped", "crc", "pixels-crc", "short", "png-head", "jpeg-head", "gif-head", "webp-head"),
        *("cut-jpeg", "cut-gif", "cut-webp", "ztxt-bomb", "iccp-bomb"),
    ],
)
def test_damaged_pictures_are_refused(refusal, data):
    code, detail = refusal(data)
    assert code == "artwork_unreadable"
    assert detail.startswith("damaged or cut off: ")


IN_ALL = "at most 8192 on a side and 40 million in all are taken"


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (png(8193, 10), f"8193 x 10 pixels: {IN_ALL}"),
        (png(6400, 6300), "too many pixels: " + IN_ALL),
        (png(13_000, 13_000, colour=0, depth=1, pixels=bytes(13_000 * 1626)), "too many pixels: " + IN_ALL),
        (gif(8000, 8000, 20_000), "too many pixels: " + IN_ALL),
        (
            encoded(plain(size=(5000, 4001)), "WEBP", method=0, lossless=True),
            f"5000 x 4001 pixels: {IN_ALL.replace('40', '20')}",
        ),
    ],
    ids=["wide", "large", "bomb", "moving", "webp"],
)
def test_pictures_of_too_many_pixels_are_refused_with_the_limits(refusal, data, detail):
    assert refusal(data) == ("artwork_too_large", detail)


def test_a_moving_picture_of_very_many_frames_costs_no_more_than_its_first(rebuild):
    assert rebuild(gif(100, 100, 20_000)).width == 100


def never(*command, **options):
    raise AssertionError("nothing should have been started")


def test_a_picture_by_hand_is_taken(rebuild):
    """The damaged ones differ from it in one thing each."""
    assert rebuild(png(8, 8)).width == 8


def test_a_heavy_file_is_refused_without_a_look(refusal):
    detail = "20.0 MB, at most 20 MB are taken"
    assert refusal(bytes(20_000_001), run=never) == ("artwork_too_large", detail)
    assert refusal(bytes(2_100_000), run=never, max_bytes=2_000_000)[1] == "2.1 MB, at most 2 MB are taken"


FUZZ = """
import runpy, sys
main = runpy.run_path(sys.argv[1])["main"]
for line in open(sys.argv[2]):
    main([line])
"""


def test_whatever_is_damaged_is_answered(tmp_path):
    """One child looks at all of them; it would end with a traceback at the first surprise."""
    dice = random.Random(2026)
    lines = []
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "MPO"):
        whole = noted(kind) if kind not in ("GIF", "MPO") else encoded(NOISE.convert("RGB"), kind, save_all=True)
        for number in range(60):
            data = bytearray(whole)
            for _ in range(dice.randint(1, 4)):
                data[int(len(data) * dice.random() ** 2)] = dice.randrange(256)  # most of them in the head
            file = tmp_path / f"{kind}-{number}"
            file.write_bytes(data)
            limits = {"bytes": 10**6, "side": 1000, "pixels": 10**6}
            spec = {"source": str(file), "target": str(tmp_path / "made.png"), "limits": limits, "longest": 500}
            lines.append(json.dumps(spec))
    orders = tmp_path / "orders"
    orders.write_text("\n".join(lines))
    finished = process.run(
        [sys.executable, "-I", "-c", FUZZ, str(picture.CHILD), str(orders)],
        work=tmp_path,
        reads=[picture.CHILD],
        limits=picture.LIMITS,
        timeout=120,
    )
    answers = [json.loads(line) for line in finished.stdout.splitlines()]
    assert len(answers) == len(lines)
    assert {answer.get("code", "taken") for answer in answers} >= {"taken", "artwork_unreadable", "artwork_format"}


# --- the child ------------------------------------------------------------------------------------------------------


def finished(returncode=0, stdout=b"", stderr=""):
    return Finished(returncode, stdout, stderr, 0.1, 1000, 0.1)


class Double:
    """A runner that keeps what it was asked, and answers or fails as told."""

    def __init__(self, answer=b"", write=None, error=None):
        self.answer, self.write, self.error = answer, write, error

    def __call__(self, command, **options):
        self.command, self.options = command, options
        if self.error:
            raise self.error
        if self.write:
            self.write(json.loads(command[-1])["target"])
        return finished(stdout=self.answer)


def test_the_child_may_see_the_picture_and_little_else(rebuild, refusal, tmp_path):
    double = Double()
    refusal(encoded(logo()), run=double)
    program, isolated, child, spec = double.command
    assert (program, isolated, child) == (sys.executable, "-I", str(picture.CHILD))
    assert json.loads(spec)["source"] == str(tmp_path / "upload")
    assert double.options["reads"] == [tmp_path / "upload", picture.CHILD]
    assert double.options["work"] == tmp_path / "work"
    assert not double.options.get("net")
    assert double.options["limits"] == picture.LIMITS
    assert double.options["timeout"] == 20


def test_one_picture_is_decoded_at_a_time(refusal):
    """A second one waits: their memory adds up."""
    seen = []
    refusal(encoded(logo()), run=Double(write=lambda target: seen.append(picture._one_at_a_time.locked())))
    assert seen == [True]


def test_the_child_imports_pillow_and_the_standard_library_only():
    tree = ast.parse(picture.CHILD.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= {"PIL", *sys.stdlib_module_names}


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "LA")])
def test_the_largest_picture_fits_into_half_a_gigabyte(rebuild, kind, mode):
    def run(*command, limits, **options):
        return process.run(*command, limits=replace(limits, address_space=480 << 20), **options)

    exif = Image.Exif()
    exif[0x0112] = 6
    image = plain("L", size=(8000, 5000)).convert(mode)
    data = encoded(image, kind, exif=exif, icc_profile=SWAPPED)
    assert rebuild(data, run=run).height == 8000


def test_too_little_memory_is_said(refusal):
    def run(*command, limits, **options):
        return process.run(*command, limits=replace(limits, address_space=150 << 20), **options)

    assert refusal(encoded(plain(size=(8000, 5000)), "JPEG"), run=run)[0] == "resource_limit"


def test_a_file_that_grows_too_large_is_said(refusal):
    def run(*command, limits, **options):
        return process.run(*command, limits=replace(limits, file_size=1000), **options)

    assert refusal(PHOTO, run=run)[0] == "resource_limit"


@pytest.mark.parametrize(
    ("error", "code", "detail"),
    [
        (process.Failed("", finished(-11)), "artwork_unreadable", "its reader crashed"),
        (process.Failed("", finished(-24)), "resource_limit", "exit -24"),
        (process.TimedOut("python took too long", finished(-15)), "timeout", "python took too long"),
        (
            process.Failed("", finished(1, stderr="Traceback\n  File\nModuleNotFoundError: No module named 'PIL'\n")),
            "unknown",
            "ModuleNotFoundError: No module named 'PIL'",
        ),
    ],
    ids=["crash", "cpu", "time", "traceback"],
)
def test_a_child_that_fails_gives_a_reason(refusal, error, code, detail):
    assert refusal(encoded(logo()), run=Double(error=error)) == (code, detail)


@pytest.mark.parametrize(
    "answer",
    [b"", b"\xff\xfe", b"[]", b"7", b"[" * 4000, b'{"format": "PNG"} twice', b'{"format": "EXE"}', b"{}"],
    ids=["none", "bytes", "list", "number", "deep", "more", "format", "nothing"],
)
def test_an_answer_that_makes_no_sense_is_a_refusal(refusal, answer):
    assert refusal(encoded(logo()), run=Double(answer, written(encoded(logo()))))[0] == "artwork_unreadable"


def test_a_child_can_only_say_what_a_picture_can_be(refusal):
    words = json.dumps({"code": "disk_full", "detail": "\x1b[2J\u202e" + "x" * 999}).encode()
    code, detail = refusal(encoded(logo()), run=Double(words))
    assert code == "artwork_unreadable"
    assert detail.startswith("[2Jxxx")
    assert len(detail) == picture.WORDS


def written(data):
    return lambda target: Path(target).write_bytes(data)


def linked(target):
    real = Path(f"{target}.real")
    real.write_bytes(encoded(logo()))
    Path(target).symlink_to(real)


@pytest.mark.parametrize(
    "write",
    [
        None,
        os.mkdir,
        os.mkfifo,
        linked,
        written(b""),
        written(encoded(plain())),
        written(encoded(plain(), "JPEG")),
        written(encoded(logo()) + b"tail"),
        written(encoded(logo())[:-1]),
        written(encoded(logo(), dpi=(72, 72))),
        written(png(9000, 10, colour=6)),
        written(png(8000, 8000, colour=6)),
        written(png(0, 8, colour=6)),
    ],
    ids=["none", "folder", "pipe", "link", "empty", "rgb", "jpeg", "tail", "cut", "dpi", "wide", "large", "flat"],
)
def test_what_the_child_leaves_must_be_a_png_of_ours(refusal, write):
    double = Double(b'{"format": "PNG"}', write)
    assert refusal(encoded(logo()), run=double) == ("artwork_unreadable", "what its reader wrote is no picture")


def test_the_size_is_read_from_the_png(rebuild):
    rebuilt = rebuild(b"x", run=Double(b'{"format": "GIF", "width": 7}', written(encoded(logo(30, 20)))))
    assert (rebuilt.width, rebuilt.height, rebuilt.format) == (30, 20, "GIF")
