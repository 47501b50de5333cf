"""What a tool can still reach. On the kernel of this machine; a level that it lacks is skipped."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests import clips
from wtfsite.lib import process, sandbox, seccomp
from wtfsite.lib.process import Finished
from wtfsite.lib.sandbox import Level

LONG = 60.0  # seconds: longer than any of these programs should need
ROOT = Path(process.__file__).parents[2]
SECRET = "nobody may read this"
FFPROBE = shutil.which("ffprobe") or "ffprobe"
FFMPEG = shutil.which("ffmpeg") or "ffmpeg"

Run = Callable[..., Finished]


works = cache(process.works)


def behind(level: Level, work: Path) -> Run:
    if not works(level):
        pytest.skip(f"{level} does not work on this machine")
    work.mkdir(exist_ok=True)

    def run(program: str | list[str], *arguments: object, **options) -> Finished:
        command = program if isinstance(program, list) else [sys.executable, "-I", "-S", "-c", program]
        words = [*command, *(str(argument) for argument in arguments)]
        return process.run(words, work=work, timeout=LONG, behind=level, **options)

    return run


@pytest.fixture(params=[Level.LANDLOCK, Level.BWRAP])
def run(request, tmp_path) -> Run:
    """A runner whose tools work in the folder `work`."""
    return behind(request.param, tmp_path / "work")


@pytest.fixture
def landlock(tmp_path) -> Run:
    return behind(Level.LANDLOCK, tmp_path / "work")


@pytest.fixture
def canary(tmp_path) -> Path:
    file = tmp_path / "elsewhere" / "canary"
    file.parent.mkdir()
    file.write_text(SECRET)
    return file


# --- files ----------------------------------------------------------------------------------------------------------

READ = "import sys; print(open(sys.argv[1]).read(), end='')"
LIST = "import os, sys; print(*os.listdir(sys.argv[1]))"
TRY = (
    "import os, shutil, sys\ntry:\n    {}\n    print('done')\nexcept OSError as error:\n    print(type(error).__name__)"
)


def test_a_tool_cannot_read_what_is_not_named(run, canary):
    with pytest.raises(process.Failed) as caught:
        run(READ, canary)
    assert SECRET.encode() not in caught.value.finished.stdout


def test_a_tool_reads_what_is_named(run, canary, tmp_path):
    (tmp_path / "link").symlink_to(canary)
    for path, reads in ((canary, canary), (canary, canary.parent), (tmp_path / "link", tmp_path / "link")):
        assert run(READ, path, reads=[reads]).stdout.decode() == SECRET


def test_a_named_file_does_not_open_its_neighbours(run, canary):
    (canary.parent / "named").touch()
    for program, path in ((READ, canary), (LIST, canary.parent)):
        finished = run(TRY.format(f"exec({program!r})"), path, reads=[canary.parent / "named"])
        assert b"canary" not in finished.stdout
        assert SECRET.encode() not in finished.stdout


def test_what_is_named_need_not_be_there(run, tmp_path):
    with pytest.raises(process.Failed, match="exited with code 1"):
        run(READ, tmp_path / "missing", reads=[tmp_path / "missing"])


def test_a_link_in_the_work_folder_leads_nowhere(run, canary, tmp_path):
    (tmp_path / "work" / "link").symlink_to(canary)
    with pytest.raises(process.Failed):
        run(READ, "link")


@pytest.mark.parametrize(
    "folder",
    [Path.home(), ROOT, ROOT / "wtfsite", Path("/tmp"), Path("/var/lib"), Path("/run"), Path("/etc/ssl/private")],
)
def test_the_house_is_closed(landlock, folder):
    if folder.exists():
        assert landlock(TRY.format("os.listdir(sys.argv[1])"), folder).stdout == b"PermissionError\n"


@pytest.mark.parametrize("name", ["environ", "maps", "cmdline", "root/etc/passwd", "cwd/manage.py"])
def test_other_processes_are_closed(run, name):
    finished = run(TRY.format("open(sys.argv[1], 'rb').read()"), f"/proc/{os.getpid()}/{name}")
    assert finished.stdout in (b"PermissionError\n", b"FileNotFoundError\n")


@pytest.mark.parametrize(
    "attack",
    [
        "open(sys.argv[1], 'w').write('changed')",
        "open(sys.argv[1], 'a').write('changed')",
        "os.truncate(sys.argv[1], 0)",
        "os.remove(sys.argv[1])",
        "os.rename(sys.argv[1], sys.argv[1] + '2')",
        "os.rename(sys.argv[1], 'mine')",
        "os.rename('own', sys.argv[1])",
        "os.link(sys.argv[1], 'mine')",
        "shutil.rmtree(os.path.dirname(sys.argv[1]))",
        "open(os.path.dirname(sys.argv[1]) + '/new', 'w')",
        "os.mkdir(os.path.dirname(sys.argv[1]) + '/new')",
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_nothing_outside_the_work_folder_changes(run, canary, tmp_path, attack, named):
    (tmp_path / "work" / "own").write_text("own")
    run(TRY.format(attack), canary, reads=[canary.parent] if named else [])
    assert canary.read_text() == SECRET
    assert list(canary.parent.iterdir()) == [canary]
    assert canary.stat().st_nlink == 1


def test_the_work_folder_is_the_tools_own(run, tmp_path):
    program = (
        "os.makedirs('a/b'); open('a/b/new', 'w').write('x'); os.rename('a/b/new', 'moved'); os.rmdir('a/b')\n"
        "    open('moved', 'w').write('made'); open('/dev/null', 'w').write('x')\n"
        "    open('/dev/zero', 'rb').read(1); os.urandom(1); open('/dev/urandom', 'rb').read(1)"
    )
    assert run(TRY.format(program)).stdout == b"done\n"
    assert (tmp_path / "work" / "moved").read_text() == "made"


@pytest.mark.parametrize(
    "trap", ["os.symlink('/etc/passwd', 'x')", "os.mkfifo('x')", "os.mknod('x', 0o20666, os.makedev(1, 3))"]
)
def test_no_trap_is_left_in_the_work_folder(landlock, tmp_path, trap):
    assert landlock(TRY.format(trap)).stdout == b"PermissionError\n"
    assert not any((tmp_path / "work").iterdir())


def test_what_came_in_is_not_run(landlock, tmp_path):
    for folder in (tmp_path / "work", tmp_path):
        program = Path(shutil.copy(shutil.which("true") or "", folder / "program"))
        attempt = landlock(TRY.format("os.execv(sys.argv[1], ['true'])"), program, reads=[program])
        assert attempt.stdout == b"PermissionError\n"


def test_a_program_may_lie_anywhere(run, tmp_path):
    """As the ffmpeg of a wheel does, or one that was put into a home folder."""
    program = Path(shutil.copy(shutil.which("echo") or "", tmp_path / "echo"))
    (tmp_path / "named").symlink_to(program)
    assert run([str(program), "1"]).stdout == run([str(tmp_path / "named"), "1"]).stdout == b"1\n"


def test_a_build_brings_its_libraries():
    assert sandbox.program_files("/opt/tool/bin/ffmpeg")[-1] == "/opt/tool/lib"
    assert sandbox.program_files("/home/me/ffmpeg") == ["/home/me/ffmpeg"] * 2


@pytest.mark.parametrize("name", ["net/tcp", "environ", "mem"])
def test_of_itself_a_tool_sees_only_what_is_its_own(landlock, name):
    assert landlock(TRY.format("open(sys.argv[1], 'rb')"), f"/proc/self/{name}").stdout == b"PermissionError\n"
    assert landlock(READ, "/proc/self/status").stdout


REMOUNT = """
import ctypes, sys
ctypes.CDLL(None).mount(None, sys.argv[1].encode(), None, 0x1000 | 0x20, None)  # bind, remount: not read-only any more
open(sys.argv[1], "a").write("changed")
"""


def test_what_is_read_only_stays_so(run, canary):
    with pytest.raises(process.Failed):
        run(REMOUNT, canary, reads=[canary])
    assert canary.read_text() == SECRET


@pytest.mark.parametrize("level", Level)
def test_root_is_nobody_in_particular(level, tmp_path):
    """One right may be left: to open what the rules allow, whoever owns it."""
    run = behind(level, tmp_path / "work")
    status = run(READ, "/proc/self/status").stdout.decode()
    held = {line.split()[0]: int(line.split()[1], 16) for line in status.splitlines() if line.startswith("Cap")}
    for name in ("CapEff:", "CapPrm:", "CapInh:", "CapAmb:"):
        assert held[name] & ~sandbox.DAC_OVERRIDE == 0


@pytest.mark.parametrize("place", ["/dev/new", "/dev/shm/new", "/new", "/proc/sys/kernel/core_pattern"])
def test_a_tool_writes_nowhere_else(run, place):
    """What lies in memory would have no limit."""
    assert run(TRY.format("open(sys.argv[1], 'w')"), place).stdout in (b"PermissionError\n", b"OSError\n")


def test_a_tool_cannot_end_us(run):
    assert run(TRY.format("os.kill(int(sys.argv[1]), 0)"), os.getpid()).stdout in (
        b"PermissionError\n",
        b"ProcessLookupError\n",
    )


def test_a_signal_that_ends_a_tool_is_told(run):
    with pytest.raises(process.Failed) as caught:
        run("import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.abort()")
    assert caught.value.returncode == -signal.SIGABRT


@pytest.mark.parametrize("command", [["no-such-program"], ["/no/such/program"]])
def test_a_missing_program_is_told(run, command):
    with pytest.raises(process.NotStarted, match="was not found"):
        run(command)


# --- network --------------------------------------------------------------------------------------------------------

CONNECT = """
import socket, sys
family, kind, protocol, *address = sys.argv[1:]
try:
    with socket.socket(int(family), int(kind), int(protocol)) as client:
        client.connect(address[0] if len(address) == 1 else (address[0], int(address[1])))
        client.send(b'x')
    print('connected')
except OSError as error:
    print(type(error).__name__)
"""
TCP = (socket.AF_INET, socket.SOCK_STREAM, 0)
UDP = (socket.AF_INET, socket.SOCK_DGRAM, 0)
MULTIPATH = (socket.AF_INET, socket.SOCK_STREAM, 262)
UNIX = (socket.AF_UNIX, socket.SOCK_STREAM, 0)


class Canary:
    """A listener that knows whether somebody came. Nobody has to accept: the kernel does that."""

    def __init__(self, kind: tuple[int, int, int], address: Any) -> None:
        self.kind = kind
        self.socket = socket.socket(*kind)
        self.socket.bind(address)
        self.socket.setblocking(False)
        if kind[1] == socket.SOCK_STREAM:
            self.socket.listen()

    @property
    def words(self) -> list[object]:
        own = self.socket.getsockname()
        return [int(part) for part in self.kind] + ([own] if isinstance(own, str | bytes) else list(own))

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def was_reached(self) -> bool:
        try:
            if self.kind[1] == socket.SOCK_DGRAM:
                return bool(self.socket.recv(10))
            self.socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def listen():
    opened: list[Canary] = []

    def make(kind: tuple[int, int, int] = TCP, address: Any = ("127.0.0.1", 0)) -> Canary:
        opened.append(Canary(kind, address))
        return opened[-1]

    yield make
    for each in opened:
        each.socket.close()


@pytest.mark.parametrize("level", Level)
def test_no_network_means_none(level, listen, tmp_path):
    if level is Level.RLIMITS and seccomp.known() is None:
        pytest.skip("sockets are not filtered on this processor")
    run = behind(level, tmp_path / "work")
    for kind in (TCP, UDP):
        there = listen(kind)
        assert b"connected" not in run(CONNECT, *there.words).stdout
        assert not there.was_reached()


@pytest.mark.parametrize("level", Level)
def test_the_whole_network_is_open_on_request(level, listen, tmp_path):
    run = behind(level, tmp_path / "work")
    for kind in (TCP, UDP):
        there = listen(kind)
        assert run(CONNECT, *there.words, net=True).stdout == b"connected\n"
        assert there.was_reached()


needs_ports = pytest.mark.skipif(sandbox.abi() < 4, reason="this kernel's Landlock has no rules for ports")
needs_filter = pytest.mark.skipif(seccomp.known() is None, reason="sockets are not filtered on this processor")


@needs_ports
def test_one_port_means_one(landlock, listen):
    guard, private = listen(), listen()
    assert landlock(CONNECT, *guard.words, net=guard.port).stdout == b"connected\n"
    assert guard.was_reached()
    assert landlock(CONNECT, *private.words, net=guard.port).stdout == b"PermissionError\n"
    assert not private.was_reached()


@needs_filter
@pytest.mark.parametrize("kind", [UDP, MULTIPATH], ids=["datagrams", "multipath"])
def test_one_port_means_plain_tcp(landlock, listen, kind):
    guard, private = listen(), listen(kind if kind is UDP else TCP)
    words = [*(int(part) for part in kind), *private.socket.getsockname()]
    assert landlock(CONNECT, *words, net=guard.port).stdout == b"PermissionError\n"
    assert not private.was_reached()


@needs_filter
@pytest.mark.parametrize("net", [False, True, 9])
def test_daemons_of_this_machine_are_closed(landlock, listen, net):
    """Databases and container engines listen on such sockets, and may trust whoever runs as our user."""
    with tempfile.TemporaryDirectory() as folder:  # the path of a socket must be short
        daemon = listen(UNIX, f"{folder}/daemon")
        assert landlock(CONNECT, *daemon.words, net=net, reads=[Path(folder)]).stdout == b"PermissionError\n"
        assert not daemon.was_reached()


@needs_filter
@needs_ports
@pytest.mark.parametrize("send", ["sendto(b'x', 1 << 29, there)", "sendmsg([b'x'], [], 1 << 29, there)"])
def test_one_port_cannot_be_passed_by_a_fast_open(landlock, listen, send):
    """It connects while it sends, which Landlock's rule for connect() does not see."""
    private = listen()
    program = f"import socket; there = {private.socket.getsockname()}; socket.socket().{send}"
    assert landlock(TRY.format(f"exec({program!r})"), net=9).stdout == b"PermissionError\n"
    assert not private.was_reached()


@needs_ports
@pytest.mark.parametrize("net", [True, 9])
@pytest.mark.parametrize("how", ["create_server(('127.0.0.1', 0))", "socket().listen()"])
def test_a_tool_does_not_listen(landlock, net, how):
    """Also not on the port that the kernel chooses for whoever does not name one."""
    program = f"import socket; socket.{how}"
    assert landlock(TRY.format(f"exec({program!r})"), net=net).stdout == b"PermissionError\n"


# --- the attack that all this is for --------------------------------------------------------------------------------


@pytest.fixture
def playlist(tmp_path) -> tuple[Path, Path]:
    """A playlist that calls itself mp4, and the clip elsewhere that it points at."""
    secret = tmp_path / "elsewhere" / "secret.ts"
    secret.parent.mkdir()
    clips.ffmpeg(secret, "-f", "lavfi", "-i", "testsrc=d=1:s=64x64", "-c:v", "mpeg2video", "-f", "mpegts")
    disguised = tmp_path / "upload.mp4"
    disguised.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n")
    return disguised, secret


def probe(run: Run, file: Path) -> bytes:
    """Without any of the options that would refuse a playlist."""
    asked = ["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", "-i", str(file)]
    return run([FFPROBE, *asked], reads=[file]).stdout


def test_a_disguised_playlist_opens_nothing(run, playlist, tmp_path):
    file, secret = playlist
    if b"mpeg2video" not in probe(behind(Level.RLIMITS, tmp_path / "open"), file):
        pytest.skip("this ffprobe does not follow the playlist even without a sandbox")
    with pytest.raises(process.Failed):
        probe(run, file)
    assert b"mpeg2video" in probe(run, secret), "the file itself is fine, when it is named"


def test_a_render_works_as_ever(run, tmp_path):
    clip, plate = tmp_path / "clip.mp4", tmp_path / "plate.png"
    sound = ("-f", "lavfi", "-i", "sine=d=1")
    clips.ffmpeg(clip, "-f", "lavfi", "-i", "testsrc=d=1:s=128x128", *sound, "-shortest")
    clips.ffmpeg(plate, "-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1")
    inputs = ["-i", f"file:{clip}", "-i", f"file:{plate}", "-filter_complex", "[0:v][1:v]overlay", "-c:v", "libx264"]
    run([FFMPEG, "-v", "error", "-nostdin", *inputs, "-c:a", "aac", "made.mp4"], reads=[clip, plate])
    assert b"h264" in probe(run, tmp_path / "work" / "made.mp4")


def test_the_ffmpeg_of_the_wheel_works(landlock):
    wheel = pytest.importorskip("imageio_ffmpeg")
    try:
        program = wheel.get_ffmpeg_exe()
    except RuntimeError:
        pytest.skip("the wheel holds no ffmpeg for this machine")
    landlock([program, "-v", "error", "-f", "lavfi", "-i", "testsrc=d=1:s=64x64", "-c:v", "libx264", "made.mp4"])


# --- levels ---------------------------------------------------------------------------------------------------------


def test_the_strongest_level_that_works_is_taken():
    assert process.level() is next(level for level in Level if works(level))


@pytest.mark.parametrize("value", ["1", "yes"])
@pytest.mark.parametrize("level", [Level.UNSHARE, Level.RLIMITS])
def test_open_files_can_be_forbidden(monkeypatch, tmp_path, value, level):
    monkeypatch.setenv("SANDBOX_REQUIRED", value)
    with pytest.raises(process.NotStarted, match="SANDBOX_REQUIRED"):
        process.run(["true"], work=tmp_path, timeout=LONG, behind=level)
    if process.level() in (Level.LANDLOCK, Level.BWRAP):
        process.run(["true"], work=tmp_path, timeout=LONG)


def test_a_level_that_is_forbidden_can_be_tried(monkeypatch):
    """Otherwise a machine that has no better one could not say what it has."""
    before = process.works(Level.UNSHARE)
    monkeypatch.setenv("SANDBOX_REQUIRED", "1")
    assert process.works(Level.UNSHARE) is before


def test_a_level_that_cannot_be_had_ends_the_start(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(process.NotStarted, match="bwrap was not found"):
        process.run([sys.executable, "-c", ""], work=tmp_path, timeout=LONG, behind=Level.BWRAP)


@pytest.mark.parametrize(
    ("version", "files"), [(1, 0x1FFF), (2, 0x3FFF), (3, 0x7FFF), (4, 0x7FFF), (5, 0xFFFF), (7, 0xFFFF)]
)
def test_a_kernel_is_asked_for_what_it_knows(version, files):
    assert sandbox.handled_files(version) == files
    assert [sandbox.handled_ports(version, net) for net in (False, True, 80)] == (
        [3, 1, 3] if version >= 4 else [0] * 3
    )


AS_NOBODY = f"""
import sys
LONG = {LONG}
from pathlib import Path
from wtfsite.lib import process
work, canary = map(Path, sys.argv[1:])
said = [process.level()]
for reads in ((), (canary,)):
    try:
        said.append(process.run(["cat", str(canary)], work=work, reads=reads, timeout={LONG}).stdout.decode())
    except process.Failed:
        said.append("denied")
make = [{FFMPEG!r}, "-v", "error", "-f", "lavfi", "-i", "testsrc=d=1:s=64x64", "made.mp4"]
process.run(make, work=work, timeout={LONG})
limit = "import resource; print(resource.getrlimit(resource.RLIMIT_NPROC)[0])"
said.append(process.run([sys.executable, "-c", limit], work=work, timeout=LONG).stdout.decode().strip())
bomb = "import threading\\nwhile True: threading.Thread(target=threading.Event().wait, daemon=True).start()"
try:
    process.run([sys.executable, "-c", bomb], work=work, timeout=LONG)
except process.Failed as failed:
    said.append("can't start new thread" in failed.finished.stderr)
print(*said, (work / "made.mp4").exists(), sep=",")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_it_needs_no_rights():
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    python = "/usr/bin/python3"
    seen = subprocess.run([*become, python, "-c", "import enum; enum.StrEnum"], cwd="/", capture_output=True)
    if seen.returncode or subprocess.run([*become, "test", "-r", str(ROOT / "wtfsite")]).returncode:
        pytest.skip("nobody has no Python here, or cannot read the project")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "work").mkdir()
        os.chown(folder / "work", 65534, 65534)
        (folder / "canary").write_text(SECRET)
        command = [*become, python, "-B", "-c", AS_NOBODY, str(folder / "work"), str(folder / "canary")]
        done = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, cwd="/", capture_output=True, text=True)
    assert done.stderr == ""
    level, unnamed, named, threads, bounded, made = done.stdout.strip().split(",")
    if level in (Level.LANDLOCK, Level.BWRAP):
        assert unnamed == "denied"
    assert (named, bounded, made) == (SECRET, "True", "True")
    assert sandbox.SPARE_THREADS < int(threads) < sandbox.SPARE_THREADS + 10_000
