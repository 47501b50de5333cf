"""What a tool can still ask of the kernel: real calls, behind each level, and behind the filter alone."""

import os
import re
import struct
import sys
from pathlib import Path

import pytest

from wtfsite.lib import process, seccomp
from wtfsite.lib.sandbox import Level

LONG = 60.0  # seconds: longer than any of these programs should need
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
needs_filter = pytest.mark.skipif(seccomp.known() is None, reason="calls are not filtered on this processor")

# `us` is our process number, `there` a file of ours that is not named, `named` one that may be read.
ATTACKS = {
    "mode": "os.chmod(there, 0o777)",
    "mode of what is read": "os.fchmod(os.open(named, os.O_RDONLY), 0o777)",
    "owner": "os.chown(there, os.getuid(), os.getgid())",
    "owner of what is read": "os.fchown(os.open(named, os.O_RDONLY), os.getuid(), os.getgid())",
    "times": "os.utime(there, (1, 1))",
    "times of what is read": "os.utime(os.open(named, os.O_RDONLY), (1, 1))",
    "attribute": "os.setxattr(there, 'user.x', b'1')",
    "attribute of what is read": "os.setxattr(os.open(named, os.O_RDONLY), 'user.x', b'1')",
    "flags of what is read": "fcntl.ioctl(os.open(named, os.O_RDONLY), 0x40086602, bytes(8))",
    "emptying": "os.truncate(there, 0)",
    "emptying while opening": "os.open(named, os.O_RDONLY | os.O_TRUNC)",
    "a symlink": "os.symlink(there, 'link')",
    "a hard link": "open('own', 'w').close(); os.link('own', 'link')",
    "a pipe with a name": "os.mkfifo('pipe')",
    "watching a folder": "libc.inotify_init1(0) < 0 and fail()",
    "our limits": "resource.prlimit(us, resource.RLIMIT_CORE, resource.getrlimit(resource.RLIMIT_CORE))",
    "our priority": "os.setpriority(os.PRIO_PROCESS, us, os.getpriority(os.PRIO_PROCESS, us))",
    "everybody's priority": "os.setpriority(os.PRIO_USER, 0, 19)",
    "our priority at the disk": "call('ioprio_set', 1, us, 2 << 13)",
    "our processors": "os.sched_setaffinity(us, os.sched_getaffinity(us))",
    "our class": "os.sched_setscheduler(us, os.SCHED_OTHER, os.sched_param(0))",
    "a signal": "os.kill(us, 0)",
    "a signal to a thread": "call('tkill', us, 0)",
    "a signal by handle": "call('pidfd_send_signal', os.pidfd_open(us), 0, None, 0)",
    "a signal to everybody": "os.kill(-1, 0)",
    "a signal by a pipe": "fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, us)",
    "our files": "call('pidfd_getfd', os.pidfd_open(us), 0, 0)",
    "tracing": "call('ptrace', 0x4206, us, None, None)",
    "our memory": "call('process_vm_readv', us, None, 0, None, 0, 0)",
    "shared memory": "call('shmget', 0, 4096, 0o1600)",
    "semaphores": "call('semget', 0, 1, 0o1600)",
    "messages": "call('msgget', 0, 0o1600)",
    "a queue of messages": "call('mq_open', b'queue', 0o102, 0o600, None)",
    "a key": "call('add_key', b'user', b'k', b'v', 1, -4)",
    "a keyring": "call('keyctl', 0, -4, 1)",
    "memory as a file": "os.memfd_create('x')",
    "running memory": "call('execveat', -1, b'', None, None, 0)",
    "a namespace": "call('unshare', 0x10000000)",
    "a namespace by clone": "call('clone', 0x10000000 | 17, None, None, None, None) or os._exit(0)",
    "a session": "os.setsid()",
    "outliving us": "call('prctl', 1, 0, 0, 0, 0)",
    "hiding from us": "call('prctl', 4, 0, 0, 0, 0)",
    "io_uring": "call('io_uring_setup', 1, None)",
    "BPF": "call('bpf', 0, None, 0)",
    "counters": "call('perf_event_open', None, 0, -1, -1, 0)",
    "page faults": "call('userfaultfd', 1)",
}
PREAMBLE = f"""
import ctypes, errno, fcntl, os, resource, sys
libc = ctypes.CDLL(None, use_errno=True)
us, there, named = int(sys.argv[1]), sys.argv[2], sys.argv[3]

def fail():
    raise OSError(ctypes.get_errno(), "")

def call(name, *words):
    number = {{name: number for name, number in {seccomp.known()!r}.items()}}[name]
    if libc.syscall(ctypes.c_long(number), *[ctypes.c_long(w) if isinstance(w, int) else w for w in words]) < 0:
        fail()

try:
    ATTACK
    print("done")
except OSError as error:
    print(errno.errorcode[error.errno])
"""
REFUSALS = {"EACCES", "ENOSYS", "ENOTTY"}
BY_NAMESPACE = REFUSALS | {"ENOENT", "ESRCH", "EROFS"}  # there is nothing there


def attack(level: Level, program: str, work: Path, there: Path, named: Path, **options) -> str:
    code = PREAMBLE.replace("ATTACK", program)
    command = [sys.executable, "-I", "-S", "-c", code, str(os.getpid()), str(there), str(named)]
    return process.run(command, work=work, reads=[named], timeout=LONG, behind=level, **options).stdout.decode().strip()


@needs_filter
@pytest.mark.parametrize("level", [Level.LANDLOCK, Level.BWRAP, Level.RLIMITS])
@pytest.mark.parametrize("name", ATTACKS)
def test_a_tool_cannot_reach_beyond_itself(tmp_path, level, name):
    if not process.works(level):
        pytest.skip(f"{level} does not work on this machine")
    there, named, work = tmp_path / "there", tmp_path / "named", tmp_path / "work"
    work.mkdir()
    for file in (there, named):
        file.write_text("words")
        os.utime(file, (5, 5))
    before = [(file.stat().st_mode, file.stat().st_mtime, file.stat().st_size) for file in (there, named)]
    said = attack(level, ATTACKS[name], work, there, named)
    assert said in (BY_NAMESPACE if level is Level.BWRAP else REFUSALS)
    assert [(file.stat().st_mode, file.stat().st_mtime, file.stat().st_size) for file in (there, named)] == before


@needs_filter
def test_a_tool_may_do_to_itself_what_it_likes(tmp_path):
    programs = (
        "os.kill(os.getpid(), 0); os.kill(0, 0); os.nice(1); os.setpriority(os.PRIO_PROCESS, 0, 19)",
        "resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20)); os.sched_setaffinity(0, os.sched_getaffinity(0))",
        "fcntl.fcntl(0, fcntl.F_GETFL); os.isatty(0); open('own', 'w').close(); os.open('own', os.O_RDWR | os.O_TRUNC)",
    )
    (tmp_path / "named").touch()
    for program in programs:
        assert attack(Level.RLIMITS, program, tmp_path, tmp_path, tmp_path / "named") == "done"


@needs_filter
def test_children_stay_in_their_namespaces(tmp_path):
    program = "call('clone', 0x10000000 | 17, None, None, None, None) or os._exit(0)"
    (tmp_path / "named").touch()
    assert attack(Level.RLIMITS, program, tmp_path, tmp_path, tmp_path / "named", children=True) == "EACCES"


@pytest.mark.parametrize("machine", seccomp.MACHINES)
@pytest.mark.parametrize("net", [False, True, 80])
@pytest.mark.parametrize("own", [None, 4711])
@pytest.mark.parametrize("children", [True, False])
def test_every_jump_of_the_filter_lands(machine, net, own, children):
    program = list(struct.iter_unpack("=HBBI", seccomp.program(net, seccomp.MACHINES[machine], own, children)))
    assert program[-1][0] == seccomp.RETURN
    for place, (code, yes, no, value) in enumerate(program[:-1]):
        far = value if code == seccomp.JUMP else max(yes, no)
        assert place + 1 + far < len(program)


def verdict(program: bytes, number: int, *arguments: int, architecture: int) -> int:
    """What the kernel would answer: this is how it reads a filter."""
    steps = list(struct.iter_unpack("=HBBI", program))
    shown = struct.pack("=IIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    place = seen = 0
    while True:
        code, yes, no, value = steps[place]
        place += 1
        if code == seccomp.RETURN:
            return value
        if code == seccomp.LOAD:
            (seen,) = struct.unpack_from("=I", shown, value)
        elif code == seccomp.MASK:
            seen &= value
        elif code == seccomp.JUMP:
            place += value
        else:
            place += yes if (seen >= value if code == seccomp.AT_LEAST else seen == value) else no


THREADS, FORK, VFORK = 0x3D0F00, 17, 0x4111  # flags that C libraries give to clone()
ON_ANY_MACHINE = [
    ("clone", (THREADS,), {}, seccomp.ALLOW),
    ("clone", (FORK,), {}, seccomp.DENY),
    ("clone", (VFORK,), {}, seccomp.DENY),
    ("clone", (FORK,), {"children": True}, seccomp.ALLOW),
    ("clone", (VFORK,), {"children": True}, seccomp.ALLOW),
    ("clone", (THREADS | 0x40000000,), {"children": True}, seccomp.DENY),
    ("clone3", (), {}, seccomp.ABSENT),
    ("openat", (0, 0, os.O_RDWR | os.O_TRUNC), {}, seccomp.ALLOW),
    ("openat", (0, 0, os.O_RDONLY), {}, seccomp.ALLOW),
    ("openat", (0, 0, os.O_RDONLY | os.O_TRUNC), {}, seccomp.DENY),
    ("fchmodat", (), {}, seccomp.DENY),
    ("fchmodat2", (), {}, seccomp.DENY),
    ("ioctl", (0, 0x5401), {}, seccomp.ALLOW),
    ("ioctl", (0, 0x5412), {}, seccomp.NO_TERMINAL),  # typing for others
    ("kill", (7, 9), {"own": 7}, seccomp.ALLOW),
    ("kill", (8, 9), {"own": 7}, seccomp.DENY),
    ("kill", (2**32 - 1, 9), {"own": 7}, seccomp.DENY),
    ("kill", (8, 9), {}, seccomp.ALLOW),  # its namespace holds nobody else
    ("prlimit64", (0,), {"own": 7}, seccomp.ALLOW),
    ("prlimit64", (8,), {"own": 7}, seccomp.DENY),
    ("socket", (2, 1, 0), {}, seccomp.DENY),
    ("socket", (2, 1 | 0o2000000, 6), {"net": 80}, seccomp.ALLOW),
    ("socket", (10, 1, 0), {"net": 80}, seccomp.ALLOW),
    ("socket", (2, 1, 262), {"net": 80}, seccomp.DENY),
    ("socket", (2, 2, 0), {"net": 80}, seccomp.DENY),
    ("socket", (1, 1, 0), {"net": True}, seccomp.DENY),
    ("socket", (40, 1, 0), {"net": True}, seccomp.DENY),
    ("socket", (2, 2, 0), {"net": True}, seccomp.ALLOW),
    ("sendto", (3, 0, 0, 0x4000), {"net": 80}, seccomp.ALLOW),
    ("sendto", (3, 0, 0, 0x20000000), {"net": 80}, seccomp.DENY),
    ("sendmsg", (3, 0, 0x20004000), {"net": 80}, seccomp.DENY),
    ("sendmmsg", (3, 0, 1, 0x20000000), {"net": 80}, seccomp.DENY),
    ("listen", (3, 1), {"net": True}, seccomp.DENY),
]


@pytest.mark.parametrize("machine", seccomp.MACHINES)
@pytest.mark.parametrize(("name", "arguments", "options", "answer"), ON_ANY_MACHINE)
def test_the_filter_says(machine, name, arguments, options, answer):
    numbers = seccomp.MACHINES[machine]
    program = seccomp.program(options.get("net", False), numbers, options.get("own"), options.get("children", False))
    assert verdict(program, numbers[name], *arguments, architecture=numbers["architecture"]) == answer


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_the_filter_lets_through_only_what_it_knows(machine):
    numbers = seccomp.MACHINES[machine]
    program = seccomp.program(False, numbers)
    for architecture in (0x40000003, 0x40000028, 0):  # programs of 32 bits, where other numbers mean other calls
        assert verdict(program, 1, architecture=architecture) == seccomp.DENY
    for number in (0x40000000, 0x40000000 + numbers["socket"], 2**32 - 1):
        assert verdict(program, number, architecture=numbers["architecture"]) == seccomp.DENY
    for number in (seccomp.YOUNGEST, 520, 547):  # the last two once were calls of x32, by another road
        assert verdict(program, number, architecture=numbers["architecture"]) == seccomp.ABSENT
    assert verdict(program, 0, architecture=numbers["architecture"]) == seccomp.ALLOW


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_the_numbers_are_those_of_the_kernel(machine):
    if not HEADERS[machine].exists():
        pytest.skip("needs the kernel's headers")
    text = HEADERS[machine].read_text()
    numbers = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)}
    ours = seccomp.MACHINES[machine]
    assert {name: number for name, number in ours.items() if numbers.get(name, number) != number} == {}
    unnamed = {name for name in numbers if name in seccomp.CALLS and name not in ours}
    assert unnamed == set()


@pytest.mark.parametrize("names", [seccomp.NEVER, seccomp.MISSING, seccomp.FORKS])
def test_every_denied_call_has_a_number(names):
    assert set(names) <= set(seccomp.CALLS)
    assert len(names) == len(set(names))
    assert all(number < seccomp.YOUNGEST for numbers in seccomp.CALLS.values() for number in numbers if number)
