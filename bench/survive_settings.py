"""The settings of an installation, with a storage that keeps a ledger: for `bench.survive` and all that it starts."""

from wtfsite.settings import *  # noqa: F403  the real ones, with one thing replaced
from wtfsite.settings import STORAGES

STORAGES = {**STORAGES, "default": {**STORAGES["default"], "BACKEND": "bench.ledger.LedgerStorage"}}
