"""A plan becomes a job: rows first, all in one transaction, then the doorbell."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import ngettext

from jobs.engine.leased import Queue
from jobs.engine.ring import ring
from jobs.models import Asset, Event, Job, JobState, Output, Stage, StageKind
from jobs.services import turns
from jobs.services.plan import Plan, PlanRefused


@transaction.atomic
def order(plan: Plan, owner: Any = None, priority: int = 0, inline: bool = False) -> Job:
    """Order what the plan says. `inline` jobs are worked on by the calling command and never by a worker.

    Raises PlanRefused when the plan is over a limit.
    """
    if plan.refusal:
        raise PlanRefused(plan.refusal)
    job = Job.objects.create(
        state=JobState.QUEUED,
        variants=list(plan.variants),
        options=plan.options.to_json(),
        priority=priority,
        lane=turns.lane(owner, plan.brands),
        inline=inline,
        owner=owner,
    )
    job.sources.set(plan.sources)
    job.brands.set(plan.brands)
    Output.objects.bulk_create(
        Output(job=job, source=source, brand=brand, variant=variant, cost=plan.cost(source, variant))
        for source in plan.sources
        for brand in plan.brands
        for variant in plan.variants
    )
    told = ngettext("Ordered: %(count)d output.", "Ordered: %(count)d outputs.", plan.count)
    Event.objects.create(job=job, message=told % {"count": plan.count})
    prepare(job, plan.sources)
    return job


def prepare(job: Job, sources: Iterable[Asset]) -> None:
    """Give each source of a job its prepare stage. Call inside a transaction.

    Their keep time begins anew: who is about to remove a file that nobody needed until now then waits for us, and
    finds it in use.
    """
    sources = list(sources)
    Asset.objects.ready().filter(pk__in=[source.pk for source in sources]).update(used_at=Now())
    for source in sources:
        add_stage(job, StageKind.PREPARE, source=source)


def add_stage(job: Job, kind: StageKind, cost: int = 1, **fields: Any) -> Stage:
    """A new stage in the right queue, at its turn, and a ring once it is committed. `cost` is how many outputs it
    makes.
    """
    queue = Queue.RENDER if kind == StageKind.RENDER else Queue.WORK
    if job.inline:
        queue = Queue.INLINE
    # Whoever finishes a job waits for nobody. A command works on nothing but its own job.
    at_once = job.inline or kind == StageKind.FINISH
    turn = 0 if at_once else turns.draw(queue, job.priority, job.lane, cost)
    stage: Stage = Stage.objects.create(
        job=job, kind=kind, queue=queue, priority=job.priority, lane=job.lane, turn=turn, **fields
    )
    # Our own clock may be wrong. How long it waits is asked by the database's, to ring again and to blame workers.
    Stage.objects.filter(pk=stage.pk).update(changed_at=Now())
    ring(queue)
    return stage
