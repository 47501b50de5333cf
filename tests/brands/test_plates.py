import io

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from brands import plates
from brands.artwork import ImageLayer, PlateSpec, TextLayer
from brands.layouts import canvas
from jobs.media.errors import ArtworkError
from tests.brands.pictures import encoded, logo
from tests.conftest import use_storage

VERTICAL = canvas("vertical", 720)


def spec(brand, variant="vertical"):
    return plates.spec(type(brand).objects.get(pk=brand.pk), canvas(variant, 720), variant)


def add_layer(brand, name="logo", **values):
    return brand.layers.create(**{"name": name, "artwork_kind": "logo", **values})


# --- rows to specs ---


def test_layers_come_in_their_order(brand):
    for name, order in (("front", 5), ("back", 1), ("middle", 3)):
        add_layer(brand, name, order=order, kind="text", text=name)
    assert [layer.text for layer in spec(brand).layers] == ["back", "middle", "front"]


def test_a_layer_for_a_variant_takes_the_general_ones_place(brand):
    add_layer(brand, "headline", kind="text", text="square", variant="square")
    add_layer(brand, "headline", kind="text", text="general")
    assert [layer.text for layer in spec(brand, "square").layers] == ["square"]
    assert [layer.text for layer in spec(brand, "vertical").layers] == ["general"]


def test_hidden_layers_are_left_out_and_can_hide_a_general_one(brand):
    add_layer(brand, "headline", kind="text", text="general")
    add_layer(brand, "headline", kind="text", text="x", variant="square", visible=False)
    add_layer(brand, "off", kind="text", text="x", visible=False)
    assert spec(brand, "square").layers == ()
    assert len(spec(brand, "vertical").layers) == 1


def test_it_takes_over_all_values(brand, add_artwork):
    artwork = add_artwork(brand)
    add_layer(brand, "a", x=1, y=2, width=3, opacity=0.4, full_frame=True, order=1)
    add_layer(brand, "b", kind="text", text="t", x=5, y=6, width=7, opacity=0.8, text_size=9, text_colour="#AABBCC",
              box_colour="#DDEEFF", box_opacity=0.1, order=2)  # fmt: skip
    assert spec(brand).layers == (
        ImageLayer(artwork.sha256, 1, 2, 3, 0.4, True),
        TextLayer("t", 5, 6, 7, 0.8, 9, "#aabbcc", "#ddeeff", 0.1),
    )


def test_the_nearest_picture_is_chosen(brand, add_artwork):
    """House before nothing, own before house, all variants before none, same orientation before all, exact first."""
    add_layer(brand)
    for owner in (None, brand):
        for variant in ("", "portrait", "vertical"):
            artwork = add_artwork(owner, variant=variant, data=encoded(logo(50, 20 + len(variant) + bool(owner))))
            assert spec(brand).layers[0].sha256 == artwork.sha256


def test_a_picture_for_another_orientation_is_not_taken(brand, add_artwork):
    add_layer(brand)
    add_artwork(brand, variant="landscape")
    add_artwork(brand, kind="watermark")
    with pytest.raises(ArtworkError) as caught:
        spec(brand)
    assert (caught.value.code, caught.value.detail) == ("artwork_missing", "logo")


def test_many_brands_are_read_with_few_queries(brand, add_artwork, django_assert_num_queries):
    add_artwork(brand)
    add_layer(brand)
    with django_assert_num_queries(3):
        for one in type(brand).objects.prefetch_related("layers", "artwork"):
            for variant in ("vertical", "square", "portrait"):
                plates.spec(one, canvas(variant, 720), variant)


# --- specs to files ---


def test_it_writes_the_plate_and_says_where_it_goes(brand, add_artwork, tmp_path):
    add_artwork(brand)
    add_layer(brand, x=100, y=100)
    written = plates.write(spec(brand), tmp_path)
    assert written.path.parent == tmp_path
    assert (written.x, written.y) == (572, 1186)
    with Image.open(written.path) as image:
        assert (image.mode, image.size) == ("RGBA", (108, 54))


def test_nothing_to_show_writes_nothing(brand, storage, tmp_path):
    assert plates.write(spec(brand), tmp_path) is None
    assert not list(tmp_path.glob("*.png"))


def test_a_kept_plate_is_used_again_without_its_artwork(brand, add_artwork, tmp_path, storage):
    artwork = add_artwork(brand)
    add_layer(brand)
    wanted = spec(brand)
    first = plates.write(wanted, tmp_path)
    kept = first.path.read_bytes()
    artwork.file.delete(save=False)
    assert storage.exists(plates.kept_name(wanted))
    second = plates.write(wanted, tmp_path)
    assert second == first
    with Image.open(first.path) as image:
        assert image.tobytes() == Image.open(io.BytesIO(kept)).tobytes()


@pytest.mark.parametrize("garbage", [b"", b"half", encoded(logo()), encoded(logo())[:90]], ids=range(4))
def test_a_damaged_kept_plate_is_drawn_again_and_replaced(brand, add_artwork, tmp_path, storage, garbage):
    add_artwork(brand)
    add_layer(brand)
    wanted = spec(brand)
    storage.save(plates.kept_name(wanted), ContentFile(garbage))
    written = plates.write(wanted, tmp_path)
    assert (written.x, written.y) != (0, 0)
    with storage.open(plates.kept_name(wanted)) as file:
        assert Image.open(file).info["place"] == f"{written.x} {written.y}"
    assert len(storage.listdir(f"plates/{wanted.digest()[:2]}")[1]) == 1


def test_two_writers_leave_one_plate(brand, add_artwork, storage, monkeypatch):
    """The other one's file appears between the look and the write, so the storage saves ours under another name."""
    add_artwork(brand)
    add_layer(brand)
    wanted = spec(brand)
    plate = plates.load(wanted)
    looks, real = [], storage.exists

    def exists(name):
        looks.append(name)
        return len(looks) > 1 and real(name)

    monkeypatch.setattr(storage, "exists", exists)
    plates._keep(plates.kept_name(wanted), plates._png(plate))
    assert len(looks) > 1
    assert storage.listdir(f"plates/{wanted.digest()[:2]}")[1] == [f"{wanted.digest()}.png"]


def test_a_store_that_takes_nothing_does_not_stop_the_work(settings, tmp_path, caplog):
    use_storage(settings, "tests.storages.BrokenStorage")
    words = PlateSpec(VERTICAL, (TextLayer("50% OFF", 50, 50, 50),))
    assert plates.write(words, tmp_path).path.exists()
    assert "could not be kept" in caplog.text


def test_a_removed_file_is_missing_artwork(brand, add_artwork, tmp_path):
    artwork = add_artwork(brand)
    add_layer(brand)
    artwork.file.delete(save=False)
    with pytest.raises(ArtworkError) as caught:
        plates.write(spec(brand), tmp_path)
    assert caught.value.code == "artwork_missing"


def test_another_brands_copy_of_the_same_picture_will_do(brand, add_artwork, tmp_path):
    other = type(brand).objects.create(name="Other", slug="other")
    add_artwork(brand).file.delete(save=False)
    add_artwork(other)
    add_layer(brand)
    assert plates.write(spec(brand), tmp_path)


@pytest.mark.parametrize("sha256", [None, "0" * 64])
def test_a_file_that_is_no_picture_is_unreadable_artwork(brand, add_artwork, tmp_path, sha256):
    add_artwork(brand, data=b"this is not a picture", sha256=sha256)
    add_layer(brand)
    with pytest.raises(ArtworkError) as caught:
        plates.write(spec(brand), tmp_path)
    assert caught.value.code == "artwork_unreadable"


def test_a_file_that_was_exchanged_is_unreadable_artwork(brand, add_artwork, tmp_path):
    add_artwork(brand, sha256="0" * 64)
    add_layer(brand)
    with pytest.raises(ArtworkError, match="not the one that was taken in"):
        plates.write(spec(brand), tmp_path)


def test_artwork_that_was_not_made_here_is_to_be_uploaded_again(brand, add_artwork, tmp_path):
    add_artwork(brand, data=encoded(logo().convert("RGB"), "JPEG"))
    add_layer(brand)
    with pytest.raises(ArtworkError, match="upload the picture again"):
        plates.write(spec(brand), tmp_path)


# --- previews ---


@pytest.mark.parametrize("variant", ["vertical", "portrait", "square", "landscape"])
def test_it_draws_a_preview_for_every_variant(brand, add_artwork, variant):
    add_artwork(brand)
    add_layer(brand)
    with_ground = Image.open(io.BytesIO(plates.preview_png(brand, variant)))
    without = Image.open(io.BytesIO(plates.preview_png(brand, variant, background=False)))
    frame = canvas(variant, 720)
    assert with_ground.size == without.size == (frame.width, frame.height)
    assert (with_ground.mode, without.mode) == ("RGB", "RGBA")


def test_a_preview_can_be_small(storage):
    data = plates.preview(PlateSpec(VERTICAL, ()), longest=128)
    assert Image.open(io.BytesIO(data)).size == (72, 128)
