"""A file of many writers: nothing is lost or torn while it is put aside."""

import json
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wtfsite.lib import logfile
from wtfsite.lib.logfile import LogFile

WRITERS, LINES = 3, 1500
WRITER = """
import logging, sys
from pathlib import Path
from wtfsite import logs
logs.configure("INFO", "json", logs.LogFile(Path(sys.argv[1]), 40_000))
logging.getLogger().removeHandler(logging.getLogger().handlers[0])
for number in range({lines}):
    filling = "x" * (number % 400) + "y" * 9000 * (number % 50 == 0)
    logging.getLogger("jobs").info("%s %d %s", sys.argv[2], number, filling)
"""
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()


def say(file: LogFile, text: str) -> None:
    file.emit(logging.LogRecord("jobs", logging.INFO, "", 0, text, (), None))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "studio.log"


@pytest.fixture
def file(path):
    file = LogFile(path, 100, now=lambda: NOON)
    yield file
    file.close()


def put_aside(path: Path) -> list[str]:
    return [old.name for _day, _number, old in logfile.aside(path)]


def test_no_line_is_lost_or_torn_while_processes_write_and_put_aside(path):
    path.parent.mkdir()
    program = WRITER.format(lines=LINES)
    writers = [subprocess.Popen([sys.executable, "-c", program, path, str(name)]) for name in range(WRITERS)]
    assert [writer.wait(120) for writer in writers] == [0] * WRITERS
    files = [path, *(old for _day, _number, old in logfile.aside(path))]
    lines = [line for one in files for line in one.read_text().splitlines()]
    said = [json.loads(line)["event"].split()[:2] for line in lines]
    assert sorted(said) == sorted([str(name), str(number)] for name in range(WRITERS) for number in range(LINES))
    assert len(files) > 10


def test_each_writer_goes_on_in_the_new_file(path, file):
    """A rename that it did not make itself."""
    other = LogFile(path, 100, now=lambda: NOON)
    say(file, "one " * 30)
    os.utime(path, (NOON, NOON))
    say(other, "two")
    say(file, "three")
    other.close()
    assert path.read_text() == "two\nthree\n"
    assert put_aside(path) == ["studio.log.2026-11-20.1"]


def test_a_new_day_begins_a_new_file(path, file):
    path.write_text("yesterday\n")
    os.utime(path, (NOON - 86400,) * 2)
    say(file, "today")
    assert path.read_text() == "today\n"
    assert put_aside(path) == ["studio.log.2026-11-19.1"]


def test_nothing_takes_the_place_of_a_file_that_was_put_aside(path, file):
    for _ in range(12):
        say(file, "x" * 100)
        os.utime(path, (NOON, NOON))
    assert put_aside(path) == [f"studio.log.2026-11-20.{number}" for number in range(1, 12)]


def test_the_old_ones_go_and_no_other_file_does(path, file):
    for name in (
        "studio.log.2026-11-01.1",
        "studio.log.2026-11-19.1",
        "studio.log.gz",
        "studio.log.lock",
        "studio.log",
    ):
        (path.parent / name).touch()
        os.utime(path.parent / name, (NOON - (20 if "19" not in name else 1) * 86400,) * 2)
    assert [old.name for old in logfile.outdated(path, 14, NOON)] == ["studio.log.2026-11-01.1"]


def test_others_cannot_read_it(path, file):
    say(file, "a title")
    assert path.stat().st_mode & 0o007 == 0


def test_a_log_that_cannot_be_written_stops_nothing(path, file, capsys):
    path.mkdir()
    say(file, "into a folder")
    assert "IsADirectoryError" in capsys.readouterr().err
