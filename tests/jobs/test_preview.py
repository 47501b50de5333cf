"""The preview is the render: held against the graph before its encoders, and against planes put together by Pillow."""

import io
import random
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageFilter

from brands import layouts, plates
from brands.artwork import ImageLayer, Plate, PlateSpec
from brands.models import Brand, BrandClip, Layer
from jobs.media.errors import MediaError
from jobs.models import Asset
from jobs.services import assets, cells, dressing, preview, toolbox
from jobs.services.options import BrandOptions
from jobs.services.preview import Busy, Preview, Wanted
from jobs.services.toolbox import get_tools
from tests.brands.pictures import encoded, keep_artwork, logo
from tests.clips import ffmpeg
from tests.jobs.test_main_path import make
from tests.pipelines import raw
from wtfsite.lib import process

pytestmark = pytest.mark.django_db

SMALL = BrandOptions(size=720, profile="draft")
LAYOUTS, FRAMES, NUMBER, LEVELS = 20, 5, 3, 2
VARIANT, LOGO = "square", (301, 157)
CANVAS = layouts.canvas(VARIANT, 720)


# --- random layouts, seeded ------------------------------------------------------------------------------------------


def layer(dice: random.Random, number: int) -> dict[str, object]:
    """Any of the kinds, anywhere, in any strength."""
    values: dict[str, object] = {
        "name": f"layer {number}",
        "order": number,
        "x": round(dice.uniform(0, 100), 2),
        "y": round(dice.uniform(0, 100), 2),
        "width": round(dice.uniform(8, 60), 2),
        "opacity": round(dice.uniform(0.2, 1), 2),
        "rotation": dice.choice([0, 0, 90, 180, round(dice.uniform(1, 359), 1)]),
    }
    kind = dice.choice(["logo", "text", "full"])
    if kind == "text":
        colours = [f"#{dice.randrange(1 << 24):06x}" for _ in range(2)]
        words = {"kind": "text", "text": dice.choice(["50% OFF", "It's live", "Café\nat dawn"]), "text_size": 5}
        return {**values, **words, "text_colour": colours[0], "box_colour": colours[1], "box_opacity": dice.random()}
    if kind == "full":
        return {**values, "artwork_kind": "watermark", "full_frame": True, "rotation": 0, "width": 100}
    return {**values, "artwork_kind": "logo", "shape": dice.choice(["", "", "circle"])}


def brands(dice: random.Random) -> list[Brand]:
    made = []
    for number in range(LAYOUTS):
        brand = Brand.objects.create(name=f"Brand {number}", slug=f"brand-{number}")
        colour = (dice.randrange(256), dice.randrange(256), dice.randrange(256))
        keep_artwork(brand, encoded(logo(*LOGO, colour)))
        keep_artwork(brand, encoded(logo(720, 720, colour)), "watermark")
        for order in range(dice.randint(1, 3)):
            brand.layers.create(**layer(dice, order))
        made.append(brand)
    return made


@dataclass(frozen=True)
class Gauge:
    """A video of the canvas's own size, brands, and one frame of all their films as they go into the encoders."""

    asset: Asset
    brands: list[Brand]
    planes: list[bytes]
    bare: bytes


def video(folder: Path, frames: int = FRAMES) -> Asset:
    picture = f"testsrc2=s=720x720:r=30:d={frames / 30},noise=alls=20:allf=t"
    bt709 = ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"]
    encoder = ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-c:v", "libx264", "-preset", "ultrafast"]
    path = ffmpeg(folder / "v.mp4", "-f", "lavfi", "-i", picture, *encoder, "-pix_fmt", "yuv420p", *bt709)
    return assets.from_path(path)[0]


def decoded(asset: Asset, number: int, folder: Path) -> bytes:
    """One frame of the source, by a command of its own: the canvas is of the same size, so nothing is to be done."""
    options = ["-vf", f"select=eq(n\\,{number})", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "yuv420p"]
    return ffmpeg(folder / "one.yuv", "-i", asset.file.path, *options).read_bytes()


@pytest.fixture
def gauge(tmp_path: Path) -> Gauge:
    asset, made = video(tmp_path), brands(random.Random(20261120))
    common = cells.shape(asset, VARIANT, SMALL)
    drawn = []
    for number, brand in enumerate(made):
        design = plates.design(brand, common.canvas, VARIANT, cells.video(asset, common))
        drawn.append(dressing.cell(f"c{number}", design, common.probe.duration_us, tmp_path))
    spec = cells.spec(Path(asset.file.path), common, tuple(drawn))
    films = raw.films(spec, get_tools(), tmp_path)
    planes = [films[cell.name].frames[NUMBER] for cell in drawn]
    return Gauge(asset, made, planes, decoded(asset, NUMBER, tmp_path))


# --- the gauge -------------------------------------------------------------------------------------------------------


def images(planes: bytes) -> list[Image.Image]:
    width, height = CANVAS.width, CANVAS.height
    sizes, found, start = [(width, height), *[(width // 2, height // 2)] * 2], [], 0
    for size in sizes:
        end = start + size[0] * size[1]
        found.append(Image.frombytes("L", size, planes[start:end]))
        start = end
    return found


RED, GREEN, BLUE = 0.2126, 0.7152, 0.0722


def weights(*row: float) -> tuple[float, float, float, float]:
    """Of red, green and blue, and what is added."""
    return row  # type: ignore[return-value]


LUMA = (219 / 255 * RED, 219 / 255 * GREEN, 219 / 255 * BLUE, 16.5)
U = (-224 / 255 * RED / 1.8556, -224 / 255 * GREEN / 1.8556, 224 / 255 * (1 - BLUE) / 1.8556, 128.5)
V = (224 / 255 * (1 - RED) / 1.5748, -224 / 255 * GREEN / 1.5748, -224 / 255 * BLUE / 1.5748, 128.5)


def pasted(bare: bytes, plate: Plate) -> list[Image.Image]:
    """The three planes of the frame with the plate on it."""
    half = (CANVAS.width // 2, CANVAS.height // 2)
    whole = on_canvas(plate)
    luma, u, v = [whole.convert("RGB").convert("L", row) for row in (LUMA, U, V)]
    mask = whole.getchannel("A")
    small = mask.resize(half, Image.Resampling.BOX)
    sides = [(luma, mask), (u.resize(half, Image.Resampling.BOX), small), (v.resize(half, Image.Resampling.BOX), small)]
    return [Image.composite(side, under, over) for under, (side, over) in zip(images(bare), sides, strict=True)]


def on_canvas(plate: Plate) -> Image.Image:
    whole = Image.new("RGBA", (CANVAS.width, CANVAS.height))
    whole.paste(plate.image, (plate.x, plate.y))
    return whole


def uneven(plate: Plate) -> Image.Image:
    """White, at half the size, where the plate changes within the reach of ffmpeg's filter."""
    small = on_canvas(plate).reduce(2)
    changes = ImageChops.difference(small.filter(ImageFilter.MinFilter(7)), small.filter(ImageFilter.MaxFilter(7)))
    most = reduce(ImageChops.lighter, changes.split())
    return most.point(lambda value: 255 if value else 0)


def test_the_preview_the_film_and_the_plate_pasted_by_hand_are_one(gauge, tmp_path):
    """20 random layouts. One test: what it looks at takes long to make."""
    films = rgb(gauge.planes, tmp_path)
    for brand, planes, film in zip(gauge.brands, gauge.planes, films, strict=True):
        plate = plates.load(plates.spec(brand, CANVAS, VARIANT))
        assert plate is not None
        assert_pasted(gauge.bare, plate, planes)
        assert_placed(brand)
        assert pixels(preview.plan(wanted(gauge.asset, brand, edge=720))) == film, brand


def assert_pasted(bare: bytes, plate: Plate, planes: bytes) -> None:
    """Luma is at most 2 levels off everywhere. Chroma is so where the plate is even: beside its edges, it depends on
    the filter that halves it (ffmpeg: bicubic, to the left; here: the mean of four), and hardly anything is edges.
    """
    off = [ImageChops.difference(*pair) for pair in zip(pasted(bare, plate), images(planes), strict=True)]
    assert highest(off[0]) <= LEVELS
    for plane in off[1:]:
        assert sum(plane.histogram()[LEVELS + 1 :]) <= plane.width * plane.height / 100
        plane.paste(0, mask=uneven(plate))
        assert highest(plane) <= LEVELS


def highest(plane: Image.Image) -> int:
    return max(level for level, count in enumerate(plane.histogram()) if count)


def assert_placed(brand: Brand) -> None:
    """Each picture by itself is in the box that the geometry gives it, and fills it where it is not slanted."""
    for shown in plates.spec(brand, CANVAS, VARIANT).layers:
        if not isinstance(shown, ImageLayer) or shown.full_frame:
            continue
        ratio = layouts.aspect(*LOGO, shown.shape)
        upright = layouts.image_box(CANVAS, shown.x, shown.y, shown.width, ratio, rotation=shown.rotation)
        box = layouts.even(layouts.turned(upright, shown.rotation))
        drawn = plates.load(PlateSpec(CANVAS, (shown,)))
        assert drawn is not None
        found = layouts.Box(drawn.x, drawn.y, drawn.image.width, drawn.image.height)
        assert box.contains(found)
        assert shown.rotation % 90 or found == box


def rgb(planes: list[bytes], folder: Path) -> list[bytes]:
    (folder / "all.yuv").write_bytes(b"".join(planes))
    size = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{CANVAS.width}x{CANVAS.height}", "-i", folder / "all.yuv"]
    flags = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
    scale = f"scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags={flags},format=rgb24"
    data = ffmpeg(folder / "all.rgb", *map(str, size), "-vf", scale, "-f", "rawvideo").read_bytes()
    step = CANVAS.width * CANVAS.height * 3
    return [data[start : start + step] for start in range(0, len(data), step)]


def wanted(asset: Asset, brand: Brand | None, at_ms: int = 1000 * NUMBER // 30, edge: int = 540, **more: Any) -> Wanted:
    return Wanted(asset, brand, VARIANT, 1000 * at_ms, edge, SMALL, **more)


def pixels(shown: Preview) -> bytes:
    return picture(shown).convert("RGB").tobytes()


def picture(shown: Preview) -> Image.Image:
    return Image.open(io.BytesIO(shown.draw()))


# --- what is asked ---------------------------------------------------------------------------------------------------


@pytest.fixture
def asset(one_second: Path) -> Asset:
    """180 x 320 at 30 frames a second."""
    return assets.from_path(one_second)[0]


@pytest.fixture
def brand(two_brands: list[Brand]) -> Brand:
    return two_brands[0]


class Counter:
    """Runs programs, and notes what was read."""

    def __init__(self) -> None:
        self.reads: list[list[str]] = []

    def __call__(self, *commands: Any, reads: Any = (), **options: Any) -> process.Finished:
        self.reads.append([path.suffix for path in reads])
        return process.run(*commands, reads=reads, **options)


def test_it_is_scaled_after_all_else_and_kept(asset, brand):
    runs = Counter()
    with toolbox.running_with(runs):
        small = preview.plan(wanted(asset, brand))
        assert picture(small).size == (540, 540)
        assert small.type == "image/jpeg"
        assert preview.plan(wanted(asset, brand)).draw() == small.draw()
    assert len(runs.reads) == 2  # the canvas, and what lies over it


def test_while_somebody_drags_a_logo_the_video_is_not_decoded_again(asset, brand):
    runs = Counter()
    with toolbox.running_with(runs):
        seen = [preview.plan(wanted(asset, brand, layers=[moved(brand, y)])).draw() for y in (20, 50)]
    assert seen[0] != seen[1]
    assert [".yuv" in reads for reads in runs.reads] == [False, True, True]


def moved(brand: Brand, y: float) -> Layer:
    layer: Layer = brand.layers.get()
    layer.y = y
    return layer


def test_unsaved_layers_take_the_place_of_the_saved_ones(asset, brand):
    saved = preview.plan(wanted(asset, brand))
    assert preview.plan(wanted(asset, brand, layers=[brand.layers.get()])).key == saved.key
    assert preview.plan(wanted(asset, brand, layers=[moved(brand, 20)])).key != saved.key
    bare = preview.plan(wanted(asset, brand, layers=[]))
    assert bare.key == preview.plan(wanted(asset, None)).key != saved.key


def test_every_value_that_shapes_it_is_in_its_key(asset, brand):
    usual = wanted(asset, brand)
    others = [
        replace(usual, variant="vertical"),
        replace(usual, at_us=500_000),
        replace(usual, edge=300),
        replace(usual, options=BrandOptions(size=1080, profile="draft")),
        replace(usual, options=replace(SMALL, fit="blur")),
    ]
    keys = {preview.plan(each).key for each in [usual, *others]}
    assert len(keys) == 6
    assert preview.plan(replace(usual, at_us=usual.at_us + 1000)).key in keys  # within the same frame


def test_times_outside_show_the_first_and_the_last_frame(asset, brand):
    assert [preview.plan(wanted(asset, brand, at_ms)).frame for at_ms in (0, 999, 5000)] == [0, 29, 29]
    assert preview.plan(wanted(asset, brand, 5000)).draw()


def test_a_layer_is_there_in_its_time_only(asset, brand):
    brand.layers.update(timing="first", length_ms=500)
    bare = preview.plan(wanted(asset, None, 400, 720)), preview.plan(wanted(asset, None, 600, 720))
    seen = preview.plan(wanted(asset, brand, 400, 720)), preview.plan(wanted(asset, brand, 600, 720))
    assert [pixels(one) == pixels(other) for one, other in zip(seen, bare, strict=True)] == [False, True]


def test_a_layer_that_adapts_is_as_strong_as_in_the_render(asset, brand):
    brand.layers.update(adaptive=True)
    shown = preview.plan(wanted(asset, brand))
    output = make([asset], [brand], [VARIANT], SMALL).outputs.get()
    assert dict(shown.design.opacities) == output.opacities
    assert 0.1 < output.opacities["line"] < 0.2


def test_the_video_is_shown_and_not_the_intro(asset, brand, one_second):
    before = preview.plan(wanted(asset, brand)).key
    clip = BrandClip(brand=brand, kind="intro", sha256="0" * 64, facts=asset.facts)
    clip.save()
    assert preview.plan(wanted(asset, brand)).key == before


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_no_more_than_a_few_are_made_at_once(asset, brand):
    shown = preview.plan(wanted(asset, brand), seconds=0.5)
    for _number in range(preview.AT_ONCE):
        assert preview.places.acquire(blocking=False)
    try:
        with pytest.raises(Busy):
            shown.draw()
    finally:
        preview.places.release(preview.AT_ONCE)
    assert preview.plan(wanted(asset, brand)).draw()


def test_all_of_it_takes_so_many_seconds_at_most(asset, brand):
    with pytest.raises(MediaError) as caught:
        preview.plan(wanted(asset, brand), seconds=0).draw()
    assert caught.value.code == "timeout"


def test_it_leaves_no_folder_behind(asset, brand, folders):
    preview.plan(wanted(asset, brand)).draw()
    assert list((folders.temp / "work").iterdir()) == []
    assert len(list((folders.temp / "cache" / "previews").iterdir())) == 2


def test_artwork_that_is_missing_is_told(asset, brand):
    brand.layers.create(name="logo", artwork_kind="logo")
    with pytest.raises(MediaError) as caught:
        preview.plan(wanted(asset, brand))
    assert (caught.value.code, caught.value.detail) == ("artwork_missing", "logo")
