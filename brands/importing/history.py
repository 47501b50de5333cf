"""What earlier imports left behind: the rows before, the state after, and which bytes became which file.

ImportRun.before = {
    "made":   {hash of what came in: hash of what was made of it},
    "brands": {key of the row: {"slug":, "name":, "new":, "rows": {...}, "after": state}},
    "fonts":  [keys of fonts that were added to the house],
    "zones":  {key of the row: {"row": values or null, "after": values}},
}
Emptied when the time to undo is over.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from brands.importing.state import State
from brands.models import ImportRun

UNDO_DAYS = 30
LOOKED_AT = 50  # imports, the last ones


def kept() -> QuerySet[ImportRun]:
    """The imports that still know what was before, the last one first."""
    found: QuerySet[ImportRun] = ImportRun.objects.exclude(before={}).order_by("-created_at", "-pk")
    return found


def last(brand: int) -> State | None:
    """What the last import that was not undone made of the brand."""
    for before in kept().filter(undone_at=None).values_list("before", flat=True)[:LOOKED_AT]:
        if found := before.get("brands", {}).get(str(brand)):
            after: State = found["after"]
            return after
    return None


def known() -> dict[str, str]:
    """Hash of what came in -> hash of what was made of it."""
    found: dict[str, str] = {}
    for before in kept().values_list("before", flat=True)[:LOOKED_AT]:
        found = {**before.get("made", {}), **found}
    return found


def outdated() -> QuerySet[ImportRun]:
    """Imports that can no longer be undone and still hold files."""
    return kept().filter(created_at__lt=timezone.now() - timedelta(days=UNDO_DAYS))


def files(before: dict[str, Any]) -> Iterator[str]:
    """The stored files that undoing would need."""
    for brand in before.get("brands", {}).values():
        for part in ("artwork", "clips", "fonts"):
            yield from (row["file"] for row in brand["rows"].get(part, []) if row["file"])
