"""Stale outputs on the pages: found, told, and made again with one press."""

import json
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from brands.models import Layer
from jobs.models import Job, JobState, Output, Recipe
from tests.brands.pictures import encoded, keep_artwork, logo
from tests.conftest import grant
from tests.jobs import rows
from tests.jobs.conftest import text_brand
from tests.jobs.test_stale import made

pytestmark = pytest.mark.django_db
LIST = "admin:jobs_output_changelist"


@pytest.fixture
def job() -> Job:
    """Two outputs, of which the first is stale."""
    made = rows.job("done", "done", state=JobState.DONE)
    for output in made.outputs.all():
        rows.done(output)
    first = made.outputs.earliest("pk")
    Output.objects.filter(pk=first.pk).update(stale_since=timezone.now(), look="1" * 64)
    return made


@pytest.fixture
def stale(job) -> Output:
    return job.outputs.get(stale_since__isnull=False)


@pytest.fixture
def worker_client(viewer_client, viewer):
    grant(viewer, "change_job")
    return viewer_client


def planned() -> list[int]:
    return list(Output.objects.filter(state="planned").values_list("pk", flat=True))


def test_the_list_shows_and_filters_what_is_stale(job, stale, viewer_client):
    page = viewer_client.get(reverse(LIST), {"stale": "yes"})
    assert [output.pk for output in page.context["cl"].result_list] == [stale.pk]
    assert ">stale</span>" in page.content.decode()
    rest = viewer_client.get(reverse(LIST), {"stale": "no"})
    assert stale.pk not in [output.pk for output in rest.context["cl"].result_list]


def test_the_action_makes_only_the_stale_ones_again(job, stale, worker_client):
    chosen = {"action": "rerender_outputs", "_selected_action": list(job.outputs.values_list("pk", flat=True))}
    answer = worker_client.post(reverse(LIST), chosen, follow=True)
    assert "1 stale output is made again" in answer.content.decode()
    assert planned() == [stale.pk]


@pytest.mark.parametrize("page", ["job", "output"])
def test_a_button_makes_them_again(page, job, stale, worker_client):
    row = job if page == "job" else stale
    assert 'value="rerender"' in worker_client.get(reverse(f"admin:jobs_{page}_change", args=[row.pk])).content.decode()
    worker_client.post(reverse(f"admin:jobs_{page}_work", args=[row.pk]), {"verb": "rerender"})
    assert planned() == [stale.pk]
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    assert 'value="rerender"' not in worker_client.get(reverse("admin:jobs_job_change", args=[job.pk])).content.decode()


def test_the_page_of_a_brand_tells_and_makes_again(job, stale, worker_client):
    address = reverse("jobs:stale-of-brand", args=[stale.brand_id])
    told = worker_client.get(address).content.decode()
    assert "1 output is stale" in told
    assert f"stale=yes&amp;brand__id__exact={stale.brand_id}" in told
    assert "1 stale output is made again" in worker_client.post(address).content.decode()
    assert planned() == [stale.pk]
    assert address in worker_client.get(reverse("admin:brands_brand_change", args=[stale.brand_id])).content.decode()


def test_who_may_only_look_has_no_button(job, stale, viewer_client, staff_client):
    address = reverse("jobs:stale-of-brand", args=[stale.brand_id])
    assert "hx-post" not in viewer_client.get(address).content.decode()
    assert viewer_client.post(address).status_code == 403
    assert staff_client.get(address).status_code == 403
    assert planned() == []


def test_a_recipe_is_downloaded(job, stale, viewer_client, client):
    address = reverse("jobs:output-recipe", args=[stale.uuid])
    assert viewer_client.get(address).status_code == 404
    Recipe.objects.create(key=stale.key, data={"version": 1, "operator": "Zoë"})
    answer = viewer_client.get(address)
    assert json.loads(answer.content) == {"version": 1, "operator": "Zoë"}
    assert ".recipe.json" in answer["Content-Disposition"]
    assert address in viewer_client.get(reverse("admin:jobs_output_change", args=[stale.pk])).content.decode()
    assert client.get(address).status_code == 302


# --- who changes a brand is told


@pytest.fixture
def save(admin_client):
    """save(layer, text="…"): the page of its brand as a browser sends it, with that one layer; what is answered."""

    def save(layer: Layer, **values) -> str:
        brand = layer.brand
        address = reverse("admin:brands_brand_change", args=[brand.pk])
        prefixes = [one.formset.prefix for one in admin_client.get(address).context["inline_admin_formsets"]]
        sent: dict[str, Any] = {f"{name}-{count}": 0 for name in prefixes for count in ("TOTAL_FORMS", "INITIAL_FORMS")}
        sent |= {"layers-TOTAL_FORMS": 1, "layers-INITIAL_FORMS": 1}
        fields = {field.attname: getattr(layer, field.attname) for field in layer._meta.concrete_fields}
        fields |= {"id": layer.pk, "brand": brand.pk, **values}
        sent |= {f"layers-0-{name}": value for name, value in fields.items() if value is not None}
        sent |= {"name": brand.name, "slug": brand.slug, "active": "on"}
        ticked = {name: value for name, value in sent.items() if value is not False}
        answer = admin_client.post(address, ticked, follow=True)
        assert answer.redirect_chain, answer.context["errors"]
        return answer.content.decode()

    return save


def test_a_saved_brand_tells_how_many_became_stale(save):
    brand = text_brand("a", "50% OFF")
    made(rows.asset(), brand, "square")
    layer = brand.layers.get()
    assert "stale now" not in save(layer)
    changed = save(layer, text="60% OFF")
    assert "1 output is stale now." in changed
    assert f"?stale=yes&amp;brand__id__exact={brand.pk}" in changed
    assert "1 output is up to date again." in save(layer)
    assert not Output.objects.stale().exists()


def test_a_picture_of_the_house_is_of_all_who_show_it(admin_client):
    house = keep_artwork(None, encoded(logo()))
    source = rows.asset()
    for slug in "ab":
        brand = text_brand(slug, slug)
        Layer.objects.create(brand=brand, name="logo", artwork_kind="logo")
        made(source, brand, "square")
    address = reverse("admin:brands_artwork_delete", args=[house.pk])
    assert "2 outputs are stale now." in admin_client.post(address, {"post": "yes"}, follow=True).content.decode()
