import pytest

from jobs.services import plan
from jobs.services.options import BrandOptions
from tests.jobs import rows
from tests.jobs.conftest import text_brand

pytestmark = pytest.mark.django_db


def told(*brands):
    made = plan.make([rows.asset()], brands, ["vertical", "square"], BrandOptions())
    return [warning for warning in made.warnings if warning.startswith(tuple(str(brand) for brand in brands))]


def test_what_hardly_anybody_will_see_is_told_before_the_order():
    brand = text_brand("a", "Hello")
    brand.layers.update(opacity=0.02)
    assert told(brand) == [
        "A: line is so faint that hardly anybody will see it. Raise its opacity, or hide the layer.",
    ]


def test_it_is_told_of_the_shape_on_which_it_is_so():
    brand = text_brand("a", "Hello")
    layer = brand.layers.get()
    layer.pk, layer.variant, layer.opacity = None, "square", 0.02
    layer.save()
    assert [sentence.partition(":")[0] for sentence in told(brand)] == ["A, square"]


def test_gaps_of_a_profile_are_no_matter_of_a_run():
    assert told(text_brand("a", "Hello")) == []


def test_more_brands_cost_no_more_questions_for_the_house(django_assert_max_num_queries):
    asset, brands = rows.asset(), [text_brand(name, "Hello") for name in "abcdef"]
    with django_assert_max_num_queries(14):
        plan.make([asset], brands, ["vertical", "square"], BrandOptions())
