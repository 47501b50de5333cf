"""The first page, where it warns of a machine that guards no files."""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from jobs.admin.dashboard import open_files
from jobs.models import Job, JobState, Stage
from jobs.services.confinement import Confinement
from tests.jobs import rows
from wtfsite.lib.process import NotStarted
from wtfsite.lib.sandbox import Level
from wtfsite.models import User

ROOT, OTHER = User(username="root", is_superuser=True), User(username="sam", is_staff=True)


@pytest.mark.parametrize("level", [Level.UNSHARE, Level.RLIMITS])
def test_a_superuser_is_told_what_to_do(level):
    warning = open_files(ROOT, lambda: Confinement(level, 0, required=False))
    assert str(level) in warning
    assert "bubblewrap" in warning
    assert warning in render_to_string("jobs/_dashboard.html", {"open_files": warning}).replace("&#x27;", "'")


@pytest.mark.parametrize("level", [Level.LANDLOCK, Level.BWRAP])
def test_nothing_is_said_where_files_are_guarded(level):
    assert open_files(ROOT, lambda: Confinement(level, 0, required=False)) == ""


def test_others_are_not_told():
    assert open_files(OTHER, lambda: Confinement(Level.RLIMITS, 0, required=False)) == ""


def test_a_machine_too_busy_to_be_tried_does_not_break_the_page():
    def busy() -> Confinement:
        raise NotStarted("no process could be made")

    assert open_files(ROOT, busy) == ""


@pytest.mark.django_db
def test_the_page_has_a_place_for_it(admin_client):
    """On this machine, whatever it has."""
    page = admin_client.get("/admin/")
    assert ("ws-warnings" in page.content.decode()) is bool(page.context["open_files"])


@pytest.mark.django_db
def test_a_job_that_rests_says_what_it_waits_for(admin_client):
    job = rows.job("planned")
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING)
    assert "attempt 2" not in admin_client.get("/admin/").content.decode()
    soon = timezone.now() + timedelta(seconds=90)
    Stage.objects.create(
        job=job, kind="prepare", queue="work", state="retry_wait", error_code="network", attempt=1, not_before=soon
    )
    page = admin_client.get("/admin/").content.decode()
    assert "Waits to be tried again at" in page
    assert "(attempt 2): The other side did not answer as it should." in page
    Stage.objects.update(not_before=timezone.now() - timedelta(hours=1))
    assert "A worker will take it in a moment." in admin_client.get("/admin/").content.decode()
