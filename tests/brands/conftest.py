import hashlib

import pytest
from django.core.files.base import ContentFile

from brands.models import Artwork, Brand
from tests.brands.pictures import encoded, logo


@pytest.fixture
def brand(db):
    return Brand.objects.create(name="Northshore", slug="northshore")


@pytest.fixture
def add_artwork(storage):
    """Stores a picture for a brand (None: the house's own)."""

    def add(brand, kind="logo", variant="", data=None, sha256=None):
        data = encoded(logo(colour=(len(variant) * 10, 60, 30))) if data is None else data
        artwork = Artwork(brand=brand, kind=kind, variant=variant, sha256=sha256 or hashlib.sha256(data).hexdigest())
        artwork.file.save("upload.png", ContentFile(data), save=True)
        return artwork

    return add
