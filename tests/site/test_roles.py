from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from wtfsite import rank, roles
from wtfsite.models import User

pytestmark = pytest.mark.django_db


def run(*options: str) -> str:
    out = StringIO()
    call_command("setup_roles", *options, stdout=out)
    return out.getvalue()


def may(role: str) -> set[str]:
    return set(Group.objects.get(name=role).permissions.values_list("codename", flat=True))


def test_a_new_studio_gets_all_roles_and_a_second_run_changes_nothing():
    assert "operator, editor, publisher, auditor, admin" in run()
    before = {role: may(role) for role in roles.ROLES}
    assert run() == "All roles are there.\n"
    assert {role: may(role) for role in roles.ROLES} == before


def test_what_people_made_of_a_role_stays():
    run()
    group = Group.objects.get(name="operator")
    group.permissions.add(Permission.objects.get(codename="delete_asset"))
    group.permissions.remove(Permission.objects.get(codename="add_job"))
    run()
    assert "delete_asset" in may("operator")
    assert "add_job" not in may("operator")
    assert "operator" in run("--complete")
    assert {"delete_asset", "add_job"} <= may("operator")


def test_a_group_that_has_the_name_of_a_role_already_is_left_alone():
    Group.objects.create(name="admin")
    run()
    assert may("admin") == set()


def test_an_operator_orders_and_brings_videos_but_changes_no_brand():
    run()
    assert {"add_job", "change_job", "add_asset", "change_asset", "view_brand", "view_output"} <= may("operator")
    assert not {"change_brand", "change_artwork", "delete_job", "change_user", "change_brandgrant"} & may("operator")


def test_an_editor_may_do_what_an_operator_does_and_change_and_import_brands():
    run()
    assert may("operator") < may("editor")
    assert {"add_brand", "change_layer", "delete_artwork", "change_font", "add_importrun"} <= may("editor")
    assert not {"change_brandgrant", "change_user"} & may("editor")


def test_publishers_and_auditors_only_look():
    run()
    for role in ("publisher", "auditor"):
        assert {"view_output", "view_brand"} <= may(role)
        assert all(name.startswith("view_") for name in may(role))
    assert {"view_user", "view_group", "view_brandgrant", "view_gate"} <= may("auditor")


def test_an_admin_may_look_after_everybody_in_the_other_roles():
    run()
    admin, other = (User.objects.create_user(name, is_staff=True) for name in ("admin", "other"))
    admin.groups.add(Group.objects.get(name="admin"))
    other.groups.add(*Group.objects.exclude(name="admin"))
    assert {"add_user", "change_group", "change_brandgrant", "change_gate"} <= may("admin")
    assert rank.over(admin, other)
    assert set(rank.groups(admin)) == set(Group.objects.all())
    assert not rank.over(other, admin)


def test_every_named_permission_is_one():
    """A name that is misspelt would give nothing and be noticed by nobody."""
    known = set(Permission.objects.values_list("codename", flat=True))
    for rows in roles.ROLES.values():
        for verbs, models in rows:
            assert {f"{verb}_{model}" for verb in verbs for model in models} <= known
