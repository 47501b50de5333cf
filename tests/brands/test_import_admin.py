"""Imports, protection and the profile in the admin."""

import io
import zipfile

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from brands import importadmin
from brands.models import Artwork, Brand, ImportRun, Layer, PublishingProfile
from tests.brands.kits import CAPTION, northshore, packed, put
from tests.brands.test_admin import formsets
from tests.conftest import grant
from wtfsite.models import User

pytestmark = pytest.mark.django_db
IMPORT, PLAN = reverse("admin:brands_brand_import"), reverse("admin:brands_brand_import_plan")
LIST, RUNS = reverse("admin:brands_brand_changelist"), reverse("admin:brands_importrun_changelist")


@pytest.fixture(autouse=True)
def _plain_http(settings):
    settings.SECURE_SSL_REDIRECT = False


@pytest.fixture
def kit(tmp_path):
    """Without pictures, so that nothing has to be decoded."""
    text = "brands: {Orbit: {posting_cadence_hours: 3}, Kettle: {captoin: x}}"
    return packed(put(tmp_path / "kit", {"brands.yml": text}), tmp_path / "kit.zip")


def send(client, path, name=None, **options):
    return client.post(IMPORT, {"file": SimpleUploadedFile(name or path.name, path.read_bytes())}, **options)


def shown(client, path):
    """The page with the plan."""
    return send(client, path, follow=True)


def applied(client, page, **values):
    form = {"kit": page.context["kit"], "plan": page.context["plan"], **values}
    return client.post(PLAN, form, follow=True)


def kept():
    folders = default_storage.listdir("imports")[0] if default_storage.exists("imports") else []
    return [
        f"imports/{folder}/{name}" for folder in folders for name in default_storage.listdir(f"imports/{folder}")[1]
    ]


def url(name, *args):
    return reverse(f"admin:brands_{name}", args=args)


# --- from the upload to the undo ---


def test_a_kit_is_looked_at_applied_and_undone(admin_client, kit):
    page = shown(admin_client, kit)
    text = page.content.decode()
    assert "This is what importing kit.zip would do. Nothing has been changed yet." in text
    assert "hours between posts" in text
    assert "Did you mean “default_caption_postfix”?" in text
    assert not Brand.objects.exists()
    result = applied(admin_client, page)
    run = ImportRun.objects.get()
    assert result.redirect_chain[-1][0] == url("importrun_change", run.pk)
    assert "2 brands were imported." in result.content.decode()
    assert run.owner.username == "admin"
    assert Brand.objects.get(slug="orbit").profile.cadence_hours == 3
    assert not kept()
    back = admin_client.post(url("importrun_undo", run.pk), follow=True).content.decode()
    assert "The import was undone" in back
    assert not Brand.objects.exists()
    again = admin_client.post(url("importrun_undo", run.pk), follow=True).content.decode()
    assert "undone already" in again


def test_pictures_come_along(admin_client, tmp_path):
    """Through the real child."""
    page = shown(admin_client, packed(northshore(tmp_path / "kit"), tmp_path / "kit.zip"))
    assert "northshore-logo.png (40 × 20)" in page.content.decode()
    applied(admin_client, page)
    assert Artwork.objects.count() == 2


def test_looking_at_the_plan_changes_nothing(admin_client, kit):
    page = shown(admin_client, kit)
    admin_client.get(f"{PLAN}?kit={page.context['kit']}")
    admin_client.head(f"{PLAN}?kit={page.context['kit']}")
    admin_client.get(IMPORT)
    assert not Brand.objects.exists()
    assert not ImportRun.objects.exists()


def test_a_second_import_has_nothing_to_apply(admin_client, kit):
    applied(admin_client, shown(admin_client, kit))
    page = shown(admin_client, kit)
    assert "would change nothing" in page.content.decode()
    assert 'name="plan"' not in page.content.decode()


def test_a_single_list_will_do(admin_client, tmp_path):
    put(tmp_path, {"my brands.yml": "brands: {Orbit: {}}"})
    applied(admin_client, shown(admin_client, tmp_path / "my brands.yml"))
    assert ImportRun.objects.get().name == "my brands.yml"


def test_what_changed_meanwhile_is_shown_again(admin_client, kit):
    page = shown(admin_client, kit)
    Brand.objects.create(name="Orbit", slug="orbit")
    answer = applied(admin_client, page)
    assert "Something has changed meanwhile." in answer.content.decode()
    assert Brand.objects.count() == 1
    applied(admin_client, answer)
    assert Brand.objects.get(slug="orbit").profile.cadence_hours == 3


@pytest.mark.parametrize(
    ("name", "data"), [("kit.zip", b"no archive"), ("a.tar.gz", b"\x1f\x8b"), ("a.mp4", b"\0" * 99)]
)
def test_what_is_no_kit_is_refused_in_words(admin_client, tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    page = shown(admin_client, tmp_path / name)
    assert page.redirect_chain[-1][0] == IMPORT
    assert "Make a ZIP file of the files themselves." in page.content.decode()


def test_too_much_is_refused_in_words(admin_client, tmp_path, settings):
    settings.MAX_UPLOAD_SIZE = 100
    (tmp_path / "kit.zip").write_bytes(bytes(10_000))
    assert "more than 100 bytes" in send(admin_client, tmp_path / "kit.zip").content.decode()
    assert not kept()


# --- what is kept in between ---


def test_one_upload_is_kept_for_each_person(admin_client, kit):
    first, second = shown(admin_client, kit), shown(admin_client, kit)
    assert len(kept()) == 1
    assert "kit" not in kept()[0].rpartition("/")[2]
    gone = admin_client.get(f"{PLAN}?kit={first.context['kit']}", follow=True)
    assert "not kept any more" in gone.content.decode()
    assert admin_client.get(f"{PLAN}?kit={second.context['kit']}").status_code == 200


def test_nobody_opens_the_upload_of_somebody_else(admin_client, client, kit):
    page = shown(admin_client, kit)
    client.force_login(User.objects.create_superuser("other"))
    answer = client.get(f"{PLAN}?kit={page.context['kit']}", follow=True)
    assert "not kept any more" in answer.content.decode()


@pytest.mark.parametrize("token", ["", "../../etc/passwd", "eyJ1c2VyIjoxfQ:1abcde:forged"])
def test_no_path_comes_from_outside(admin_client, token):
    assert "not kept any more" in admin_client.get(PLAN, {"kit": token}, follow=True).content.decode()


# --- who may ---


def test_importing_needs_the_permissions(client, viewer, kit):
    client.force_login(viewer)
    assert client.get(IMPORT).status_code == 403
    assert client.get(PLAN).status_code == 403
    assert "Import brands" not in client.get(LIST).content.decode()
    run = ImportRun.objects.create(name="kit", before={"brands": {}, "zones": {}})
    assert client.post(url("importrun_undo", run.pk)).status_code == 403
    client.force_login(grant(viewer, *(name.partition(".")[2] for name in importadmin.NEEDED)))
    assert client.get(IMPORT).status_code == 200
    assert "Import brands" in client.get(LIST).content.decode()
    applied(client, shown(client, kit))
    assert Brand.objects.count() == 2


def test_strangers_are_asked_to_log_in(client):
    assert client.get(IMPORT).status_code == 302
    assert client.post(PLAN).status_code == 302


def test_imports_are_listed_and_cannot_be_written_by_hand(admin_client, kit):
    applied(admin_client, shown(admin_client, kit))
    assert "kit.zip" in admin_client.get(RUNS).content.decode()
    assert admin_client.get(reverse("admin:brands_importrun_add")).status_code == 403
    assert admin_client.post(url("importrun_delete", ImportRun.objects.get().pk), {"post": "yes"}).status_code == 403


def test_an_undo_needs_a_post(admin_client, kit):
    applied(admin_client, shown(admin_client, kit))
    assert admin_client.get(url("importrun_undo", ImportRun.objects.get().pk)).status_code == 405
    assert Brand.objects.count() == 2


# --- export ---


def test_ticked_brands_are_exported(admin_client):
    Brand.objects.create(name="Orbit", slug="orbit")
    other = Brand.objects.create(name="Kettle", slug="kettle")
    answer = admin_client.post(LIST, {"action": "export_chosen", "_selected_action": [other.pk]})
    assert answer["Content-Disposition"] == 'attachment; filename="brands.zip"'
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert archive.namelist() == ["wtf-brands.json"]
        assert b"kettle" in archive.read("wtf-brands.json")
        assert b"orbit" not in archive.read("wtf-brands.json")


# --- protection ---


@pytest.fixture
def locked(brand, add_artwork):
    add_artwork(brand)
    brand.layers.create(name="logo", artwork_kind="logo")
    brand.locked = True
    brand.save()
    return brand


def test_of_a_protected_brand_only_the_switch_can_be_moved(admin_client, locked):
    address = url("brand_change", locked.pk)
    layer = {"layers-TOTAL_FORMS": 1, "layers-INITIAL_FORMS": 1, "layers-0-id": locked.layers.get().pk, "layers-0-x": 1}
    layer |= {"artwork-TOTAL_FORMS": 1, "artwork-INITIAL_FORMS": 1, "artwork-0-id": locked.artwork.get().pk}
    profile = {"profile-TOTAL_FORMS": 1, "profile-INITIAL_FORMS": 0, "profile-0-hashtags": "#new"}
    form = {"name": "Other", "slug": "other", "handle": "@x", **formsets(**layer), **profile}
    page = admin_client.get(address).content.decode()
    assert 'name="locked"' in page
    assert 'name="name"' not in page
    assert 'name="layers-0-x"' not in page
    assert 'name="profile-0-hashtags"' not in page
    admin_client.post(address, {**form, "locked": "on"})
    locked.refresh_from_db()
    assert (locked.name, locked.locked, locked.active) == ("Northshore", True, True)
    admin_client.post(address, form)
    locked.refresh_from_db()
    assert (locked.name, locked.locked, locked.active, locked.layers.get().x) == ("Northshore", False, True, 86)
    assert not PublishingProfile.objects.exists()


def test_a_protected_brand_is_not_deleted(admin_client, locked):
    assert admin_client.post(url("brand_delete", locked.pk), {"post": "yes"}).status_code == 403
    form = {"action": "delete_selected", "_selected_action": [locked.pk], "post": "yes"}
    admin_client.post(LIST, form)
    assert Brand.objects.exists()


def test_the_pictures_of_a_protected_brand_stay(admin_client, locked):
    artwork = locked.artwork.get()
    assert admin_client.post(url("artwork_delete", artwork.pk), {"post": "yes"}).status_code == 403
    assert admin_client.post(url("artwork_change", artwork.pk), {"kind": "template"}).status_code == 403
    form = {"brand": locked.pk, "kind": "template", "variant": ""}
    assert "not one of the available choices" in admin_client.post(url("artwork_add"), form).content.decode()
    assert Artwork.objects.get().kind == "logo"


def test_whoever_may_not_change_brands_does_not_unlock_them(client, viewer, locked):
    client.force_login(viewer)
    assert client.post(url("brand_change", locked.pk), formsets()).status_code == 403
    assert Brand.objects.get().locked


# --- the profile ---


def test_a_profile_is_written_as_people_write(admin_client, brand):
    text = {"profile-0-caption_ending": CAPTION, "profile-0-hashtags": "#a, #b #a", "profile-0-languages": "en gd"}
    text |= {"profile-0-platforms": "tiktok youtube", "profile-0-priority": "youtube", "profile-0-cadence_hours": "4"}
    form = formsets(**{"profile-TOTAL_FORMS": 1, "profile-INITIAL_FORMS": 0}, **text)
    answer = admin_client.post(url("brand_change", brand.pk), {"name": "N", "slug": "n", "active": "on", **form})
    assert answer.status_code == 302, answer.context["errors"]
    profile = PublishingProfile.objects.get()
    assert profile.caption_ending == CAPTION
    assert (profile.hashtags, profile.languages) == (["#a", "#b"], ["en", "gd"])
    assert (profile.platforms, profile.priority) == (["tiktok", "youtube"], ["youtube"])
    assert "#a #b" in admin_client.get(url("brand_change", brand.pk)).content.decode()


def test_an_unknown_platform_is_refused_with_the_nearest_one(admin_client, brand):
    form = formsets(**{"profile-TOTAL_FORMS": 1, "profile-INITIAL_FORMS": 0, "profile-0-platforms": "titkok"})
    answer = admin_client.post(url("brand_change", brand.pk), {"name": "N", "slug": "n", **form})
    assert "titkok is not known. Did you mean “tiktok”?" in answer.content.decode()
    assert not Layer.objects.exists()
