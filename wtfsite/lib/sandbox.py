"""The launcher: a small program that locks itself in and then becomes the tool.

    main([SPEC, "--", PROGRAM, ARGUMENT...]), in a Python of its own

SPEC is a JSON object, written by `process.py` alone. Doing this in a program of our own keeps Python code out of the
moment between fork and exec, where a threaded parent can deadlock. Only the standard library is imported, and little
of it: every tool that we run pays for this start.

    Level.LANDLOCK      files and sockets by rules of the kernel; needs no right and no program
    Level.BWRAP         the same sets as mounts of a namespace, made by bubblewrap
    Level.UNSHARE       no network; every file that our user may read
    Level.RLIMITS       limits, no new privileges; files as above

At every level a filter of system calls stands beside it (`seccomp.py`), where the processor is known to it: the rules
for files and TCP leave much open that a tool has no business with. Root loses its capabilities, but for reading and
writing whatever the rules open.

What is open: system libraries, this Python, the program and the named inputs, to read; the work folder, to write.
Nothing else: no home folder, no /tmp, no database, no /proc of other processes. A level that was chosen and cannot be
had ends the start; nothing is weakened silently.

Exit 127: the program was not found. Exit 126: it cannot be executed, or a limit could not be set. Both with one line on
stderr that starts with `sandbox: `, so that the parent can tell them from the same codes of a tool.
"""
# ruff: noqa: PTH113, PTH117, PTH118, PTH119, PTH120, PTH123
# os.path, since pathlib takes longer to import than all of this takes to run.

import ctypes
import errno
import json
import os
import resource
import signal
import stat
import struct
import sys
from collections.abc import Iterable
from enum import StrEnum

from wtfsite.lib import seccomp

PREFIX = "sandbox: "
LINUX = sys.platform.startswith("linux")
SET_FILTER, NO_SLOWDOWN = 1, 4  # without the flag, old kernels slow the whole tool down
CAPABILITIES, DAC_OVERRIDE = 0x20080522, 1 << 1  # the version of the call; the one that is kept
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
CPU_GRACE = 5  # seconds between the signal that names the reason (SIGXCPU) and the one that cannot be ignored
SPARE_THREADS = 1024  # for one tool and all that starts while it runs


class Level(StrEnum):
    """What holds a tool back, the strongest first."""

    LANDLOCK = "landlock"
    BWRAP = "bwrap"
    UNSHARE = "unshare"
    RLIMITS = "rlimits"


GUARD_FILES = (Level.LANDLOCK, Level.BWRAP)  # behind the others a tool reads whatever our user can read


# Not /usr as a whole: some keep their installation in /usr/src or /usr/local. Not /etc/ssl: it has a private folder.
SYSTEM = (
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib32", "/usr/lib64"),
    *("/usr/libexec", "/usr/share", "/usr/local/bin", "/usr/local/lib", "/usr/local/lib64", "/usr/local/share"),
    *("/nix/store", "/gnu/store"),
    *("/etc/ld.so.cache", "/etc/ld.so.preload", f"/etc/ld-musl-{os.uname().machine}.path"),  # the dynamic linker
    "/etc/alternatives",
    *("/etc/fonts", "/var/cache/fontconfig"),
    *("/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/pki/tls/cert.pem"),
    *("/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust/extracted", "/etc/ca-certificates/extracted"),
    *("/etc/crypto-policies", "/etc/localtime", "/etc/locale.alias"),
    *("/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf"),
    *("/etc/services", "/etc/protocols"),
    *("/etc/mime.types", "/etc/httpd/mime.types", "/etc/httpd/conf/mime.types", "/etc/apache2/mime.types"),
)
ITSELF = ("cgroup", "cmdline", "fd", "limits", "maps", "mountinfo", "stat", "statm", "status")
# How many cores, how much memory; of a tool itself what is its own, and not /proc/self/net, which is everybody's.
MACHINE = ("/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu", *(f"/proc/self/{name}" for name in ITSELF))
DEVICES = ("/dev/zero", "/dev/urandom", "/dev/random")


class Refused(Exception):
    """A limit could not be set, so the tool must not start."""


def main(arguments: list[str]) -> int:
    spec, separator, *command = arguments
    if separator != "--" or not command:
        return complain("usage: SPEC -- PROGRAM ARGUMENT...", 126)
    try:
        program = find(command[0])
        prefix = confine(json.loads(spec), program)
        default_signals()
        os.execv(prefix[0] if prefix else program, [*prefix, *command])  # noqa: S606 - this is what we are for
    except FileNotFoundError as error:
        return complain(f"{error.filename or command[0]} was not found", 127)
    except (OSError, Refused) as error:
        return complain(f"{command[0]} could not be started: {error}", 126)


def find(name: str) -> str:
    """The program's path. An entry of PATH that means the current folder is passed over: that is the work folder."""
    folders = [folder for folder in os.get_exec_path() if os.path.isabs(folder)]
    candidates = [name] if "/" in name else [f"{folder}/{name}" for folder in folders]
    files = [path for path in candidates if os.path.isfile(path)]
    for file in files:
        if os.access(file, os.X_OK):
            return file
    number = errno.EACCES if files else errno.ENOENT
    raise OSError(number, os.strerror(number), name)


def confine(spec: dict, program: str) -> list[str]:
    """Everything that the spec asks for, the limits last: they bind this program, too.

    Returns the command that has to stand before the tool's, if one is needed.
    """
    level, net = spec.get("level"), spec.get("net", True)
    if spec.get("nice"):
        os.nice(spec["nice"])
    if level == Level.UNSHARE and net is False:
        own_network()
    if spec.get("parent"):
        follow_parent(spec["parent"])
    if spec.get("no_new_privs"):
        prctl(PR_SET_NO_NEW_PRIVS, 1)
    prefix: list[str] = []
    threads = ceiling_of_threads() if level else None  # before it becomes invisible
    if level == Level.LANDLOCK:
        landlock(spec, program)
    elif level == Level.BWRAP:
        prefix = bubblewrap(spec, program)
    if level and level != Level.BWRAP:
        drop_capabilities()
        filter_calls(net, spec.get("children", False))
    if threads:
        limit("NPROC", threads)
    for name, value in spec.get("limits", {}).items():
        if value is not None:
            limit(name, value)
    return prefix


def follow_parent(parent: int) -> None:
    """Die when the thread that started us ends. A parent that died before this sends nothing: look again."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise Refused("the process that asked for it is gone")


def prctl(option: int, value: int) -> None:
    if not LINUX:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise Refused(f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """A call that libc has no function for. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    wide = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result: int = libc.syscall(ctypes.c_long(number), *wide)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def limit(name: str, value: int) -> None:
    """Set one resource limit, never above what we were given ourselves."""
    number = getattr(resource, f"RLIMIT_{name}")
    ceiling = resource.getrlimit(number)[1]
    hard = value + CPU_GRACE if name == "CPU" else value
    if ceiling != resource.RLIM_INFINITY:
        value, hard = min(value, ceiling), min(hard, ceiling)
    resource.setrlimit(number, (value, hard))


def ceiling_of_threads() -> int | None:
    """How many threads our user may have: as many as all users have now, and some more.

    The kernel counts a user's threads together, whoever started them. It does not bind root.
    """
    try:
        with open("/proc/loadavg", encoding="ascii") as file:
            return int(file.read().split()[3].partition("/")[2]) + SPARE_THREADS
    except (OSError, ValueError, IndexError):
        return None


def default_signals() -> None:
    """Python ignores these two, and what is ignored stays ignored across exec.

    With SIGPIPE ignored a chain's first member outlives its reader; with SIGXFSZ ignored a tool that overlooks failed
    writes would leave a short file and exit 0.
    """
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def program_files(program: str) -> list[str]:
    """The program itself, by its name and behind its links, and the libraries that a build may bring along.

    Not its folder: a build that was simply put into a home folder would open all of that.
    """
    real = os.path.realpath(program)
    folder = os.path.dirname(real)
    libraries = [os.path.join(os.path.dirname(folder), "lib")] if os.path.basename(folder) == "bin" else []
    return [program, real, *libraries]


# Landlock. Numbers are the same on every machine; what a kernel does not know must not be asked of it.

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION = 1
RULE_PATH, RULE_PORT = 1, 2
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_FILE = 1 << 7, 1 << 8
REFER, TRUNCATE, IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
BIND_TCP, CONNECT_TCP = 1, 2
ABSTRACT_SOCKETS, SIGNALS = 1, 2
OF_FILES = (
    EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE
)  # what a rule for something else than a folder may say
READ = READ_FILE | READ_DIR
# No links, devices or sockets: a link would lead those astray who later look at what the tool has left.
WORK = READ | WRITE_FILE | TRUNCATE | MAKE_FILE | MAKE_DIR | REMOVE_FILE | REMOVE_DIR | REFER


def abi() -> int:
    """The version of Landlock that the kernel has; 0 without."""
    if not LINUX:
        return 0
    try:
        return syscall(CREATE_RULESET, None, 0, ASK_VERSION)
    except OSError:
        return 0


def handled_files(version: int) -> int:
    """All the rights that this version can withhold: the first 13, one more with versions 2, 3 and 5."""
    return (
        (1 << 13) - 1
        | (REFER if version >= 2 else 0)
        | (TRUNCATE if version >= 3 else 0)
        | (IOCTL_DEVICE if version >= 5 else 0)
    )


def handled_ports(version: int, net: bool | int) -> int:
    """Listening is withheld always, connecting unless `net` is True; neither before version 4."""
    if version < 4:
        return 0
    return BIND_TCP if net is True else BIND_TCP | CONNECT_TCP


def landlock(spec: dict, program: str) -> None:
    version, net = abi(), spec["net"]
    files, ports = handled_files(version), handled_ports(version, net)
    scoped = ABSTRACT_SOCKETS | SIGNALS if version >= 6 else 0
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = syscall(CREATE_RULESET, struct.pack("=QQQ", files, ports, scoped)[:size], size, 0)
    for path in (*SYSTEM, *spec["python"], *program_files(program)):
        allow(ruleset, path, (EXECUTE | READ) & files)
    for path in (*MACHINE, *DEVICES, *spec["reads"]):
        allow(ruleset, path, READ & files)
    allow(ruleset, "/dev/null", (READ_FILE | WRITE_FILE) & files)
    allow(ruleset, spec["work"], WORK & files)
    if ports & CONNECT_TCP and net is not False:
        syscall(ADD_RULE, ruleset, RULE_PORT, struct.pack("=QQ", CONNECT_TCP, net), 0)
    syscall(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def allow(ruleset: int, path: str, rights: int) -> None:
    """Open one file or folder, behind its links. What is not there, or not for us, the tool will find out itself."""
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not stat.S_ISDIR(os.fstat(handle).st_mode):
        rights &= OF_FILES
    syscall(ADD_RULE, ruleset, RULE_PATH, struct.pack("=Qi", rights, handle), 0)
    os.close(handle)


# Calls


def filter_calls(net: bool | int, children: bool) -> None:
    """Where the processor is not known, or filters are not to be had, the rules before this one stand alone."""
    machine = seccomp.known()
    if machine is None:
        return
    code = seccomp.program(net, machine, os.getpid(), children)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HP", len(code) // 8, ctypes.addressof(buffer))
    try:
        syscall(machine["seccomp"], SET_FILTER, NO_SLOWDOWN, program)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EPERM):
            raise


# Capabilities


def drop_capabilities() -> None:
    """Keep at most the right to open files whatever their mode is. Without new privileges none comes back at exec."""
    if not LINUX:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("=Ii", CAPABILITIES, 0)
    sets = ctypes.create_string_buffer(24)  # effective, permitted, inheritable; twice, the upper bits last
    if libc.capget(header, sets) != 0:
        raise Refused(f"capget: {os.strerror(ctypes.get_errno())}")
    kept = struct.unpack("=6I", sets.raw)[1] & DAC_OVERRIDE
    if libc.capset(header, struct.pack("=6I", kept, kept, 0, 0, 0, 0)) != 0:
        raise Refused(f"capset: {os.strerror(ctypes.get_errno())}")


# Namespaces

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000


def own_network() -> None:
    """Move to a network that has nothing in it. Root needs no namespace of users for it, others do."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_NETWORK) != 0 and libc.unshare(NEW_USER | NEW_NETWORK) != 0:
        raise Refused(f"unshare: {os.strerror(ctypes.get_errno())}")


def bubblewrap(spec: dict, program: str) -> list[str]:
    """bwrap's command: the same folders as under Landlock, at their places in an empty tree.

    It has no rule for ports: with any network there is the whole of it. Later mounts cover earlier ones, so the work
    folder comes last. Root would keep all capabilities inside, and with them could undo what is read-only.
    """
    opened = (*SYSTEM, "/sys/devices/system/cpu", *spec["python"], *program_files(program), *spec["reads"])
    mounts = [word for place in places(opened) for word in ("--ro-bind-try", place, place)]
    share = [] if spec["net"] is False else ["--share-net"]
    closed = [word for place in ("/proc", "/dev", "/") for word in ("--remount-ro", place)]
    return [
        *(find("bwrap"), "--unshare-all", *share, "--die-with-parent", "--proc", "/proc", "--dev", "/dev", *mounts),
        *("--bind", spec["work"], spec["work"], *closed, "--chdir", spec["work"]),
        *(("--cap-drop", "ALL", "--cap-add", "CAP_DAC_OVERRIDE") if os.geteuid() == 0 else ()),
        *(*filter_option(spec["net"], spec.get("children", False)), "--"),
    ]


def places(paths: Iterable[str]) -> list[str]:
    """The paths and what is behind their links; nothing twice: links inside mounts cannot be covered."""
    found: list[str] = []
    for path in paths:
        for place in (path, os.path.realpath(path)):
            if not any(place == other or place.startswith(f"{other}/") for other in found):
                found.append(place)
    return found


def filter_option(net: bool | int, children: bool) -> list[str]:
    """The filter goes through bwrap, which needs sockets itself before it is in force."""
    machine = seccomp.known()
    if machine is None:
        return []
    handle = os.memfd_create("filter", 0)
    os.write(handle, seccomp.program(net, machine, children=children))
    os.lseek(handle, 0, os.SEEK_SET)
    return ["--seccomp", str(handle)]


def complain(sentence: str, code: int) -> int:
    sys.stderr.write(f"{PREFIX}{sentence}\n")
    return code
