"""Whose storage is this? Every studio leaves a mark there, named after its database.

Where another studio's mark lies, no file may go for want of a row: its row may be in the other database. Neither may
one in a storage that we have but just come to, since others may still have to leave their mark.
"""

import hashlib

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

FOLDER = "studios"
TEXT = b"The studio whose database has this name keeps files here. Remove it when that database is no more.\n"
DATABASE = {
    "postgresql": "SELECT system_identifier || '.' || (SELECT oid FROM pg_database WHERE datname = current_database())"
    " FROM pg_control_system()",
    "sqlite": "SELECT MIN(applied) FROM django_migrations",
}


def name() -> str:
    """A name for this database: a copy in another place has another one. It tells nothing of what it is made of."""
    with connection.cursor() as cursor:
        cursor.execute(DATABASE[connection.vendor])
        facts = [settings.SECRET_KEY, str(connection.settings_dict["NAME"]), str(cursor.fetchone()[0])]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def path() -> str:
    return f"{FOLDER}/{name()}"


def mark() -> None:
    """Leave our mark, unless it is there."""
    if not default_storage.exists(path()):
        default_storage.save(path(), ContentFile(TEXT))


def others() -> list[str]:
    """The marks of other studios. (Of two of our hosts that left ours at once, storage has renamed one.)"""
    try:
        found = default_storage.listdir(FOLDER)[1]
    except FileNotFoundError:
        return []
    ours = name() if found else ""
    return sorted(f"{FOLDER}/{other}" for other in found if not other.startswith(ours))
