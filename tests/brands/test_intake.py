import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from brands import intake
from brands.models import Artwork
from jobs.media.errors import ArtworkError
from tests.brands.pictures import encoded, logo


def test_it_writes_down_what_came_in():
    data = encoded(logo(64, 32).convert("RGB"), "JPEG")
    artwork = Artwork()
    intake.take_in(artwork, SimpleUploadedFile("our logo.png", data))
    assert (artwork.width, artwork.height, artwork.image_format) == (64, 32, "JPEG")
    assert artwork.sha256 == hashlib.sha256(data).hexdigest()
    assert artwork.original_name == "our logo.png"


def test_it_leaves_the_file_at_its_start():
    file = SimpleUploadedFile("a.png", encoded(logo()))
    intake.take_in(Artwork(), file)
    assert file.read(4) == b"\x89PNG"


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"hello"])
def test_it_refuses_what_is_no_picture(data):
    artwork = Artwork()
    with pytest.raises(ArtworkError):
        intake.take_in(artwork, SimpleUploadedFile("a.png", data))
    assert artwork.sha256 == ""


def test_it_refuses_a_large_file_without_reading_it():
    file = SimpleUploadedFile("a.png", b"")
    file.size = 20_000_001
    with pytest.raises(ArtworkError, match="20 MB"):
        intake.take_in(Artwork(), file)


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("logo.png", "logo.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\art\\logo.png", "logo.png"),
        ("\u202egnp.exe\x00\n", "gnp.exe"),
        ("é" * 400, "é" * 255),
    ],
)
def test_it_cleans_the_file_name(name, cleaned):
    assert intake.clean_name(name) == cleaned


def test_the_stored_name_is_ours(brand, storage):
    artwork = Artwork(brand=brand)
    file = SimpleUploadedFile("../../%03d;rm.exe", encoded(logo()))
    intake.take_in(artwork, file)
    artwork.file = file
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
