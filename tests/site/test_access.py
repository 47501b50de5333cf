from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser

from brands.models import Brand
from tests.conftest import grant
from wtfsite.models import User

OURS = ("brands", "jobs", "publishing", "wtfsite")
MODELS = [model for app in OURS for model in apps.get_app_config(app).get_models()]


@pytest.fixture
def brand(db):
    return Brand.objects.create(name="Northshore", slug="northshore")


def person(name: str, **fields: Any) -> User:
    return User.objects.create_user(name, password="not-a-secret-1", **fields)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_manager_says_who_sees_its_rows(model):
    for manager in model._meta.managers:
        assert callable(getattr(manager, "for_user", None)), f"{model._meta.label}.{manager.name} has no for_user"


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_nobody_in_particular_sees_nothing(model):
    person("somebody")
    assert not model._meta.default_manager.for_user(AnonymousUser()).exists()


def test_without_a_permission_nothing_is_seen(brand):
    assert not Brand.objects.for_user(person("plain", is_staff=True)).exists()


@pytest.mark.parametrize("permission", ["view_brand", "change_brand"])
def test_a_permission_opens_a_model(brand, permission):
    assert list(Brand.objects.for_user(grant(person("reader"), permission))) == [brand]


@pytest.mark.parametrize("permission", ["view_artwork", "add_brand", "delete_brand"])
def test_another_permission_does_not(brand, permission):
    assert not Brand.objects.for_user(grant(person("reader"), permission)).exists()


def test_a_superuser_sees_everything(brand):
    assert list(Brand.objects.for_user(person("root", is_superuser=True))) == [brand]


@pytest.mark.parametrize("superuser", [False, True])
def test_a_disabled_user_sees_nothing(brand, superuser):
    user = grant(person("gone", is_superuser=superuser), "view_brand")
    user.is_active = False
    user.save()
    assert not Brand.objects.for_user(user).exists()


def test_it_narrows_what_was_chosen_before(brand):
    Brand.objects.create(name="Ember", slug="ember", active=False)
    assert list(Brand.objects.active().for_user(grant(person("reader"), "view_brand"))) == [brand]


@pytest.mark.django_db
def test_people_see_themselves():
    one, other = person("one"), person("other")
    assert list(User.objects.for_user(one)) == [one]
    seen = User.objects.for_user(grant(other, "view_user"))
    assert set(seen) == {one, other}
