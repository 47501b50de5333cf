import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brands import layouts
from brands.layouts import (
    SHAPES,
    SIZES,
    Box,
    Canvas,
    Sides,
    canvas,
    clamped,
    even,
    free_area,
    image_box,
    place,
    safe_area,
    text_room,
    turned,
    violation,
)

CANVASES = [canvas(variant, size) for variant in SHAPES for size in SIZES]
PERCENT = st.floats(0, 100)
DEGREES = st.one_of(st.just(0.0), st.floats(-180, 180))
canvases = st.sampled_from(CANVASES)


@pytest.mark.parametrize(
    ("variant", "size", "expected"),
    [
        ("vertical", 1080, (1080, 1920)),
        ("vertical", 720, (720, 1280)),
        ("portrait", 1080, (1080, 1350)),
        ("portrait", 720, (720, 900)),
        ("square", 1080, (1080, 1080)),
        ("square", 720, (720, 720)),
        ("landscape", 1080, (1920, 1080)),
        ("landscape", 720, (1280, 720)),
    ],
)
def test_it_knows_the_frame_of_every_variant(variant, size, expected):
    assert canvas(variant, size) == Canvas(*expected)


@pytest.mark.parametrize(("variant", "size"), [("round", 720), ("vertical", 480), ("", 1080)])
def test_it_refuses_unknown_frames(variant, size):
    with pytest.raises(ValueError, match="Unknown"):
        canvas(variant, size)


@pytest.mark.parametrize(("size", "margin"), [(720, 40), (1080, 60)])
def test_the_safe_area_has_the_same_margin_on_all_sides(size, margin):
    frame = canvas("vertical", size)
    assert safe_area(frame) == Box(margin, margin, frame.width - 2 * margin, frame.height - 2 * margin)


def test_a_logo_in_the_corner_keeps_forty_pixels_at_720():
    box = image_box(canvas("vertical", 720), 100, 100, 15, 2.0)
    assert box == Box(720 - 40 - 108, 1280 - 40 - 54, 108, 54)


def test_a_position_is_the_centre_of_the_box():
    assert image_box(canvas("square", 720), 50, 25, 50, 2.0) == Box(180, 90, 360, 180)


def test_a_tall_picture_is_made_smaller_instead_of_cut():
    box = image_box(canvas("landscape", 720), 50, 50, 100, 0.5)
    assert box == Box(480, 40, 320, 640)


@pytest.mark.parametrize("frame", CANVASES)
def test_a_full_frame_picture_of_the_same_shape_fits_exactly(frame):
    assert image_box(frame, 3, 99, 100, frame.width / frame.height, full_frame=True) == frame.box


def test_a_full_frame_picture_at_115_stands_over_on_all_sides():
    box = image_box(canvas("vertical", 720), 50, 50, 115, 9 / 16, full_frame=True)
    assert box == Box(-54, -96, 828, 1472)
    assert box.crop(Box(0, 0, 720, 1280)) == Box(0, 0, 720, 1280)


def test_a_full_frame_picture_of_another_shape_covers_without_distortion():
    box = image_box(canvas("vertical", 720), 50, 50, 100, 1.0, full_frame=True)
    assert box == Box(-280, 0, 1280, 1280)


def test_boxes_far_apart_have_nothing_in_common():
    assert Box(0, 0, 10, 10).crop(Box(20, 20, 5, 5)).width == 0


@given(canvases, PERCENT, PERCENT, st.floats(1, 200), st.floats(0.001, 1000), DEGREES)
def test_any_picture_lies_inside_the_safe_area(frame, x, y, width, aspect, rotation):
    box = image_box(frame, x, y, width, aspect, rotation=rotation)
    assert safe_area(frame).contains(turned(box, rotation))
    assert min(box.width, box.height) >= 1


@given(canvases, st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.integers(1, 5000), st.integers(1, 5000), DEGREES)
def test_any_block_is_placed_inside_the_safe_area(frame, x, y, width, height, rotation):
    assert safe_area(frame).contains(turned(place(frame, x, y, width, height, rotation), rotation))


@given(canvases, st.floats(1, 200), st.floats(0.001, 1000))
def test_any_full_frame_picture_is_cropped_to_the_canvas(frame, width, aspect):
    seen = image_box(frame, 50, 50, width, aspect, full_frame=True).crop(frame.box)
    assert frame.box.contains(seen)
    if width >= 100:
        assert (frame.width - seen.width, frame.height - seen.height) <= (1, 1)


@given(canvases, st.floats(0, 100))
def test_any_margin_leaves_an_area(frame, percent):
    area = safe_area(frame, percent)
    assert area.width >= 1
    assert area.height >= 1
    assert frame.box.contains(area)


@given(canvases, st.floats(0, 500))
def test_text_never_has_more_room_than_the_safe_area(frame, width):
    safe = safe_area(frame)
    assert text_room(frame, width) >= (1, 1)
    assert text_room(frame, width)[0] <= safe.width


@given(st.builds(Box, *[st.integers(-3000, 3000)] * 2, *[st.integers(0, 3000)] * 2))
def test_an_even_box_contains_the_box_and_is_at_most_a_pixel_larger(box):
    wide = even(box)
    assert wide.contains(box)
    assert not any(value % 2 for value in (wide.x, wide.y, wide.width, wide.height))
    assert wide.width - box.width <= 2
    assert wide.height - box.height <= 2


@given(canvases, PERCENT, PERCENT, st.floats(1, 100), st.floats(0.01, 100))
def test_an_even_box_is_still_on_the_canvas(frame, x, y, width, aspect):
    assert frame.box.contains(even(image_box(frame, x, y, width, aspect)))


def test_every_frame_has_even_sides():
    assert not any(side % 2 for frame in CANVASES for side in (frame.width, frame.height))
    assert layouts.SIZES == (1080, 720)


# --- turning ---


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        (0, Box(100, 100, 60, 40)),
        (90, Box(110, 90, 40, 60)),
        (-90, Box(110, 90, 40, 60)),
        (180, Box(100, 100, 60, 40)),
        (45, Box(94, 84, 72, 72)),
    ],
)
def test_a_turned_box_keeps_its_centre(rotation, expected):
    assert turned(Box(100, 100, 60, 40), rotation) == expected


@given(st.builds(Box, *[st.integers(-500, 500)] * 2, *[st.integers(1, 500)] * 2), DEGREES)
def test_a_turned_box_holds_all_four_corners(box, rotation):
    seen = turned(box, rotation)
    angle, middle = math.radians(rotation), (box.x + box.width / 2, box.y + box.height / 2)
    assert (seen.x + seen.width / 2, seen.y + seen.height / 2) == middle
    for x, y in ((box.width / 2, box.height / 2), (box.width / 2, -box.height / 2)):
        across = abs(x * math.cos(angle) - y * math.sin(angle))
        along = abs(x * math.sin(angle) + y * math.cos(angle))
        assert across <= seen.width / 2 + 1e-3
        assert along <= seen.height / 2 + 1e-3


def test_a_turned_picture_is_made_only_as_small_as_needed():
    frame = canvas("landscape", 720)
    assert image_box(frame, 50, 50, 100, 4.0, rotation=90) == Box(320, 280, 640, 160)
    assert image_box(frame, 50, 50, 20, 4.0, rotation=90) == image_box(frame, 50, 50, 20, 4.0)


def test_a_turned_picture_is_pushed_out_of_the_corner():
    frame = canvas("vertical", 720)
    seen = turned(image_box(frame, 100, 100, 15, 2.0, rotation=90), 90)
    assert (seen.right, seen.bottom) == (680, 1240)


def test_a_full_frame_picture_is_never_turned():
    frame = canvas("vertical", 720)
    assert image_box(frame, 50, 50, 100, 9 / 16, full_frame=True, rotation=30) == frame.box


@pytest.mark.parametrize(("shape", "expected"), [("", 2), ("circle", 1), ("square", 1)])
def test_what_is_cut_from_the_middle_is_as_wide_as_high(shape, expected):
    assert layouts.aspect(200, 100, shape) == expected


# --- zones of platforms ---

REELS = Sides(top=14, right=6, bottom=35, left=6)
MARGINS = st.builds(Sides, *[st.floats(0, 90)] * 4)
BOXES = st.builds(Box, *[st.integers(-500, 2000)] * 2, *[st.integers(1, 2000)] * 2)


def test_margins_are_percent_of_the_side_they_cut():
    assert free_area(canvas("vertical", 720), REELS) == Box(44, 180, 632, 652)


def test_it_says_how_far_a_box_stands_over():
    zone = Box(100, 100, 200, 200)
    assert violation(Box(120, 120, 50, 50), zone) is None
    assert violation(Box(90, 280, 50, 50), zone) == Sides(bottom=30, left=10)
    assert violation(Box(260, 190, 60, 20), zone) == Sides(right=20)
    assert violation(Box(260, 190, 60, 20), zone, rotation=90) is None


def test_a_box_is_moved_to_the_nearest_place():
    zone = Box(100, 100, 200, 200)
    assert clamped(Box(120, 120, 50, 50), zone) == Box(120, 120, 50, 50)
    assert clamped(Box(90, 280, 50, 50), zone) == Box(100, 250, 50, 50)
    assert clamped(Box(0, 0, 400, 100), zone) == Box(100, 100, 200, 50)


@given(canvases, MARGINS, BOXES, DEGREES)
def test_a_clamped_box_never_violates_the_zone(frame, margins, box, rotation):
    zone = free_area(frame, margins)
    if min(zone.width, zone.height) >= 4:  # a pixel that is turned takes three
        assert violation(clamped(box, zone, rotation), zone, rotation) is None


@given(canvases, BOXES, DEGREES)
def test_a_clamped_box_stays_where_its_percent_say(frame, box, rotation):
    """What the editor writes down puts the layer where it was shown."""
    there = clamped(box, safe_area(frame), rotation)
    x, y = layouts.centre(frame, there)
    assert place(frame, x, y, there.width, there.height, rotation) == there
