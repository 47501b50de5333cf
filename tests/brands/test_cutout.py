import pytest
from PIL import Image, ImageDraw, ImageFilter

from brands import cutout
from jobs.media.errors import ArtworkError

BLACK, WHITE, RED = (0, 0, 0, 255), (255, 255, 255, 255), (220, 30, 40, 255)
STRENGTHS = [0, 20, 60, 100, 150]


def disc(ground, colour, side=80):
    """A disc in the middle of a ground, with a smooth edge."""
    large = Image.new("RGBA", (4 * side, 4 * side), ground)
    ImageDraw.Draw(large).ellipse((side, side, 3 * side, 3 * side), fill=colour)
    return large.resize((side, side), Image.Resampling.BOX)


def seen(picture):
    return sum(value * count for value, count in enumerate(picture.getchannel("A").histogram()))


def rim(picture):
    """The pixels that shine through somewhat."""
    data = picture.tobytes()
    pixels = (tuple(data[at : at + 4]) for at in range(0, len(data), 4))
    return [pixel for pixel in pixels if 40 <= pixel[3] < 255]


@pytest.mark.parametrize("strength", [20, 60, 150])
@pytest.mark.parametrize(
    ("ground", "wanted", "colour"),
    [(BLACK, "dark", WHITE), (BLACK, "auto", RED), (WHITE, "light", BLACK), (WHITE, "auto", RED)],
)
def test_a_disc_stands_free_and_keeps_its_colour_up_to_the_edge(ground, wanted, colour, strength):
    free = cutout.cut(disc(ground, colour), wanted, strength)
    assert free.mode == "RGBA"
    assert free.getpixel((0, 0))[3] == free.getpixel((40, 15))[3] == 0
    assert free.getpixel((40, 40)) == colour
    assert rim(free), "the edge stays soft"
    off = [max(abs(a - b) for a, b in zip(pixel[:3], colour[:3], strict=True)) for pixel in rim(free)]
    assert max(off) <= 60, "no rim of the ground's colour"
    area = seen(free) / 255
    assert abs(area - 3.1416 * 20**2) < 70


def test_what_is_enclosed_stays():
    """White letters on a dark badge on white: only the white outside goes."""
    badge = disc(WHITE, (20, 20, 60, 255))
    ImageDraw.Draw(badge).rectangle((34, 34, 46, 46), fill=WHITE)
    free = cutout.cut(badge, "light", 150)
    assert free.getpixel((2, 40))[3] == 0
    assert free.getpixel((40, 40)) == WHITE
    assert free.getpixel((28, 40)) == (20, 20, 60, 255)


def test_a_way_in_is_found_around_corners():
    """A spiral corridor of ground, one pixel wide at its turns."""
    picture = Image.new("RGBA", (40, 40), BLACK)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((8, 8, 31, 31), fill=WHITE)
    draw.line([(8, 12), (26, 12), (26, 26), (14, 26), (14, 18)], fill=BLACK)
    assert cutout._reached(cutout._far(picture, BLACK[:3]).point(lambda v: 255 * (v == 0))).getpixel((14, 18)) == 255
    draw.point((8, 12), fill=WHITE)
    assert cutout._reached(cutout._far(picture, BLACK[:3]).point(lambda v: 255 * (v == 0))).getpixel((14, 18)) == 0


@pytest.mark.parametrize("ground", [(30, 30, 34, 255), (232, 230, 225, 255)], ids=["dark", "light"])
def test_more_strength_never_leaves_more(ground):
    noise = Image.merge("RGBA", [Image.effect_noise((80, 80), 14) for _ in range(3)] + [Image.new("L", (80, 80), 255)])
    rough = Image.blend(disc(ground, (120, 160, 90, 255)), noise, 0.2).filter(ImageFilter.GaussianBlur(0.6))
    left = [seen(cutout.cut(rough, "auto", strength)) for strength in STRENGTHS]
    assert left == sorted(left, reverse=True)
    assert left[0] > left[2] > 0


def test_what_stands_on_nothing_stays_as_it_is():
    free = disc((0, 0, 0, 0), RED)
    assert cutout.cut(free, "auto", 150).tobytes() == free.tobytes()


def test_see_through_pixels_stay_so():
    half = disc(BLACK, (*RED[:3], 255))
    half.putpixel((40, 40), (*RED[:3], 100))
    assert cutout.cut(half, "dark", 60).getpixel((40, 40)) == (*RED[:3], 100)


@pytest.mark.parametrize(
    ("picture", "wanted", "detail"),
    [
        (disc(BLACK, WHITE), "light", "its border is not light"),
        (disc(WHITE, BLACK), "dark", "its border is not dark"),
        (Image.frombytes("RGBA", (8, 8), bytes([*RED, 0, 90, 0, 255, 0, 0, 160, 255, *BLACK] * 16)), "auto", "many"),
    ],
    ids=["dark", "light", "motley"],
)
def test_a_picture_without_such_a_ground_is_refused(picture, wanted, detail):
    with pytest.raises(ArtworkError, match=detail) as caught:
        cutout.cut(picture, wanted)
    assert caught.value.code == "artwork_ground"


def test_empty_margins_are_trimmed_to_the_pixel():
    picture = Image.new("RGBA", (50, 40))
    picture.paste(RED, (7, 11, 31, 23))
    picture.putpixel((49, 39), (255, 255, 255, 3))  # nobody sees it
    assert cutout.trim(picture).size == (24, 12)
    assert cutout.trim(picture).getcolors() == [(24 * 12, RED)]
    assert cutout.trim(Image.new("RGBA", (5, 4))).size == (5, 4)


def test_a_picture_with_nothing_to_see_is_refused_with_what_to_do():
    picture = Image.new("RGBA", (100, 100))
    picture.paste(RED, (0, 0, 10, 10))
    cutout.check(picture)
    picture.putpixel((0, 0), (0, 0, 0, 0))
    with pytest.raises(ArtworkError) as caught:
        cutout.check(picture)
    assert caught.value.code == "artwork_invisible"
    assert caught.value.detail == "0.99 %"
    assert "Lower the strength" in caught.value.remedy


def test_pictures_are_only_made_smaller():
    wide = Image.new("RGBA", (300, 100), RED)
    assert cutout.fit(wide, 150).size == (150, 50)
    assert cutout.fit(wide, 300) is wide
