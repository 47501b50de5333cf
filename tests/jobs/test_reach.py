"""What of the work of hidden brands is seen: nothing, also in jobs that are for others too."""

from typing import Any

import pytest

from brands.models import Brand, BrandGrant
from jobs.models import Event, Job, Output, OutputState, Recipe, Stage, StageKind
from tests.conftest import grant
from tests.jobs import rows
from wtfsite.models import User

SEES = ("view_job", "view_output", "view_stage", "view_event", "view_recipe", "view_brand", "view_asset")


@pytest.fixture
def other(db: None) -> User:
    return grant(User.objects.create_user("other", is_staff=True), *SEES)


@pytest.fixture
def mixed(db: None) -> Job:
    """For `brand-0`, which all see, and `brand-1`, which is hidden; and a job of the hidden one alone."""
    job = rows.job(OutputState.DONE, OutputState.FAILED)
    hide("brand-1")
    alone = rows.job(source=job.sources.get())
    hidden = Brand.objects.get(slug="brand-1")
    alone.brands.add(hidden)
    Output.objects.create(job=alone, source=job.sources.get(), brand=hidden, variant="vertical")
    return job


def hide(slug: str) -> None:
    insider, _new = User.objects.get_or_create(username="insider")
    BrandGrant.objects.create(brand=Brand.objects.get(slug=slug), user=insider)


def test_a_job_is_seen_with_one_of_its_brands_or_by_whoever_ordered_it(mixed, other):
    alone = Job.objects.exclude(pk=mixed.pk).get()
    assert list(Job.objects.for_user(other)) == [mixed]
    Job.objects.filter(pk=alone.pk).update(owner=other)
    assert set(Job.objects.for_user(other)) == {mixed, alone}


def test_of_a_mixed_job_only_the_outputs_of_seen_brands_are(mixed, other):
    assert [output.brand.slug for output in Output.objects.for_user(other)] == ["brand-0"]


def test_a_mixed_job_is_not_wholly_theirs(mixed, other):
    plain = rows.job(OutputState.DONE, source=mixed.sources.get())
    assert list(Job.objects.all().wholly(other)) == [plain]
    assert Job.objects.all().wholly(User.objects.create_superuser("root")).count() == 3


def test_a_render_is_seen_with_one_of_its_outputs(mixed, other):
    stages = {
        slug: Stage.objects.create(job=mixed, kind=StageKind.RENDER, variant="vertical")
        for slug in ("brand-0", "brand-1")
    }
    for slug, stage in stages.items():
        mixed.outputs.filter(brand__slug=slug).update(stage=stage)
    prepare = Stage.objects.create(job=mixed, kind=StageKind.PREPARE)
    Stage.objects.create(job=Job.objects.exclude(pk=mixed.pk).get(), kind=StageKind.PREPARE)
    assert set(Stage.objects.for_user(other)) == {stages["brand-0"], prepare}


def test_what_happened_is_told_but_for_hidden_brands(mixed, other):
    alone = Job.objects.exclude(pk=mixed.pk).get()
    told = {
        "of the job": {"job": mixed},
        "of the video": {"asset": mixed.sources.get()},
        "of the studio": {},
        "of a seen brand": {"job": mixed, "brand": Brand.objects.get(slug="brand-0")},
    }
    hidden: dict[str, dict[str, Any]] = {
        "of a hidden brand": {"job": mixed, "brand": Brand.objects.get(slug="brand-1")},
        "of a hidden job": {"job": alone},
    }
    for message, about in (told | hidden).items():
        Event.objects.tell(message, **about)
    assert {event.message for event in Event.objects.for_user(other)} == set(told)


def test_a_recipe_is_seen_with_an_output_that_holds_its_file(mixed, other):
    for output, key in zip(mixed.outputs.order_by("brand"), ("seen", "hidden"), strict=True):
        Output.objects.filter(pk=output.pk).update(key=key)
        Recipe.objects.create(key=key, data={})
    Recipe.objects.create(key="of no output", data={})
    assert [recipe.key for recipe in Recipe.objects.for_user(other)] == ["seen"]


def test_without_grants_all_of_it_is_seen_for_one_question(other, django_assert_num_queries):
    rows.job(OutputState.DONE)
    with django_assert_num_queries(6):
        Brand.objects.for_user(other).exists()  # asks for the permissions and the grants, too
        assert Job.objects.for_user(other).exists()
        assert Output.objects.for_user(other).exists()
