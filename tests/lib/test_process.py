import os
import resource
import select
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from wtfsite.lib import process, seccomp
from wtfsite.lib.clock import Clock
from wtfsite.lib.process import Limits
from wtfsite.lib.sandbox import Level

LONG = 60.0  # seconds: longer than any of these programs should need
needs_filter = pytest.mark.skipif(seccomp.known() is None, reason="calls are not filtered on this processor")
BEHIND_BWRAP = process.level() is Level.BWRAP
needs_usage = pytest.mark.skipif(BEHIND_BWRAP, reason="what a tool behind bwrap takes is not known")
REPEATER = "import sys, time\nwhile True:\n    print('frame=1', flush=True)\n    time.sleep(0.02)"


def python(program: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", program]


def sh(program: str) -> list[str]:
    return ["/bin/sh", "-c", program]


class LastLine:
    def __init__(self) -> None:
        self.mark: object = None
        self.lines: list[str] = []

    def feed(self, line: str) -> None:
        self.mark = line
        self.lines.append(line)


def gone(pid: int) -> bool:
    """True once the process has ended. Waits for its end by its pidfd, without looking at a clock."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    with selectors.DefaultSelector() as selector:
        selector.register(handle, selectors.EVENT_READ)
        ended = bool(selector.select(LONG))
    os.close(handle)
    return ended


class Lifeline:
    """A pipe in the work folder. The numbers of processes in a namespace say nothing here; who holds this is alive."""

    HOLD = "exec 9>alive; "  # for sh
    OPEN = "import os; os.set_inheritable(os.open('alive', os.O_WRONLY), True)\n"

    def __init__(self, work: Path) -> None:
        os.mkfifo(work / "alive")
        self.end = os.open(work / "alive", os.O_RDONLY | os.O_NONBLOCK)

    def is_cut(self) -> bool:
        """True once all who had it are gone; waits for that. False when nobody ever had it."""
        waiting = select.poll()
        waiting.register(self.end, 0)
        return bool(waiting.poll(1000 * LONG))


@pytest.fixture
def life(tmp_path) -> Iterator[Lifeline]:
    line = Lifeline(tmp_path)
    yield line
    os.close(line.end)


def test_it_returns_output_and_usage(tmp_path):
    finished = process.run(python("print(sum(range(10**6)))"), work=tmp_path, timeout=LONG)
    assert finished.stdout == b"499999500000\n"
    assert finished.returncode == 0
    assert finished.cpu_seconds > 0
    assert finished.peak_rss > 0


def test_it_joins_commands_by_pipes(tmp_path):
    finished = process.run(sh("echo one; echo two"), ["tr", "a-z", "A-Z"], ["cat"], work=tmp_path, timeout=LONG)
    assert finished.stdout == b"ONE\nTWO\n"


def test_it_reads_nothing_from_our_stdin(tmp_path):
    assert process.run(["cat"], work=tmp_path, timeout=LONG).stdout == b""


@needs_usage
def test_it_measures_memory_above_our_own(tmp_path):
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    size = ours + 50_000_000
    finished = process.run(python(f"x = bytearray({size})"), work=tmp_path, timeout=LONG)
    assert size <= finished.peak_rss < size + 50_000_000


def test_it_does_not_count_our_memory_as_the_tools(tmp_path):
    ballast = bytearray(150_000_000)
    finished = process.run(["sleep", "0.3"], work=tmp_path, timeout=LONG)
    assert finished.peak_rss < len(ballast) // 2


def test_it_gives_an_empty_environment_and_the_work_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WTF_SECRET_KEY", "not for tools")
    finished = process.run(["env"], work=tmp_path, timeout=LONG, env={"EXTRA": "1"})
    names = dict(line.split("=", 1) for line in finished.stdout.decode().splitlines())
    assert set(names) - {"PWD"} == {"PATH", "HOME", "TMPDIR", "LANG", "EXTRA"}
    assert names["HOME"] == names["TMPDIR"] == str(tmp_path)
    assert process.run(["pwd"], work=tmp_path, timeout=LONG).stdout.decode().strip() == str(tmp_path)


def test_it_starts_tools_politely(tmp_path):
    finished = process.run(
        sh("ulimit -n; ulimit -c; while read line; do echo $line; done </proc/self/status; exec nice"),
        work=tmp_path,
        timeout=LONG,
    )
    files, cores, *status, nice = finished.stdout.decode().splitlines()
    assert int(nice) == min(19, os.nice(0) + process.NICE)
    assert (files, cores) == ("256", "0")
    assert "NoNewPrivs: 1" in status


@pytest.mark.parametrize("command", [["no-such-program"], ["/no/such/program"]])
def test_it_says_that_a_program_is_missing(tmp_path, command):
    with pytest.raises(process.NotStarted, match="was not found"):
        process.run(command, work=tmp_path, timeout=LONG)


def test_it_says_that_a_file_is_no_program(tmp_path):
    file = tmp_path / "tool"
    file.write_text("text")
    with pytest.raises(process.NotStarted, match="could not be started"):
        process.run([str(file)], work=tmp_path, timeout=LONG)


def test_it_says_that_the_work_folder_is_missing(tmp_path):
    with pytest.raises(process.NotStarted):
        process.run(["true"], work=tmp_path / "missing", timeout=LONG)


def test_a_tool_may_exit_127_itself(tmp_path):
    with pytest.raises(process.Failed) as caught:
        process.run(sh("exit 127"), work=tmp_path, timeout=LONG)
    assert caught.value.returncode == 127


def test_it_needs_a_command(tmp_path):
    with pytest.raises(ValueError, match="at least one command"):
        process.run(work=tmp_path, timeout=LONG)


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        ((sh("exit 3"),), 3),
        ((sh("exit 3"), ["cat"]), 3),
        ((sh("echo x"), sh("read line; exit 4")), 4),
        ((["yes"], sh("exit 5")), 5),
        ((sh("kill -SEGV $$"), sh("read line; exit 6")), -signal.SIGSEGV),
    ],
)
def test_any_member_can_fail_a_chain(tmp_path, commands, code):
    with pytest.raises(process.Failed) as caught:
        process.run(*commands, work=tmp_path, timeout=LONG)
    assert caught.value.returncode == code


def test_a_writer_may_be_cut_off_by_a_reader_that_has_enough(tmp_path):
    assert process.run(["yes"], ["head", "-n", "1"], work=tmp_path, timeout=LONG).stdout == b"y\n"


def test_it_reads_both_pipes_at_once_and_keeps_the_tail(tmp_path):
    loop = "for n in range(300):\n    os.write(2, b'e' * 10_000); os.write(1, b'o' * 10_000)"
    program = f"import os\n{loop}\nos.write(2, b'END')"
    finished = process.run(python(program), work=tmp_path, timeout=LONG, stdout_limit=5_000)
    assert finished.stdout == b"o" * 5_000
    assert len(finished.stderr) == process.STDERR_TAIL
    assert finished.stderr.endswith("eEND")


def test_it_keeps_the_stderr_of_all_members(tmp_path):
    finished = process.run(sh("echo first >&2"), sh("read line; echo second >&2"), work=tmp_path, timeout=LONG)
    assert finished.stderr == "first\nsecond\n"


def test_it_feeds_whole_lines_to_the_meter(tmp_path):
    meter = LastLine()
    process.run(sh("printf 'a\\nb'; printf 'c\\r\\nunfinished'"), work=tmp_path, timeout=LONG, meter=meter)
    assert meter.lines == ["a", "bc"]


def test_it_ends_a_run_that_takes_too_long(tmp_path):
    with pytest.raises(process.TimedOut) as caught:
        process.run(sh("echo before >&2; exec sleep 60"), ["cat"], work=tmp_path, timeout=0.3)
    assert caught.value.finished.stderr == "before\n"


def test_it_ends_a_run_that_prints_without_progress(tmp_path):
    with pytest.raises(process.Stalled):
        process.run(python(REPEATER), work=tmp_path, timeout=LONG, stall=0.5, meter=LastLine())


def test_output_counts_as_progress_without_a_meter():
    times = iter([0.0, 9.0, 18.0, 27.0, 28.0])
    watch = process.Watch(100.0, 10.0, None, None, Clock(monotonic=lambda: next(times)))
    assert [watch.verdict(seen) for seen in (1, 2, 2, 2)] == [None, None, None, process.Stalled]


def test_cancel_ends_a_child_that_ignores_term(tmp_path, life):
    asked: list[bool] = []
    hours = iter(range(0, 10**6, 3600))
    program = Lifeline.OPEN + "import signal\nsignal.signal(15, signal.SIG_IGN)\nprint(1, flush=True)\nsignal.pause()"
    meter = LastLine()

    def keep_going() -> bool:
        asked.append(True)
        return not meter.lines

    clock = Clock(monotonic=lambda: float(next(hours)))  # each look at the clock is an hour later
    with pytest.raises(process.Cancelled) as caught:
        process.run(python(program), work=tmp_path, timeout=1e9, meter=meter, keep_going=keep_going, clock=clock)
    assert asked
    assert caught.value.finished.returncode == -(signal.SIGTERM if BEHIND_BWRAP else signal.SIGKILL)
    assert life.is_cut()


def test_it_leaves_no_grandchild(tmp_path, life):
    process.run(sh(Lifeline.HOLD + "sleep 600 >/dev/null 2>&1 &"), work=tmp_path, timeout=LONG, children=True)
    assert life.is_cut()


RUN_AWAY = f"""
{Lifeline.OPEN}
ready, tell = os.pipe()
if os.fork() == 0:
    try:
        os.setsid()
    except PermissionError:
        os.setpgid(0, 0)
    finally:
        os.write(tell, b"x")
        os.execv("/bin/sleep", ["sleep", "600"])
os.read(ready, 1)
"""


@needs_filter
def test_no_grandchild_runs_away(tmp_path, life):
    """In a session of its own it would not be in the group that we kill."""
    with suppress(process.Failed):
        process.run(python(RUN_AWAY), work=tmp_path, timeout=LONG, children=True)
    assert life.is_cut()


@needs_filter
@pytest.mark.parametrize("start", ["fork()", "posix_spawn('/bin/true', ['true'], {})"])
def test_a_tool_starts_processes_only_if_it_may(tmp_path, start):
    with pytest.raises(process.Failed) as caught:
        process.run(python(f"import os; os.{start}"), work=tmp_path, timeout=LONG)
    assert "PermissionError" in caught.value.finished.stderr
    process.run(python("import os; os.fork()"), work=tmp_path, timeout=LONG, children=True)


def test_a_tool_may_have_threads(tmp_path):
    program = "import threading\nfor _ in range(9): threading.Thread(target=print, args='x').start()"
    assert process.run(python(program), work=tmp_path, timeout=LONG).stdout.split() == [b"x"] * 9


def test_it_cleans_up_when_the_meter_breaks(tmp_path, life):
    class Broken(LastLine):
        def feed(self, line: str) -> None:
            super().feed(line)
            raise KeyError(line)

    meter = Broken()
    with pytest.raises(KeyError):
        process.run(sh(Lifeline.HOLD + "echo 1; exec sleep 600"), work=tmp_path, timeout=LONG, meter=meter)
    assert life.is_cut()


def test_it_leaves_no_open_files(tmp_path):
    before = set(Path("/proc/self/fd").iterdir())
    process.run(sh("echo x"), ["cat"], work=tmp_path, timeout=LONG)
    with pytest.raises(process.NotStarted):
        process.run(sh("echo x"), ["no-such-program"], work=tmp_path, timeout=LONG)
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_a_file_stops_at_its_limit(tmp_path):
    command = sh("exec dd if=/dev/zero of=big bs=1000 count=100")
    with pytest.raises(process.Failed) as caught:
        process.run(command, work=tmp_path, timeout=LONG, limits=Limits(file_size=50_000))
    assert caught.value.returncode == -signal.SIGXFSZ
    assert "File too large" in caught.value.finished.stderr
    assert (tmp_path / "big").stat().st_size == 50_000


HOARDERS = {
    "files": "for n in range(1000): open(str(n), 'w').write('x' * 100_000)",
    "empty files": "for n in range(3000): open(str(n), 'w').close()",
    "a deep place": "for n in range(3000): os.mkdir('x' * 200); os.chdir('x' * 200)",
    "deleted files": (
        "files = [open(str(n), 'w') for n in range(200)]\n"
        "for file in files: os.remove(file.name); file.write('x' * 100_000); file.flush()"
    ),
}


@pytest.mark.parametrize("what", HOARDERS)
def test_a_work_folder_grows_only_so_far(tmp_path, what):
    """Each file is small enough. The tool would wait for ever; each look at the clock is an hour later."""
    if what == "deleted files" and BEHIND_BWRAP:
        pytest.skip("what a tool behind bwrap holds open is not known")
    (tmp_path / "source").write_bytes(bytes(20_000_000))
    hours = iter(range(0, 10**6, 3600))
    program = f"import os, signal\n{HOARDERS[what]}\nsignal.pause()"
    limits = Limits(file_size=1_000_000, growth=10_000_000)
    clock = Clock(monotonic=lambda: float(next(hours)))
    with pytest.raises(process.Overgrown) as caught:
        process.run(python(program), work=tmp_path, timeout=1e9, limits=limits, clock=clock)
    assert "File too large" in caught.value.finished.stderr


def test_what_a_work_folder_holds_already_does_not_count(tmp_path):
    (tmp_path / "source").write_bytes(bytes(20_000_000))
    program = "open('made', 'w').write('x' * 500_000)"
    process.run(python(program), work=tmp_path, timeout=LONG, limits=Limits(growth=1_000_000))


def test_a_folder_with_too_many_files_cannot_be_weighed(tmp_path):
    (tmp_path / "work" / "folder").mkdir(parents=True)
    for number in range(9):
        (tmp_path / "work" / "folder" / str(number)).touch()
    assert process.weigh(tmp_path / "work", most=10) == 10 * process.BLOCK
    assert process.weigh(tmp_path / "work", most=9) is None
    assert process.weigh(tmp_path / "missing") == 0


def test_cpu_time_and_memory_are_limited(tmp_path):
    with pytest.raises(process.Failed) as caught:
        process.run(python("while True: pass"), work=tmp_path, timeout=LONG, limits=Limits(cpu_seconds=1))
    assert caught.value.returncode == -signal.SIGXCPU
    assert "CPU time limit exceeded" in caught.value.finished.stderr
    with pytest.raises(process.Failed) as caught:
        process.run(python("bytearray(10**9)"), work=tmp_path, timeout=LONG, limits=Limits(address_space=500_000_000))
    assert "MemoryError" in caught.value.finished.stderr


PARENT = """
import sys
from pathlib import Path
from wtfsite.lib import process

class Tell:
    mark = None
    def feed(self, line):
        print(line, flush=True)

process.run(["/bin/sh", "-c", sys.argv[2]], work=Path(sys.argv[1]), timeout=600, meter=Tell())
"""


def test_a_tool_dies_with_a_parent_that_is_killed(tmp_path, life):
    root = Path(process.__file__).parents[2]
    command = [sys.executable, "-c", PARENT, str(tmp_path), Lifeline.HOLD + "echo 1; exec sleep 600"]
    with process.spawn(command, cwd=root, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline()
        parent.kill()
    assert life.is_cut()


def test_spawn_starts_in_a_session_of_its_own_with_our_environment(tmp_path):
    command = sh("echo $EXTRA $HOME $(ps -o sid= -p $$) $$")
    with process.spawn(command, env={"EXTRA": "1"}, cwd=tmp_path, stdout=subprocess.PIPE) as child:
        words = child.communicate()[0].decode().split()
    assert words[:2] == ["1", os.environ["HOME"]]
    assert words[2] == words[3]


@pytest.mark.parametrize("die_with_parent", [True, False])
def test_spawned_programs_can_outlive_their_parent(tmp_path, die_with_parent):
    program = (
        "from wtfsite.lib import process; import subprocess, sys\n"
        f"child = process.spawn(['sleep', '600'], die_with_parent={die_with_parent})\n"
        "print(child.pid, flush=True); sys.stdin.read(); import os; os._exit(0)"
    )
    root = Path(process.__file__).parents[2]
    with process.spawn([sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
    if not die_with_parent:
        os.kill(child, signal.SIGKILL)
    assert gone(child)
