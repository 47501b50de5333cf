"""The known way from a staff account to the machine, tried as a whole: forms of the admin, then a real worker."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Task

from brands.models import Brand
from jobs.engine.ring import ring
from jobs.models import Job, Stage
from tests.engine.workers import House, until
from tests.jobs import rows
from wtfsite.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def almost(staff, staff_client):
    """A client of somebody who may do everything except being a superuser."""
    staff.user_permissions.set(Permission.objects.all())
    return staff_client


@pytest.fixture
def addresses():
    """Every page of the admin at which a row is added or changed, and those of django-q2 that should not be there."""
    rows.job("done")
    Group.objects.create(name="a group")
    Brand.objects.create(name="a brand", slug="a-brand")
    queue = [f"/admin/django_q/{name}/add/" for name in ("schedule", "task", "success", "failure", "ormq")]
    return [*queue, *(address for model in admin.site._registry for address in pages(model))]


def pages(model):
    names = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model._default_manager.first()
    for verb, arguments in (("add", []), *([("change", [row.pk])] if row else [])):
        try:
            yield reverse(f"{names}_{verb}", args=arguments)
        except NoReverseMatch:
            continue


def attack(command):
    """The fields of a schedule, of a message and of an account in one: each form takes what it knows."""
    now = timezone.now()
    schedule = {"name": "attack", "func": "os.system", "args": repr(command), "schedule_type": "O", "repeats": "-1"}
    message = {"key": "render", "payload": "x", "lock_0": f"{now:%Y-%m-%d}", "lock_1": "00:00:00"}
    account = {"username": "staff", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    times = {"next_run_0": f"{now:%Y-%m-%d}", "next_run_1": "00:00:00", "hook": "os.system", "cluster": "render"}
    dates = {"date_joined_0": f"{now:%Y-%m-%d}", "date_joined_1": "00:00:00"}
    return {**schedule, **message, **account, **times, **dates}


def test_no_form_of_the_admin_makes_a_worker_run_a_command(almost, addresses, settings, tmp_path):
    settings.WORKER_MEMORY_MB = 1024
    marker = tmp_path / "marker"
    assert len(addresses) > 12
    for address in addresses:
        almost.post(address, attack(f"touch {marker}"))
    assert not Schedule.objects.exists()
    assert almost.post("/admin/django_q/schedule/add/", attack(f"touch {marker}")).status_code == 404
    assert not OrmQ.objects.exclude(key__in=("work", "render")).exists()
    assert not User.objects.filter(is_superuser=True).exists()

    stage = Stage.objects.create(job=Job.objects.create(), kind="render", queue="render")
    ring("render")
    house = House(tmp_path)
    try:
        until(Stage.objects.filter(pk=stage.pk, state="done").exists)
        until(lambda: not OrmQ.objects.exists())
    finally:
        house.burn()
    assert not marker.exists()
    assert not Task.objects.exists()
