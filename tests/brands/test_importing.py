"""Imports of kits: what comes of each format, and that it comes once."""

import pytest

from brands.importing.applying import apply
from brands.importing.files import Unreadable
from brands.importing.session import planned
from brands.models import Artwork, Brand, ImportRun, Layer, PublishingProfile, SafeZone
from tests.brands.kits import CAPTION, at_once, northshore, packed, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def kit(tmp_path):
    folder = tmp_path / "kit"
    folder.mkdir()
    return folder


def bring(path, run=at_once, **options):
    with planned(path, run=run, **options) as changes:
        run = apply(changes)
    changes.run = run
    return changes


def sentences(changes, level=None):
    return [f"{one.where}: {one.sentence}" for one in changes.findings if level in (None, one.level)]


def outcomes(changes):
    return {one.slug: one.outcome for one in changes.brands}


def layers(brand):
    return {str(layer): layer for layer in brand.layers.all()}


def pictures(brand):
    return {(row.kind, row.variant): row.original_name for row in brand.artwork.all()}


# --- formats ---


def test_a_brand_list(kit):
    changes = bring(northshore(kit))
    assert sentences(changes) == []
    brand = Brand.objects.get()
    assert (brand.name, brand.slug) == ("Northshore News", "northshore")
    assert pictures(brand) == {("logo", ""): "northshore-logo.png", ("watermark", ""): "Northshore_watermark.png"}
    profile = brand.profile
    assert profile.caption_ending == CAPTION
    assert (profile.hashtags, profile.languages) == (["#Northshore", "#News"], ["en", "gd"])
    assert profile.cadence_hours == 4
    mark, logo = layers(brand)["watermark"], layers(brand)["logo"]
    assert (mark.x, mark.y, mark.width, mark.opacity, mark.full_frame) == (50, 0, 25, 0.55, False)
    assert (logo.x, logo.y, logo.width, logo.opacity, logo.full_frame) == (100, 100, 15, 1, False)


def test_without_a_position_the_watermark_covers_the_frame(kit):
    bring(
        put(kit, {"brands.yml": "brands: {Orbit: {watermark_key: orbit}}", "watermarks/orbit_watermark.png": (1, 2, 3)})
    )
    mark = Layer.objects.get()
    assert (mark.full_frame, mark.width, mark.opacity) == (True, 115, 0.4)


@pytest.mark.parametrize(
    ("position", "place"),
    [
        ("top-left", (0, 0)),
        ("center", (50, 50)),
        ("center-right", (100, 50)),
        ("bottom-center", (50, 100)),
        ("{x: 12.5, y: 80}", (12.5, 80)),
    ],
)
def test_positions_are_centres_in_percent(kit, position, place):
    text = f"brands: {{Orbit: {{watermark_key: orbit, watermark_scale: 0.3, watermark_position: {position}}}}}"
    bring(put(kit, {"brands.yml": text, "watermarks/ORBIT_Watermark.PNG": (1, 2, 3)}))
    mark = Layer.objects.get()
    assert (mark.x, mark.y, mark.width, mark.full_frame) == (*place, 30, False)


def test_the_plainest_grade_of_a_mark_is_taken(kit):
    names = ("orbit_watermark_low", "orbit_watermark_high", "orbit_watermark_medium")
    files = {f"watermarks/{name}.png": (number, 0, 0) for number, name in enumerate(names)}
    changes = bring(put(kit, {"brands.yml": "brands: {Orbit: {watermark_key: orbit}}", **files}))
    assert pictures(Brand.objects.get()) == {("watermark", ""): "orbit_watermark_high.png"}
    assert sentences(changes) == []


@pytest.mark.parametrize("name", ["assets.json", "assets.yml"])
def test_an_asset_map(kit, name):
    text = """{"NorthshoreNews": {"display_name": "Northshore News",
        "assets": {"template": "net/template.png", "logo": "net/logos/northshore-logo.png",
                   "watermark": "net/watermarks/Northshore_watermark.png"},
        "options": {"watermark_position": "bottom-right", "watermark_scale": 0.25}}}"""
    files = {
        "net/template.png": (1, 0, 0),
        "net/logos/northshore-logo.png": (2, 0, 0),
        "net/watermarks/Northshore_watermark.png": (3, 0, 0),
    }
    changes = bring(put(kit, {name: text, **files}))
    assert sentences(changes) == []
    brand = Brand.objects.get()
    assert brand.slug == "northshore-news"
    assert sorted(kind for kind, _variant in pictures(brand)) == ["logo", "template", "watermark"]
    found = layers(brand)
    assert (found["watermark"].x, found["watermark"].y, found["watermark"].width) == (100, 100, 25)
    assert (found["template"].full_frame, found["template"].width) == (True, 100)
    assert [layer.order for layer in (found["watermark"], found["template"], found["logo"])] == [0, 1, 2]


def test_a_folder_for_one_brand(kit):
    lists = {
        "Orbit/manifest.yml": "display_name: Velo Club Orbit\nwatermark_position: full\nwatermark_scale: 1.0",
        "Orbit/watermark.yml": "position: center\nscale: 0.5",
        "Orbit/orientation.yml": 'rules: [{match: "*", orientation: auto}]',
    }
    files = {f"Orbit/{name}.png": (number, 0, 0) for number, name in enumerate(("logo", "watermark", "template"))}
    changes = bring(put(kit, {**lists, **files}))
    assert sentences(changes) == []
    brand = Brand.objects.get()
    assert (brand.name, brand.slug) == ("Velo Club Orbit", "velo-club-orbit")
    mark = layers(brand)["watermark"]
    assert (mark.x, mark.y, mark.width, mark.full_frame) == (50, 50, 50, False), "its own list knows best"
    assert {variant for _kind, variant in pictures(brand)} == {""}


def test_the_folder_itself_may_be_a_brand(kit):
    bring(put(kit, {"manifest.yml": "display_name: Orbit", "logo.png": (1, 2, 3)}))
    assert pictures(Brand.objects.get(slug="orbit")) == {("logo", ""): "logo.png"}


def test_an_orientation_becomes_a_variant(kit):
    rules = 'rules: [{match: "watermark*", orientation: vertical}, {match: "template*", orientation: auto}]'
    files = {"o/logo.png": (1, 0, 0), "o/watermark.png": (2, 0, 0), "o/template_square.png": (3, 0, 0)}
    changes = bring(put(kit, {"o/manifest.yml": "display_name: Orbit", "o/orientation.yml": rules, **files}))
    brand = Brand.objects.get()
    places = {("logo", ""), ("watermark", "vertical"), ("watermark", "portrait"), ("template", "square")}
    assert set(pictures(brand)) == places
    hidden = {(layer.name, layer.variant) for layer in brand.layers.filter(visible=False)}
    wide = {("template", "landscape"), ("template", "vertical"), ("template", "portrait")}
    assert hidden == {("watermark", "square"), ("watermark", "landscape"), *wide}
    assert "no watermark for square; the layer is hidden there" in " ".join(sentences(changes))


def test_a_tree_of_master_artwork(kit):
    files = {
        "Logos/Square/Northshore_logo.png": (1, 0, 0),
        "Logos/Circle/Northshore_logo.png": (2, 0, 0),
        "Logos/Circle/Orbit_logo.png": (3, 0, 0),
        "Watermarks/Vertical_HD/NORTHSHORE_watermark.png": (4, 0, 0),
        "Watermarks/Square/northshore_watermark.png": (5, 0, 0),
        "Watermarks/Landscape/Northshore_watermark.png": (6, 0, 0),
    }
    changes = bring(put(kit, files))
    assert sentences(changes) == []
    one, orbit = Brand.objects.order_by("slug")
    shapes = [("watermark", variant) for variant in ("vertical", "portrait", "square", "landscape")]
    assert set(pictures(one)) == {("logo", ""), ("second_logo", ""), *shapes}
    assert set(pictures(orbit)) == {("logo", "")}
    assert set(layers(one)) == {"logo", "watermark"}, "nothing is hidden where every shape has its own"


def test_routes_and_rules_land_on_the_profile(kit):
    rules = """
    defaults: {filename_pattern: "{brand}.mp4"}
    platforms:
      tiktok:
        aspect_ratios: ["9:16", "1:1"]
        preferred_orientation: vertical
        video_specs: {resolutions: ["720x1280"], max_size_mb: 287}
        filename_pattern: "{date}_{brand}_{slug}_{hash}.mp4"
        watermark_safe_zone: "top-100px-bottom-200px"
        enabled: true
      facebook: {aspect_ratios: ["16:9"], enabled: false}
    """
    routes = "NorthshoreNews: {platforms: [youtube, tiktok, facebook], priority: [tiktok, youtube]}"
    changes = bring(northshore(kit, **{"routing.yml": routes, "platforms.yml": rules}))
    profile = PublishingProfile.objects.get()
    assert (profile.platforms, profile.priority) == (["youtube", "tiktok"], ["tiktok", "youtube"])
    assert profile.filename_pattern == "{date}_{brand}_{slug}_{hash}.mp4"
    zone = SafeZone.objects.get(platform="tiktok", variant="vertical")
    assert (zone.top, zone.bottom) == (7.81, 15.62), "of the 720 x 1280 that the rules name"
    assert SafeZone.objects.get(platform="tiktok", variant="square").top == 9.26, "of 1080"
    assert "switch facebook off" in " ".join(sentences(changes))


def test_a_route_alone_finds_the_brand_that_is_there(kit, brand):
    changes = bring(put(kit, {"routing.yml": "North-shore: {platforms: [tiktok], priority: [tiktok]}"}))
    assert brand.profile.platforms == ["tiktok"]
    assert outcomes(changes) == {"northshore": "changes"}


def test_formats_together_make_one_brand(kit):
    assets = {"NorthshoreNews": {"assets": {"template": "t.png"}, "options": {"watermark_position": "full"}}}
    changes = bring(northshore(kit, **{"a.json": assets, "t.png": (9, 9, 9)}))
    assert sorted(kind for kind, _variant in pictures(Brand.objects.get())) == ["logo", "template", "watermark"]
    (sentence,) = sentences(changes)
    assert "position is “full” here and “top-center” in brands.yml: NorthshoreNews, which was taken." in sentence


# --- containers ---


def test_a_zip_is_as_good_as_a_folder(kit, tmp_path):
    changes = bring(packed(northshore(kit), tmp_path / "kit.zip"))
    assert (sentences(changes), outcomes(changes)) == ([], {"northshore": "new"})
    assert ImportRun.objects.get().name == "kit.zip"


def test_a_single_list_brings_no_pictures(kit):
    changes = bring(northshore(kit) / "brands.yml")
    assert Brand.objects.get().artwork.count() == 0
    assert [sentence for sentence in sentences(changes, "error") if "northshore-logo.png" in sentence]


@pytest.mark.parametrize("name", ["no.zip", "film.mp4"])
def test_what_is_no_kit_is_said(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"something else entirely")
    with pytest.raises(Unreadable, match="no ZIP file"), planned(path):
        pass


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(Unreadable, match="not there"), planned(tmp_path / "gone.zip"):
        pass


# --- again ---


def test_a_dry_run_changes_nothing(kit, folders):
    with planned(northshore(kit), run=at_once) as changes:
        assert outcomes(changes) == {"northshore": "new"}
    assert not Brand.objects.exists()
    assert not ImportRun.objects.exists()
    assert not [path for path in folders.media.rglob("*") if path.is_file()]
    assert not list((folders.temp / "work").iterdir())


def test_a_second_import_changes_nothing_and_starts_nothing(kit):
    bring(northshore(kit))
    before = list(Artwork.objects.values()), list(Layer.objects.values())

    def never(*args, **options):
        raise AssertionError("a picture that is known is not decoded again")

    changes = bring(kit, run=never)
    assert outcomes(changes) == {"northshore": "same"}
    assert changes.run is None
    assert (list(Artwork.objects.values()), list(Layer.objects.values())) == before
    assert ImportRun.objects.count() == 1


def test_what_differs_is_said_before_and_after(kit):
    bring(northshore(kit))
    text = (kit / "brands.yml").read_text().replace("0.55", "0.7").replace("hours: 4", "hours: 8")
    with planned(put(kit, {"brands.yml": text, "logos/northshore-logo.png": (0, 0, 99)})) as changes:
        found = {one.path: (one.old, one.new, one.by_hand) for one in changes.brands[0].changes}
    assert found.pop(("artwork", "logo"))[0]["name"] == "northshore-logo.png"
    assert found == {
        ("profile", "cadence_hours"): (4, 8, False),
        ("layers", "watermark", "opacity"): (0.55, 0.7, False),
    }


def test_what_a_kit_does_not_say_stays(kit, brand, add_artwork):
    brand.layers.create(name="corner", artwork_kind="logo", x=3, y=4, width=31)
    brand.layers.create(name="hello", kind="text", text="Hello")
    bring(put(kit, {"manifest.yml": "display_name: Northshore", "logo.png": (5, 5, 5)}))
    assert set(layers(brand)) == {"corner", "hello"}, "there is a layer for the logo already"
    assert layers(brand)["corner"].x == 3
    assert brand.artwork.count() == 1


def test_a_layer_that_was_moved_by_hand_is_told(kit):
    bring(northshore(kit))
    Layer.objects.filter(name="watermark").update(x=33, rotation=5)
    changes = bring(kit)
    moved = [one for one in changes.brands[0].changes if one.by_hand]
    assert [(one.path, one.old, one.new) for one in moved] == [(("layers", "watermark", "x"), 33.0, 50.0)]
    assert "changed by hand since the last import" in sentences(changes, "warning")[0]
    assert Layer.objects.get(name="watermark").rotation == 5, "the kit says nothing of it"


def test_a_missing_shape_that_comes_later_is_shown(kit):
    bring(put(kit, {"Watermarks/Square/Orbit_watermark.png": (1, 2, 3)}))
    assert Layer.objects.filter(visible=False).count() == 3
    bring(put(kit, {"Watermarks/Vertical_HD/Orbit_watermark.png": (3, 2, 1)}))
    assert set(layers(Brand.objects.get())) == {"watermark", "watermark (landscape 16:9)"}


def test_a_protected_brand_stays_as_it_is(kit, brand):
    type(brand).objects.update(locked=True)
    changes = bring(put(kit, {"manifest.yml": "display_name: Northshore", "logo.png": (5, 5, 5)}))
    assert outcomes(changes) == {"northshore": "refused"}
    assert sentences(changes) == ["kit: “Northshore” is protected. Take the protection off to change it."]
    assert changes.run is None
    assert not Artwork.objects.exists()
