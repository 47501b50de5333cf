import hashlib
import io
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from brands import lettering
from brands.artwork import ImageLayer, PlateSpec, TextLayer, draw, layer_box, read_image, text_shaping
from brands.layouts import SHAPES, Box, canvas, even, safe_area, turned
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


# --- turned and cut pictures ---


def halves(left=(255, 0, 0), right=(0, 0, 255), size=(200, 100)):
    image = Image.new("RGBA", size, (*left, 255))
    image.paste((*right, 255), (size[0] // 2, 0, *size))
    return image


def test_a_turn_is_clockwise():
    plate = plate_of(ImageLayer("a", 50, 50, 20, rotation=90), image=halves())
    assert plate.image.size == (72, 144)
    assert plate.image.getpixel((36, 10))[:3] == (255, 0, 0)
    assert plate.image.getpixel((36, 134))[:3] == (0, 0, 255)


@pytest.mark.parametrize(("rotation", "corner"), [(20, (255, 0, 0)), (180, (0, 0, 255)), (-90, (0, 0, 255))])
def test_every_turn_is_about_the_middle(rotation, corner):
    plate = plate_of(ImageLayer("a", 50, 50, 20, rotation=rotation), image=halves())
    box = box_of(plate)
    assert (box.x + box.width / 2, box.y + box.height / 2) == pytest.approx((360, 640), abs=1)
    seen = [plate.image.getpixel((x, y)) for y in range(box.height) for x in range(box.width)]
    assert next(pixel[:3] for pixel in seen if pixel[3] == 255) == corner


def test_the_edges_of_a_turned_picture_are_smooth_and_keep_their_colour():
    plate = plate_of(ImageLayer("a", 50, 50, 30, rotation=17), image=Image.new("RGBA", (80, 40), (255, 255, 255, 255)))
    soft = [pixel for pixel in plate.image.get_flattened_data() if 16 < pixel[3] < 240]
    assert len(soft) > 200
    assert min(min(pixel[:3]) for pixel in soft) >= 245


def test_the_box_of_a_turned_text_has_no_darker_rim():
    """Sharp scaling overshoots at edges; on a see-through box that would be seen as a line around it."""
    plate = plate_of(text("hello", box_opacity=0.5, box_colour="#000000", size_percent=10, rotation=-10))
    grounds = [pixel[3] for pixel in plate.image.get_flattened_data() if max(pixel[:3]) < 8]
    assert max(grounds) <= 129


def test_a_circle_is_cut_from_the_middle():
    plate = plate_of(ImageLayer("a", 50, 50, 20, shape="circle"), image=halves((255, 0, 0), (0, 0, 255), (300, 100)))
    assert plate.image.size == (144, 144)
    alpha = plate.image.getchannel("A")
    assert [alpha.getpixel(place) for place in ((0, 0), (143, 0), (72, 72), (72, 1), (20, 20))] == [0, 0, 255, 255, 0]
    assert sum(alpha.histogram()[16:240]) > 100, "smooth at the edge"
    assert plate.image.getpixel((10, 72))[:3] == (255, 0, 0)


def test_a_square_is_cut_from_the_middle():
    plate = plate_of(ImageLayer("a", 50, 50, 20, shape="square"), image=halves(size=(100, 400)))
    assert plate.image.size == (144, 144)
    assert plate.image.getchannel("A").getextrema() == (255, 255)


def test_a_full_frame_has_neither_turn_nor_shape():
    image = Image.new("RGBA", (90, 160), (255, 255, 255, 255))
    plate = plate_of(ImageLayer("a", 50, 50, 100, full_frame=True, rotation=45, shape="circle"), image=image)
    assert (box_of(plate), plate.image.getchannel("A").getextrema()) == (VERTICAL.box, (255, 255))


PICTURE = encoded(Image.new("RGBA", (30, 20), (255, 255, 255, 255)))
TURNS = st.one_of(st.sampled_from([0.0, 90.0, -90.0, 180.0]), st.floats(-180, 180))
IMAGE_LAYERS = st.builds(
    ImageLayer,
    *(st.just("a"), st.floats(0, 100), st.floats(0, 100), st.floats(1, 200)),
    opacity=st.floats(0.3, 1),
    full_frame=st.booleans(),
    rotation=TURNS,
    shape=st.sampled_from(["", "circle", "square"]),
)


@settings(max_examples=40, deadline=None)
@given(IMAGE_LAYERS, st.sampled_from(list(SHAPES)))
def test_any_picture_is_seen_and_on_the_canvas(layer, variant):
    frame = canvas(variant, 720)
    plate = draw(PlateSpec(frame, (layer,)), lambda sha256: PICTURE)
    assert frame.box.contains(box_of(plate))
    if not layer.full_frame:
        assert_inside(plate, frame)
        seen = turned(layer_box(frame, layer, lambda sha256: PICTURE), layer.rotation)
        assert even(seen).contains(box_of(plate)), "the plate is where the geometry says"


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
        PlateSpec(VERTICAL, (ImageLayer("b", 50, 50, 40, rotation=1),)),
        PlateSpec(VERTICAL, (ImageLayer("b", 50, 50, 40, shape="circle"),)),
        PlateSpec(VERTICAL, (text("hello", width=40, rotation=1),)),
        PlateSpec(VERTICAL, (text("hello", width=40, font="f" * 64),)),
    ]
    assert len({spec.digest() for spec in specs}) == len(specs)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ImageLayer("a", 1, 2, 100, full_frame=True), ImageLayer("a", 3, 4, 100, 1.0, True, 5, "circle")),
        (ImageLayer("a", 1, 2, 15, rotation=180), ImageLayer("a", 1, 2, 15, rotation=-180)),
        (text("hello", box_colour="#112233"), text("hello ", box_colour="#445566")),
    ],
    ids=["full frame", "half a turn", "no box"],
)
def test_what_cannot_be_seen_does_not_change_the_digest(one, other):
    assert PlateSpec(VERTICAL, (one,)).digest() == PlateSpec(VERTICAL, (other,)).digest()


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


@settings(max_examples=50, deadline=None)
@given(
    *(PRINTABLE, VISIBLE, PRINTABLE, st.sampled_from(list(SHAPES))),
    *(st.floats(0, 100), st.floats(1, 200), st.booleans(), TURNS),
)
def test_any_text_with_something_to_see_is_seen(before, letter, after, variant, x, width, boxed, rotation):
    frame = canvas(variant, 720)
    layer = text(before + letter + after, x=x, y=x, width=width, box_opacity=0.5 * boxed, rotation=rotation)
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


def test_it_reads_a_png_of_ours():
    image = logo()
    assert read_image(encoded(image)).tobytes() == image.tobytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>no</html>",
        encoded(logo().convert("RGB")),
        encoded(logo().convert("RGB"), "JPEG"),
        encoded(logo(), "WEBP"),
        encoded(logo(), icc_profile=b"a stranger's"),
        encoded(logo()) + b"a tail",
        encoded(Image.new("RGBA", (8193, 1))),
        encoded(logo())[:-1],
    ],
    ids=["empty", "html", "rgb", "jpeg", "webp", "profile", "tail", "wide", "cut"],
)
def test_it_decodes_no_file_that_was_not_made_here(data):
    with pytest.raises(ArtworkError, match="upload the picture again") as caught:
        read_image(data)
    assert caught.value.code == "artwork_unreadable"


GOOD = encoded(Image.effect_noise((300, 300), 80).convert("RGBA"))


def test_it_says_that_a_file_of_ours_is_damaged():
    with pytest.raises(ArtworkError, match="damaged"):
        read_image(GOOD[:60] + bytes(200) + GOOD[260:])


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
