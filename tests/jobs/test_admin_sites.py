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
