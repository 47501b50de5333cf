"""The page that shows what lies in the queue: to superusers, to read, and without touching a single pickle."""

import pickle
from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Task
from django_q.signing import SignedPackage
from picklefield.fields import PickledObject  # type: ignore[import-untyped]

from jobs.engine.ring import ring
from wtfsite import queue

pytestmark = pytest.mark.django_db
PAGE = "/admin/queue/"


class Trap:
    """Whoever unpickles it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def ended(name: str, **fields) -> Task:
    now = timezone.now()
    values = {"func": "jobs.engine.worker.work", "started": now, "stopped": now, "success": False, "cluster": "render"}
    task: Task = Task.objects.create(id=name, name=name, **{**values, **fields})
    return task


def text(client) -> str:
    return " ".join(client.get(PAGE).content.decode().split())


@pytest.fixture
def almost(staff_client, staff):
    """A client of somebody who may do everything except being a superuser."""
    staff.user_permissions.set(Permission.objects.all())
    return staff_client


def test_it_is_empty_at_first(admin_client):
    page = text(admin_client)
    assert "No message waits." in page
    assert "the studio uses no schedules" in page


def test_it_shows_what_waits_and_what_is_taken(admin_client):
    now = timezone.now()
    OrmQ.objects.create(key="work", payload="x" * 123, lock=now - timedelta(hours=2))
    OrmQ.objects.create(key="render", payload="x" * 45, lock=now + timedelta(hours=2))
    page = text(admin_client)
    assert page.count("has waited 2 hours") == 2, "the queue and the message"
    assert "<strong>work</strong> 1 in all, 0 taken" in page
    assert "<strong>render</strong> 1 in all, 1 taken" in page
    assert f"{now + timedelta(hours=2):%-d %b %Y, %H:%M}" in page
    assert '<td class="ws-end" data-label="characters">123</td>' in page


def test_what_has_just_come_has_waited_no_minutes(admin_client):
    OrmQ.objects.create(key="work", payload="x", lock=timezone.now())
    page = text(admin_client)
    assert "has waited less than a minute" in page
    assert "0 minutes" not in page.replace("\xa0", " ")


def test_it_shows_what_has_ended(admin_client):
    ended("four-words", success=True)
    ended("other-words")
    page = text(admin_client)
    assert page.index("other-words") < page.index("four-words"), "the newest first"
    assert page.count("jobs.engine.worker.work") == 2
    assert "failed</span>" in page


def test_a_schedule_is_called_foreign(admin_client):
    Schedule.objects.create(func="os.system", args="'true'")
    page = text(admin_client)
    assert "somebody else has written them" in page
    assert "os.system" in page


def test_it_loads_no_pickle(admin_client, tmp_path):
    marker = tmp_path / "marker"
    OrmQ.objects.create(key="work", payload=SignedPackage.dumps(Trap(marker)), lock=timezone.now())
    trap = PickledObject(b64encode(pickle.dumps(Trap(marker))).decode())  # as it is stored: the field adds nothing
    ended("trap", args=trap, kwargs=trap, result=trap)
    assert not marker.exists()
    with CaptureQueriesContext(connection) as queries:
        assert "trap" in text(admin_client)
    assert not marker.exists()
    asked = " ".join(query["sql"] for query in queries)
    for column in ("payload", "args", "kwargs", "result"):
        assert asked.count(f'."{column}"') == asked.count(f'LENGTH("django_q_ormq"."{column}")'), column
    assert Task.objects.get(pk="trap").pk
    assert marker.exists(), "the trap works"


def test_names_are_shown_as_text(admin_client):
    ended("<script>1</script>")
    assert "<script>1</script>" not in text(admin_client)


def test_a_long_queue_stays_a_page(admin_client):
    now = timezone.now()
    OrmQ.objects.bulk_create(OrmQ(key="work", payload="x", lock=now) for _ in range(queue.SHOWN + 5))
    page = text(admin_client)
    assert page.count('<td class="ws-end"') == queue.SHOWN
    assert f">{queue.SHOWN + 5}<" in page


@pytest.mark.parametrize("method", ["get", "post"])
def test_only_a_superuser_sees_it(almost, method):
    assert getattr(almost, method)(PAGE).status_code in (403, 405)
    assert PAGE not in almost.get("/admin/").content.decode()


def test_a_superuser_finds_it_in_the_sidebar(admin_client):
    assert PAGE in admin_client.get("/admin/").content.decode()


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_takes_no_orders(admin_client, method):
    ring("work")
    assert getattr(admin_client, method)(PAGE).status_code == 405


@pytest.mark.parametrize("model", ["schedule", "task", "success", "failure", "ormq"])
def test_the_pages_of_django_q2_are_gone(admin_client, model):
    assert not [registered for registered in admin.site._registry if registered._meta.app_label == "django_q"]
    for page in ("", "add/", "1/change/", "1/delete/"):
        assert admin_client.get(f"/admin/django_q/{model}/{page}").status_code == 404
