"""Whose files lie in a storage: marks of studios, named after their databases."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from jobs.services import tenancy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


def test_a_studio_leaves_one_mark_however_often_it_comes():
    for _time in range(2):
        tenancy.mark()
    assert default_storage.listdir("studios")[1] == [tenancy.name()]
    assert tenancy.others() == []


def test_a_mark_that_storage_had_to_rename_is_still_ours():
    tenancy.mark()
    default_storage.save(tenancy.path(), ContentFile(b""))
    assert len(default_storage.listdir("studios")[1]) == 2
    assert tenancy.others() == []


def test_who_has_another_secret_is_another_studio(settings):
    tenancy.mark()
    first = tenancy.path()
    settings.SECRET_KEY = "of a copy of the studio for trying things out"
    assert tenancy.others() == [first]


def test_where_nobody_left_a_mark_there_is_nobody_else():
    assert tenancy.others() == []
