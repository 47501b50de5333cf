"""Has this cluster been asked to stop? Then its workers finish what they have and take nothing new."""

from typing import Protocol


class Flag(Protocol):
    def is_set(self) -> bool: ...


_flag: Flag | None = None


def watch(flag: Flag) -> None:
    """Set once, before the workers are forked: they inherit it. It is shared memory, not a fact about any row."""
    global _flag
    _flag = flag


def asked() -> bool:
    return _flag is not None and _flag.is_set()
