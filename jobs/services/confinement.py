"""How firmly tools are held on this machine: in words, and as a condition for those who start work."""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from wtfsite.lib import process, sandbox
from wtfsite.lib.sandbox import GUARD_FILES, Level


@dataclass(frozen=True)
class Confinement:
    """`abi` is the version of Landlock, which has rules for ports from 4 on; `required` is SANDBOX_REQUIRED."""

    level: Level
    abi: int
    required: bool

    @property
    def firm(self) -> bool:
        """Are files guarded? With less, a tool that was talked into it reads what the studio's user can read."""
        return self.level in GUARD_FILES

    @property
    def says(self) -> str:
        if self.firm and self.level is Level.LANDLOCK:
            return _("Tools run in a sandbox: Landlock, version %(abi)d.") % {"abi": self.abi}
        if self.firm:
            return _("Tools run in a sandbox: %(level)s.") % {"level": self.level}
        if self.required:
            return _("No tool can start: SANDBOX_REQUIRED is set and no sandbox that guards files works.")
        return _("Tools can read what the studio's user can read (%(level)s).") % {"level": self.level}

    @property
    def remedy(self) -> str:
        if not self.firm:
            return _("Use a kernel with Landlock (5.13 or later), or install bubblewrap; see docs/security.md.")
        if self.level is Level.LANDLOCK and self.abi >= 4:
            return ""
        return _("A fetch cannot be held to one port here; Landlock can do that from Linux 6.7 on.")


def found() -> Confinement:
    """What this machine has. The level is looked for once per process, by starting programs. Raises ProcessError."""
    return Confinement(process.level(), sandbox.abi(), settings.SANDBOX_REQUIRED)


class Refused(Exception):
    """The installation insists on a sandbox that this machine does not have. Says so, and what to do."""


def insist(find: Callable[[], Confinement] = found) -> Confinement:
    """What this machine has, for those who are about to start work. Raises Refused, or ProcessError as `found` does.

    Work would fail at its first tool otherwise, one job after the other.
    """
    here = find()
    if here.required and not here.firm:
        raise Refused(f"{here.says} {here.remedy}")
    return here
