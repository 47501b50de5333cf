"""Typed readers of environment variables. An unclear value stops the start and says what to write instead.

Every reader takes the variable's name and a default (used when the variable is unset or empty).
A value can also come from a file: `NAME_FILE=/run/secrets/name` is read when `NAME` is unset.
"""

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}
UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?)\s*([A-Z]*)")


class BadSetting(Exception):
    """An environment variable holds a value that cannot be understood."""

    def __init__(self, name: str, value: str, wanted: str) -> None:
        super().__init__(f"{name}={value!r} is not {wanted}. Set {name} to {wanted}, or unset it for the default.")


class Env:
    """Readers over one mapping (the process environment unless told otherwise)."""

    def __init__(self, source: Mapping[str, str] | None = None) -> None:
        self.source = os.environ if source is None else source

    def raw(self, name: str) -> str:
        value = self.source.get(name, "").strip()
        path = self.source.get(f"{name}_FILE", "").strip()
        if value or not path:
            return value
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadSetting(f"{name}_FILE", path, "a readable file") from error

    def text(self, name: str, default: str = "") -> str:
        return self.raw(name) or default

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.raw(name) or default
        if value not in choices:
            raise BadSetting(name, value, "one of " + ", ".join(choices))
        return value

    def server(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        """The default's word, or an address with one of these schemes. It may hold a password: it is not shown."""
        value = self.raw(name) or default
        scheme, found, rest = value.partition("://")
        if value != default and not (found and rest and scheme in schemes):
            raise BadSetting(name, "...", f"{default}, or an address such as {schemes[0]}://localhost:6379/0")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.raw(name).lower()
        if not value:
            return default
        if value not in TRUE | FALSE:
            raise BadSetting(name, value, "1 or 0")
        return value in TRUE

    def integer(self, name: str, default: int, minimum: int = 0) -> int:
        value = self.raw(name)
        if not value:
            return default
        if not re.fullmatch(r"[0-9]{1,15}", value) or int(value) < minimum:
            raise BadSetting(name, value, f"a whole number of at least {minimum}")
        return int(value)

    def number(self, name: str, default: float, minimum: float = 0.0) -> float:
        value = self.raw(name)
        if not value:
            return default
        if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", value) or float(value) < minimum:
            raise BadSetting(name, value, f"a number of at least {minimum:g}")
        return float(value)

    def size(self, name: str, default: str) -> int:
        """Bytes, from `500MB`, `2 GiB` or a bare number of bytes."""
        value = self.raw(name) or default
        match = SIZE.fullmatch(value.upper())
        if match is None or match[2] not in UNITS:
            raise BadSetting(name, value, "a size such as 500MB or 2GiB")
        return int(Decimal(match[1]) * UNITS[match[2]])

    def words(self, name: str, default: str = "") -> tuple[str, ...]:
        """A comma-separated list; empty entries are dropped."""
        return tuple(word.strip() for word in (self.raw(name) or default).split(",") if word.strip())

    def subset(
        self, name: str, default: tuple[str, ...], known: Iterable[str], needed: Iterable[str]
    ) -> tuple[str, ...]:
        """A comma-separated list of `known` words, among them all that are `needed`."""
        words, known, needed = self.words(name, ",".join(default)), tuple(known), set(needed)
        if not needed <= set(words) <= set(known):
            wanted = f"a comma-separated list of {', '.join(known)}, with {' and '.join(sorted(needed))}"
            raise BadSetting(name, ",".join(words), wanted)
        return words

    def networks(self, name: str) -> tuple[str, ...]:
        """A comma-separated list of networks in CIDR form, each checked."""
        for word in self.words(name):
            try:
                ipaddress.ip_network(word)
            except ValueError as error:
                raise BadSetting(name, word, "a comma-separated list of networks such as 127.0.0.0/8") from error
        return self.words(name)

    def folder(self, name: str, default: Path) -> Path:
        value = self.raw(name)
        return Path(value).expanduser().resolve() if value else default
