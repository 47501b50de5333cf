"""What renders cost, how far a job is, and when it ends."""

import itertools
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from brands.layouts import SHAPES, SIZES
from brands.models import Brand
from jobs.engine import worker
from jobs.engine.lease import Lease
from jobs.media.progress import Progress
from jobs.models import Host, Job, JobState, Output, Pace, Profile, Stage
from jobs.services import assets, enqueue, eta, inline, pace, pause, plan, prepare, progress
from jobs.services.eta import Piece, Span
from jobs.services.options import BrandOptions
from jobs.services.pace import Kind, Paces
from jobs.services.render import Watch
from tests.clips import clip
from tests.jobs import rows

SQUARE = Kind("square", 720, "draft")
KINDS = [Kind(variant, size, profile) for variant in SHAPES for size in SIZES for profile in Profile]


# --- what a render costs


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_without_history_the_table_knows_every_kind(kind):
    assert kind.by_table > 0
    assert Paces().seconds(kind, 10) == pytest.approx(10 * kind.by_table)


def test_history_goes_before_the_table():
    assert Paces({SQUARE: (6.0, 3.0)}).seconds(SQUARE, 10) == 20


def test_an_unknown_kind_goes_by_area_of_its_profile():
    known = Paces({SQUARE: (6.0, 3.0)})
    assert known.per_second(Kind("square", 1080, "draft")) == pytest.approx(2 * 1.5**2)
    high = Kind("square", 720, "high")
    assert known.per_second(high) == high.by_table


@pytest.mark.django_db
def test_it_learns_and_forgets_slowly():
    pace.learn(SQUARE, 20, 10)
    assert pace.read().per_second(SQUARE) == 2
    pace.learn(SQUARE, 30, 10)
    assert 2.5 < pace.read().per_second(SQUARE) < 2.6
    for _again in range(20):
        pace.learn(SQUARE, 30, 10)
    assert pace.read().per_second(SQUARE) == pytest.approx(3, abs=0.02)
    assert Pace.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("spent", "least", "most"), [(10_000, 2, 6), (0.001, 1, 2)])
def test_one_wild_render_does_not_spoil_it(spent, least, most):
    for _again in range(5):
        pace.learn(SQUARE, 20, 10)
    pace.learn(SQUARE, spent, 10)
    assert least < pace.read().per_second(SQUARE) < most


@pytest.mark.django_db
@pytest.mark.parametrize(("spent", "made"), [(0, 5), (5, 0)])
def test_nothing_teaches_nothing(spent, made):
    pace.learn(SQUARE, spent, made)
    assert not Pace.objects.exists()


@pytest.mark.django_db
def test_it_is_written_by_one_statement(django_assert_num_queries):
    pace.learn(SQUARE, 20, 10)
    with django_assert_num_queries(1):
        pace.learn(SQUARE, 30, 10)


# --- how far


def weighted(*costs: float, **fields) -> Job:
    job = rows.job(*["planned"] * len(costs), **fields)
    for cell, cost in zip(job.outputs.order_by("pk"), costs, strict=True):
        Output.objects.filter(pk=cell.pk).update(cost=cost)
    return job


def percent(job: Job) -> int:
    return progress.tally([job])[job.pk].percent


@pytest.mark.django_db
@pytest.mark.usefixtures("storage")
def test_a_long_cell_weighs_more_than_a_short_one():
    job = weighted(99, 1)
    job.outputs.filter(cost=1).update(state="done")
    assert percent(job) == 1
    job.outputs.update(state="planned")
    job.outputs.filter(cost=99).update(state="done")
    assert percent(job) == 99


@pytest.mark.django_db
@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_it_only_grows_in_whatever_order_cells_end(order):
    job = weighted(60, 7, 0.5)
    fetch = Stage.objects.create(job=job, kind="prepare", queue="work", source=job.sources.get(), state="running")
    seen = [percent(job)]
    for share in (0.5, 0.9):
        Stage.objects.filter(pk=fetch.pk).update(progress=share)
        seen.append(percent(job))
    Stage.objects.filter(pk=fetch.pk).update(state="done")
    cells = list(job.outputs.order_by("pk"))
    for cell in cells:
        stage = Stage.objects.create(job=job, kind="render", queue="render")
        Output.objects.filter(pk=cell.pk).update(state="queued", stage=stage)
        cell.stage = stage
    seen.append(percent(job))
    for number in order:
        for share in (0.0, 0.4, 1.0):
            Output.objects.filter(pk=cells[number].pk).update(state="rendering")
            Stage.objects.filter(pk=cells[number].stage.pk).update(progress=share)
            seen.append(percent(job))
        Output.objects.filter(pk=cells[number].pk).update(state=("done", "failed", "cancelled")[number])
        seen.append(percent(job))
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, 99)
    job.state = JobState.PARTLY_DONE
    assert percent(job) == 100


@pytest.mark.django_db
@pytest.mark.usefixtures("storage")
def test_an_order_weighs_its_cells_by_length_and_area():
    long, short = rows.asset("long", duration_us=3_600_000_000), rows.asset("short", duration_us=10_000_000)
    unknown = rows.asset("unknown", duration_us=0)
    made = plan.make([long, short, unknown], [rows.brand()], ["landscape", "square"], BrandOptions())
    job = enqueue.order(made, inline=True)
    cost = {(cell.source_id, cell.variant): cell.cost for cell in job.outputs.all()}
    assert cost[long.pk, "square"] == pytest.approx(360 * cost[short.pk, "square"])
    assert cost[long.pk, "landscape"] > 1.7 * cost[long.pk, "square"]
    assert cost[short.pk, "square"] < cost[unknown.pk, "square"] < cost[long.pk, "square"]


@pytest.mark.django_db
@pytest.mark.usefixtures("storage")
def test_a_plan_counts_the_slots_of_all_hosts():
    sources = [rows.asset(title) for title in "abcd"]
    for key in "ab":
        host(key=key)
    two = plan.make(sources, [rows.brand()], ["square"], BrandOptions()).seconds
    for key in "cd":
        host(key=key)
    assert plan.make(sources, Brand.objects.all(), ["square"], BrandOptions()).seconds == pytest.approx(two / 2)


# --- when it ends

PIECES = st.lists(
    st.builds(Piece, st.integers(1, 4), st.floats(1, 100), st.sampled_from([0.0, 20.0]), st.booleans()), max_size=12
)


def test_one_slot_takes_one_after_the_other():
    assert eta.play([Piece(1, 10), Piece(2, 5), Piece(1, 10)], 1) == {1: Span(0, 25), 2: Span(10, 15)}


def test_what_runs_comes_first_and_what_rests_comes_last():
    played = eta.play([Piece(1, 10, after=50), Piece(2, 5), Piece(3, 7, running=True)], 1)
    assert played == {3: Span(0, 7), 2: Span(7, 12), 1: Span(50, 60)}


def test_what_rests_is_back_in_its_place_when_its_time_has_come():
    played = eta.play([Piece(1, 10, after=15), Piece(2, 10), Piece(3, 10), Piece(4, 10)], 1)
    assert played == {2: Span(0, 10), 3: Span(10, 20), 1: Span(20, 30), 4: Span(30, 40)}


@given(PIECES, st.integers(1, 4))
def test_no_job_ends_before_its_own_work_allows(pieces, slots):
    waiting = [Piece(one.job, one.seconds, one.after) for one in pieces]
    played = eta.play(waiting, slots)
    assert played.keys() == {one.job for one in waiting}
    for key, span in played.items():
        own = [one for one in waiting if one.job == key]
        assert span.ends >= max(one.after + one.seconds for one in own)
        assert span.ends - span.starts >= sum(one.seconds for one in own) / slots - 1e-6
    total = sum(one.seconds for one in waiting) + 20
    assert all(span.ends <= total + 1e-6 for span in played.values())


def host(render: int = 1, key: str = "a") -> None:
    slots = {"work": 2, "render": render, "single": False, "budget_mb": 512}
    Host.objects.create(key=key, host=key, pid=1, slots=slots)


def queued(title: str, seconds: int = 10, **fields) -> Job:
    source = rows.asset(title, duration_us=seconds * 1_000_000)
    job = rows.job("queued", source=source, state=JobState.QUEUED)
    made = {"kind": "render", "queue": "render", "source": source, "variant": "vertical", **fields}
    job.outputs.update(stage=Stage.objects.create(job=job, **made))
    return job


def running(title: str, **fields) -> Job:
    return queued(title, state="running", lease_until=timezone.now() + timedelta(minutes=1), **fields)


@pytest.fixture
def known(storage, db) -> None:
    """Every second of video takes two."""
    Pace.objects.create(variant="vertical", size=1080, profile="standard", spent=2, made=1)


@pytest.mark.usefixtures("known")
def test_a_job_waits_for_what_is_before_it():
    host()
    first, last, soon = running("a", progress=0.5), queued("b", turn=9), queued("c", turn=3)
    assert eta.spans([last, soon, first]) == {
        first.pk: Span(0, 10),
        soon.pk: Span(10, 30),
        last.pk: Span(30, 50),
    }
    Stage.objects.filter(job=last).update(priority=10)
    assert eta.spans([last])[last.pk] == Span(10, 30)


@pytest.mark.usefixtures("known")
def test_a_running_stage_knows_best_itself():
    host()
    job = running("a", progress=0.5, eta_seconds=42.0)
    assert eta.spans([job])[job.pk].ends == 42


@pytest.mark.usefixtures("known")
def test_slots_work_side_by_side():
    host(render=2)
    jobs = [queued(title, turn=1) for title in "abc"]
    assert [eta.spans(jobs)[job.pk].ends for job in jobs] == [20, 20, 40]


@pytest.mark.usefixtures("known")
def test_no_time_is_told_where_none_can_be_known():
    job = queued("a")
    assert eta.spans([job]) == {}  # nobody works
    host()
    assert eta.spans([job])
    Output.objects.create(
        job=job, source=rows.asset("b", state="pending", duration_us=0), brand=rows.brand("x"), variant="square"
    )
    assert eta.spans([job]) == {}  # one video's length is not known
    other = queued("c")
    pause.on("Ada")
    assert eta.spans([other]) == {}


def planned(title: str, **fields) -> Job:
    """Ten seconds of video that are here and are being prepared."""
    return rows.job("planned", source=rows.asset(title, duration_us=10_000_000), state=JobState.QUEUED, **fields)


@pytest.mark.usefixtures("known")
def test_what_is_being_prepared_stands_behind_those_of_its_priority():
    host()
    queued("a", turn=1, priority=10), queued("b", turn=2), queued("c", turn=3, priority=-10)
    next_one, normal, last = planned("d", priority=10), planned("e"), planned("f", priority=-10)
    told = eta.spans([next_one, normal, last])
    assert [told[job.pk].starts for job in (next_one, normal, last)] == [20, 60, 100]


@pytest.mark.usefixtures("known")
def test_what_is_not_prepared_now_is_not_told():
    host()
    job, other = planned("a"), queued("b")
    pause.on("Ada", "work")
    assert eta.spans([job, other]).keys() == {other.pk}


@pytest.mark.usefixtures("known")
def test_what_a_lost_worker_had_done_is_done_again():
    host()
    job = queued("a", state="running", lease_until=timezone.now() - timedelta(seconds=5), progress=0.9, eta_seconds=1.0)
    assert eta.spans([job])[job.pk].ends == 20


@pytest.mark.usefixtures("known")
def test_a_slot_that_is_being_cancelled_is_free_in_a_moment():
    host()
    running("a", eta_seconds=600.0)
    Stage.objects.update(state="cancelling")
    job = queued("b")
    assert eta.spans([job])[job.pk] == Span(1, 21)


@pytest.mark.usefixtures("known")
def test_hosts_that_are_about_to_stop_have_no_slots():
    host(render=2)
    job, other = queued("a"), queued("b")
    Host.objects.update(draining=True)
    assert eta.spans([job, other]) == {}
    Host.objects.create(key="b", host="b", pid=1, slots=Host.objects.get().slots | {"render": 1})
    assert sorted(span.ends for span in eta.spans([job, other]).values()) == [20, 40]


@pytest.mark.usefixtures("known")
def test_commands_cost_the_same_few_questions(django_assert_num_queries):
    jobs = []
    for number in range(5):
        jobs.append(queued(f"v{number}", queue="inline"))
        Job.objects.filter(pk=jobs[-1].pk).update(inline=True)
    jobs = list(Job.objects.all())
    with django_assert_num_queries(4):  # paces, planned, pauses, stages
        told = eta.spans(jobs)
    assert set(told.values()) == {Span(0, 20)}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL scans tables as small as this one")
@pytest.mark.usefixtures("known")
def test_the_line_is_read_in_the_order_of_an_index():
    host()
    job = queued("a")
    with CaptureQueriesContext(connection) as asked:
        eta.spans([job])
    lines = [one["sql"] for one in asked if "jobs_output" in one["sql"] and "LIMIT 1000" in one["sql"]]
    assert len(lines) == 3  # what waits to begin, what waits to be tried again, what runs
    for sql in lines[:2]:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = str(cursor.fetchall()).lower()
        assert "stage_order" in plan
        assert "use temp b-tree for order by" not in plan


@pytest.mark.usefixtures("known")
def test_ended_jobs_ask_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert eta.spans([Job(state=JobState.DONE), Job(state=JobState.FINISHING)]) == {}


# --- with real renders


QUICK = BrandOptions(size=720, profile="draft")


def quick(source, brands) -> Job:
    return enqueue.order(plan.make([source], brands, ["square"], QUICK), inline=True)


@pytest.mark.parametrize("attempt", [1, 0])
def test_a_render_that_was_tried_before_teaches_nothing(storage, two_brands, one_second, attempt):
    job = quick(assets.from_path(one_second)[0], two_brands[:1])
    assert worker.run_one(("inline",), only=Q(job=job))
    Stage.objects.filter(job=job, kind="render").update(attempt=attempt)
    assert inline.work_off(job).state == JobState.DONE
    assert Pace.objects.exists() is (attempt == 0)


def test_what_is_copied_and_not_rendered_teaches_nothing(storage, two_brands, one_second, tmp_path):
    first = inline.work_off(quick(assets.from_path(one_second)[0], two_brands[:1]))
    learnt = Pace.objects.values().get()
    film = tmp_path / "finished.mp4"
    with first.outputs.get().file.open() as finished:
        film.write_bytes(finished.read())
    bare = Brand.objects.create(name="Bare", slug="bare")
    again = inline.work_off(quick(assets.from_path(film)[0], [bare]))
    assert again.outputs.filter(adopted=False, state="done").exists()
    assert Pace.objects.values().get() == learnt


def watching(**fields) -> Watch:
    row = running("a", **fields)
    stage = Stage.objects.get(job=row)
    Output.objects.filter(job=row).update(state="rendering")
    Stage.objects.filter(pk=stage.pk).update(token=uuid.uuid4())
    stage.refresh_from_db()
    return Watch(Lease(stage), stage, set(), total=10)


def now_at(fraction: float, left: float) -> Progress:
    return Progress(fraction=fraction, speed=1.0, fps=30.0, bytes=0, out_time_us=0, eta_seconds=left)


@pytest.mark.usefixtures("known")
def test_a_stages_share_is_never_less_than_an_earlier_attempt_had():
    watch = watching(progress=0.6)
    watch.begin(10)
    for fraction, wanted in ((0.1, 0.6), (0.5, 0.6), (0.7, 0.7)):
        watch.report(now_at(fraction, 5.0))
        assert watch.keep_going()
        assert Stage.objects.get(pk=watch.stage.pk).progress == pytest.approx(wanted)


@pytest.mark.usefixtures("known")
def test_however_often_a_fetch_tells_it_is_written_once_for_each_question(django_assert_num_queries):
    watch = prepare.Watch(watching(progress=0.2).lease, Stage.objects.get())
    with django_assert_num_queries(0):
        for share in (None, 0.1, 0.5, 0.4):
            watch.report(share)
    with django_assert_num_queries(1):
        assert watch.keep_going()
    assert Stage.objects.get().progress == 0.5


@pytest.mark.usefixtures("known")
def test_the_share_of_a_fetch_is_never_less_than_an_earlier_attempt_had():
    watch = prepare.Watch(watching(progress=0.6).lease, Stage.objects.get())
    watch.report(0.1)
    assert watch.keep_going()
    assert Stage.objects.get().progress == 0.6


@pytest.mark.usefixtures("known")
def test_the_time_of_a_stage_counts_the_processes_that_follow():
    watch = watching()
    watch.begin(4)
    watch.report(now_at(0.5, 10.0))
    assert watch.eta_seconds == pytest.approx(10 + 20 * 6 / 4)
    watch.begin(6)
    watch.report(now_at(0.5, 10.0))
    assert watch.eta_seconds == pytest.approx(10)


def test_after_the_first_render_history_tells_what_the_next_one_takes(storage, two_brands, tmp_path):
    sources = [assets.from_path(clip(tmp_path / f"{rate}.mp4", rate=rate))[0] for rate in ("30", "25")]
    guessed = plan.make(sources[1:], two_brands, ["square"], QUICK).seconds
    first = inline.work_off(enqueue.order(plan.make(sources[:1], two_brands, ["square"], QUICK), inline=True))
    took = sum(first.outputs.values_list("seconds", flat=True))
    row = Pace.objects.get()
    assert (row.variant, row.size, row.profile, row.spent) == ("square", 720, "draft", pytest.approx(took))
    made = plan.make(sources[1:], two_brands, ["square"], QUICK)
    assert made.seconds == pytest.approx(took, rel=0.1)
    assert made.seconds != guessed

    second = enqueue.order(made, inline=True)
    assert eta.spans([second])[second.pk].ends == pytest.approx(max(1, made.seconds))
    inline.work_off(enqueue.order(plan.make(sources[:1], two_brands, ["square"], QUICK), inline=True))
    row.refresh_from_db()
    assert row.spent == pytest.approx(took)  # the same again was adopted, and taught nothing
