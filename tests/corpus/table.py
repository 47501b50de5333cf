"""All cases."""

from tests.corpus import (
    addresses,
    archives,
    bombs,
    documents,
    halves,
    headers,
    metadata,
    names,
    pictures,
    playlists,
    polyglots,
)
from tests.corpus.cases import Case

_MODULES = (playlists, bombs, headers, halves, polyglots, metadata, pictures, archives, names, addresses)
GROUPS = (*(module.group for module in _MODULES), *documents.GROUPS, names.paths)
CASES: tuple[Case, ...] = tuple(case for group in GROUPS for case in group.cases)
