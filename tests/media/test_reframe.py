from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.media.reframe import FITS, TURNS, Box, Frame, Placed, place, upright
from tests.media.clips import facts

SHARE = st.floats(0, 1)
FRAMES = st.builds(
    Frame,
    fit=st.sampled_from(FITS),
    turn=st.sampled_from(TURNS),
    mirror=st.booleans(),
    crop=st.tuples(SHARE, SHARE, SHARE, SHARE),
    zoom=st.floats(0.25, 4),
    pan=st.tuples(SHARE, SHARE),
)
SIDES = st.integers(16, 4320)
VIDEOS = st.builds(
    lambda width, height, sar, rotation: facts(width=width, height=height, sar=sar, rotation=rotation),
    SIDES,
    SIDES,
    st.sampled_from([Fraction(1), Fraction(64, 45), Fraction(45, 64), Fraction(4, 3)]),
    st.sampled_from(TURNS),
)
CANVASES = st.sampled_from([(1080, 1920), (1080, 1350), (720, 720), (1280, 720)])


def inside(box: Box, width: int, height: int) -> bool:
    fits = box.x + box.width <= width and box.y + box.height <= height
    return fits and min(box.x, box.y) >= 0 and min(box.width, box.height) >= 2


def is_even(box: Box) -> bool:
    return not any(value % 2 for value in (box.x, box.y, box.width, box.height))


@given(VIDEOS, CANVASES, FRAMES)
@example(facts(width=16, height=4319), (1280, 720), Frame("fit", crop=(1, 1, 0, 0), zoom=4, pan=(1, 1)))
def test_every_box_is_even_inside_and_not_empty(video, canvas, frame):
    made = place(video, *canvas, frame)
    width, height, _ = upright(video)

    assert inside(made.cut, width, height)
    assert is_even(made.cut) or made.whole
    assert inside(made.box, *canvas)
    assert is_even(made.box)
    assert made.whole is ((made.cut.width, made.cut.height) == (width, height))
    assert sorted(made.size) == sorted((made.box.width, made.box.height))


@given(VIDEOS, CANVASES, FRAMES)
def test_what_covers_the_canvas_has_no_bars(video, canvas, frame):
    made = place(video, *canvas, replace(frame, fit="fill", zoom=max(1, frame.zoom)))

    assert made.full


@given(VIDEOS, CANVASES, FRAMES)
def test_mirrored_twice_is_as_before(video, canvas, frame):
    """The same part of the source is seen when the crop and the place are mirrored, too."""
    left, top, wide, high = 0.25, 0.25, 0.5, 0.5
    straight = replace(frame, crop=(left, top, wide, high), pan=(0.5, 0.5), mirror=False, turn=0)
    a, b = place(video, *canvas, straight), place(video, *canvas, replace(straight, mirror=True))

    assert abs(a.cut.x - b.cut.x) <= 4
    assert (a.cut.y, a.cut.width, a.cut.height, a.box) == (b.cut.y, b.cut.width, b.cut.height, b.box)


@pytest.mark.parametrize(
    ("changes", "canvas", "box"),
    [
        ({}, (720, 1280), Box(0, 0, 1080, 1920)),
        ({}, (1280, 720), Box(0, 656, 1080, 608)),
        ({"width": 853, "height": 479}, (720, 720), Box(186, 0, 478, 478)),
        ({"width": 853, "height": 479}, (1280, 720), Box(0, 0, 850, 478)),
        ({"width": 1920, "height": 1080, "rotation": 90}, (720, 1280), Box(0, 0, 1080, 1920)),
        ({"width": 720, "height": 576, "sar": Fraction(64, 45)}, (1280, 720), Box(0, 0, 720, 576)),
        ({"width": 576, "height": 720, "sar": Fraction(45, 64), "rotation": 270}, (1280, 720), Box(0, 0, 720, 576)),
        ({"width": 8192, "height": 16}, (720, 1280), Box(4090, 0, 10, 16)),
    ],
)
def test_it_cuts_the_middle_in_the_shape_that_is_seen(changes, canvas, box):
    assert place(facts(**changes), *canvas, Frame()).cut == box


@pytest.mark.parametrize(
    ("changes", "canvas", "box"),
    [
        ({}, (720, 720), Box(156, 0, 406, 720)),
        ({"width": 1920, "height": 1080}, (720, 1280), Box(0, 436, 720, 406)),
        ({"width": 720, "height": 576, "sar": Fraction(64, 45)}, (1280, 720), Box(0, 0, 1280, 720)),
        ({"width": 8192, "height": 16}, (720, 1280), Box(0, 638, 720, 2)),
    ],
)
def test_it_fits_the_whole_picture_in(changes, canvas, box):
    made = place(facts(**changes), *canvas, Frame("fit"))

    assert (made.box, made.whole) == (box, True)


def placed(**changes: object) -> Placed:
    """A source of 400 x 200 on a canvas of 100 x 100."""
    return place(facts(width=400, height=200), 100, 100, Frame(**changes))  # type: ignore[arg-type]  # a table


@pytest.mark.parametrize(
    ("changes", "cut", "box"),
    [
        ({"pan": (0, 0.5)}, Box(0, 0, 200, 200), Box(0, 0, 100, 100)),
        ({"pan": (1, 0.5)}, Box(200, 0, 200, 200), Box(0, 0, 100, 100)),
        ({"pan": (0, 0.5), "mirror": True}, Box(200, 0, 200, 200), Box(0, 0, 100, 100)),
        ({"zoom": 2, "pan": (0.25, 1)}, Box(74, 100, 100, 100), Box(0, 0, 100, 100)),
        ({"zoom": 0.5, "pan": (0.5, 0)}, Box(0, 0, 400, 200), Box(0, 0, 100, 50)),
        ({"fit": "fit", "zoom": 0.5, "pan": (1, 1)}, Box(0, 0, 400, 200), Box(50, 74, 50, 26)),
        ({"fit": "fit", "zoom": 1.5}, Box(66, 0, 266, 200), Box(0, 12, 100, 76)),
        ({"crop": (0.5, 0, 0.5, 1)}, Box(200, 0, 200, 200), Box(0, 0, 100, 100)),
        ({"crop": (0.9, 0.9, 0.5, 0.5)}, Box(250, 100, 100, 100), Box(0, 0, 100, 100)),
        ({"fit": "fit", "turn": 90}, Box(0, 0, 400, 200), Box(24, 0, 50, 100)),
        ({"turn": 90, "pan": (0, 0)}, Box(0, 0, 200, 200), Box(0, 0, 100, 100)),
        ({"turn": 270, "pan": (0, 0)}, Box(200, 0, 200, 200), Box(0, 0, 100, 100)),
        ({"turn": 180, "pan": (0, 0)}, Box(200, 0, 200, 200), Box(0, 0, 100, 100)),
    ],
)
def test_it_follows_what_was_asked(changes, cut, box):
    made = placed(**changes)

    assert (made.cut, made.box) == (cut, box)


@pytest.mark.parametrize("wrong", [{"fit": "stretch"}, {"turn": 45}])
def test_it_refuses_what_it_does_not_know(wrong):
    with pytest.raises(ValueError, match="no way"):
        Frame(**wrong)


def test_it_tells_how_much_larger_the_picture_is():
    assert placed(zoom=4).enlarged == 2
    assert placed(fit="fit").enlarged == 0.25


def test_equal_pictures_have_equal_facts():
    assert placed(pan=(0.5, 0.1)).facts() == placed(pan=(0.5, 0.9)).facts()
    assert placed(fit="fit").facts() != placed(fit="blur").facts()
    assert placed(turn=180).facts() != placed().facts()
