import json
import re

import pytest

from tests.hostile_strings import HOSTILE, UNSTORABLE
from tests.site import child

PROGRAM = """
import logging, structlog
from wtfsite import logs
logs.configure("INFO", {form!r})
log = structlog.stdlib.get_logger("jobs.engine")
plain = logging.getLogger("django.request")
plain.info("too quiet for this logger")
logging.getLogger("jobs").debug("below the level")
with structlog.contextvars.bound_contextvars(stage=7):
    log.info("it began", brand="Nørth\\nshore")
    plain.warning("slow %s", "page")
try:
    raise ValueError("broken")
except ValueError:
    log.exception("it failed")
"""


def lines(form: str) -> list[str]:
    finished = child.python(PROGRAM.format(form=form), PYTHONUTF8="1")
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == ""  # standard output belongs to the commands
    return finished.stderr.splitlines()


def test_json_lines_are_one_object_each():
    began, slow, failed = (json.loads(line) for line in lines("json"))
    assert (began["event"], began["level"], began["logger"]) == ("it began", "info", "jobs.engine")
    assert began["process"] == slow["process"] == failed["process"] > 1
    assert (began["brand"], began["stage"]) == ("Nørth\nshore", 7)
    assert (slow["event"], slow["logger"], slow["stage"]) == ("slow page", "django.request", 7)
    assert "stage" not in failed
    assert failed["exception"].startswith("Traceback")
    assert failed["exception"].endswith("ValueError: broken")
    assert failed["timestamp"].endswith("Z")


def test_text_is_for_reading():
    output = "\n".join(lines("text"))
    assert "it began" in output
    assert "stage=7" in output
    assert re.search(r"it began .*process=\d+", output)
    assert "slow page" in output
    assert "ValueError: broken" in output
    assert "too quiet" not in output
    assert "below the level" not in output
    assert "\x1b[" not in output  # colours end up as rubbish in files


HOSTILE_PROGRAM = """
import logging, structlog
from tests.hostile_strings import HOSTILE, UNSTORABLE
from wtfsite import logs
logs.configure("INFO", {form!r})
log = structlog.stdlib.get_logger("jobs.engine")
plain = logging.getLogger("jobs")
class Row:
    def __init__(self, text): self.text = text
    def __repr__(self): return "<Row: " + self.text + ">"
for word, text in HOSTILE + UNSTORABLE:
    log.info(text, title=text, row=Row(text), nested={{"titles": [text]}})
    plain.warning(text)
    plain.warning("“%s” and %r", text, Row(text), stack_info=word == "zq00x")
    with structlog.contextvars.bound_contextvars(asset=text):
        log.info("bound")
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("failed: " + text)
        plain.exception(text)
"""
EACH = 6  # entries for each text
TEXTS = HOSTILE + UNSTORABLE


@pytest.fixture(scope="module", params=["text", "json"])
def entries(request):
    """Each text's entries, as a reader finds who takes a line for an entry; in text, indented ones belong to it."""
    finished = child.python(HOSTILE_PROGRAM.format(form=request.param), PYTHONUTF8="1", PYTHONPATH=".")
    assert finished.returncode == 0, finished.stderr
    assert "Logging error" not in finished.stderr
    found: list[str] = []
    for line in finished.stderr.splitlines():  # breaks at every sign that any reader takes for the end of a line
        if request.param == "text" and line.startswith("    ") and found:
            found[-1] += f" {line}"
        else:
            found.append(line)
    return found


def test_a_hostile_text_forges_no_entry(entries):
    assert len(entries) == EACH * len(TEXTS)
    for number, entry in enumerate(entries):
        assert TEXTS[number // EACH].word in entry
        assert entry.startswith(("20", '{"'))  # a time, or an object


def test_no_entry_tells_a_terminal_what_to_do(entries):
    assert [entry for entry in entries if not entry.isprintable()] == []
