"""For commands that start work: better no start than a start whose every job fails."""

from django.core.management.base import CommandError

from jobs.services import confinement
from jobs.services.confinement import Confinement


def enough(returncode: int = 1) -> Confinement:
    """How firmly tools are held here; ends the command when SANDBOX_REQUIRED asks for more."""
    try:
        return confinement.insist()
    except confinement.Refused as error:
        raise CommandError(str(error), returncode=returncode) from error
