from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from brands.models import Artwork, Brand, BrandClip, BrandGrant, Font, ImportRun, Layer, PublishingProfile
from tests.conftest import grant
from wtfsite.models import User

SEES = ("brand", "artwork", "layer", "brandclip", "font", "publishingprofile", "brandgrant", "importrun")


def person(name: str) -> User:
    return grant(User.objects.create_user(name, is_staff=True), *(f"view_{model}" for model in SEES))


def again(user: User) -> User:
    """As the next request meets them."""
    return User.objects.get(pk=user.pk)


@pytest.fixture
def closed(db: None) -> Brand:
    """Granted to one person."""
    brand: Brand = Brand.objects.create(name="Secret", slug="secret")
    BrandGrant.objects.create(brand=brand, user=person("insider"))
    return brand


@pytest.fixture
def open_brand(db: None) -> Brand:
    brand: Brand = Brand.objects.create(name="Northshore", slug="northshore")
    return brand


def insider() -> User:
    return User.objects.get(username="insider")


def seen(user: User) -> set[str]:
    return {brand.slug for brand in Brand.objects.for_user(user)}


def test_a_brand_without_grants_is_for_everybody_one_with_grants_for_those(closed, open_brand):
    assert seen(person("other")) == {"northshore"}
    assert seen(insider()) == {"northshore", "secret"}


def test_a_superuser_sees_all_and_nothing_is_asked_for_them(closed, open_brand, django_assert_num_queries):
    root = User.objects.create_superuser("root")
    with django_assert_num_queries(1):
        assert seen(root) == {"northshore", "secret"}


def test_a_grant_to_a_group_counts_for_its_members(closed):
    member, group = person("member"), Group.objects.create(name="desk")
    BrandGrant.objects.create(brand=closed, group=group)
    assert seen(again(member)) == set()
    member.groups.add(group)
    assert seen(again(member)) == {"secret"}


def test_a_grant_gives_no_permission(closed):
    plain = User.objects.create_user("plain", is_staff=True)
    BrandGrant.objects.create(brand=closed, user=plain)
    assert seen(plain) == set()


def test_who_was_asked_once_is_not_asked_again(closed, open_brand, django_assert_num_queries):
    other = person("other")
    seen(other)
    with django_assert_num_queries(1):
        assert seen(other) == {"northshore"}


def rows_of(brand: Brand | None) -> list[Any]:
    """One row of each kind, all with the brand; those that can be the house's without one."""
    file = {"file": "artwork/x.png", "sha256": "0" * 64}
    made: list[Any] = [
        Artwork.objects.create(brand=brand, kind="logo", **file),
        Font.objects.create(brand=brand, name="Sans", **file),
    ]
    if brand:
        made.append(Layer.objects.create(brand=brand, name="line", kind="text", text="Hello"))
        made.append(BrandClip.objects.create(brand=brand, kind="mark", **file))
        made.append(PublishingProfile.objects.create(brand=brand))
    return made


def test_what_belongs_to_a_brand_is_seen_with_it(closed):
    other = person("other")
    for row in [*rows_of(closed), *BrandGrant.objects.all()]:
        assert not type(row).objects.for_user(other).exists(), row
        assert type(row).objects.for_user(insider()).get() == row


def test_what_belongs_to_the_house_is_seen_by_all(closed):
    other = person("other")
    for row in rows_of(None):
        assert type(row).objects.for_user(other).get() == row


def test_whom_a_brand_is_hidden_from_sees_their_own_imports_only(closed, open_brand):
    other, reports = person("other"), {"brands": {str(open_brand.pk): {}}}
    theirs = ImportRun.objects.create(name="theirs.zip", owner=other, before=reports)
    ImportRun.objects.create(name="of others.zip", owner=insider(), before=reports)
    ImportRun.objects.create(name="before it was hidden.zip", owner=other, before={"brands": {str(closed.pk): {}}})
    assert list(ImportRun.objects.for_user(other)) == [theirs]
    assert ImportRun.objects.for_user(insider()).count() == 3


def test_a_grant_is_for_a_person_or_a_group(closed):
    group = Group.objects.create(name="desk")
    for wrong in ({}, {"user": insider(), "group": group}, {"user": insider()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            BrandGrant.objects.create(brand=closed, **wrong)


def test_a_brand_never_opens_because_somebody_left(closed):
    group = Group.objects.create(name="desk")
    BrandGrant.objects.create(brand=closed, group=group)
    for holder in (insider(), group):
        with pytest.raises(ProtectedError):
            holder.delete()
