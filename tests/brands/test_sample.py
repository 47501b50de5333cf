import pytest

from brands import layouts, plates, sample
from brands.artwork import TextLayer
from brands.models import Artwork, Brand, Layer
from tests.conftest import use_storage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _storage(settings, tmp_path):
    use_storage(settings, "tests.storages.PathlessStorage", location=tmp_path / "media")


def counts():
    return [model.objects.count() for model in (Brand, Artwork, Layer)]


def test_every_sample_brand_has_a_plate_on_every_variant(tmp_path):
    for brand in sample.install():
        for variant in layouts.SHAPES:
            assert plates.write(plates.spec(brand, layouts.canvas(variant, 720), variant), tmp_path)


def test_installing_again_changes_nothing():
    first = sample.install()
    before = counts()
    assert sample.install() == first
    assert counts() == before
    assert before[0] == 3


def test_what_an_operator_changed_stays():
    brand = sample.install()[0]
    Brand.objects.filter(pk=brand.pk).update(name="Our News", active=False)
    brand.layers.all().delete()
    again = sample.install()[0]
    assert (again.name, again.active, again.layers.count()) == ("Our News", False, 0)


def test_the_sample_rows_are_valid():
    sample.install()
    for model in (Brand, Artwork, Layer):
        for row in model.objects.all():
            row.full_clean()


def test_the_samples_show_what_layers_can_do():
    sample.install()
    layers = list(Layer.objects.all())
    assert any(layer.full_frame and layer.opacity < 0.3 for layer in layers)
    assert any(layer.text == "50% OFF — It's live" for layer in layers)
    assert any(layer.variant for layer in layers)


def test_no_sample_text_covers_another():
    """Two texts on one another would be the first thing a newcomer sees."""
    for brand in sample.install():
        for variant in layouts.SHAPES:
            spec = plates.spec(brand, layouts.canvas(variant, 720), variant)
            boxes = [box(spec, layer) for layer in spec.layers if isinstance(layer, TextLayer)]
            for number, one in enumerate(boxes):
                for other in boxes[number + 1 :]:
                    seen = one.crop(other)
                    assert not (seen.width and seen.height), (brand, variant)


def box(spec, layer):
    plate = plates.load(type(spec)(spec.canvas, (layer,)))
    left, top, right, bottom = plate.image.getchannel("A").getbbox()
    return layouts.Box(plate.x + left, plate.y + top, right - left, bottom - top)
