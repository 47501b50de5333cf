import pytest

from jobs.services import plan
from jobs.services.options import BrandOptions
from tests.jobs import rows

pytestmark = pytest.mark.django_db
TANGUT = "\U00017000\U00017001"  # no font in the list has it


def told(sources, *brands):
    made = plan.make(sources, brands, ["vertical", "square"], BrandOptions())
    return [warning for warning in made.warnings if "no font here" in warning]


@pytest.fixture
def brand(storage):
    return rows.brand()


def headline(brand, text, **values):
    return brand.layers.create(**{"name": "headline", "kind": "text", "text": text, **values})


def test_missing_glyphs_are_told_once_before_the_order(brand):
    headline(brand, f"50% {TANGUT}")
    assert told([rows.asset()], brand) == [
        "Northshore: no font here can draw \U00017000 (U+17000), \U00017001 (U+17001). Its texts are drawn without."
    ]


def test_nothing_is_told_of_text_that_can_be_drawn(brand):
    headline(brand, "Grüße, мир")
    assert told([rows.asset()], brand) == []


def test_a_credit_is_read_with_the_words_of_every_video(brand):
    headline(brand, "{title}", kind="credit")
    assert told([rows.asset("Harbour"), rows.asset(f"Harbour {TANGUT[0]}")], brand) == [
        "Northshore: no font here can draw \U00017000 (U+17000). Its texts are drawn without."
    ]
