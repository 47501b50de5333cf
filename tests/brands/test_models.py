import pytest
from django.core.exceptions import ValidationError

from brands.models import Brand, Layer

pytestmark = pytest.mark.django_db


def brand(**fields) -> Brand:
    return Brand(**{"name": "Orbit", "slug": "orbit", **fields})


def layer(text: str) -> Layer:
    return Layer(brand=Brand.objects.create(name="Orbit", slug="orbit"), name="headline", kind="text", text=text)


def test_a_brands_words_are_one_line_that_can_be_seen():
    row = brand(name="\u202eOrbit\x00\r\n\u200bNews 👩‍🚀", handle="\ufeff@orbit\t")
    row.full_clean()
    assert (row.name, row.handle) == ("Orbit News 👩‍🚀", "@orbit")


@pytest.mark.parametrize("name", ["\u202e\u200b", "\x00", "\u3164"])
def test_a_name_with_nothing_to_see_is_refused(name):
    with pytest.raises(ValidationError, match="Write a name that can be seen"):
        brand(name=name).full_clean()


def test_two_names_that_look_alike_are_one():
    brand().save()
    with pytest.raises(ValidationError, match="already exists"):
        brand(name="Or\u200bbit", slug="other").full_clean()


def test_a_layers_text_is_kept_as_it_is_drawn():
    row = layer("two\r\nlines\x00\u202e  \U0001f1fa\U0001f1f8")
    row.full_clean()
    assert row.text == "two\nlines \U0001f1fa\U0001f1f8"


@pytest.mark.parametrize("text", ["", " \n", "\u200b\u202e", "\u3164"])
def test_a_layer_with_nothing_to_see_is_refused(text):
    with pytest.raises(ValidationError, match="Write the text"):
        layer(text).full_clean()
