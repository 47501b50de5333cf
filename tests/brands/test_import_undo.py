"""Imports taken back: rows and files as they were, once, and only while nobody has touched them since."""

import os

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from brands import changes as announcing
from brands.importing import history, uploads
from brands.importing.undoing import NotUndone, forget, undo
from brands.models import Artwork, Brand, BrandGrant, ImportRun, Layer, PublishingProfile, SafeZone
from jobs.models import Asset, Job, Output
from jobs.services import prune
from tests.brands.kits import northshore, put
from tests.brands.test_importing import bring

pytestmark = pytest.mark.django_db(transaction=True)
MODELS = (Brand, Artwork, Layer, PublishingProfile, SafeZone)


@pytest.fixture
def kit(tmp_path):
    return northshore(tmp_path / "kit")


def everything():
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in MODELS}


def files(folders):
    return {path: path.read_bytes() for path in folders.media.rglob("*") if path.is_file()}


def other(kit):
    """The same brand otherwise: another logo, no mark of its own place, another zone."""
    text = (kit / "brands.yml").read_text().replace("top-center", "full").replace("hours: 4", "hours: 9")
    rules = 'platforms: {reddit: {aspect_ratios: ["1:1"], watermark_safe_zone: top-10px}}'
    return put(kit, {"brands.yml": text, "logos/northshore-logo.png": (0, 0, 99), "platforms.yml": rules})


def test_a_new_brand_goes_with_its_files(kit, folders):
    before = everything()
    run = bring(kit).run
    assert files(folders)
    undo(run)
    assert everything() == before
    assert not files(folders)


def test_rows_and_files_are_as_they_were(kit, folders):
    bring(kit)
    Layer.objects.filter(name="logo").delete()
    Brand.objects.get().layers.create(name="hand", kind="text", text="by hand")
    before, stored = everything(), files(folders)
    run = bring(other(kit)).run
    assert everything() != before
    assert stored.items() <= files(folders).items(), "what was replaced is kept"
    undo(run)
    assert everything() == before
    assert files(folders) == stored


def test_imports_are_undone_one_after_the_other(kit, folders):
    empty = everything()
    first = bring(kit).run
    between = everything()
    second = bring(other(kit)).run
    with pytest.raises(NotUndone, match=r"Changed since this import: “Northshore News” \(profile, artwork, layers\)"):
        undo(first)
    undo(second)
    assert everything() == between
    undo(first)
    assert everything() == empty
    assert not files(folders)


def test_nothing_is_undone_twice(kit):
    run = bring(kit).run
    undo(run)
    with pytest.raises(NotUndone, match="already"):
        undo(run)


def test_a_brand_that_was_changed_since_stays_and_so_do_the_others(kit):
    put(kit, {"more.yml": "brands: {Orbit: {posting_cadence_hours: 3}}"})
    run = bring(kit).run
    Layer.objects.filter(name="logo").update(x=1)
    before = everything()
    with pytest.raises(NotUndone, match=r"“Northshore News” \(layers\)"):
        undo(run)
    assert everything() == before
    assert ImportRun.objects.get().undone_at is None


def test_a_brand_that_was_deleted_since_is_named(kit):
    run = bring(kit).run
    Brand.objects.all().delete()
    with pytest.raises(NotUndone, match=r"“Northshore News” \(deleted\)"):
        undo(run)


def test_a_brand_with_videos_stays(kit):
    run = bring(kit).run
    source = Asset.objects.create(title="clip")
    job = Job.objects.create()
    Output.objects.create(job=job, source=source, brand=Brand.objects.get(), variant="square")
    with pytest.raises(NotUndone, match="has videos by now"):
        undo(run)
    assert ImportRun.objects.get().undone_at is None
    assert Brand.objects.exists()


def test_grants_and_other_brands_are_nobodys_business(kit, admin_user):
    run = bring(kit).run
    bring(other(kit))
    undo(ImportRun.objects.first())
    BrandGrant.objects.create(brand=Brand.objects.get(), user=admin_user)
    Brand.objects.create(name="Other", slug="other")
    undo(run)
    assert [brand.slug for brand in Brand.objects.all()] == ["other"]


def test_files_that_nobody_can_put_back_any_more_go(kit, folders):
    bring(kit)
    old = Artwork.objects.get(kind="logo").file.name
    run = bring(other(kit)).run
    assert not history.outdated().exists()
    ImportRun.objects.update(created_at=timezone.now() - timezone.timedelta(days=history.UNDO_DAYS + 1))
    assert [forget(run) for run in history.outdated()] == [1, 1]
    assert not (folders.media / old).exists()
    assert {row.file.name for row in Artwork.objects.all()} == {
        path.relative_to(folders.media).as_posix() for path in files(folders)
    }
    with pytest.raises(NotUndone, match="for 30 days"):
        undo(run)


def test_what_is_over_its_time_is_pruned(kit, admin_user):
    bring(kit)
    uploads.keep(ContentFile(b"kit", name="kit.zip"), admin_user)
    assert [*prune.imports(), *prune.kits()] == []
    ImportRun.objects.update(created_at=timezone.now() - timezone.timedelta(days=history.UNDO_DAYS + 1))
    (name,) = default_storage.listdir(f"imports/{admin_user.pk}")[1]
    path = default_storage.path(f"imports/{admin_user.pk}/{name}")
    os.utime(path, (1, 1))
    assert prune.run(prune.imports()) == {"imports": 1}
    assert prune.run(prune.kits()) == {"kits": 1}
    assert [*prune.imports(), *prune.kits()] == []
    assert ImportRun.objects.get().before == {}
    assert not default_storage.exists(path)


def test_a_file_that_a_younger_import_needs_stays(kit, folders):
    first = bring(kit).run
    old = Artwork.objects.get(kind="logo").file.name
    bring(other(kit))
    ImportRun.objects.filter(pk=first.pk).update(created_at=timezone.now() - timezone.timedelta(days=99))
    assert [forget(run) for run in history.outdated()] == [1]
    assert (folders.media / old).exists()


def test_whoever_waits_for_changes_is_told(kit):
    heard = []

    def handler(brands):
        heard.append(brands)
        return f"{len(heard)} outputs are stale."

    announcing.on_change(handler)
    try:
        changes = bring(kit)
        pk = Brand.objects.get().pk
        assert changes.said == ["1 outputs are stale."]
        assert undo(changes.run) == ["2 outputs are stale."]
        assert heard == [{pk}, {pk}]
    finally:
        announcing._handlers.remove(handler)


def test_a_brand_that_changes_meanwhile_stays_as_it_is(kit, folders):
    """Between the dry run and the moment at which it is applied."""
    from brands.importing.applying import apply
    from brands.importing.session import planned
    from tests.brands.kits import at_once

    bring(kit)
    before = files(folders)
    put(kit, {"more.yml": "brands: {Orbit: {posting_cadence_hours: 3}}"})
    with planned(other(kit), run=at_once) as changes:
        Layer.objects.filter(name="logo").update(x=1)
        run = apply(changes)
    assert Layer.objects.get(name="logo").x == 1
    assert files(folders) == before, "its new files went again"
    assert {one.slug: one.outcome for one in changes.brands} == {"northshore": "refused", "orbit": "new"}
    assert "was changed while it was imported" in str(run.report)
