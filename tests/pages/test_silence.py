"""What the pages ask for by themselves, counted in a real browser whose clock the test turns."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from jobs.models import Host, Job, JobState, Output, Stage
from tests.jobs import rows

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGES = ("", "jobs/job/", "jobs/job/KEY/change/", "jobs/output/", "jobs/asset/", "jobs/stage/")
POLLED = {"": "/jobs/dashboard", "jobs/job/": "/admin/jobs/job/moving/", "jobs/job/KEY/change/": "/progress/"}


@pytest.fixture
def page(browser, live_server, client, admin_user):
    context = browser.new_context(base_url=live_server.url)
    client.force_login(admin_user)
    session = client.cookies["sessionid"]
    context.add_cookies([{"name": session.key, "value": session.value, "url": live_server.url}])
    page = context.new_page()
    page.clock.install()
    yield page
    context.close()


@pytest.fixture
def job(live_server) -> Job:
    """A render at work, of two outputs."""
    until = timezone.now() + timedelta(hours=1)
    Host.objects.create(key="a", host="a", pid=1, slots={"work": 2, "render": 1, "single": False, "budget_mb": 512})
    job = rows.job("rendering", "rendering")
    about = {"kind": "render", "queue": "render", "source": job.sources.get(), "variant": "vertical"}
    job.outputs.update(stage=Stage.objects.create(job=job, state="running", lease_until=until, progress=0.3, **about))
    return job


def opened(page: "Page", name: str, job: Job) -> list[str]:
    """The page, at rest; the requests that follow are added to what is returned."""
    page.goto(f"/admin/{name.replace('KEY', str(job.pk))}")
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_silent_when_nothing_is_open(page, job, name):
    Output.objects.update(state="done")
    Stage.objects.update(state="done")
    Job.objects.update(state=JobState.DONE)
    asked = opened(page, name, job)
    page.clock.run_for(60_000)
    page.wait_for_load_state("networkidle")
    assert asked == []


@pytest.mark.parametrize("name", POLLED)
def test_a_page_asks_for_one_fragment_while_a_job_is_open_and_falls_silent(page, job, name):
    asked = opened(page, name, job)
    for _round in range(3):
        with page.expect_response(lambda answer: POLLED[name] in answer.url) as answered:
            page.clock.run_for(3000)
        assert answered.value.ok
        page.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
    assert len({url.split("?")[0] for url in asked}) == 1
    assert len(asked) <= 6
    Output.objects.update(state="done")
    Job.objects.update(state=JobState.DONE)
    with page.expect_response(lambda answer: POLLED[name] in answer.url):
        page.clock.run_for(3000)
    page.wait_for_function("!document.querySelector('[hx-trigger^=every]')")
    asked.clear()
    page.clock.run_for(60_000)
    page.wait_for_load_state("networkidle")
    assert asked == []
