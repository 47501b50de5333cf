"""The launcher: a small program that puts limits on itself and then becomes the tool.

    python -I -S sandbox.py SPEC -- PROGRAM ARGUMENT...

SPEC is a JSON object, written by `process.py` alone. Doing this in a program of our own keeps Python code out of the
moment between fork and exec, where a threaded parent can deadlock. Only the standard library is imported, and little
of it: every tool that we run pays for this start.

Exit 127: the program was not found. Exit 126: it cannot be executed, or a limit could not be set. Both with one line on
stderr that starts with `sandbox: `, so that the parent can tell them from the same codes of a tool.
"""

import ctypes
import json
import os
import resource
import signal
import sys

PREFIX = "sandbox: "
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
CPU_GRACE = 5  # seconds between the signal that names the reason (SIGXCPU) and the one that cannot be ignored


class Refused(Exception):
    """A limit could not be set, so the tool must not start."""


def main(arguments: list[str]) -> int:
    spec, separator, *command = arguments
    if separator != "--" or not command:
        return complain("usage: sandbox.py SPEC -- PROGRAM ARGUMENT...", 126)
    try:
        confine(json.loads(spec))
        default_signals()
        os.execvp(command[0], command)  # noqa: S606 - becoming the tool is what this program is for
    except FileNotFoundError:
        return complain(f"{command[0]} was not found", 127)
    except (OSError, Refused) as error:
        return complain(f"{command[0]} could not be started: {error}", 126)


def confine(spec: dict) -> None:
    """Everything that the spec asks for, the limits last: they bind this program, too."""
    if spec.get("parent"):
        follow_parent(spec["parent"])
    if spec.get("no_new_privs"):
        prctl(PR_SET_NO_NEW_PRIVS, 1)
    if spec.get("nice"):
        os.nice(spec["nice"])
    for name, value in spec.get("limits", {}).items():
        if value is not None:
            limit(name, value)


def follow_parent(parent: int) -> None:
    """Die when the thread that started us ends. A parent that died before this sends nothing: look again."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise Refused("the process that asked for it is gone")


def prctl(option: int, value: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise Refused(f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def limit(name: str, value: int) -> None:
    """Set one resource limit, never above what we were given ourselves."""
    number = getattr(resource, f"RLIMIT_{name}")
    ceiling = resource.getrlimit(number)[1]
    hard = value + CPU_GRACE if name == "CPU" else value
    if ceiling != resource.RLIM_INFINITY:
        value, hard = min(value, ceiling), min(hard, ceiling)
    resource.setrlimit(number, (value, hard))


def default_signals() -> None:
    """Python ignores these two, and what is ignored stays ignored across exec.

    With SIGPIPE ignored a chain's first member outlives its reader; with SIGXFSZ ignored a tool that overlooks failed
    writes would leave a short file and exit 0.
    """
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def complain(sentence: str, code: int) -> int:
    sys.stderr.write(f"{PREFIX}{sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
