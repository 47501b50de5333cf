"""Clips of brands, from the upload to the list."""

import hashlib
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from brands import changes, clipintake
from brands.models import Brand, BrandClip
from jobs.media.errors import MediaError
from jobs.media.probe import Probe
from tests.media.clips import AAC, X264, ffmpeg, tone

ADD = reverse("admin:brands_brandclip_add")
LIST = reverse("admin:brands_brandclip_changelist")
VP9 = ("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-auto-alt-ref", 0, "-deadline", "realtime", "-cpu-used", 8)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _plain_http(settings):
    settings.SECURE_SSL_REDIRECT = False
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(scope="module")
def mark(tmp_path_factory):
    """Red on the left, nothing on the right."""
    path = tmp_path_factory.mktemp("clips") / "mark.webm"
    half = "format=rgba,geq=r=255:g=0:b=0:a='if(lt(X,60),255,0)',format=yuva420p"
    ffmpeg("-f", "lavfi", "-i", f"color=s=120x80:r=10:d=0.5,{half},noise=c0s=9:c0f=t", *VP9, path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "film.mp4"
    noisy = ("-f", "lavfi", "-i", "testsrc2=s=120x80:r=30:d=2,noise=alls=30:allf=t")
    ffmpeg(*noisy, *tone(seconds=2), *X264, "-pix_fmt", "yuv420p", *AAC, "-movflags", "+faststart", path)
    return path.read_bytes()


def upload(data, name="Spin.webm"):
    return SimpleUploadedFile(name, data)


def form(brand, data, kind="mark", **values):
    return {"brand": brand.pk, "kind": kind, "variant": "", "active": "on", "file": upload(data), **values}


def said(response):
    return " ".join(str(message) for message in response.context["messages"])


def test_a_clip_is_kept_as_it_came_with_its_facts(brand, mark, storage):
    clip = BrandClip(brand=brand)
    clipintake.take_in(clip, upload(mark))
    clip.save()
    with storage.open(clip.file.name) as file:
        assert file.read() == mark
    found = Probe.from_dict(clip.facts)
    assert (clip.sha256, clip.original_name) == (hashlib.sha256(mark).hexdigest(), "Spin.webm")
    assert (found.video.width, found.video.height, found.video.alpha) == (120, 80, True)
    assert clip.file.name.endswith(".mkv")
    assert "Spin" not in clip.file.name


def test_its_still_keeps_what_is_transparent_and_is_made_again(brand, mark, storage):
    clip = BrandClip(brand=brand)
    clipintake.take_in(clip, upload(mark))
    clip.save()
    first = clipintake.still(clip)
    with Image.open(io.BytesIO(first)) as picture:
        assert picture.size == (360, 240)
        assert (picture.getpixel((40, 100))[3], picture.getpixel((320, 100))[3]) == (255, 0)
    storage.delete(clipintake._still_name(clip.sha256))
    assert clipintake.still(clip) == first


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"MAX_CLIP_SIZE": 5000}, "too_large"),
        ({"MAX_CLIP_SECONDS": 1}, "too_long"),
    ],
)
def test_caps_are_settings(change, code, brand, film, settings, storage):
    for name, value in change.items():
        setattr(settings, name, value)
    with pytest.raises(MediaError) as caught:
        clipintake.take_in(BrandClip(brand=brand), upload(film))
    assert caught.value.code == code


def test_what_is_no_video_or_ends_early_is_refused(brand, film, storage):
    picture = io.BytesIO()
    Image.new("RGB", (64, 64)).save(picture, "PNG")
    clip = BrandClip(brand=brand)
    for data, code in (
        (picture.getvalue(), "still_picture"),
        (b"", "empty_file"),
        (film[: len(film) // 2], "truncated"),
    ):
        with pytest.raises(MediaError) as caught:
            clipintake.take_in(clip, upload(data))
        assert caught.value.code == code
    assert (clip.sha256, clip.facts, clip.file.name) == ("", {}, "")


def test_a_mark_without_alpha_is_taken_with_a_word_about_mp4(admin_client, brand, film, storage):
    heard = []
    changes.on_change(heard.append)
    try:
        response = admin_client.post(ADD, form(brand, film), follow=True)
    finally:
        changes._handlers.remove(heard.append)
    assert BrandClip.objects.get().kind == "mark"
    assert "MP4 cannot hold transparency" in said(response)
    assert "sound of a mark" in said(response)
    assert heard == [{brand.pk}]


def test_a_good_mark_and_a_film_are_taken_without_complaint(admin_client, brand, mark, film, storage):
    first = admin_client.post(ADD, form(brand, mark), follow=True)
    second = admin_client.post(ADD, form(brand, film, "intro"), follow=True)
    assert "transparen" not in said(first)
    assert "sound" not in said(second)
    assert BrandClip.objects.count() == 2


def test_a_refused_clip_says_why_and_nothing_is_kept(admin_client, brand, storage):
    response = admin_client.post(ADD, form(brand, b"\x1a\x45\xdf\xa3 no film" * 200))
    assert "cannot be read" in response.content.decode()
    assert not BrandClip.objects.exists()


def test_the_list_shows_a_frame_on_grey(admin_client, brand, mark, storage):
    clip = BrandClip(brand=brand)
    clipintake.take_in(clip, upload(mark))
    clip.save()
    address = reverse("admin:brands_brandclip_picture", args=[clip.pk])
    assert address in admin_client.get(LIST).content.decode()
    with Image.open(io.BytesIO(admin_client.get(address).content)) as picture:
        assert picture.getpixel((320, 100)) == (128, 128, 128)
        assert picture.getpixel((40, 100))[0] > 200
    storage.delete(clip.file.name)
    storage.delete(clipintake._still_name(clip.sha256))
    assert admin_client.get(address)["Content-Type"] == "image/png"


def test_replacing_and_deleting_removes_the_file(
    admin_client, brand, mark, film, storage, django_capture_on_commit_callbacks
):
    admin_client.post(ADD, form(brand, film, "intro"))
    clip = BrandClip.objects.get()
    change = reverse("admin:brands_brandclip_change", args=[clip.pk])
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(change, form(brand, mark, "intro"))
    before, after = clip.file.name, BrandClip.objects.get().file.name
    assert (storage.exists(before), storage.exists(after)) == (False, True)
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(reverse("admin:brands_brandclip_delete", args=[clip.pk]), {"post": "yes"})
    assert not storage.exists(after)
    assert not Brand.objects.get().clips.exists()
