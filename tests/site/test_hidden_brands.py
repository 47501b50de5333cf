"""A brand that is granted to others: no page of the site shows it, and no button reaches what belongs to it.

Row 1 of everything is the hidden brand's alone. Row 2 is for a brand that all see; its job is for the hidden one, too.
"""

import logging
from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import get_resolver, reverse

from brands.models import Artwork, Brand, BrandClip, BrandGrant, Font, ImportRun, Layer, PublishingProfile
from jobs.engine.leased import LeaseState
from jobs.models import Asset, Event, Job, JobState, Output, OutputState, Recipe, Stage, StageKind
from jobs.services.options import BrandOptions
from tests.jobs import rows
from tests.jobs.test_admin_doors import ONE, walk
from wtfsite.models import User

WORD = "zqsecret"
TWO = UUID("22222222-2222-4222-8222-222222222222")


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL, "django.request")


@pytest.fixture
def client(db: None) -> Client:
    """Of somebody who has every permission, but no grant."""
    user = User.objects.create_user("other", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    made = Client()
    made.force_login(user)
    return made


@pytest.fixture
def world(client: Client) -> None:
    insider = User.objects.create_user("insider")
    hidden, shown = _brand(1, "Zqsecret"), _brand(2, "North")
    BrandGrant.objects.create(brand=hidden, user=insider)
    asset = rows.asset(pk=1, uuid=ONE)
    alone, mixed = _job(1, asset, hidden), _job(2, asset, shown, hidden)
    _output(1, ONE, alone, hidden, OutputState.DONE)
    _output(2, TWO, mixed, shown, OutputState.DONE)
    for number, (job, brand, state) in enumerate(
        [
            (alone, hidden, OutputState.FAILED),
            (mixed, hidden, OutputState.FAILED),
            (mixed, shown, OutputState.FAILED),
            (mixed, hidden, OutputState.RENDERING),
        ],
        start=3,
    ):
        _output(number, UUID(int=number), job, brand, state, part=number)
    report = [{"outcome": "new", "name": WORD, "slug": WORD}]
    ImportRun.objects.create(pk=1, name=WORD, owner=insider, report=report, before={"brands": {"1": {}}})
    LogEntry.objects.create(
        user=insider,
        content_type=ContentType.objects.get_for_model(Brand),
        object_id="1",
        object_repr=WORD,
        action_flag=CHANGE,
    )


def _brand(pk: int, name: str) -> Brand:
    word, file = name.lower(), {"file": "artwork/x.png", "sha256": str(pk) * 64, "original_name": name.lower()}
    brand: Brand = Brand.objects.create(pk=pk, name=name, slug=word, handle=f"@{word}")
    Artwork.objects.create(pk=pk, brand=brand, kind="logo", **file)
    font = Font.objects.create(pk=pk, brand=brand, name=f"{name} Sans", **file)
    house = Font.objects.create(pk=10 + pk, name=f"House {pk}", sha256=f"{pk}a" * 32, file="artwork/y.ttf")
    BrandClip.objects.create(pk=pk, brand=brand, kind="mark", **file)
    Layer.objects.create(pk=pk, brand=brand, name=f"{word}-line", kind="text", text=word, font=font)
    Layer.objects.create(pk=10 + pk, brand=brand, name=f"{word}-house", kind="text", text=word, font=house)
    PublishingProfile.objects.create(pk=pk, brand=brand, caption_ending=word, hashtags=[f"#{word}"])
    return brand


def _job(pk: int, asset: Asset, *brands: Brand) -> Job:
    options = BrandOptions().to_json()
    job: Job = Job.objects.create(pk=pk, state=JobState.RUNNING, variants=["square"], options=options)
    job.sources.add(asset)
    job.brands.add(*brands)
    return job


def _output(pk: int, uuid: UUID, job: Job, brand: Brand, state: str, **fields: Any) -> None:
    stage = None
    if state == OutputState.FAILED:
        stage, _new = Stage.objects.get_or_create(
            job=job, kind=StageKind.RENDER, defaults={"pk": job.pk, "state": LeaseState.FAILED, "error_code": "unknown"}
        )
    about = {"job": job, "source": job.sources.get(), "brand": brand, "variant": "square", "stage": stage}
    failed = {"error_code": "unknown", "error_tail": brand.slug} if state == OutputState.FAILED else {}
    output = Output.objects.create(pk=pk, uuid=uuid, state=state, **about, **failed, **fields)
    if state == OutputState.DONE:
        rows.done(output)
        Recipe.objects.create(key=output.key, data={"brand": brand.slug})
    Event.objects.tell(f"{output} {state}", job=job, asset=job.sources.get(), brand=brand)


def text_of(response: Any) -> str:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    headers = " ".join(response.headers.values())
    return f"{headers} {body.decode('utf-8', 'replace')}".lower()


def addresses() -> list[str]:
    """All of the site, for both rows."""
    ones = [
        f"/{address}"
        for name, address in walk(get_resolver().url_patterns)
        if name not in ("admin:logout", "admin:password_change", "health-deep")
    ]
    return [*ones, *(one.replace("/1/", "/2/").replace(str(ONE), str(TWO)) for one in ones)]


def belongings() -> list[Any]:
    """All that is the hidden brand's, as it is now; and of the mixed job what is not for its other brand alone."""
    models = (Artwork, Font, BrandClip, Layer, PublishingProfile, BrandGrant, Output)
    own = [list(model.objects.filter(brand=1).order_by("pk").values()) for model in models]
    of_one = [list(model.objects.filter(pk=1).values()) for model in (Brand, Job, Stage, ImportRun)]
    return [*own, *of_one, list(Job.objects.filter(pk=2).values("pk", "priority"))]


# --- reading


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_page_shows_it(world, client, method):
    """With POST as with GET: what is refused may be answered with a page, too."""
    before = belongings()
    for address in addresses():
        said = text_of(getattr(client, method)(address, follow=True))
        assert WORD not in said, (method, address)
    assert belongings() == before


def test_the_walk_shows_it_to_whoever_has_a_grant(world, client):
    """Else nothing above would prove anything."""
    BrandGrant.objects.create(brand_id=1, user=User.objects.get(username="other"))
    showing = [address for address in addresses() if WORD in text_of(client.get(address, follow=True))]
    assert len(showing) > 40


def test_nothing_is_found_by_its_name(world, client):
    """The search field shows what was typed, so the number of rows tells."""
    for model in (Brand, Artwork, Font, Job, Output):
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert client.get(address, {"q": WORD}).context["cl"].result_count == 0, model
        assert client.get(address, {"q": "north"}).context["cl"].result_count > 0, model


@pytest.mark.parametrize("query", ["brands__id__exact=1", "brands__id__in=1", "brands=1", "brands__gt=0&brands__lt=2"])
def test_jobs_are_not_found_by_its_number(world, client, query):
    page = client.get(f"/admin/jobs/job/?{query}", follow=True)
    assert page.status_code == 400 or page.context["cl"].result_count == 0


def test_a_mixed_job_counts_only_what_is_shown(world, client):
    page = client.get("/admin/jobs/job/2/change/")
    assert page.context["tally"].total == 2
    assert page.context["tally"].brands == 1


def test_tables_leave_it_out(world, client):
    for model in ("job", "output"):
        chosen = {"action": "download_list", "_selected_action": [1, 2, 3, 4, 5, 6]}
        said = text_of(client.post(f"/admin/jobs/{model}/", chosen))
        assert "north" in said, model
        assert WORD not in said, model


def test_what_keeps_a_font_of_the_house_is_not_named(world, client):
    said = text_of(client.get("/admin/brands/font/11/delete/"))
    assert "layers of brands that you may not see" in said
    assert WORD not in said
    assert "north: north-house" in text_of(client.get("/admin/brands/font/12/delete/"))


def test_a_recipe_of_a_file_that_both_have_is_not_shown(world, client):
    """It names the brand that the file was made for first."""
    address = f"/jobs/outputs/{TWO}/recipe"
    assert client.get(address).status_code == 200
    Output.objects.filter(pk=2).update(key=Output.objects.get(pk=1).key)
    assert client.get(address).status_code == 404


def test_what_becomes_of_it_by_a_picture_of_the_house_is_not_told(world, client):
    """Its outputs become stale and cannot be made again. That is for those to read who may see it."""
    Artwork.objects.create(pk=11, kind="watermark", sha256="3" * 64, file="artwork/z.png")
    for brand in Brand.objects.all():
        Layer.objects.create(brand=brand, name="mark", artwork_kind="watermark")
    said = text_of(client.post("/admin/brands/artwork/11/delete/", {"post": "yes"}, follow=True))
    assert "1 output is stale now. they cannot be made again yet: north" in said
    assert WORD not in said
    assert Output.objects.get(pk=1).stale_since is not None


def test_previews_and_plans_know_no_such_brand(world, client):
    asked = {"asset": str(ONE), "brand": 1, "variant": "square"}
    assert client.get("/jobs/preview", asked).status_code == 404
    plan = {"ids": "1", "brands": [1], "variants": ["square"], "profile": "draft", "size": 720, "fit": "fill"}
    assert client.get("/admin/jobs/asset/order/plan/", plan).status_code == 400


# --- acting


def test_no_action_of_a_list_reaches_it(world, client):
    before = belongings()
    every = list(range(1, 15))
    for model, page in admin.site._registry.items():
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for name in ("delete_selected", *(getattr(action, "__name__", action) for action in page.actions)):
            said = text_of(
                client.post(address, {"action": name, "_selected_action": every, "post": "yes"}, follow=True)
            )
            assert WORD not in said, (model, name)
            assert belongings() == before, (model, name)


@pytest.mark.parametrize("verb", ["cancel", "retry", "rerender", "next", "normal", "cancel_cells", "retry_cells"])
def test_no_button_of_a_mixed_job_reaches_it(world, client, verb):
    before = belongings()
    client.post("/admin/jobs/job/2/work/", {"verb": verb, "cell": [2, 3, 4, 5, 6]})
    assert belongings() == before
    if "retry" in verb:
        assert Output.objects.get(pk=5).state == OutputState.PLANNED
    if verb == "cancel":
        assert Job.objects.get(pk=2).state == JobState.RUNNING  # the others' output is being made


def test_trying_again_leaves_it_alone(world, client):
    before = belongings()
    client.post("/jobs/retry", {"code": "unknown"})
    assert belongings() == before
    assert Output.objects.get(pk=5).state == OutputState.PLANNED


@pytest.mark.parametrize("verb", ["retry", "cancel", "keep", "let_go", "rerender"])
def test_its_outputs_have_no_buttons(world, client, verb):
    before = belongings()
    for key in (1, 3, 4, 6):
        client.post(f"/admin/jobs/output/{key}/work/", {"verb": verb})
    assert belongings() == before


def test_nobody_orders_with_it_by_its_number(world, client):
    form = {"ids": "1", "brands": [1, 2], "variants": ["square"], "profile": "draft", "size": 720, "fit": "fill"}
    client.post("/admin/jobs/asset/order/", form)
    assert Job.objects.count() == 2


def test_nothing_is_given_to_it_by_its_number(world, client):
    client.post("/admin/brands/artwork/2/change/", {"brand": 1, "kind": "second_logo", "variant": ""})
    assert Artwork.objects.get(pk=2).brand_id == 2


def test_nobody_shuts_themselves_out(world, client):
    """Granted to somebody else alone, a brand would be gone from the page that grants it."""
    insider, other = User.objects.get(username="insider"), User.objects.get(username="other")
    form = {"name": "South", "slug": "south"}
    for name in ("artwork", "layers", "clips", "grants"):
        form |= {f"{name}-TOTAL_FORMS": "0", f"{name}-INITIAL_FORMS": "0"}
    form |= {"grants-TOTAL_FORMS": "1", "grants-0-user": insider.pk}
    page = client.post("/admin/brands/brand/add/", form)
    assert "You would not see this brand any more." in page.content.decode()
    form |= {"grants-TOTAL_FORMS": "2", "grants-1-user": other.pk}
    client.post("/admin/brands/brand/add/", form)
    assert Brand.objects.get(slug="south").grants.count() == 2


def test_the_list_says_whom_brands_are_for(world, client, admin_client):
    assert "insider" in admin_client.get("/admin/brands/brand/?for=some").content.decode()
    page = client.get("/admin/brands/brand/?for=all")
    assert [brand.slug for brand in page.context["cl"].result_list] == ["north"]
    assert "everybody" in page.content.decode()
