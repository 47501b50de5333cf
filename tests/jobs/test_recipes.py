"""What is kept of how a file was made, and that it is enough to make it again."""

import io
import json
import shutil

import pytest
from django.core.management import CommandError, call_command

from brands.models import Artwork, Layer
from jobs.models import Asset, Job, Output, Recipe
from jobs.services import assets, files, prune, recipes, rerun, toolbox
from tests.brands.pictures import encoded, keep_artwork, logo
from tests.jobs.conftest import text_brand
from tests.jobs.test_main_path import make

pytestmark = pytest.mark.django_db


def again(*words: object) -> tuple[str, int]:
    """What the command says, and its exit code."""
    out = io.StringIO()
    try:
        call_command("rerun_recipe", *map(str, words), stdout=out)
    except CommandError as error:
        return out.getvalue() + str(error), error.returncode
    return out.getvalue(), 0


@pytest.fixture
def output(one_second) -> Output:
    """A logo, a text that fades, a credit."""
    brand = text_brand("a", "50% OFF")
    brand.layers.update(timing="between", start_ms=200, length_ms=600, fade_ms=200)
    keep_artwork(brand, encoded(logo()))
    keep_artwork(text_brand("z", "another brand with the same picture, which is none of this one's"), encoded(logo()))
    Layer.objects.create(brand=brand, name="logo", artwork_kind="logo", x=80, y=85, width=20, rotation=15)
    Layer.objects.create(brand=brand, name="by", kind="credit", text="by {author}", x=50, y=20, width=60)
    source = assets.from_path(one_second)[0]
    Asset.objects.filter(pk=source.pk).update(author="Ada", origin_url="https://video.example.com/1")
    source.refresh_from_db()
    return make([source], [brand], ["square"]).outputs.get()


def test_a_recipe_tells_all_and_gives_the_same_bytes(output, tmp_path):
    data = recipes.of_output(output)
    assert (data["key"], data["output"]["sha256"], data["version"]) == (output.key, output.sha256, 1)
    assert data["source"]["url"] == "https://video.example.com/1"
    assert data["source"]["sha256"] == output.source.sha256
    assert [layer["text"] for part in data["design"]["parts"] for layer in part["layers"] if "text" in layer] == [
        "by Ada",
        "50% OFF",
    ]
    [picture] = data["files"]
    assert picture["name"] == "A: logo"
    assert data["versions"]["ffmpeg"] == toolbox.get_tools().build
    assert data["command"][0] == toolbox.get_tools().ffmpeg
    assert not any(str(tmp_path) in word for word in data["command"])

    folder, file = tmp_path / "again", tmp_path / "recipe.json"
    file.write_text(json.dumps(data))
    said, code = again(file, "--out", folder)
    assert (code, "The same build" in said, "The same bytes." in said, "The same frames." in said) == (0, *[True] * 3)
    [film] = folder.iterdir()
    assert files.sha256(film) == output.sha256


def test_the_video_may_come_from_elsewhere(output, one_second, tmp_path):
    Asset.objects.update(state="expired", file="")
    said, code = again(output.uuid, "--out", tmp_path / "again")
    assert (code, "--source" in said) == (2, True)
    wrong = tmp_path / "wrong.mp4"
    wrong.write_bytes(b"another video")
    assert again(output.uuid, "--out", tmp_path / "again", "--source", wrong)[1] == 2
    copy = shutil.copy(one_second, tmp_path / "copy.mp4")
    assert again(output.uuid, "--out", tmp_path / "again", "--source", copy)[1] == 0


def test_other_bytes_are_told_and_explained(output, tmp_path):
    data = recipes.of_output(output)
    data["design"]["parts"][0]["layers"][0]["opacity"] = 0.5
    file = tmp_path / "recipe.json"
    file.write_text(json.dumps(data))
    said, code = again(file, "--out", tmp_path / "again")
    assert (code, "Other frames." in said) == (1, True)
    data["versions"]["ffmpeg"] = "another build"
    file.write_text(json.dumps(data))
    said, code = again(file, "--out", tmp_path / "again")
    assert (code, "Another build of ffmpeg" in said, "Other bytes." in said) == (0, True, True)


def test_a_picture_that_is_gone_is_named(output, tmp_path, folders):
    Artwork.objects.all().delete()
    shutil.rmtree(folders.media / "plates")
    said, code = again(output.uuid, "--out", tmp_path / "again")
    assert (code, "picture was removed" in said) == (2, True)


def test_it_goes_when_no_output_has_the_key(output):
    prune.run(going for going in prune.plan() if going.kind == "recipes")
    assert Recipe.objects.count() == 1
    Job.objects.all().delete()
    assert prune.run(going for going in prune.plan() if going.kind == "recipes") == {"recipes": 1}
    assert Recipe.objects.count() == 0


# --- recipes that are none

GOOD = {
    "version": 1,
    "key": "1" * 64,
    "output": {"sha256": "2" * 64},
    "source": {"sha256": "3" * 64, "facts": None},
    "canvas": {"width": 720, "height": 720},
}


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"key": "../../etc/passwd"},
        {"source": {"sha256": "x", "facts": {}}},
        {"canvas": {"width": "720", "height": 720}},
        {"canvas": []},
    ],
)
def test_what_is_no_recipe_is_refused(change):
    with pytest.raises(rerun.Impossible):
        rerun.read({**GOOD, **change})


@pytest.mark.parametrize("text", ["[]", "{", '"a"', "null", "1"])
def test_a_file_that_holds_none_is_refused(text, tmp_path):
    file = tmp_path / "recipe.json"
    file.write_text(text)
    assert again(file, "--out", tmp_path / "again")[1] == 2


def test_an_output_without_one_is_refused(tmp_path):
    assert again("6d1f9a8e-0d52-4c1c-9a55-3a2d2a7c1f00", "--out", tmp_path)[1] == 2
    assert again("no such file", "--out", tmp_path)[1] == 2
