"""A file whose time is over, while another cell takes it: two connections, each in turn the first. On PostgreSQL, where
they run side by side; SQLite lets one of them write at a time.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone

from brands.design import Design
from brands.layouts import canvas
from jobs.models import JobState, Output, OutputState
from jobs.services import cells, prune
from jobs.services.cells import Recipe
from tests.jobs import rows

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="one writer at a time; test_races runs it elsewhere"),
]
KEY = "3f" + "0" * 62


def waits() -> bool:
    """Does a connection to this database wait for another one's lock?"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT wait_event_type FROM pg_stat_activity WHERE datname = current_database()")
        return ("Lock",) in cursor.fetchall()


def while_open(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    """What both answer when `second` begins, and has to wait, before the transaction of `first` is committed."""
    said: list[Any] = []

    def run() -> None:
        try:
            said.append(second())
        finally:
            connection.close()

    other = threading.Thread(target=run)
    with transaction.atomic():
        answer = first()
        other.start()
        while other.is_alive() and not waits():
            pass
    other.join()
    return answer, said[0]


@pytest.fixture
def holder() -> Output:
    """An output whose file is due."""
    made = rows.done(rows.job("planned", state=JobState.DONE).outputs.get(), key=KEY)
    Output.objects.filter(pk=made.pk).update(finished_at=timezone.now() - timedelta(days=31))
    return made


@pytest.fixture
def cell(holder: Output) -> Output:
    """One that is to be made of the same things. Its row does not say so yet."""
    return rows.job("rendering", source=holder.source).outputs.get()


def adopt(cell: Output) -> bool:
    return cells.adopt(Recipe(cell, Design(canvas("vertical", 720)), KEY))


def test_who_comes_while_a_file_is_taken_for_another_cell_leaves_it(holder, cell):
    assert while_open(partial(adopt, cell), partial(prune.retire, KEY)) == (True, 0)
    assert set(Output.objects.values_list("file", "removed_at")) == {(holder.file.name, None)}
    assert default_storage.exists(holder.file.name)


def test_who_comes_while_a_file_goes_does_not_take_it(holder, cell):
    assert while_open(partial(prune.retire, KEY), partial(adopt, cell)) == (1, False)
    assert not default_storage.exists(holder.file.name)
    assert Output.objects.get(pk=cell.pk).state == OutputState.RENDERING
    assert Output.objects.exclude(file="").count() == 0
