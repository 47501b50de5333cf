"""The switch before a deploy."""

from io import StringIO

import pytest
from django.core.management import call_command
from django_q.models import OrmQ

from jobs.models import Event
from jobs.services import pause
from tests.conftest import grant
from tests.jobs import rows

pytestmark = pytest.mark.django_db
PAUSE = "/jobs/pause"


def test_it_is_noted_who_paused_and_who_resumed():
    assert pause.on("Ada", "render")
    assert pause.off("Grace")
    assert list(Event.objects.order_by("id").values_list("message", flat=True)) == [
        "Paused by Ada: render.",
        "Resumed by Grace.",
    ]


def test_the_first_pause_stays():
    assert pause.on("Ada")
    assert not pause.on("Grace")
    assert [gate.by for gate in pause.now()] == ["Ada"]


def test_a_queue_is_resumed_by_its_name_and_all_without_one():
    for queue in ("work", "render", ""):
        pause.on("Ada", queue)
    assert pause.off("Ada", "work")
    assert sorted(gate.queue for gate in pause.now()) == ["", "render"]
    assert pause.off("Ada")
    assert not pause.off("Ada")
    assert pause.now() == []


def test_workers_are_rung_when_it_is_lifted(django_capture_on_commit_callbacks):
    pause.on("Ada")
    with django_capture_on_commit_callbacks(execute=True):
        pause.off("Ada")
    assert OrmQ.objects.count() >= 2


# --- the commands


def run(*words):
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_the_commands_pause_and_resume():
    said = run("pause", "--by", "deploy script")
    assert "The studio is paused by deploy script since" in said
    assert "Still running: 0." in said
    assert run("resume") == "Resumed.\n"
    assert run("resume") == "Nothing was paused.\n"


def test_the_commands_pause_one_queue():
    assert "Rendering is paused by" in run("pause", "--queue", "render")
    assert "Rendering is paused by" in run("resume", "--queue", "work")
    assert run("resume", "--queue", "render") == "Resumed.\n"


# --- the button


def test_the_button_pauses_and_resumes_and_the_page_says_who(staff, staff_client):
    grant(staff, "view_job", "change_gate")
    said = staff_client.post(PAUSE, {"verb": "pause"}, follow=True).content.decode()
    assert "New work waits: the studio is paused by staff since" in said
    assert "Resume work" in said
    said = staff_client.post(PAUSE, {"verb": "resume"}, follow=True).content.decode()
    assert "New work waits" not in said
    assert "Pause new work" in said


def test_who_may_not_pause_sees_the_pause_but_no_button(viewer_client):
    pause.on("Ada")
    assert viewer_client.post(PAUSE, {"verb": "resume"}).status_code == 403
    page = viewer_client.get("/admin/").content.decode()
    assert "paused by Ada" in page
    assert "Resume work" not in page


def test_the_button_needs_post_and_a_token(admin_user, admin_client):
    from django.test import Client

    assert admin_client.get(PAUSE).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    assert strict.post(PAUSE, {"verb": "pause"}).status_code == 403
    assert pause.now() == []


@pytest.mark.usefixtures("storage")
def test_a_pause_is_told_on_an_open_job(admin_client):
    pause.on("<b>Ada</b>")
    job = rows.job("rendering")
    page = admin_client.get(f"/admin/jobs/job/{job.pk}/progress/").content.decode()
    assert "New work waits: the studio is paused by &lt;b&gt;Ada&lt;/b&gt; since" in page


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("page", ["job/", "output/", "stage/", "job/moving/?ids={key}"])
def test_a_pause_is_told_on_lists(admin_client, page):
    address = f"/admin/jobs/{page.format(key=rows.job('rendering').pk)}"
    assert "New work waits" not in admin_client.get(address).content.decode()
    pause.on("<b>Ada</b>")
    said = admin_client.get(address).content.decode()
    assert "New work waits: the studio is paused by &lt;b&gt;Ada&lt;/b&gt; since" in said
    assert said.count('id="banners"') == 1


def test_what_lifts_a_pause_stands_beside_it(admin_client):
    assert admin_client.get("/admin/").content.decode().count("Pause new work") == 1
    pause.on("Ada")
    page = admin_client.get("/admin/").content.decode()
    assert page.index("the studio is paused by Ada") < page.index("Resume work") < page.index("Running now")
    assert page.count("Resume work") == 1
