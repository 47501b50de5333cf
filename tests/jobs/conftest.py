"""Brands."""

import pytest

from brands.models import Brand, Layer


@pytest.fixture
def two_brands(db: None) -> list[Brand]:
    """`a` shows a line of text, `b` another one."""
    return [text_brand("a", "50% OFF"), text_brand("b", "It's live")]


def text_brand(slug: str, text: str) -> Brand:
    brand: Brand = Brand.objects.create(name=slug.upper(), slug=slug)
    Layer.objects.create(brand=brand, name="line", kind="text", text=text, x=50, y=80, width=80)
    return brand
