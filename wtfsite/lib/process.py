"""The only place that starts processes.

    run()    a tool on data, or several joined by pipes, with limits, progress and cancel; returns when all are gone
    spawn()  one of our own programs (a server, a worker), in the background

Every tool goes through the launcher `sandbox.py`: rlimits, no core files, a parent-death signal, no new privileges, a
session of its own, nice 5, an empty environment (PATH, HOME, LANG, TMPDIR and what `env` adds), stdin from /dev/null.
It may read the system's libraries, this Python and `reads`, write in `work` alone, and use the network as `net` says.
How firmly that holds is `level()`; with SANDBOX_REQUIRED=1 no tool runs where files stay open.
They start no processes of their own unless they are told that they may have `children`.

The parent-death signal follows the *thread* that started the child: call `run` from a thread that outlives the work,
never from a pool that may end its threads. The whole of a run is one selector loop in that thread.

    ProcessError            .finished: what is known of the run, None when nothing ran
    ├── NotStarted          the program is missing or cannot be executed
    ├── Failed              a command exited with a code other than 0 (negative: the signal that ended it)
    │   └── Overgrown       its files together grew larger than they may, and it was stopped
    ├── TimedOut            `timeout` seconds have passed
    ├── Stalled             no progress for `stall` seconds
    └── Cancelled           `keep_going()` said no
"""

import json
import os
import resource
import selectors
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import IO, Protocol

from wtfsite.lib import sandbox
from wtfsite.lib.clock import Clock
from wtfsite.lib.env import Env
from wtfsite.lib.sandbox import Level

# As a module, not as a file: Python keeps the compiled form of modules only.
LAUNCH = "import sys; sys.path.insert(0, {!r}); from wtfsite.lib.sandbox import main; sys.exit(main(sys.argv[1:]))"
LAUNCHER = LAUNCH.format(str(Path(sandbox.__file__).resolve().parents[2]))
NICE = 5
STDERR_TAIL = 64 * 1024  # bytes
LONGEST_LINE = 64 * 1024  # bytes of an unfinished stdout line that are kept for the meter
CHUNK = 64 * 1024  # bytes, the size of a Linux pipe
TICK = 0.2  # seconds; a member of a chain that ends while its pipes stay open is noticed this late
SHORT_TICK = 0.005  # seconds between looks at a process that has just started, or has closed its pipes to exit
ASK_EVERY = 1.0  # seconds between two calls of keep_going()
MOST_FILES = 20_000  # in a work folder; more would take us too long to weigh
BLOCK = 4096  # bytes that even an empty file takes
GRACE = 1.0  # seconds between TERM and KILL; ffmpeg needs a quarter of one
REAL_TIME = Clock()
# What a Python lives on. Not its whole folder: a virtual environment may share that with the project.
PYTHON_PARTS = ("bin", "lib", "lib64", "share", "ssl", "pyvenv.cfg")
BEHIND_BWRAP = 128  # bwrap exits with this and the number of the signal that ended its tool
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
SIGNALS = {
    signal.SIGXCPU: "CPU time limit exceeded",
    signal.SIGXFSZ: "File too large",
    signal.SIGKILL: "Killed",
    signal.SIGSEGV: "Segmentation fault",
    signal.SIGABRT: "Aborted",
}
ENDING = {*SIGNALS, signal.SIGPIPE, signal.SIGTERM}

Child = subprocess.Popen[bytes]
PIPE = subprocess.PIPE  # for `spawn(stdout=...)`: the caller reads `Child.stdout`, and closes it


@dataclass(frozen=True)
class Limits:
    """What one process of a run may use; None means no limit. `address_space` and `file_size` are bytes.

    At `cpu_seconds` the process gets SIGXCPU, five seconds later KILL. `growth` bounds all processes and files
    together: bytes that the work folder may gain, weighed about once a second.
    """

    cpu_seconds: int | None = None
    address_space: int | None = None
    file_size: int | None = None
    open_files: int = 256
    growth: int | None = None


@dataclass(frozen=True)
class Finished:
    """What is left of a run: facts of all its commands together, except where it says otherwise.

    `peak_rss` (bytes) is the largest process of the chain, not the sum. It is exact above our own peak; below
    that it is sampled, so a spike shorter than a fifth of a second may be missed. Behind bwrap both it and
    `cpu_seconds` are bwrap's own: it leaves without waiting for the tool's keeper.
    """

    returncode: int  # of the command that failed, else 0
    stdout: bytes  # the last command's, its first `stdout_limit` bytes
    stderr: str  # the last 64 KB
    cpu_seconds: float  # user and system
    peak_rss: int
    seconds: float


class ProcessError(Exception):
    def __init__(self, sentence: str, finished: Finished | None = None) -> None:
        super().__init__(sentence)
        self.finished = finished


class NotStarted(ProcessError):
    """The program is missing or cannot be executed. Trying again does not help."""


class Failed(ProcessError):
    """A command exited with a code other than 0."""

    finished: Finished

    @property
    def returncode(self) -> int:
        return self.finished.returncode


class Overgrown(Failed):
    """The work folder grew by more than it may."""


class TimedOut(ProcessError):
    """The run took longer than it may."""

    finished: Finished


class Stalled(ProcessError):
    """The run made no progress for too long."""

    finished: Finished


class Cancelled(ProcessError):
    """Somebody does not want the result any more. Nothing is wrong."""

    finished: Finished


class Meter(Protocol):
    """Reads a tool's progress. `feed` gets every finished line of the last command's stdout."""

    @property
    def mark(self) -> object:
        """Changes whenever there is progress."""

    def feed(self, line: str) -> None: ...


class Runner(Protocol):
    """The shape of `run`, for those who are handed one."""

    def __call__(
        self,
        *commands: Sequence[str],
        work: Path,
        reads: Sequence[Path] = (),
        net: bool | int = False,
        limits: Limits = Limits(),
        timeout: float,
        stall: float | None = None,
        meter: Meter | None = None,
        keep_going: Callable[[], bool] | None = None,
        stdout_limit: int = 1 << 20,
        env: Mapping[str, str] | None = None,
        clock: Clock = REAL_TIME,
    ) -> Finished: ...


def run(
    *commands: Sequence[str],
    work: Path,
    reads: Sequence[Path] = (),
    net: bool | int = False,
    limits: Limits = Limits(),
    timeout: float,
    stall: float | None = None,
    meter: Meter | None = None,
    keep_going: Callable[[], bool] | None = None,
    stdout_limit: int = 1 << 20,
    env: Mapping[str, str] | None = None,
    clock: Clock = REAL_TIME,
    behind: Level | None = None,
    children: bool = False,
    trial: bool = False,
) -> Finished:
    """Run a command, or a chain joined by pipes, to its end, and leave no process, pipe or zombie behind.

    `work` is the current folder and HOME, and the only place where the commands may write; `reads` are the other files
    and folders that they need. `net` is no network, all of it, or the one TCP port that may be connected to. `behind`
    asks for one level of the sandbox in place of the best. With `children` the commands may start processes, which end
    with them; else they have threads only. A `trial` of a level asks not whether the installation insists on a better
    one. `timeout` and `stall` are seconds. Without a meter every
    byte of output counts as progress. `keep_going` is called about once a second. Raises the errors drawn above; a
    member that SIGPIPE ended is no failure when the last command succeeded.
    """
    watch = Watch(timeout, stall, meter, keep_going, clock)
    scale = Scale(work, limits.growth)
    chosen = behind or level()
    spec = launch_spec(work, reads, net, limits, chosen if trial else accepted(chosen)) | {"children": children}
    chaining = started(commands, spec, work, environment(work, env))
    with chaining as chain, closing(Output(chain, stdout_limit, meter)) as output:
        stopped = attend(chain, output, watch, scale)
        chain.end()
        output.drain()
    finished = summary(chain, output, watch, stopped)
    raise_for(stopped, chain, finished)
    return finished


def spawn(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    die_with_parent: bool = True,
) -> Child:
    """Start one of our own programs in a session of its own; the caller ends it and waits for it.

    It inherits the environment and open limits. With `die_with_parent` it is killed when the thread that called this
    ends, however that happens.
    """
    prefix = launcher({"parent": os.getpid()}) if die_with_parent else []
    return subprocess.Popen(
        [*prefix, *command],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        start_new_session=True,
    )


# Starting


@cache
def level() -> Level:
    """The strongest level that works on this machine, found once by starting this Python behind each."""
    candidates = (Level.LANDLOCK, Level.BWRAP, Level.UNSHARE)
    return next((candidate for candidate in candidates if works(candidate)), Level.RLIMITS)


def works(candidate: Level) -> bool:
    """Whether a program starts behind it. A machine too busy to start or keep one says nothing about that: it rises."""
    with tempfile.TemporaryDirectory() as work:
        try:
            run([sys.executable, "-I", "-S", "-c", ""], work=Path(work), timeout=20, behind=candidate, trial=True)
        except (NotStarted, Failed) as error:
            if error.finished is None or error.finished.returncode < 0:
                raise
            return False
    return True


def accepted(chosen: Level) -> Level:
    """The level, or NotStarted when files stay open behind it and the installation insists on more."""
    if chosen not in sandbox.GUARD_FILES and Env().flag("SANDBOX_REQUIRED"):
        raise NotStarted(
            f"Only the level {chosen} works on this machine, which leaves files open; SANDBOX_REQUIRED forbids that."
        )
    return chosen


def launcher(spec: Mapping[str, object]) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", LAUNCHER, json.dumps(spec), "--"]


def launch_spec(work: Path, reads: Sequence[Path], net: bool | int, limits: Limits, behind: Level) -> dict[str, object]:
    return {
        "parent": os.getpid(),
        "no_new_privs": True,
        "nice": NICE,
        "level": behind,
        "work": str(work.absolute()),
        "reads": [str(path.absolute()) for path in reads],
        "python": [f"{root}/{part}" for root in {sys.prefix: 0, sys.base_prefix: 0} for part in PYTHON_PARTS],
        "net": net,
        "limits": {
            "CORE": 0,
            "NOFILE": limits.open_files,
            "FSIZE": limits.file_size,
            "CPU": limits.cpu_seconds,
            "AS": limits.address_space,
        },
    }


def environment(work: Path, extra: Mapping[str, str] | None) -> dict[str, str]:
    """No secret of ours reaches a tool: only what is named here, and what the caller adds."""
    path = os.environ.get("PATH", DEFAULT_PATH)
    return {"PATH": path, "HOME": str(work), "TMPDIR": str(work), "LANG": "C.UTF-8", **(extra or {})}


class Member:
    """One process of a chain, from its start to the moment it is reaped."""

    def __init__(self, name: str, child: Child, monitored: bool) -> None:
        self.name = name
        self.child = child
        self.monitored = monitored  # bwrap stands between us and the tool
        self.cpu = 0.0  # seconds
        self.peak = resident_peak(child.pid)  # bytes
        # The kernel counts what a process was before exec, and before exec it was a copy of us.
        self.inherited = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    @property
    def code(self) -> int | None:
        return self.child.returncode

    def look(self, wait: bool = False) -> bool:
        """Reap the process if it has exited; True if it is gone.

        Its group is killed while the zombie still holds the number: afterwards that could be somebody else's.
        """
        if self.code is not None:
            return True
        self.peak = max(self.peak, resident_peak(self.child.pid))
        if os.waitid(os.P_PID, self.child.pid, os.WEXITED | os.WNOWAIT | (0 if wait else os.WNOHANG)) is None:
            return False
        self.send(signal.SIGKILL)
        _, status, usage = os.wait4(self.child.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self.child.returncode = BEHIND_BWRAP - code if self.monitored and code - BEHIND_BWRAP in ENDING else code
        self.cpu = usage.ru_utime + usage.ru_stime
        if usage.ru_maxrss > self.inherited or not self.peak:
            self.peak = max(self.peak, usage.ru_maxrss * 1024)
        return True

    def send(self, number: int) -> None:
        """Signal the whole group. It may be empty by now."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.child.pid, number)


def resident_peak(pid: int) -> int:
    """The most memory (bytes) that a process has held since its exec; 0 when it has ended."""
    with suppress(OSError), Path(f"/proc/{pid}/status").open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


class Chain:
    """The commands of one run, joined by pipes, each leading a process group of its own."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.gone: list[Member] = []  # in the order of their ends
        self.stdout: IO[bytes] | None = None  # of the last member so far
        self.stderr, self._stderr_in = os.pipe()

    def add(self, command: Sequence[str], spec: Mapping[str, object], work: Path, env: Mapping[str, str]) -> None:
        previous = self.stdout
        try:
            child = subprocess.Popen(
                [*launcher(spec), *command],
                stdin=subprocess.DEVNULL if previous is None else previous,
                stdout=subprocess.PIPE,
                stderr=self._stderr_in,
                bufsize=0,
                cwd=work,
                env=dict(env),
                start_new_session=True,
            )
        except OSError as error:
            raise NotStarted(f"{command[0]} could not be started: {error}") from error
        self.members.append(Member(Path(command[0]).name, child, spec["level"] is Level.BWRAP))
        self.stdout = child.stdout
        # Only the reader may hold this end, or the writer would never hear that its reader is gone.
        if previous is not None:
            previous.close()

    def sealed(self) -> None:
        """All are started: our own hold on their stderr would keep it from ending."""
        if self._stderr_in >= 0:
            os.close(self._stderr_in)
            self._stderr_in = -1

    def ended(self) -> bool:
        self.gone += [member for member in self.members if member.code is None and member.look()]
        return len(self.gone) == len(self.members)

    def send(self, number: int) -> None:
        for member in self.members:
            if member.code is None:
                member.send(number)

    def end(self) -> None:
        """Kill and reap what is left."""
        self.send(signal.SIGKILL)
        self.gone += [member for member in self.members if member.code is None and member.look(wait=True)]

    def close(self) -> None:
        self.sealed()
        os.close(self.stderr)
        if self.stdout is not None:
            self.stdout.close()

    def culprit(self) -> Member | None:
        """The member to blame for a failure: one ended by a signal, else the first that failed.

        A writer whose reader left gets SIGPIPE; the reader's own code tells whether that was right.
        """
        failed = [m for m in self.gone if m.code and (m.code != -signal.SIGPIPE or m is self.members[-1])]
        return min(failed, key=lambda member: (member.code or 0) > 0, default=None)


@contextmanager
def started(
    commands: Sequence[Sequence[str]], spec: Mapping[str, object], work: Path, env: Mapping[str, str]
) -> Iterator[Chain]:
    if not commands or not all(commands):
        raise ValueError("a run needs at least one command, and a command at least its program")
    chain = Chain()
    try:
        for command in commands:
            chain.add(command, spec, work, env)
        chain.sealed()
        yield chain
    finally:
        chain.end()
        chain.close()


# Watching


class Output:
    """Reads both pipes as they fill, so that no member waits for us, and keeps what is wanted of them."""

    def __init__(self, chain: Chain, stdout_limit: int, meter: Meter | None) -> None:
        assert chain.stdout is not None
        self.limit = stdout_limit
        self.meter = meter
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.total = 0  # bytes seen on both
        self._line = b""
        self._selector = selectors.DefaultSelector()
        for file, keep in ((chain.stdout.fileno(), self._keep_stdout), (chain.stderr, self._keep_stderr)):
            os.set_blocking(file, False)
            self._selector.register(file, selectors.EVENT_READ, keep)

    def read(self, wait: float) -> bool:
        """Read what is there, waiting up to `wait` seconds for it; False when there was nothing."""
        if not self._selector.get_map():
            wait = min(wait, SHORT_TICK)
        ready = self._selector.select(wait)
        for key, _ in ready:
            self._read_one(key)
        return bool(ready)

    def drain(self) -> None:
        """All members are gone: take what they left. Bounded, since a strange heir might hold a pipe and write on."""
        for _ in range(64):
            if not self.read(0):
                break

    def close(self) -> None:
        self._selector.close()

    def _read_one(self, key: selectors.SelectorKey) -> None:
        data = os.read(key.fd, CHUNK)
        if not data:
            self._selector.unregister(key.fd)
            return
        self.total += len(data)
        key.data(data)

    def _keep_stdout(self, data: bytes) -> None:
        self.stdout += data[: max(0, self.limit - len(self.stdout))]
        if self.meter is None:
            return
        *lines, rest = (self._line + data).split(b"\n")
        self._line = rest[-LONGEST_LINE:]
        for line in lines:
            self.meter.feed(line.decode("utf-8", "replace").rstrip("\r"))

    def _keep_stderr(self, data: bytes) -> None:
        self.stderr += data
        if len(self.stderr) > 2 * STDERR_TAIL:
            del self.stderr[:-STDERR_TAIL]


class Watch:
    """Decides when a run has gone on for too long, and asks whether it is still wanted."""

    def __init__(
        self,
        timeout: float,
        stall: float | None,
        meter: Meter | None,
        keep_going: Callable[[], bool] | None,
        clock: Clock,
    ) -> None:
        self.clock = clock
        self.timeout = timeout
        self.stall = stall
        self.meter = meter
        self.keep_going = keep_going
        self.start = self.moved = self.asked = clock.monotonic()
        self.mark: object = None

    def verdict(self, seen: int) -> type[ProcessError] | None:
        """The reason to stop now, if there is one. `seen` is the number of output bytes so far."""
        now = self.clock.monotonic()
        mark = seen if self.meter is None else self.meter.mark
        if mark != self.mark:
            self.mark, self.moved = mark, now
        if now - self.start >= self.timeout:
            return TimedOut
        if self.stall is not None and now - self.moved >= self.stall:
            return Stalled
        if self.keep_going is not None and now - self.asked >= ASK_EVERY:
            self.asked = now
            return None if self.keep_going() else Cancelled
        return None


class Scale:
    """Weighs what a run puts on the disk: a limit for each file says nothing about many files."""

    def __init__(self, work: Path, growth: int | None) -> None:
        self.work = work
        self.limit = None if growth is None else growth + (weigh(work) or 0)
        self.weighed: float | None = None

    def verdict(self, chain: Chain, now: float) -> type[ProcessError] | None:
        if self.limit is None or (self.weighed is not None and now - self.weighed < ASK_EVERY):
            return None
        self.weighed = now
        weight = weigh(self.work)
        if weight is None or weight + sum(map(deleted, chain.members)) > self.limit:
            return Overgrown
        return None


def weigh(folder: Path, most: int = MOST_FILES) -> int | None:
    """Bytes on the disk of all that is in a folder; None when it cannot be weighed: too much, too deep, closed."""
    total = seen = 0
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                entries = list(islice(found, most + 1))
            total += sum(map(size_on_disk, entries))
        except FileNotFoundError:  # a folder, removed in between
            continue
        except OSError:
            return None
        seen += len(entries)
        if seen > most:
            return None
        waiting += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    return total


def size_on_disk(entry: os.DirEntry[str]) -> int:
    """Bytes, 0 when it was removed in between."""
    with suppress(FileNotFoundError):
        return max(BLOCK, 512 * entry.stat(follow_symlinks=False).st_blocks)
    return 0


def deleted(member: "Member") -> int:
    """Bytes of files that have no name any more and are still open."""
    total = 0
    with suppress(OSError), os.scandir(f"/proc/{member.child.pid}/fd") as entries:
        for entry in entries:
            with suppress(OSError):
                file = entry.stat()
                total += 0 if file.st_nlink or not stat.S_ISREG(file.st_mode) else 512 * file.st_blocks
    return total


def attend(chain: Chain, output: Output, watch: Watch, scale: Scale) -> type[ProcessError] | None:
    """Wait for the end of all members, or end them early and say why.

    The first looks follow each other quickly, or nobody would see the memory of a tool that runs for a moment only.
    """
    tick = SHORT_TICK
    while not chain.ended():
        output.read(tick)
        tick = min(TICK, 1.5 * tick)
        reason = watch.verdict(output.total) or scale.verdict(chain, watch.clock.monotonic())
        if reason is not None:
            stop(chain, output, watch.clock)
            return reason
    return None


def stop(chain: Chain, output: Output, clock: Clock) -> None:
    """Ask the members to end, and give them a moment for it; their last words are read meanwhile."""
    chain.send(signal.SIGTERM)
    deadline = clock.monotonic() + GRACE
    while not chain.ended() and clock.monotonic() < deadline:
        output.read(TICK)


# Telling


def summary(chain: Chain, output: Output, watch: Watch, stopped: type[ProcessError] | None) -> Finished:
    culprit = chain.culprit()
    notes = [] if stopped else [note(member) for member in chain.gone if -(member.code or 0) in SIGNALS]
    notes += [f"\n{SIGNALS[signal.SIGXFSZ]}: all files together\n"] if stopped is Overgrown else []
    return Finished(
        returncode=(culprit.code or 0) if culprit else 0,
        stdout=bytes(output.stdout),
        stderr=output.stderr[-STDERR_TAIL:].decode("utf-8", "replace") + "".join(notes),
        cpu_seconds=sum(member.cpu for member in chain.members),
        peak_rss=max(member.peak for member in chain.members),
        seconds=watch.clock.monotonic() - watch.start,
    )


def note(member: Member) -> str:
    """A line for the log: a process that a signal ends cannot write one itself."""
    number = signal.Signals(-(member.code or 0))
    return f"\n{member.name} was ended by {number.name}: {SIGNALS[number]}\n"


def raise_for(stopped: type[ProcessError] | None, chain: Chain, finished: Finished) -> None:
    names = " | ".join(member.name for member in chain.members)
    if stopped is not None:
        raise stopped(f"{names} was stopped after {finished.seconds:.1f} s: {reason(stopped)}", finished)
    culprit = chain.culprit()
    if culprit is None:
        return
    refusal = [line for line in finished.stderr.splitlines() if line.startswith(sandbox.PREFIX)]
    if culprit.code in (126, 127) and refusal:
        raise NotStarted(refusal[-1].removeprefix(sandbox.PREFIX), finished)
    raise Failed(f"{culprit.name} exited with code {culprit.code}", finished)


def reason(stopped: type[ProcessError]) -> str:
    return {TimedOut: "it took too long", Stalled: "it made no progress", Overgrown: "its files grew too large"}.get(
        stopped, "it is no longer wanted"
    )
