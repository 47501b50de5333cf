import os
import re
import shutil
import subprocess

import pytest

from tests.site import child
from tests.site.child import page

TEXT = (child.ROOT / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_the_shell_reads_it(shell):
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    assert child.start(shell, "-n", "run").returncode == 0


def test_shellcheck_finds_nothing():
    if not shutil.which("shellcheck"):
        pytest.skip("no shellcheck here")
    finished = child.start("shellcheck", "run")
    assert finished.returncode == 0, finished.stdout


def test_without_a_command_it_says_what_there_is():
    finished = child.start("./run")
    assert finished.returncode == 2
    assert "./run COMMAND" in finished.stderr
    assert finished.stdout == ""


def test_an_unknown_command_is_told_the_same():
    finished = child.start("./run", "dmeo")
    assert finished.returncode == 2
    assert "demo [FILE_OR_URL]" in finished.stderr


@pytest.mark.parametrize("word", ["help", "-h", "--help"])
def test_help_is_an_answer(word):
    finished = child.start("./run", word)
    assert finished.returncode == 0
    assert "./run COMMAND" in finished.stdout


def test_every_command_is_in_the_list():
    listed = set(re.findall(r"^  (\w+) ", child.start("./run", "help").stdout, flags=re.MULTILINE))
    assert listed == commands() - {"help"}


def commands() -> set[str]:
    """The words of the case statement at the end of the script."""
    cases = TEXT[TEXT.index("case $command in") :]
    return {words.split(" | ")[0] for words in re.findall(r"^    ([a-z][a-z |-]*)\)", cases, flags=re.MULTILINE)}


@pytest.fixture
def installed(tmp_path):
    """`run` beside an environment that seems installed, whose Python only says what it was given."""
    home = tmp_path / "the studio"
    (home / ".venv" / "bin").mkdir(parents=True)
    for name in ("run", "requirements.txt"):
        (home / name).write_text(page(name), encoding="utf-8")
    (home / "run").chmod(0o755)
    (home / ".venv" / ".installed-requirements.txt").write_text(page("requirements.txt"), encoding="utf-8")
    python = home / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ] && exit 0\npwd\necho "$@"\nenv\n', encoding="utf-8")
    python.chmod(0o755)
    return home


def said(home, *words, cwd=None, **environment):
    path = os.environ["PATH"]
    command = [str(home / "run"), "manage", *words]
    run = subprocess.run(command, cwd=cwd or home, env={"PATH": path, **environment}, capture_output=True, text=True)
    return run.returncode, run.stdout, run.stderr


def test_it_takes_the_lines_of_env_as_they_are(installed):
    hostile = "s3://bucket/x?endpoint=https://s3.example.com&region=eu-1;$(touch gone)`id`("
    (installed / ".env").write_text(f'# a word\n\nSTORAGE_URL={hostile}\nWTF_SECRET_KEY="a b"\nPORT=8001\r\n')
    code, out, _err = said(installed, "check", PORT="9000")
    assert code == 0
    assert f"\nSTORAGE_URL={hostile}\n" in out
    assert "\nWTF_SECRET_KEY=a b\n" in out
    assert "\nPORT=9000\n" in out
    assert "WTF_DEV" not in out
    assert not (installed / "gone").exists()


@pytest.mark.parametrize("line", ["export A=1", "no equals sign", "=1", "1A=2"])
def test_it_names_the_line_of_env_that_it_does_not_understand(installed, line):
    (installed / ".env").write_text(f"PORT=1\n{line}\n")
    code, _out, err = said(installed, "check")
    assert code == 1
    assert ".env, line 2 is not NAME=value." in err


def test_it_keeps_the_callers_folder(installed, tmp_path):
    code, out, _err = said(installed, "render_video", "holiday film.mp4", cwd=tmp_path)
    assert code == 0
    assert out.splitlines()[:2] == [str(tmp_path), f"{installed}/manage.py render_video holiday film.mp4"]
    assert "\nWTF_DEV=1\n" in out
