"""The database's clock, the one that all hosts share."""

from datetime import UTC, datetime

from django.db import connection

NOW = {"sqlite": "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')", "postgresql": "SELECT clock_timestamp()"}


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(NOW[connection.vendor])
        said = cursor.fetchone()[0]
    return said if isinstance(said, datetime) else datetime.fromisoformat(said).replace(tzinfo=UTC)
