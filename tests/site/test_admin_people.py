"""Users and groups in the admin: nobody hands out more than they have, nobody takes over who may do more."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from brands.models import Brand, BrandGrant
from tests.conftest import grant
from wtfsite.models import User

pytestmark = pytest.mark.django_db
SECRET = "a-long-enough-secret-1"
PEOPLE = (
    "view_user",
    "add_user",
    "change_user",
    "delete_user",
    "view_group",
    "add_group",
    "change_group",
    "delete_group",
)


def person(name: str, *permissions: str, **fields) -> User:
    return grant(User.objects.create_user(name, password="not-a-secret-1", is_staff=True, **fields), *permissions)


def group(name: str, *permissions: str) -> Group:
    made = Group.objects.create(name=name)
    made.permissions.add(*Permission.objects.filter(codename__in=permissions))
    return made


def again(row):
    return type(row).objects.get(pk=row.pk)


def allowed(user: User) -> set[str]:
    return {name.split(".")[1] for name in again(user).get_all_permissions()}


@pytest.fixture
def root() -> User:
    return person("root", is_superuser=True)


@pytest.fixture
def keeper() -> User:
    """Looks after users and groups, and may look at jobs."""
    return person("keeper", *PEOPLE, "view_job")


@pytest.fixture
def client(keeper) -> Client:
    client = Client()
    client.force_login(keeper)
    return client


def change(client: Client, user: User, **fields) -> int:
    """Post the form of a user with everything that a browser might send."""
    form = {
        "username": user.username,
        "is_active": "on" if user.is_active else "",
        "is_staff": "on" if user.is_staff else "",
        "groups": [one.pk for one in user.groups.all()],
        "user_permissions": [one.pk for one in user.user_permissions.all()],
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
        **fields,
    }
    return client.post(f"/admin/wtfsite/user/{user.pk}/change/", form).status_code


def permission(name: str) -> int:
    return Permission.objects.get(codename=name).pk


# --- what staff who may change users can do


def test_a_keeper_makes_an_account_and_gives_what_he_has(client):
    page = client.post(
        "/admin/wtfsite/user/add/",
        {"username": "sam", "usable_password": "true", "password1": SECRET, "password2": SECRET},
    )
    assert page.status_code == 302
    sam = User.objects.get(username="sam")
    lookers = group("lookers", "view_job")
    assert change(client, sam, is_staff="on", user_permissions=[permission("view_user")], groups=[lookers.pk]) == 302
    assert again(sam).is_staff
    assert allowed(sam) == {"view_user", "view_job"}


def test_a_keeper_sets_a_password_and_switches_off_and_deletes(client):
    sam = person("sam", "view_job")
    fields = {"password1": SECRET, "password2": SECRET, "set_usable_password": "true", "usable_password": "true"}
    assert client.post(f"/admin/wtfsite/user/{sam.pk}/password/", {**fields, "set-password": "1"}).status_code == 302
    assert again(sam).check_password(SECRET)
    assert change(client, sam, is_active="") == 302
    assert not again(sam).is_active
    assert client.post(f"/admin/wtfsite/user/{sam.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(username="sam").exists()


# --- what they cannot


def test_nobody_makes_themselves_superuser(client, keeper):
    assert change(client, keeper, is_superuser="on") == 302
    assert not again(keeper).is_superuser


def test_nobody_makes_another_superuser(client):
    sam = person("sam")
    change(client, sam, is_superuser="on")
    assert not again(sam).is_superuser


@pytest.mark.parametrize("name", ["keeper", "sam"])
def test_nobody_gives_a_permission_that_they_lack(client, name):
    person("sam")
    user = User.objects.get(username=name)
    before = allowed(user)
    page = change(client, user, user_permissions=[permission("delete_brand")])
    assert page == 200, "the form comes back: that choice does not exist"
    assert allowed(user) == before


def test_nobody_gives_a_group_with_a_permission_that_they_lack(client):
    sam, strong = person("sam"), group("strong", "view_job", "delete_brand")
    assert change(client, sam, groups=[strong.pk]) == 200
    assert allowed(sam) == set()


def test_the_form_offers_what_can_be_given(client):
    weak, strong = group("lookers of jobs", "view_job"), group("strong ones", "delete_brand")
    page = client.get(f"/admin/wtfsite/user/{person('sam').pk}/change/").content.decode()
    assert weak.name in page
    assert strong.name not in page
    assert 'name="is_superuser"' not in page


@pytest.fixture(params=["a superuser", "a superuser who is switched off", "stronger", "stronger and switched off"])
def other(request, root) -> User:
    """Somebody who may do more than the keeper, now or when switched on again."""
    return {
        "a superuser": lambda: root,
        "a superuser who is switched off": lambda: person("gone", is_superuser=True, is_active=False),
        "stronger": lambda: person("sam", "delete_brand"),
        "stronger and switched off": lambda: person("sam", "delete_brand", is_active=False),
    }[request.param]()


def test_nobody_changes_who_may_do_more(client, other):
    assert change(client, other, username="mine", is_active="on") == 403
    assert again(other).username == other.username


def test_nobody_sets_the_password_of_who_may_do_more(client, other):
    before = other.password
    address = f"/admin/wtfsite/user/{other.pk}/password/"
    assert client.get(address).status_code == 403
    assert client.post(address, {"password1": SECRET, "password2": SECRET, "set-password": "1"}).status_code == 403
    assert again(other).password == before


def test_nobody_deletes_who_may_do_more(client, other):
    assert client.post(f"/admin/wtfsite/user/{other.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post("/admin/wtfsite/user/", {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"})
    assert User.objects.filter(pk=other.pk).exists()


def test_who_may_do_more_is_shown_to_read(client, other):
    page = client.get(f"/admin/wtfsite/user/{other.pk}/change/")
    assert page.status_code == 200
    text = page.content.decode()
    assert 'name="username"' not in text
    assert 'name="_save"' not in text
    assert other.password not in text
    assert other.password.split("$")[-1] not in text


def test_nobody_strengthens_a_group_beyond_themselves(client):
    weak = group("lookers", "view_job")
    page = client.post(
        f"/admin/auth/group/{weak.pk}/change/", {"name": weak.name, "permissions": [permission("delete_brand")]}
    )
    assert page.status_code == 200
    assert [one.codename for one in weak.permissions.all()] == ["view_job"]
    client.post("/admin/auth/group/add/", {"name": "mine", "permissions": [permission("delete_brand")]})
    assert not Group.objects.filter(name="mine").exists()


def test_nobody_touches_a_group_that_may_do_more(client):
    strong = group("strong", "delete_brand")
    assert client.post(f"/admin/auth/group/{strong.pk}/change/", {"name": "mine"}).status_code == 403
    assert client.post(f"/admin/auth/group/{strong.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post("/admin/auth/group/", {"action": "delete_selected", "_selected_action": [strong.pk], "post": "yes"})
    assert [one.codename for one in again(strong).permissions.all()] == ["delete_brand"]


def test_a_keeper_makes_groups_of_what_he_has(client):
    page = client.post("/admin/auth/group/add/", {"name": "lookers", "permissions": [permission("view_job")]})
    assert page.status_code == 302
    assert [one.codename for one in Group.objects.get().permissions.all()] == ["view_job"]


# --- superusers


def test_a_superuser_does_all_of_it(root):
    client = Client()
    client.force_login(root)
    sam, strong = person("sam", is_superuser=True), group("strong", "delete_brand")
    fields = {"user_permissions": [permission("add_brand")], "groups": [strong.pk]}
    assert change(client, sam, **fields) == 302, "and the box for superusers is not ticked"
    assert not again(sam).is_superuser
    assert allowed(sam) == {"add_brand", "delete_brand"}
    assert change(client, sam, is_superuser="on") == 302
    assert again(sam).is_superuser
    assert client.post(f"/admin/wtfsite/user/{sam.pk}/delete/", {"post": "yes"}).status_code == 302
    assert client.post(f"/admin/auth/group/{strong.pk}/delete/", {"post": "yes"}).status_code == 302


# --- brands that are granted to some


@pytest.fixture
def insiders() -> Group:
    """A group without permissions, to which a brand is granted that nobody else sees."""
    made = group("insiders")
    BrandGrant.objects.create(brand=Brand.objects.create(name="Secret", slug="secret"), group=made)
    return made


def test_nobody_gets_at_a_hidden_brand_through_a_group(client, keeper, insiders):
    change(client, keeper, groups=[insiders.pk])
    assert not again(keeper).groups.exists()
    assert client.get(f"/admin/auth/group/{insiders.pk}/change/").context["has_change_permission"] is False


def test_nobody_takes_over_who_sees_a_brand_that_they_do_not(client, insiders):
    other = person("other")
    other.groups.add(insiders)
    assert client.post(f"/admin/wtfsite/user/{other.pk}/password/", {}).status_code == 403


def test_whoever_sees_the_brand_too_may(client, keeper, insiders):
    keeper.groups.add(insiders)
    other = person("other")
    change(client, other, groups=[insiders.pk])
    assert again(other).groups.get() == insiders


def test_who_has_a_grant_stays_and_is_told_no_name_of_a_brand(client, keeper, insiders):
    keeper.groups.add(insiders)
    page = client.post(f"/admin/auth/group/{insiders.pk}/delete/", {"post": "yes"})
    assert Group.objects.filter(pk=insiders.pk).exists()
    assert "grant" in page.content.decode().lower()
    assert "Secret" not in page.content.decode()
