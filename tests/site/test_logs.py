import json

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
    assert "slow page" in output
    assert "ValueError: broken" in output
    assert "too quiet" not in output
    assert "below the level" not in output
    assert "\x1b[" not in output  # colours end up as rubbish in files
