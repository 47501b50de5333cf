import hashlib
import io
import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from brands import lettering
from brands.artwork import ImageLayer, PlateSpec, TextLayer, draw, read_image, text_shaping
from brands.layouts import SHAPES, Box, canvas, safe_area
from jobs.media.errors import ArtworkError
from tests.brands.pictures import encoded, logo

VERTICAL = canvas("vertical", 720)
AWKWARD = [
    "50% OFF",
    "It's live",
    "C:\\new",
    "%{localtime}",
    "a:b=c",
    "one\ntwo\n\nthree",
    "x" * 300,
    "lorem ipsum " * 166,
    "a\n" * 1000,
    "W" * 2000,
    "[v0];drawtext=text='hi'",
    "e" + "\u0301" * 200,
]


def plate_of(*layers, frame=VERTICAL, image=None):
    data = encoded(image or logo())
    return draw(PlateSpec(frame, layers), lambda sha256: data)


def box_of(plate):
    return Box(plate.x, plate.y, *plate.image.size)


def text(words, **values):
    return TextLayer(words, **{"x": 50, "y": 50, "width": 60, **values})


# --- pictures on plates ---


def test_it_crops_the_plate_to_the_logo():
    plate = plate_of(ImageLayer("a", 100, 100, 15))
    assert box_of(plate) == Box(572, 1186, 108, 54)
    assert plate.image.mode == "RGBA"


def test_a_plate_lies_on_even_pixels():
    plate = plate_of(ImageLayer("a", 33.3, 44.4, 10.1), image=logo(101, 77))
    assert not any(value % 2 for value in (plate.x, plate.y, *plate.image.size))


def test_opacity_scales_the_alpha_channel():
    plate = plate_of(ImageLayer("a", 50, 50, 20, opacity=0.4), image=Image.new("RGBA", (80, 40), (255, 0, 0, 255)))
    assert plate.image.getchannel("A").getextrema()[1] == 102


def test_a_later_layer_covers_an_earlier_one():
    red, blue = encoded(logo(colour=(255, 0, 0))), encoded(logo(colour=(0, 0, 255)))
    layers = (ImageLayer("red", 50, 50, 20), ImageLayer("blue", 50, 50, 20))
    plate = draw(PlateSpec(VERTICAL, layers), {"red": red, "blue": blue}.__getitem__)
    assert plate.image.getpixel((plate.image.width // 2, plate.image.height // 2)) == (0, 0, 255, 255)


def test_a_full_frame_picture_is_cropped_to_the_canvas():
    image = Image.new("RGBA", (90, 160), (255, 255, 255, 255))
    plate = plate_of(ImageLayer("a", 86, 92, 115, opacity=0.2, full_frame=True), image=image)
    assert box_of(plate) == VERTICAL.box


def test_transparent_black_leaves_no_dark_fringe():
    image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (101, 101, 299, 299))
    plate = plate_of(ImageLayer("a", 50, 50, 10), image=image)
    colours = {pixel[:3] for pixel in plate.image.get_flattened_data() if pixel[3] > 8}
    assert min(min(colour) for colour in colours) >= 250


@pytest.mark.parametrize("layers", [(), (text("  \n "),), (ImageLayer("a", 50, 50, 20),)])
def test_nothing_to_see_is_no_plate(layers):
    assert plate_of(*layers, image=Image.new("RGBA", (10, 10))) is None


# --- digests ---


def test_equal_specs_have_equal_digests():
    assert PlateSpec(VERTICAL, (ImageLayer("a", 1, 2, 15),)).digest() == (
        PlateSpec(VERTICAL, (ImageLayer("a", 1.0, 2.0, 15.00001),)).digest()
    )


def test_whatever_shapes_pixels_changes_the_digest():
    layer = TextLayer("hello", 50, 50, 40)
    specs = [
        PlateSpec(VERTICAL, (layer,)),
        PlateSpec(canvas("vertical", 1080), (layer,)),
        PlateSpec(VERTICAL, (layer, layer)),
        PlateSpec(VERTICAL, (text("hello", width=40, box_opacity=0.5),)),
        PlateSpec(VERTICAL, (ImageLayer("a", 50, 50, 40),)),
        PlateSpec(VERTICAL, (ImageLayer("b", 50, 50, 40),)),
        PlateSpec(VERTICAL, (ImageLayer("b", 50, 50, 40, full_frame=True),)),
    ]
    assert len({spec.digest() for spec in specs}) == len(specs)


def test_the_same_spec_is_drawn_with_the_same_pixels():
    layers = (ImageLayer("a", 90, 90, 15), text("50% OFF — It's live", box_opacity=0.6))
    first, second = plate_of(*layers), plate_of(*layers)
    assert first.image.tobytes() == second.image.tobytes()


# --- text ---


@pytest.mark.parametrize("words", AWKWARD, ids=lambda words: words[:12])
@pytest.mark.parametrize("variant", SHAPES)
@pytest.mark.parametrize("box_opacity", [0.0, 0.7])
def test_awkward_text_is_there_and_inside_the_safe_area(words, variant, box_opacity):
    frame = canvas(variant, 720)
    plate = plate_of(text(words, width=30, x=100, y=0, box_opacity=box_opacity), frame=frame)
    assert_inside(plate, frame)


def assert_inside(plate, frame):
    """The ink itself: the plate may be a pixel larger, to be even."""
    left, top, right, bottom = plate.image.getchannel("A").getbbox()
    ink = Box(plate.x + left, plate.y + top, right - left, bottom - top)
    assert safe_area(frame).contains(ink)


PRINTABLE = st.text(st.characters(categories=("L", "M", "N", "P", "S", "Z", "Cc", "Cf")), max_size=80)
VISIBLE = st.sampled_from("aZé9%:'\\{}=,;[]")


@settings(max_examples=60, deadline=None)
@given(
    PRINTABLE, VISIBLE, PRINTABLE, st.sampled_from(list(SHAPES)), st.floats(0, 100), st.floats(1, 200), st.booleans()
)
def test_any_text_with_something_to_see_is_seen(before, letter, after, variant, x, width, boxed):
    frame = canvas(variant, 720)
    layer = text(before + letter + after, x=x, y=x, width=width, box_opacity=0.5 * boxed)
    plate = plate_of(layer, frame=frame)
    assert_inside(plate, frame)


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(categories=("Cc", "Cf", "Z")), max_size=20))
def test_text_without_anything_to_see_is_nothing(words):
    assert plate_of(text(words, box_opacity=1.0)) is None


def lines_of(words, size=32, width=288, boxed=False):
    room = lettering.Room(width, 640, 1200, 12)
    return lettering.fit(lettering.clean(words), size, room, boxed)


def test_every_letter_of_a_long_text_is_kept():
    for words in ("x" * 300, "lorem ipsum dolor " * 110, "W" * 2000):
        assert "".join(lines_of(words).lines).replace(" ", "") == words.replace(" ", "")


def test_short_text_keeps_its_size():
    assert lines_of("50% OFF").size == 32


def test_a_word_that_nearly_fits_is_made_smaller_rather_than_broken():
    block = lines_of("Bookshopkeepers' fair", width=200)
    assert block.lines[0] == "Bookshopkeepers'"
    assert 12 <= block.size < 32


def test_a_very_long_word_is_broken_at_a_readable_size():
    block = lines_of("x" * 300)
    assert len(block.lines) > 5
    assert block.size == 32


def test_it_keeps_line_breaks_where_they_fit():
    assert lines_of("one\r\ntwo\n\n\n\nthree").lines == ("one", "two", "", "three")


def test_lines_are_of_similar_length():
    assert lines_of("a small bakery at the corner").lines == ("a small bakery", "at the corner")


def test_a_mark_stays_with_its_letter():
    block = lines_of("x\u0323\u0302" * 300)
    assert not any(line.startswith(("\u0323", "\u0302")) for line in block.lines)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("a\x00b\x1bc\ud800", "abc"),
        ("\u202eevil\u202c", "evil"),
        ("a\tb\u2003c", "a b c"),
        ("  a  \n  b  ", "a\nb"),
        ("\u200b\u3164\n", ""),
        ("e\u0301", "é"),
        ("50% OFF — It's live", "50% OFF — It's live"),
    ],
)
def test_it_cleans_text(raw, cleaned):
    assert lettering.clean(raw) == cleaned


def test_it_says_how_text_is_shaped():
    assert text_shaping() in ("raqm", "basic")


def test_a_box_has_round_corners():
    plate = plate_of(text("hello", box_opacity=1.0, box_colour="#112233", size_percent=10))
    assert plate.image.getpixel((0, 0))[3] < 64
    assert plate.image.getpixel((2, plate.image.height // 2)) == (0x11, 0x22, 0x33, 255)


# --- reading pictures ---


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_it_reads_the_four_formats(kind, mode):
    image = Image.new("RGB", (40, 20), (200, 30, 30)).convert(mode)
    data = encoded(image if kind != "JPEG" or mode != "P" else image.convert("RGB"), kind)
    read = read_image(data)
    assert (read.mode, read.size) == ("RGBA", (40, 20))
    assert read.getpixel((5, 5))[3] == 255


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_it_keeps_transparency(mode):
    data = encoded(Image.new("RGBA", (8, 8), (10, 20, 30, 0)).convert(mode), "PNG")
    assert read_image(data).getpixel((0, 0))[3] == 0


def test_it_keeps_transparency_of_a_palette():
    data = encoded(Image.new("P", (8, 8), 0), "PNG", transparency=0)
    assert read_image(data).getpixel((0, 0))[3] == 0


def test_it_scales_sixteen_bit_greys():
    assert read_image(encoded(Image.new("I;16", (4, 4), 0x8000))).getpixel((0, 0)) == (128, 128, 128, 255)


def test_it_reads_cmyk():
    assert read_image(encoded(Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "JPEG")).getpixel((0, 0)) == (255, 255, 255, 255)


def test_it_turns_a_picture_as_its_camera_says():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read_image(encoded(Image.new("RGB", (40, 20)), "JPEG", exif=exif)).size == (20, 40)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_it_applies_or_ignores_a_profile_and_keeps_the_size(mode):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for icc in (profile, b"not a profile"):
        read = read_image(encoded(Image.new(mode, (8, 8), 0), "PNG", icc_profile=icc))
        assert (read.mode, read.size) == ("RGBA", (8, 8))
        assert read.getpixel((0, 0))[3] == (0 if mode == "RGBA" else 255)


def test_it_takes_the_first_frame_of_a_moving_picture():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_image(data).getpixel((0, 0)) == (255, 0, 0, 255)


def png_claiming(width, height):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


GOOD = encoded(Image.effect_noise((300, 300), 80))
BROKEN = GOOD[:2000] + bytes([GOOD[2000] ^ 255]) + GOOD[2001:]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<html>no</html>", "not a PNG"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a PNG"),
        (encoded(logo(), "BMP"), "not a PNG"),
        (encoded(logo().convert("RGB"), "TIFF"), "not a PNG"),
        (GOOD[: len(GOOD) // 2], "damaged"),
        (BROKEN, "damaged"),
        (encoded(Image.effect_noise((300, 300), 80), "JPEG")[:3000], "damaged"),
        (png_claiming(8193, 10), "8193 x 10 pixels"),
        (png_claiming(8000, 8000), "8000 x 8000 pixels"),
        (png_claiming(20000, 20000), "pixels"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 20_000_001, "20 MB"),
    ],
    ids=["empty", "html", "svg", "eps", "bmp", "tiff", "cut", "crc", "cut-jpeg", "wide", "big", "bomb", "heavy"],
)
def test_it_refuses_what_is_no_good_picture_and_says_why(data, reason):
    with pytest.raises(ArtworkError) as caught:
        read_image(data)
    assert caught.value.code == "artwork_unreadable"
    assert reason in caught.value.detail


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_flipped_byte_never_raises_anything_else(place, flip):
    data = bytearray(GOOD)
    data[place] ^= flip
    with suppress(ArtworkError):
        read_image(bytes(data))


def test_artwork_is_asked_for_by_its_hash():
    data = encoded(logo())
    asked = []

    def open_image(sha256):
        asked.append(sha256)
        return io.BytesIO(data).read()

    name = hashlib.sha256(data).hexdigest()
    draw(PlateSpec(VERTICAL, (ImageLayer(name, 50, 50, 10),)), open_image)
    assert asked == [name]
