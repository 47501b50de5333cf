"""A whole network with every mistake at once: what is good comes in, each bad row is told, and nothing else changes."""

import pytest

from brands.importing.applying import apply
from brands.importing.session import planned
from brands.models import Artwork, Brand, Layer, PublishingProfile
from tests.brands.kits import CAPTION, at_once, northshore, packed, put
from tests.brands.pictures import encoded, logo
from tests.brands.test_importing import bring, outcomes, sentences
from wtfsite.lib import process

LIST = """
brands:
  NorthshoreNews:
    display_name: "Northshore News"
    slug: northshore
    logo: northshore-logo.png
    watermark_key: northshore
    default_caption_postfix: "{caption}"
    posting_cadence_hours: "six"
    default_hashtags: "#News"
    languages: [en, 7]
    watermark_opacity: 55
    captoin: "typed in a hurry"
  Kettle: {{logo: kettel.png, active: "yes"}}
  Pedal: {{logo: empty.png}}
  Tram: {{logo: cut.png}}
  Escape: {{logo: "../../etc/passwd", slug: escape}}
  Remote: {{logo: "https://example.com/logo.png"}}
  Other Northshore: {{slug: northshore}}
  northshorenews: {{posting_cadence_hours: 1}}
  N0rthshoreNews: {{posting_cadence_hours: 2}}
  USAWTF: {{posting_cadence_hours: 3}}
  Harbour: {{posting_cadence_hours: 5}}
  Number: 12
"""


@pytest.fixture
def network(tmp_path):
    lists = {
        "brands.yml": LIST.format(caption=CAPTION),
        "anchors.yml": "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",
        "tags.yml": "brands: !!python/object/apply:os.system ['touch /tmp/imported']",
        "twice.yml": "brands: {A: {}, A: {}}",
        "half.json": '{"Half": {"assets": ',
        "assets.json": {"USAmericaWTF": {"assets": {"logo": "logos/northshore-logo.png"}, "options": {}}},
        "routing.yml": "Harbor: {platforms: [tiktok]}\nHarbour: {platforms: [tiktok, instagram]}",
    }
    pictures = {
        "logos/northshore-logo.png": (1, 0, 0),
        "logos/kettle.png": (2, 0, 0),
        "logos/empty.png": b"",
        "logos/cut.png": encoded(logo())[:120],
        "watermarks/N0rthshore_Watermark.png": (3, 0, 0),
        "holiday.png": (4, 0, 0),
    }
    return put(tmp_path / "network", {**lists, **pictures})


SAID = {
    "brands.yml: NorthshoreNews": [
        "posting_cadence_hours has to be a number, and is the text “six”.",
        "default_hashtags has to be a list, and is the text “#News”.",
        "languages holds the number 7 where a text belongs.",
        "watermark_opacity is 55; it has to be from 0.01 to 1.",
        "The key “captoin” is not known and was left out. Did you mean “default_caption_postfix”?",
    ],
    "brands.yml: Kettle": [
        "There is no file “kettel.png” in the kit. Did you mean “logos/kettle.png”",
        "active has to be true or false, and is the text “yes”.",
    ],
    "brands.yml: Pedal": ["“logos/empty.png”: The file is empty (0 bytes)."],
    "brands.yml: Tram": ["damaged or cut off"],
    "brands.yml: Escape": ["“../../etc/passwd” leads out of its folder."],
    "brands.yml: Remote": ["“https://example.com/logo.png” is an address."],
    "brands.yml: Other Northshore": ["The short name northshore is that of “NorthshoreNews”"],
    "brands.yml: northshorenews": ["“northshorenews” and “NorthshoreNews” (brands.yml: NorthshoreNews) look like one"],
    "brands.yml: N0rthshoreNews": ["“N0rthshoreNews” and “NorthshoreNews” (brands.yml: NorthshoreNews) look like one"],
    "brands.yml: Number": ["A brand has to be a mapping with a name, and this is the number 12."],
    "assets.json: USAmericaWTF": ["“USAmericaWTF” and “USAWTF” (brands.yml: USAWTF) look like one brand"],
    "anchors.yml": ["& and * are not taken."],
    "tags.yml": ["The tag “tag:yaml.org,2002:python/object/apply:os.system” does not fit"],
    "twice.yml": ["The name “A” is there twice."],
    "half.json": ["This is not JSON"],
    "routing.yml: Harbor": ["“Harbor” is no brand here; its route was left out. Did you mean “Harbour”?"],
    "routing.yml: Harbour": ["The platform “instagram” is not known. Did you mean “instagram_"],
    "watermarks/N0rthshore_Watermark.png": ["“N0rthshore” was taken to mean"],
    "logos/kettle.png": ["Nobody names this picture"],
    "holiday.png": ["Nobody names this picture; it was left out."],
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("shape", "run"), [("folder", process.run), ("zip", at_once)], ids=["folder", "zip"])
def test_a_broken_network(network, tmp_path, shape, run, folders):
    """Once with the real child: two of the pictures are broken."""
    there = Brand.objects.create(name="Orbit", slug="orbit")
    there.layers.create(name="logo", artwork_kind="logo")
    before = list(Layer.objects.values()), list(Brand.objects.values())
    path = packed(network, tmp_path / "network.zip") if shape == "zip" else network
    with planned(path, run=run) as changes:
        apply(changes)
    said = sentences(changes)
    for where, expected in SAID.items():
        for words in expected:
            assert [one for one in said if one.startswith(f"{where}: ") and words in one], (where, words, said)
    left = [one for one in said if not any(one.startswith(f"{where}: ") for where in SAID)]
    assert left == []
    assert not (tmp_path / "imported").exists()
    good = {"northshore", "kettle", "pedal", "tram", "escape", "remote", "usawtf", "harbour"}
    assert {slug for slug, outcome in outcomes(changes).items() if outcome == "new"} == good
    assert set(Brand.objects.values_list("slug", flat=True)) == good | {"orbit"}
    assert PublishingProfile.objects.get(brand__slug="northshore").caption_ending == CAPTION
    assert PublishingProfile.objects.get(brand__slug="harbour").platforms == ["tiktok"]
    pictures = set(Artwork.objects.values_list("brand__slug", "kind"))
    assert pictures == {("northshore", "logo"), ("northshore", "watermark")}
    assert (list(there.layers.values()), list(Brand.objects.filter(slug="orbit").values())) == before
    stored = [path for path in folders.media.rglob("*") if path.is_file()]
    assert len(stored) == len(pictures)


@pytest.mark.django_db
def test_two_files_that_are_one_on_other_disks_are_told(tmp_path):
    kit = northshore(tmp_path / "kit", **{"logos/Northshore-Logo.png": (9, 9, 9)})
    changes = bring(kit)
    assert (
        "differs from “logos/Northshore-Logo.png” only in large and small letters" in sentences(changes, "warning")[0]
    )
    assert Artwork.objects.get(kind="logo").original_name == "northshore-logo.png", "the one that is written so"


@pytest.mark.django_db
def test_nobody_chooses_between_two_that_fit(tmp_path):
    files = {
        "logos/A-logo.png": (1, 1, 1),
        "logos/a-LOGO.png": (2, 2, 2),
        "b.yml": "brands: {Orbit: {logo: a-logo.png}}",
    }
    changes = bring(put(tmp_path / "kit", files))
    assert "There is no file “a-logo.png”" in sentences(changes, "error")[0]
    assert not Artwork.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["brands: [Orbit]", "brands: 7", "platforms: [tiktok]", "[]", "brands: {Orbit: []}"])
def test_a_list_of_the_wrong_kind_is_told(tmp_path, text):
    changes = bring(put(tmp_path, {"b.yml": text}))
    assert "has to be a mapping" in sentences(changes, "error")[0]
    assert not Brand.objects.exists()


@pytest.mark.django_db
def test_brands_that_somebody_may_not_see_are_neither_changed_nor_named(tmp_path, staff):
    """Without the permission to view brands there is none that they may see."""
    Brand.objects.create(name="Secret Northshore", slug="northshore")
    Brand.objects.create(name="Northshore News", slug="hidden")
    changes = bring(put(tmp_path, {"b.yml": "brands: {Northshore: {}, Orbit: {}}"}), user=staff)
    assert outcomes(changes) == {"northshore": "refused", "orbit": "new"}
    said = " ".join([*sentences(changes), *(one.name for one in changes.brands)])
    assert "The short name northshore is taken by a brand that you may not change." in said
    assert "Secret" not in said
    assert "hidden" not in said


@pytest.mark.django_db
def test_links_are_not_followed(tmp_path):
    (tmp_path / "secret.png").write_bytes(encoded(logo()))
    kit = put(tmp_path / "kit", {"b.yml": "brands: {Orbit: {logo: logo.png}}"})
    (kit / "logo.png").symlink_to(tmp_path / "secret.png")
    (kit / "more").symlink_to(tmp_path)
    changes = bring(kit)
    assert [one for one in sentences(changes) if one.startswith(("logo.png: This is a link", "more: This is a link"))]
    assert not Artwork.objects.exists()


@pytest.mark.django_db
def test_a_brand_of_the_studio_under_another_spelling_is_told(tmp_path):
    Brand.objects.create(name="Northshore News", slug="northshore-news")
    changes = bring(northshore(tmp_path / "kit"))
    assert outcomes(changes) == {"NorthshoreNews": "refused"}
    assert "The studio has “Northshore News” with the short name northshore-news." in sentences(changes, "error")[0]
    assert Brand.objects.count() == 1


@pytest.mark.django_db
def test_two_names_that_are_alike_are_two_brands_when_both_say_who_they_are(tmp_path):
    text = "brands: {North News: {slug: north}, Northshore News: {slug: shore}}"
    changes = bring(put(tmp_path, {"brands.yml": text}))
    assert set(outcomes(changes).values()) == {"new"}
    assert "are alike; they were taken for two brands" in sentences(changes, "warning")[0]


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ["../up", "with space", "x" * 61, 7])
def test_a_slug_that_is_none_is_told(tmp_path, slug):
    changes = bring(put(tmp_path, {"b.json": {"brands": {"Orbit": {"slug": slug}}}}))
    assert "slug" in sentences(changes, "error")[0]
    assert Brand.objects.get().slug == "orbit"


@pytest.mark.django_db
def test_a_name_without_letters_needs_a_slug(tmp_path):
    changes = bring(put(tmp_path, {"b.json": {"brands": {"🌊": {}}}}))
    assert "gives no short name" in sentences(changes, "error")[0]
    assert not Brand.objects.exists()
