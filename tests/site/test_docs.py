"""The pages agree with the code: what is not written down does not exist for those who have to use it."""

import re
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from brands.models import ArtworkKind, Variant
from jobs.engine import slots
from jobs.media.encode import PROFILES
from jobs.media.errors import CODES, Cause
from jobs.media.plan import batch_size
from jobs.media.probe import Probe, VideoFacts
from jobs.models import AssetState, JobState, OutputState
from tests.site import test_run
from tests.site.child import ROOT, find, page
from wtfsite import checks
from wtfsite.lib.env import Env

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
OURS = ("brands", "jobs", "publishing", "wtfsite")
OUR_COMMANDS = sorted(name for name, app in get_commands().items() if app in OURS)


def rows(text: str) -> list[list[str]]:
    """The cells of every table row."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


# --- settings -------------------------------------------------------------------------------------------------------


def in_code() -> set[str]:
    """Variables that settings and gunicorn read, and those that boto3 reads for us."""
    readers = "|".join(name for name in vars(Env) if not name.startswith("_"))
    own = re.findall(rf'env\.(?:{readers})\(\s*"([A-Z0-9_]+)"', page("wtfsite/settings.py"))
    gunicorn = re.findall(r"os\.environ\.get\(\s*[\"']([A-Z0-9_]+)", page("wtfsite/gunicorn.py"))
    boto = re.findall(r"\bAWS_[A-Z_]+", page("wtfsite/storage.py"))
    return {*own, *gunicorn, *boto}


def in_example() -> set[str]:
    return set(re.findall(r"^#? ?([A-Z0-9_]+)=", page(".env.example"), flags=re.MULTILINE))


def in_docs() -> dict[str, list[str]]:
    return {row[0].strip("`"): row for row in rows(page("docs/settings.md")) if re.fullmatch(r"`[A-Z0-9_]+`", row[0])}


def test_code_example_and_page_know_the_same_settings():
    assert len(in_code()) > 30  # the patterns above still find something
    assert in_code() == in_example()
    assert in_code() == set(in_docs())


def test_nothing_else_reads_the_environment():
    """A variable that is read in some other place would be missed by the test above."""
    allowed = {"wtfsite/lib/env.py", "wtfsite/gunicorn.py", "wtfsite/lib/process.py", "wtfsite/lib/sandbox.py"}
    for app in OURS:
        for path in (ROOT / app).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            if name not in allowed:
                assert not re.search(r"os\.environ(\.get\(|\[)|os\.getenv", path.read_text(encoding="utf-8")), name


def test_every_setting_says_type_default_and_meaning():
    for name, row in in_docs().items():
        assert len(row) == 5, name
        assert all(row[:4]), name


def test_the_page_names_the_defaults_of_the_code():
    found = re.findall(r'env\.(?:integer|number|size)\("(\w+)", "?([\w.]+)"?', page("wtfsite/settings.py"))
    assert len(found) > 15
    for name, default in found:
        assert in_docs()[name][2] == default, name


def test_the_example_shows_the_defaults_of_the_page():
    for name, value in re.findall(r"^# ([A-Z0-9_]+)=([0-9.]+[A-Z]*)$", page(".env.example"), flags=re.MULTILINE):
        if name != "WTF_DEV":  # the one line that a developer uncomments
            assert in_docs()[name][2] == value, name


# --- commands -------------------------------------------------------------------------------------------------------


def command(name: str) -> BaseCommand:
    return load_command_class(get_commands()[name], name)


def options(name: str) -> set[str]:
    """What a command of ours takes beyond what Django gives to all of them."""
    of_all = {word for action in BaseCommand().create_parser("", "")._actions for word in action.option_strings}
    actions = command(name).create_parser("", name)._actions
    return {action.option_strings[-1] for action in actions if action.option_strings} - of_all


def section(name: str) -> str:
    text = page("docs/commands.md")
    assert f"\n### {name}\n" in text, f"docs/commands.md has no section {name}"
    return re.split(r"\n##", text.split(f"\n### {name}\n", 1)[1])[0]


@pytest.mark.parametrize("name", OUR_COMMANDS)
def test_every_command_is_described(name):
    text = section(name)
    assert "Exit code" in text
    assert re.search(rf"(\./run|manage\.py|manage) {name}", text), "no example"
    for option in options(name):
        assert f"`{option}" in text, f"{option} is not described"


def test_every_run_command_is_described():
    described = {match for row in rows(page("docs/commands.md")) for match in re.findall(r"^`\./run (\w+)", row[0])}
    assert described == test_run.commands()


def test_every_check_is_described():
    known = set(re.findall(r'id="(studio\.\w+)"', page("wtfsite/checks.py")))
    assert known == set(re.findall(r"studio\.[EIW]\d+", page("docs/commands.md")))
    assert f"check --deploy --tag {checks.STUDIO}" in page("docs/commands.md")


# --- operators ------------------------------------------------------------------------------------------------------


def error_row(code: str, cause: Cause) -> str:
    return f"| `{code}` | {cause.sentence} | {cause.remedy} | {'yes' if cause.retryable else 'no'} |"


def test_every_error_is_explained_as_the_studio_explains_it():
    wanted = [error_row(code, cause) for code, cause in CODES.items()]
    there = [line for line in page("docs/operators.md").splitlines() if re.match(r"\| `\w+` \|", line)]
    missing, outdated = sorted(set(wanted) - set(there)), sorted(set(there) - set(wanted))
    assert missing == [], "add to docs/operators.md:\n" + "\n".join(missing)
    assert outdated == [], "take out of docs/operators.md:\n" + "\n".join(outdated)


@pytest.mark.parametrize(
    ("states", "heading"),
    [(AssetState, "State of a video"), (JobState, "State of a job"), (OutputState, "State of an output")],
)
def test_every_state_is_explained(states, heading):
    table = page("docs/operators.md").split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    explained = [row[0] for row in rows(table) if row[0] and "-" not in row[0]]
    assert explained == [str(state.label) for state in states]


@pytest.mark.parametrize("label", [*Variant, *ArtworkKind], ids=repr)
def test_operators_read_the_words_they_see(label):
    assert str(label.label) in page("docs/operators.md")


# --- deployment -----------------------------------------------------------------------------------------------------


def test_the_proxy_takes_what_the_studio_takes():
    (limit,) = re.findall(r"client_max_body_size (\d+)m;", page("docs/deploy.md"))
    largest = Env({}).size("MAX_UPLOAD_SIZE", in_docs()["MAX_UPLOAD_SIZE"][2])
    assert 1.01 * largest < int(limit) * 2**20 < 1.1 * largest  # room for the form around the file


MEMORY = [row for row in rows(page("docs/deploy.md")) if re.match(r"\d+ [MG]B, \d+ core", row[0])]


@pytest.mark.parametrize("row", MEMORY, ids=lambda row: row[0])
def test_the_memory_table_is_what_the_planner_does(row):
    amount, unit, cores = find(r"(\d+) ([MG]B), (\d+)", row[0]).groups()
    memory = int(amount) * {"MB": 1, "GB": 1024}[unit]
    plan = slots.divide(
        cores=int(cores),
        memory_mb=int(memory * slots.SHARE),
        small=memory <= slots.SMALL_MB,
        slots=0,
        workers=2,
    )
    assert [int(cell) for cell in row[1:]] == [
        plan.render,
        plan.budget_mb,
        batch_size(plan.budget_mb, full_hd(), 720, 1280, PROFILES["standard"]),
        batch_size(plan.budget_mb, full_hd(), 1080, 1920, PROFILES["standard"]),
    ]


def full_hd() -> Probe:
    rate = Fraction(30)
    video = VideoFacts(0, "h264", "High", 1920, 1080, Fraction(1), 0, rate, rate, "yuv420p")
    return Probe("mov", 10_000_000, 10_000_000, 1, video, None)


# --- all pages ------------------------------------------------------------------------------------------------------


def links(text: str) -> Iterable[str]:
    return re.findall(r"\]\(([^)\s]+)\)", text)


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_link_leads_nowhere(path):
    for link in links(path.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        name, _hash, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_index_lists_every_page():
    names = {path.name for path in PAGES if path.parent.name == "docs"} - {"README.md"}
    assert names <= set(links(page("docs/README.md")))


def test_the_readme_is_one_or_two_screens_and_gets_you_running():
    text = page("README.md")
    assert 500 <= len(text.split()) <= 900
    assert "./run demo" in text
    assert "./run studio" in text


def test_the_newest_change_is_of_this_version():
    version = find(r'^version = "(.+)"$', page("pyproject.toml"))[1]
    assert re.match(rf"# {re.escape(version)}\b", page("CHANGELOG.md"))
