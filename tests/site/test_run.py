import re
import shutil

import pytest

from tests.site import child

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
