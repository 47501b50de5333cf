"""The stages of one job that end at the same moment: the job is finished once, by one of them."""

from functools import partial

import pytest

from jobs.engine import claim
from jobs.engine.lease import Lease
from jobs.engine.worker import conclude
from jobs.models import Job, Stage
from tests.engine.test_races import at_once

FINISHERS = 6


@pytest.mark.parametrize("round_", range(5))
def test_stages_that_end_together_leave_one_finish_stage(transactional_db, round_):
    """Each looks for unfinished siblings while the others have not committed yet: without a lock on the job all of them
    see one, and nobody finishes it.
    """
    job = Job.objects.create(state="running")
    for _ in range(FINISHERS):
        Stage.objects.create(job=job, kind="render", queue="render")
    leases = [Lease(claim.best(["render"])) for _ in range(FINISHERS)]
    at_once(*(partial(conclude, lease, "done") for lease in leases))
    assert Stage.objects.filter(job=job, kind="render", state="done").count() == FINISHERS
    assert Stage.objects.filter(job=job, kind="finish").count() == 1
    job.refresh_from_db()
    assert job.state == "finishing"
