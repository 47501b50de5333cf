"""Are these two names one? Kits write a brand in several ways, and neither guessing nor looking away is right."""

import re
import unicodedata
from collections.abc import Mapping

from django.utils.text import slugify

# A digit where a letter belongs; l and i look alike too.
ALIKE = str.maketrans("01345789l", "oieastbgi")
SHORTEST = 4  # letters that two names have to share
WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def plain(name: str) -> str:
    """The letters and digits alone, large as small, without accents: `North-Shore News` -> `northshorenews`."""
    bare = unicodedata.normalize("NFKD", name.casefold())
    return "".join(sign for sign in bare if sign.isalnum())


def looks(name: str) -> str:
    """As `plain`, with digits that stand for letters: `N0rthshore` -> `northshore`."""
    return plain(name).translate(ALIKE)


def near(one: str, other: str) -> bool:
    """Could be one name: they look the same, or one has something more in one place (USAWTF, USAmericaWTF)."""
    short, long = sorted((looks(one), looks(other)), key=len)
    if len(short) < SHORTEST:
        return bool(short) and short == long
    begin = _shared(short, long)
    end = _shared(short[::-1], long[::-1])
    inserted = begin + end >= len(short) and min(begin, end) > 0
    return short == long or inserted or (len(short) == len(long) and begin + end >= len(short) - 1)


def _shared(one: str, other: str) -> int:
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def words(key: str) -> str:
    """`NorthshoreNews` -> `Northshore News`; names that have spaces stay."""
    return key if " " in key else " ".join(WORDS.split(key.replace("_", " ").replace("-", " ").strip()))


def slugs(*given: str) -> list[str]:
    """The short names that such names may have, likeliest first."""
    return list(dict.fromkeys(slug for name in given for slug in (slugify(name), slugify(words(name))) if slug))


def one_of(name: str, known: Mapping[str, str]) -> tuple[str, bool]:
    """What the known name stands for that this one is, and whether it is written just so but for large letters; "" when
    there is none, or more than one could be meant."""
    if name in known:
        return known[name], True
    for same, sure in ((str.casefold, True), (plain, False), (looks, False)):
        wanted = same(name)
        found = {meaning for other, meaning in known.items() if same(other) == wanted} if wanted else set()
        if found:
            return (found.pop(), sure) if len(found) == 1 else ("", False)
    return "", False
