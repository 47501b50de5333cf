"""Deny by default: every address of the site is tried by a stranger and by staff without any permission."""

import logging
import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

from brands.models import Brand
from jobs.models import Asset, Job, Output
from tests.jobs import rows

ONE = UUID("11111111-1111-4111-8111-111111111111")
# Open to everybody, by name.
PUBLIC = {"health", "health-live", "health-ready", "admin:login"}
# Open to whoever may enter the admin: pages about themselves, about the machine, and one that lists what they may see.
EVERY_STAFF = PUBLIC | {"home", "admin:index", "admin:logout", "admin:jsi18n", "admin:password_change"}
EVERY_STAFF |= {"admin:password_change_done", "admin:search", "health-deep"}


def walk(patterns, prefix: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    """Name and an example address of every pattern."""
    for pattern in patterns:
        address = prefix + example(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from walk(pattern.url_patterns, address, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name or ''}", address


def example(pattern) -> str:
    """A part of an address that a pattern matches: row 1, and the uuid of the rows below."""
    if isinstance(pattern, RegexPattern):
        text = re.sub(r"\(\?P<\w+>([\w|.*]+)\)", lambda found: found[1].split("|")[0].replace(".*", "x"), str(pattern))
        return text.strip("^$").replace("\\Z", "")
    values = {"uuid": str(ONE), "int": "1", "slug": "x"}
    return re.sub(r"<(?:(\w+):)?\w+>", lambda found: values.get(found[1] or "", "1"), str(pattern))


@pytest.fixture(autouse=True)
def quiet(caplog):
    """Hundreds of refusals are what these tests are for; they need not be logged with a traceback each."""
    caplog.set_level(logging.CRITICAL, "django.request")


@pytest.fixture
def addresses(db) -> list[tuple[str, str]]:
    """All addresses; rows are there, so that a 404 means "not for you" and not "there is none"."""
    asset = rows.asset(pk=1, uuid=ONE)
    job = rows.job(pk=1, source=asset)
    brand = Brand.objects.create(pk=1, name="North", slug="north")
    output = Output.objects.create(pk=1, uuid=ONE, job=job, source=asset, brand=brand, variant="square")
    rows.done(output)
    return [(name, "/" + address) for name, address in walk(get_resolver().url_patterns)]


def test_the_walk_finds_the_pages(addresses):
    names = {name for name, _address in addresses}
    assert {"admin:jobs_job_work", "admin:jobs_asset_brand", "jobs:output-file", "health"} <= names
    assert len(addresses) > 40


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_turns_strangers_away(addresses, client, method):
    for name, address in addresses:
        if name in PUBLIC:
            continue
        response = getattr(client, method)(address)
        sent_away = response.status_code == 302 and "/login/" in response["Location"]
        assert sent_away or response.status_code in (403, 404, 405), (name, address, response.status_code)


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_shows_nothing_to_staff_without_permission(addresses, staff_client, method):
    for name, address in addresses:
        if name in EVERY_STAFF:
            continue
        response = getattr(staff_client, method)(address, follow=True)
        # The admin answers "there is no such row" with a way back to its first page.
        sent_back = bool(response.redirect_chain) and response.redirect_chain[-1][0] == "/admin/"
        assert sent_back or response.status_code in (403, 404, 405), (name, address, response.status_code)


def test_it_lists_nothing_to_staff_without_permission(staff_client):
    page = staff_client.get("/admin/").content.decode()
    assert 'id="dashboard"' not in page
    assert "Harbour" not in page


def test_no_get_changes_a_row(addresses, admin_client):
    """Every page of the site is opened by somebody who may do everything."""
    job = rows.job("rendering", "failed", "queued", source=rows.asset("another"))
    before = state(job)
    for name, address in addresses:
        if name != "admin:logout":
            response = admin_client.get(address)
            getattr(response, "streaming_content", None) and list(response.streaming_content)
    assert state(job) == before


def state(job: Job) -> list[object]:
    return [
        list(Job.objects.order_by("pk").values_list("pk", "state")),
        list(Output.objects.order_by("pk").values_list("pk", "state")),
        list(Asset.objects.order_by("pk").values_list("pk", "state", "title")),
    ]


def test_no_admin_offers_a_link_that_acts():
    """The theme's list, row and detail actions are plain links: a GET would act. Dialogs ask first, by POST."""
    for model_admin in admin.site._registry.values():
        for name in ("actions_list", "actions_row", "actions_detail"):
            for action in getattr(model_admin, name, ()):
                assert getattr(getattr(model_admin, str(action)), "dialog", None), (model_admin, action)
