"""Which calls of the kernel a tool may not make: a filter that binds it, and all that it starts, for good.

    program(SPEC...) -> instructions for the kernel -> the launcher, or bubblewrap, puts them in force

Landlock judges the opening, making and removing of files, and TCP. It does not know owners, modes and times of files,
nor what can be done to other processes without looking into them, nor memory that outlives its maker. That ends here:

    sockets             none, those of the internet, or TCP alone, connected by connect() and never listening
    files               no new owner, mode, time or attribute, no links, no devices, no truncating of what is only read
    other processes     no signals, limits, priorities; no tracing; nothing left behind in shared memory or keyrings
    own processes       threads only, unless it may have children, and these stay in its group
    the kernel          no namespaces, no BPF, no io_uring, and no call that is younger than this list

A denied call ends in EACCES, one that programs do without in ENOSYS. Only the standard library is imported: the
launcher needs this.
"""

import errno
import os
import struct
import sys

Machine = dict[str, int]  # numbers of calls by their names, with "architecture" among them
Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, value

LOAD, MASK, JUMP, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x05, 0x15, 0x35, 0x06
ERROR = 0x00050000
ALLOW, DENY, ABSENT, NO_TERMINAL = 0x7FFF0000, ERROR | errno.EACCES, ERROR | errno.ENOSYS, ERROR | errno.ENOTTY
NUMBER, ARCHITECTURE = 0, 4  # where they lie in what a filter is shown
FIRST, SECOND, THIRD, FOURTH = 16, 24, 32, 40  # the lower halves of arguments; the kernel reads no more of these
X32 = 0x40000000
YOUNGEST = 470  # calls from here on were not known when this was written; programs ask whether they are there

# Name: its number on x86-64, on ARM64. Neither has a number that the other has for something else we name.
CALLS: dict[str, tuple[int | None, int | None]] = {
    # sockets
    "socket": (41, 198),
    "listen": (50, 201),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    # what a file is, beside its content
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
    "ioctl": (16, 29),
    # files and their contents
    "open": (2, None),
    "openat": (257, 56),
    "openat2": (437, 437),
    "truncate": (76, 45),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "open_by_handle_at": (304, 265),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    # memory that has no limit, or outlives its maker
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # other processes
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "fcntl": (72, 25),
    "prlimit64": (302, 261),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # own processes
    "fork": (57, None),
    "vfork": (58, None),
    "clone": (56, 220),
    "clone3": (435, 435),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "prctl": (157, 167),
    "execveat": (322, 281),
    # the kernel
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "modify_ldt": (154, None),
    "io_uring_setup": (425, 425),
    # for the launcher itself
    "seccomp": (317, 277),
}
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
MACHINES: dict[str, Machine] = {
    name: {"architecture": architecture}
    | {call: number for call, numbers in CALLS.items() if (number := numbers[place]) is not None}
    for place, (name, architecture) in enumerate(ARCHITECTURES.items())
}

NEVER = (
    *("listen", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes"),
    *("futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr"),
    *("fremovexattr", "removexattrat", "file_setattr", "truncate", "link", "linkat", "symlink", "symlinkat", "mknod"),
    *("mknodat", "open_by_handle_at", "inotify_init", "inotify_init1", "fanotify_init", "shmget", "semget", "msgget"),
    *("mq_open", "add_key", "request_key", "keyctl", "pidfd_send_signal", "ptrace", "process_vm_readv"),
    *("process_vm_writev", "process_madvise", "process_mrelease", "move_pages", "migrate_pages", "kcmp"),
    *("pidfd_getfd", "setsid", "setpgid", "execveat", "unshare", "setns", "bpf", "perf_event_open", "userfaultfd"),
    "modify_ldt",
)
# clone3 and openat2 take what they shall do in memory, which no filter sees; libraries then use the older ones.
# io_uring makes sockets, opens files and changes them without the calls that are filtered.
MISSING = ("clone3", "openat2", "io_uring_setup", "memfd_create", "memfd_secret")
FORKS = ("fork", "vfork")

INET, INET6, NETLINK, STREAM, TCP = 2, 10, 16, 1, 6
FAST_OPEN = 0x20000000  # connects while sending, past the rule for ports
ACCESS, TRUNCATE = 0o3, 0o1000  # of open(): how, and whether to empty the file
SET_OWNER, SET_SIGNAL, SET_OWNER_EX = 8, 10, 15  # of fcntl(): whom to signal, and how
# What files and terminals are asked: their kind and size, what there is to read, not to wait, to close at exec.
HARMLESS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451, 0x802C542A)
DEATH_SIGNAL, DUMPABLE = 1, 4  # of prctl(): a tool must neither outlive us nor hide from us
ONE_PROCESS = 0  # of setpriority()
ONE_PROCESS_IO = 1  # of ioprio_set()
THREAD = 0x00010000
NAMESPACES = 0x7E020000


def known() -> Machine | None:
    """The calls of this machine; None where they are not known, and for Pythons of 32 bits."""
    if not sys.platform.startswith("linux") or sys.maxsize <= 2**32:
        return None
    return MACHINES.get(os.uname().machine)


def program(net: bool | int, machine: Machine, own: int | None = None, children: bool = False) -> bytes:
    """The filter. `net` is True for the whole network or the one TCP port that Landlock leaves open.

    `own` is the tool's process number, to which all that is done to processes is held; None leaves that to a namespace.
    With `children` it may start processes.
    """
    steps = must_be(ARCHITECTURE, machine["architecture"])
    steps += [(LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, X32), (RETURN, 0, 0, DENY)]
    steps += [(AT_LEAST, 0, 1, YOUNGEST), (RETURN, 0, 0, ABSENT)]
    steps += unless_among(machine, MISSING, ABSENT)
    steps += unless_among(machine, NEVER if children else (*NEVER, *FORKS), DENY)
    for name, rule in (sockets(net) | files() | processes(own) | own_processes(children)).items():
        if name in machine:
            steps += [(EQUAL, 0, len(rule) + 1, machine[name]), *rule, (RETURN, 0, 0, ALLOW)]
    steps.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


Rules = dict[str, list[Instruction]]


def sockets(net: bool | int) -> Rules:
    """Multipath TCP is left out with the rest: to Landlock it is not TCP, to a server it is."""
    if net is True:
        return {"socket": must_be(FIRST, INET, INET6, NETLINK)}  # netlink: which addresses this machine has
    if net is False:
        return {"socket": [(RETURN, 0, 0, DENY)]}
    plain = must_be(FIRST, INET, INET6) + must_be(SECOND, STREAM, mask=0xF) + must_be(THIRD, 0, TCP)
    slow, slow_message = must_be(FOURTH, 0, mask=FAST_OPEN), must_be(THIRD, 0, mask=FAST_OPEN)
    return {"socket": plain, "sendto": slow, "sendmsg": slow_message, "sendmmsg": slow}


def files() -> Rules:
    """To open for reading and to empty the file is one call, and older versions of Landlock see a reader in it."""
    return {
        "open": must_not_be(SECOND, TRUNCATE, mask=TRUNCATE | ACCESS),
        "openat": must_not_be(THIRD, TRUNCATE, mask=TRUNCATE | ACCESS),
        "ioctl": must_be(SECOND, *HARMLESS, answer=NO_TERMINAL),
        "fcntl": must_not_be(SECOND, SET_OWNER, SET_SIGNAL, SET_OWNER_EX),
    }


def processes(own: int | None) -> Rules:
    """Process 0 is the caller itself, or its group."""
    if own is None:
        return {"setpriority": must_be(FIRST, ONE_PROCESS), "ioprio_set": must_be(FIRST, ONE_PROCESS_IO)}
    itself = must_be(FIRST, 0, own)
    names = [
        *("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "prlimit64"),
        *("sched_setparam", "sched_setscheduler", "sched_setaffinity", "sched_setattr"),
    ]
    return dict.fromkeys(names, itself) | {
        "setpriority": must_be(FIRST, ONE_PROCESS) + must_be(SECOND, 0, own),
        "ioprio_set": must_be(FIRST, ONE_PROCESS_IO) + must_be(SECOND, 0, own),
    }


def own_processes(children: bool) -> Rules:
    kinds = (THREAD, 0) if children else (THREAD,)
    return {
        "clone": must_be(FIRST, *kinds, mask=THREAD | NAMESPACES),
        "prctl": must_not_be(FIRST, DEATH_SIGNAL, DUMPABLE),
    }


def must_be(offset: int, *values: int, mask: int | None = None, answer: int = DENY) -> list[Instruction]:
    """Go on if the word there is one of these, else end the call with the answer."""
    tests = [(EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [*look_at(offset, mask), *tests, (RETURN, 0, 0, answer)]


def must_not_be(offset: int, *values: int, mask: int | None = None) -> list[Instruction]:
    return [*look_at(offset, mask), *none_of(values, DENY)]


def look_at(offset: int, mask: int | None) -> list[Instruction]:
    return [(LOAD, 0, 0, offset), *([] if mask is None else [(MASK, 0, 0, mask)])]


def none_of(values: tuple[int, ...], answer: int) -> list[Instruction]:
    """End the call with the answer if what was loaded is one of these."""
    tests = [(EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [*tests, (JUMP, 0, 0, 1), (RETURN, 0, 0, answer)]


def unless_among(machine: Machine, names: tuple[str, ...], answer: int) -> list[Instruction]:
    return none_of(tuple(machine[name] for name in names if name in machine), answer)
