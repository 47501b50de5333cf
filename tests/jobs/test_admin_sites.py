"""The list of sites: what it calls them."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.utils import timezone

from jobs.models import Site

PAST, FUTURE = timedelta(hours=-1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("closed", "trial", "words"),
    [
        (None, None, "open"),
        (FUTURE, None, "left alone"),
        (PAST, None, "tried by the next fetch"),
        (PAST, FUTURE, "being tried"),
        (PAST, PAST, "tried by the next fetch"),  # the worker of that trial is gone
    ],
)
def test_it_says_what_a_fetch_would_find(closed, trial, words):
    now = timezone.now()
    site = Site(closed_until=closed and now + closed, trial_until=trial and now + trial)
    assert admin.site.get_model_admin(Site).state_words(site) == words


@pytest.mark.django_db
def test_those_that_are_left_alone_come_first(admin_client):
    for name, closed in (("calm", None), ("closed", FUTURE), ("again", PAST)):
        Site.objects.create(name=name, closed_until=closed and timezone.now() + closed)
    page = admin_client.get("/admin/jobs/site/")
    assert [site.name for site in page.context["cl"].result_list] == ["closed", "again", "calm"]
    assert page.content.decode().count("ws-badge ws-warn") == 2
