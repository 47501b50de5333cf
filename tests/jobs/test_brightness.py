"""Layers that adapt to how bright the video is under them."""

from pathlib import Path

import pytest

from brands.models import Brand
from jobs.models import Asset, Brightness, Event, Output, Reframe
from jobs.services import assets, brightness, cells
from jobs.services.options import BrandOptions
from jobs.services.toolbox import get_tools
from tests.jobs.test_main_path import QUICK, make
from tests.media.clips import X264, ffmpeg

PICTURES = {
    "black": "color=c=black:s=180x180:r=10:d=1",
    "white": "color=c=white:s=180x180:r=10:d=1",
    "half": "color=c=black:s=180x180:r=10:d=1[a];color=c=white:s=90x180:r=10:d=1[b];[a][b]overlay=90:0",
}


def video(name: str, folder: Path) -> Asset:
    path = folder / f"{name}.mp4"
    ffmpeg("-f", "lavfi", "-i", PICTURES[name], *X264, "-crf", 5, "-pix_fmt", "yuv420p", path)
    return assets.from_path(path)[0]


@pytest.fixture
def brand(two_brands) -> Brand:
    """Shows one line of text, in the middle of the width, that adapts."""
    two_brands[0].layers.update(adaptive=True, opacity=0.6)
    return two_brands[0]


def opacity(asset: Asset, brand: Brand, options: BrandOptions = QUICK) -> float:
    common = cells.shape(asset, "square", options)
    output = Output(source=asset, brand=brand, variant="square")
    return dict(cells.recipe(output, common, get_tools()).design.opacities)["line"]


@pytest.mark.parametrize(("name", "expected"), [("black", 0.2), ("white", 0.1), ("half", 0.15)])
def test_the_brighter_the_video_the_fainter_the_layer(name, expected, brand, tmp_path):
    asset = video(name, tmp_path)
    brightness.measure(asset, cells.shape(asset, "square", QUICK), tmp_path)

    assert opacity(asset, brand) == pytest.approx(expected, abs=0.003)


def test_it_follows_the_opacities_of_the_layer(brand, tmp_path):
    asset = video("white", tmp_path)
    brightness.measure(asset, cells.shape(asset, "square", QUICK), tmp_path)
    brand.layers.update(opacity_low=0.3, opacity_high=0.9)

    assert opacity(asset, brand) == pytest.approx(0.3, abs=0.003)


def test_a_video_that_was_not_measured_gives_half_the_opacity(brand, tmp_path):
    assert opacity(video("white", tmp_path), brand) == 0.3


def test_a_job_measures_once_and_keeps_what_it_used(brand, tmp_path):
    asset = video("half", tmp_path)
    job = make([asset], [brand], ["square"])

    assert job.outputs.get().opacities == {"line": pytest.approx(0.15, abs=0.003)}
    row = Brightness.objects.get()
    brightness.measure(asset, cells.shape(asset, "square", QUICK), tmp_path)
    assert Brightness.objects.get().created_at == row.created_at


def test_another_frame_is_measured_by_itself(brand, tmp_path):
    asset = video("half", tmp_path)
    brightness.measure(asset, cells.shape(asset, "square", QUICK), tmp_path)
    Reframe.objects.create(asset=asset, variant="square", crop_width=0.5)
    common = cells.shape(asset, "square", QUICK)
    assert brightness.kept(asset, common) is None
    brightness.measure(asset, common, tmp_path)

    assert opacity(asset, brand) == pytest.approx(0.2, abs=0.003)


def test_what_cannot_be_measured_is_told_and_no_failure(brand, tmp_path, settings):
    asset = video("white", tmp_path)
    common = cells.shape(asset, "square", QUICK)
    asset.file.storage.delete(asset.file.name)
    brightness.measure(asset, common, tmp_path)

    assert "half opaque" in Event.objects.get(level="warning").message
    assert opacity(asset, brand) == 0.3


def test_nobody_measures_for_layers_that_do_not_adapt(brand):
    assert brightness.wanted([brand], "square")
    brand.layers.create(name="line", kind="text", text="x", variant="square")
    assert not brightness.wanted([brand], "square")
    assert brightness.wanted([brand], "vertical")
    brand.layers.update(visible=False)
    assert not brightness.wanted([brand], "vertical")
