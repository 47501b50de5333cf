"""What one person's button reaches of a job: all of it, or only the outputs of the brands that they may see."""

from typing import Any

from django.db.models import QuerySet

from brands.models import hidden
from jobs.models import Job, Output
from jobs.services import cancel as cancelling
from jobs.services import retry as retrying
from jobs.services import turns


def whole(job: Job, user: Any) -> bool:
    """Are all brands of the job theirs to see? Only then they decide about the job as such: its turn, its end."""
    return not hidden(user) or bool(Job.objects.filter(pk=job.pk).wholly(user).exists())


def outputs(job: Job, user: Any) -> QuerySet[Output]:
    found: QuerySet[Output] = Output.objects.filter(job=job).within_reach(user)
    return found


def cancel(job: Job, user: Any) -> bool:
    """False when nothing was open."""
    return cancelling.job(job) if whole(job, user) else bool(cancelling.outputs(outputs(job, user)))


def retry(job: Job, user: Any) -> int:
    """How many outputs."""
    return retrying.outputs(outputs(job, user))


def put(job: Job, priority: int, user: Any) -> bool:
    """False when nothing changed, also because it is a job of other people's brands, too."""
    return whole(job, user) and turns.put(job, priority, user.get_username())
