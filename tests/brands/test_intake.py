import errno
import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from brands import intake
from brands.artwork import read_image
from brands.models import Artwork
from jobs.media.errors import ArtworkError, MediaError
from tests.brands.kits import at_once
from tests.brands.pictures import encoded, logo
from wtfsite.lib import process
from wtfsite.lib.process import Finished


def test_it_makes_a_png_of_what_came_in_and_writes_down_what_that_is():
    artwork = Artwork()
    png = intake.take_in(artwork, SimpleUploadedFile("our logo.jpg", encoded(logo(64, 32).convert("RGB"), "JPEG")))
    data = png.read()
    assert read_image(data).size == (artwork.width, artwork.height) == (64, 32)
    assert artwork.sha256 == hashlib.sha256(data).hexdigest()
    assert (artwork.original_name, artwork.image_format) == ("our logo.jpg", "JPEG")


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"hello", encoded(logo())[:150]], ids=["none", "svg", "text", "cut"])
def test_it_refuses_what_is_no_picture_and_leaves_the_artwork_alone(data, folders):
    artwork = Artwork(sha256="before", file="before.png")
    with pytest.raises(ArtworkError):
        intake.take_in(artwork, SimpleUploadedFile("a.png", data))
    assert (artwork.sha256, artwork.file.name, artwork.original_name) == ("before", "before.png", "")
    assert list((folders.temp / "work").iterdir()) == []


def test_a_picture_that_was_decoded_before_is_decoded_once():
    calls = []

    def run(*command, **options):
        calls.append(command)
        return process.run(*command, **options)

    good, bad = SimpleUploadedFile("a.png", encoded(logo())), SimpleUploadedFile("a.png", b"<svg/>")
    for file in (good, bad):
        intake.decode(file, run, intake.Wishes(longest=1024))
    assert intake.take_in(Artwork(), good, run).size
    with pytest.raises(ArtworkError):
        intake.take_in(Artwork(), bad, run)
    assert len(calls) == 2
    assert not intake._decoded


def test_a_ground_goes_and_what_is_left_is_trimmed():
    image = Image.new("RGB", (300, 200), (10, 10, 10))
    image.paste((250, 250, 250), (100, 50, 260, 150))
    artwork, wishes = Artwork(kind="logo"), intake.Wishes(ground="auto", trim=True, longest=80)
    data = intake.take_in(artwork, SimpleUploadedFile("a.jpg", encoded(image)), at_once, wishes).read()
    assert read_image(data).size == (artwork.width, artwork.height)
    assert (artwork.width, artwork.height) in ((80, 50), (80, 51))  # its soft edge may take another row
    assert artwork.sha256 == hashlib.sha256(data).hexdigest()
    assert read_image(data).getpixel((40, 25)) == (250, 250, 250, 255)


@pytest.mark.parametrize(("kind", "longest"), [("logo", 1024), ("second_logo", 1024), ("watermark", 2048)])
def test_no_more_pixels_are_kept_than_a_kind_needs(kind, longest):
    artwork = Artwork(kind=kind)
    intake.take_in(artwork, SimpleUploadedFile("a.png", encoded(logo(2400, 300))), at_once)
    assert (artwork.width, artwork.height) == (longest, longest // 8)


def test_an_empty_picture_is_refused():
    with pytest.raises(ArtworkError) as caught:
        intake.take_in(Artwork(), SimpleUploadedFile("a.png", encoded(Image.new("RGBA", (50, 50)))), at_once)
    assert caught.value.code == "artwork_invisible"


def test_what_was_decoded_for_other_wishes_is_decoded_again():
    file = SimpleUploadedFile("a.png", encoded(logo()))
    intake.decode(file, at_once, intake.Wishes(longest=50))
    artwork = Artwork(kind="logo")
    intake.take_in(artwork, file, at_once)
    assert artwork.width == 200


def test_nothing_is_left_in_the_work_folder(folders):
    intake.take_in(Artwork(), SimpleUploadedFile("a.png", encoded(logo())))
    assert list((folders.temp / "work").iterdir()) == []


def test_it_refuses_a_large_file_without_reading_it(folders):
    file = SimpleUploadedFile("a.png", b"")
    file.size = 20_000_001
    with pytest.raises(ArtworkError, match="20 MB") as caught:
        intake.take_in(Artwork(), file)
    assert caught.value.code == "artwork_too_large"
    assert not (folders.temp / "work").exists()


def test_a_failure_that_does_not_lie_in_the_picture_is_logged(caplog, folders):
    def run(*command, **options):
        raise process.Failed("python exited with code 1", Finished(1, b"", "ImportError: no libjpeg", 0, 0, 0))

    with pytest.raises(MediaError) as caught:
        intake.take_in(Artwork(), SimpleUploadedFile("a.png", encoded(logo())), run)
    assert caught.value.code == "unknown"
    assert "no libjpeg" in caplog.text
    assert list((folders.temp / "work").iterdir()) == []


def test_a_disk_that_is_full_is_said():
    def run(*command, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(MediaError) as caught:
        intake.take_in(Artwork(), SimpleUploadedFile("a.png", encoded(logo())), run)
    assert caught.value.code == "disk_full"


def test_the_name_is_kept_as_text_for_people():
    artwork, file = Artwork(), SimpleUploadedFile("a.png", encoded(logo()))
    file._name = "art\\\u202egnp.exe\x00\n"  # its setter cuts what Django knows of
    intake.take_in(artwork, file)
    assert artwork.original_name == "gnp.exe"


def test_the_stored_name_is_ours(brand, storage):
    artwork = Artwork(brand=brand)
    intake.take_in(artwork, SimpleUploadedFile("../../%03d;rm.jpg", encoded(logo().convert("RGB"), "JPEG")))
    artwork.save()
    assert artwork.file.name == f"artwork/{artwork.uuid.hex[:2]}/{artwork.uuid}.png"


def test_it_drops_only_files_nobody_holds(brand, add_artwork, storage, django_capture_on_commit_callbacks):
    held, gone = add_artwork(brand), add_artwork(brand, kind="watermark")
    names = [held.file.name, gone.file.name]
    gone.delete()
    with django_capture_on_commit_callbacks(execute=True):
        intake.drop_files([*names, ""])
        assert storage.exists(names[1])
    assert [storage.exists(name) for name in names] == [True, False]
