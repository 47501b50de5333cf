from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.media.reframe import Frame
from jobs.models import Reframe
from jobs.services import adjust, cells, plan, reframing
from jobs.services.options import BrandOptions
from jobs.services.toolbox import get_tools
from tests.jobs import rows


def test_what_is_set_counts_before_what_a_job_says(db):
    asset = rows.asset()
    frame = Frame("blur", 90, True, (0.1, 0.2, 0.5, 0.6), 1.5, (0.25, 0.75))
    adjust.reframe(asset, ["square"], frame)

    assert reframing.frame_of(asset, "square", BrandOptions(fit="fit")) == frame
    assert reframing.frame_of(asset, "vertical", BrandOptions(fit="fit")) == Frame("fit")


def test_many_videos_are_read_at_once(db):
    made = [rows.asset(title) for title in ("One", "Two", "Three")]
    with CaptureQueriesContext(connection) as asked:
        plan.make(made, [], ["square", "vertical"], BrandOptions())

    assert len([query for query in asked if 'FROM "jobs_reframe"' in query["sql"]]) == 1


def test_a_change_makes_the_outputs_of_that_shape_stale_and_back(db):
    job = rows.job("done")
    output = job.outputs.get()
    rows.done(output)
    common = cells.shape(output.source, output.variant, BrandOptions.from_json(job.options))
    look = cells.recipe(output, common, get_tools()).look
    job.outputs.update(look=look)
    other = next(name for name in ("square", "vertical") if name != output.variant)

    assert adjust.reframe(output.source, [other], Frame(mirror=True)).stale == 0
    assert adjust.reframe(output.source, [output.variant], Frame(mirror=True)).stale == 1
    assert adjust.reframe(output.source, [output.variant], Frame(mirror=True)).stale == 0
    assert adjust.reframe(output.source, [output.variant], None).fresh == 1
    assert not Reframe.objects.filter(variant=output.variant).exists()
