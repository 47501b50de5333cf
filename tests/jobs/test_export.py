"""Outputs under names for people, in a folder of the operator's."""

import pytest
from django.core.files.storage import default_storage

from jobs.models import Output
from jobs.services import export
from tests.jobs import rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


def output(title: str = "Harbour at dawn", **fields) -> Output:
    source = rows.asset(title, **fields)
    return rows.done(rows.job("done", source=source).outputs.get(), content=title.encode())


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Harbour at dawn", "harbour-at-dawn_brand-0_vertical.mp4"),
        ("../../etc/passwd", "etcpasswd_brand-0_vertical.mp4"),
        ("Über café: 100 %", "uber-cafe-100_brand-0_vertical.mp4"),
        ("x" * 200, "x" * 60 + "_brand-0_vertical.mp4"),
    ],
)
def test_a_name_says_source_brand_and_variant(title, name):
    assert export.file_name(output(title)) == name


def test_a_title_without_letters_gives_the_number(tmp_path):
    made = output("日本")
    assert export.file_name(made) == f"video--{made.source_id}_brand-0_vertical.mp4"


def test_two_sources_of_one_title_have_names_of_their_own():
    job = rows.job("done", source=rows.asset("clip", b"1"))
    other = rows.asset("Clip!", b"2")
    job.sources.add(other)
    first = job.outputs.get()
    second = Output.objects.create(job=job, source=other, brand=first.brand, variant="vertical")
    elsewhere = output("clip", content=b"3")
    assert export.file_name(first) == f"clip--{first.source_id}_brand-0_vertical.mp4"
    assert export.file_name(second) == f"clip--{other.pk}_brand-0_vertical.mp4"
    assert export.file_name(elsewhere) == "clip_brand-0_vertical.mp4"


def test_it_copies_the_whole_file_and_replaces_the_one_of_that_name(tmp_path):
    made = output()
    (tmp_path / export.file_name(made)).write_bytes(b"an older one")
    path = export.save(made, tmp_path)
    assert path.read_bytes() == b"Harbour at dawn"
    assert [found.name for found in tmp_path.iterdir() if found.is_file()] == [path.name]


def test_a_lost_file_leaves_nothing(tmp_path):
    made = output()
    default_storage.delete(made.file.name)
    with pytest.raises(FileNotFoundError):
        export.save(made, tmp_path)
    assert [found for found in tmp_path.iterdir() if found.is_file()] == []
