"""Run a program as on a machine without Landlock and without namespaces: `python tests/bare.py PROGRAM ARGUMENT...`.

A filter of system calls makes the kernel say that it knows none of them. bwrap, where it is installed, cannot make its
namespaces then either.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

LANDLOCK = 444  # the first of its three calls, on every machine
UNSHARE = {"x86_64": 272, "aarch64": 97}
CLONE3 = 435  # the C library falls back to clone
CLONE = {"x86_64": 56, "aarch64": 220}
NEW_USER = 0x10000000
NO_NEW_PRIVS, SECCOMP, FILTER = 38, 22, 2
LOAD, EQUAL, ANY, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, ABSENT = 0x7FFF0000, 0x00050000 | errno.ENOSYS
NUMBER, FLAGS = 0, 16


def program(machine: str) -> bytes:
    instructions = [
        (LOAD, 0, 0, NUMBER),
        (EQUAL, 6, 0, LANDLOCK),
        (EQUAL, 5, 0, UNSHARE[machine]),
        (EQUAL, 4, 0, CLONE3),
        (EQUAL, 0, 2, CLONE[machine]),
        (LOAD, 0, 0, FLAGS),
        (ANY, 1, 0, NEW_USER),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, ABSENT),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


def main() -> None:
    code = program(platform.machine())
    buffer = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(struct.pack("HP", len(code) // 8, ctypes.addressof(buffer)))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert libc.prctl(SECCOMP, FILTER, header) == 0, os.strerror(ctypes.get_errno())
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
