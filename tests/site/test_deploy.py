import json
import re
import runpy
import shutil
import sys
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from django.db.migrations.loader import MigrationLoader
from django.urls import resolve

from tests.site import child
from tests.site.child import find, page
from tests.site.test_docs import OURS, in_code

MB = 10**6


# --- gunicorn -------------------------------------------------------------------------------------------------------


def gunicorn() -> dict[str, Any]:
    return runpy.run_path(str(child.ROOT / "wtfsite" / "gunicorn.py"))


def test_gunicorn_takes_its_configuration_and_our_application(tmp_path):
    started = child.start(
        *(sys.executable, "-m", "gunicorn", "--check-config", "-c", "wtfsite/gunicorn.py"),
        WTF_DEV="1",
        WTF_DATA_DIR=str(tmp_path),
    )
    assert started.returncode == 0, started.stderr


def test_gunicorn_serves_slow_uploads_beside_other_pages(monkeypatch):
    monkeypatch.delenv("WTF_BIND", raising=False)
    monkeypatch.setenv("PORT", "9000")
    found = gunicorn()
    assert found["bind"] == "0.0.0.0:9000"
    assert (found["worker_class"], found["workers"]) == ("gthread", 1)
    assert found["threads"] > 1
    assert (found["timeout"], found["graceful_timeout"], found["keepalive"]) == (300, 300, 5)
    assert (found["preload_app"], found["worker_connections"], found["loglevel"]) == (True, 1000, "info")


@pytest.mark.parametrize("port", ["", None])
def test_an_empty_port_is_no_port(monkeypatch, port):
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setenv("WTF_BIND", "127.0.0.1")
    if port is not None:
        monkeypatch.setenv("PORT", port)
    assert gunicorn()["bind"] == "127.0.0.1:8000"


# --- Docker ---------------------------------------------------------------------------------------------------------

DOCKERFILE = page("Dockerfile")
LAST_STAGE = DOCKERFILE.rsplit("\nFROM ", 1)[-1]


def test_all_stages_share_one_python_that_we_support():
    bases = set(re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.MULTILINE))
    (base,) = bases
    assert 11 <= int(find(r"^python:3\.(\d+)-slim-\w+$", base)[1]) < 14


def test_the_image_does_not_run_as_root():
    assert LAST_STAGE.index("\nUSER studio") < LAST_STAGE.index("\nCMD ")


def test_the_image_starts_what_is_there():
    command = json.loads(find(r"^CMD (\[.*\])$", LAST_STAGE)[1])
    assert command[0] == "gunicorn"
    assert (child.ROOT / command[2]).is_file()


def test_the_image_asks_a_page_that_is_there():
    asked = find(r"^HEALTHCHECK .*\n +CMD (\[.*\])$", LAST_STAGE)[1]
    program = json.loads(asked)[2]
    compile(program, "HEALTHCHECK", "exec")
    assert resolve(find(r"\}(/[\w/]+)", program)[1]).url_name == "health-live"


@pytest.mark.parametrize("command", ["tini -- python manage.py runworkers", "tini -- gunicorn"])
def test_the_image_asks_workers_by_the_command_for_them(command, tmp_path):
    """Without any worker, and without any web: it is the kind of refusal that tells who was asked."""
    program = json.loads(find(r"^HEALTHCHECK .*\n +CMD (\[.*\])$", LAST_STAGE)[1])[2]
    (tmp_path / "cmdline").write_text(command.replace(" ", "\0"))
    program = program.replace("/proc/1/cmdline", str(tmp_path / "cmdline")).replace("'python'", repr(sys.executable))
    asked = child.python(program, WTF_DEV="1", WTF_DATA_DIR=str(tmp_path), PORT="1")
    assert asked.returncode == 1
    assert ("The database does not answer" in asked.stderr) == ("runworkers" in command)
    assert ("URLError" in asked.stderr) == ("gunicorn" in command)


def test_the_image_keeps_no_secret():
    kept = "\n".join(re.findall(r"^(?:ENV|ARG) (?:.*\\\n)*.*$", DOCKERFILE, flags=re.MULTILINE))
    assert "DATABASE_URL=sqlite" in kept
    assert not re.search(r"SECRET|PASSWORD|AWS_|WTF_DEV", kept)


def test_the_image_gets_all_of_the_program_and_nothing_else():
    allowed = {line[1:] for line in page(".dockerignore").splitlines() if line.startswith("!")}
    assert page(".dockerignore").splitlines()[1] == "*"
    assert {*OURS, "templates", "manage.py", "requirements.txt"} <= allowed
    assert not allowed & {".env", "var", ".git", ".venv", "tests"}


# --- Render ---------------------------------------------------------------------------------------------------------

BLUEPRINT = yaml.safe_load(page("render.yaml"))
WEB, WORKER = BLUEPRINT["services"]


def variables(service: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["key"]: entry for entry in service["envVars"] if "key" in entry}


def test_web_and_worker_are_the_same_program_in_the_same_place():
    assert (WEB["type"], WORKER["type"]) == ("web", "worker")
    for field in ("runtime", "dockerfilePath", "region", "autoDeploy"):
        assert WEB[field] == WORKER[field]
    assert WEB["runtime"] == "docker"
    assert (child.ROOT / WEB["dockerfilePath"]).is_file()
    assert BLUEPRINT["databases"][0]["region"] == WEB["region"]


def test_web_and_worker_have_the_same_settings():
    (group,) = BLUEPRINT["envVarGroups"]
    for service in (WEB, WORKER):
        assert {"fromGroup": group["name"]} in service["envVars"]
    web, worker = variables(WEB), variables(WORKER)
    assert set(worker) - {"WORKER_CONCURRENCY"} == set(web)
    assert web["DATABASE_URL"] == worker["DATABASE_URL"]
    for name, entry in web.items():
        if entry.get("sync") is False:
            assert worker[name]["fromService"] == {"type": "web", "name": WEB["name"], "envVarKey": name}


def test_the_blueprint_sets_what_the_studio_reads_and_tells_no_secret():
    (group,) = BLUEPRINT["envVarGroups"]
    entries = [*group["envVars"], *variables(WEB).values(), *variables(WORKER).values()]
    assert {entry["key"] for entry in entries} <= in_code()
    assert {"WTF_SECRET_KEY", "WTF_ALLOWED_HOSTS", "STORAGE_URL", "DATABASE_URL"} <= {entry["key"] for entry in entries}
    assert not [entry for entry in entries if "value" in entry and re.search(r"SECRET|KEY|URL", entry["key"])]


def test_the_blueprint_names_commands_and_pages_that_are_there():
    assert resolve(WEB["healthCheckPath"]).url_name == "health"
    for line in (WEB["preDeployCommand"], WORKER["dockerCommand"]):
        program, script, command = line.split()
        assert (program, script) == ("python", "manage.py")
        assert command in get_commands()


# --- packages and files ---------------------------------------------------------------------------------------------


def pins(name: str) -> dict[str, str]:
    """Package -> the rest of its entry, of a locked list."""
    entries = re.split(r"^(?=[a-z0-9])", page(name), flags=re.MULTILINE)
    found = (re.match(r"([a-z0-9._-]+)(?:\[[^\]]*\])?==(.*)", entry, flags=re.DOTALL) for entry in entries)
    return {match[1]: match[2] for match in found if match}


def wanted(name: str) -> set[str]:
    """Packages that somebody asked for, in a list before it is locked."""
    return set(re.findall(r"^([a-z][\w.-]*)", page(name), flags=re.MULTILINE))


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_is_pinned_with_hashes(name):
    entries = pins(name)
    assert len(entries) == len(re.findall(r"^[a-z0-9]", page(name), flags=re.MULTILINE))
    for package, rest in entries.items():
        assert "--hash=sha256:" in rest, package


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_package_that_is_asked_for_is_pinned(name):
    assert wanted(f"{name}.in")
    assert wanted(f"{name}.in") <= set(pins(f"{name}.txt"))


def test_tools_for_developers_are_not_installed_with_the_studio():
    assert not wanted("requirements-dev.in") & set(pins("requirements.txt"))


def test_both_lists_agree():
    studio, tools = pins("requirements.txt"), pins("requirements-dev.txt")
    for package in studio.keys() & tools.keys():
        assert studio[package].split()[0] == tools[package].split()[0], package


def test_no_large_file_is_kept_but_fonts():
    if not shutil.which("git") or not (child.ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    names = child.start("git", "-c", "safe.directory=*", "ls-files", "-z").stdout.split("\0")
    assert "manage.py" in names
    files = [child.ROOT / name for name in names if name and not name.startswith("brands/fonts/")]
    assert [path for path in files if path.is_file() and path.stat().st_size > 2 * MB] == []


def test_every_migration_has_a_name_that_somebody_chose():
    names = [name for app, name in MigrationLoader(None).disk_migrations if app in OURS]
    assert names
    for name in names:
        assert re.fullmatch(r"\d{4}_[a-z0-9_]+", name), name
        assert not re.search(r"_auto_|_and_more$", name), name


def test_the_image_and_run_install_the_same_fonts():
    fonts = {"fonts-noto-core", "fonts-noto-color-emoji"}
    assert fonts <= set(find(r"apt-get install .*", LAST_STAGE)[0].split())
    assert fonts <= set(find(r"apt fonts-.*", page("run"))[0].split())
