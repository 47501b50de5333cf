"""Sites are asked one fetch at a time and left alone when they say no; here time passes by moving the rows' times."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from jobs.admin.asset import state_sentence
from jobs.engine import ring, worker
from jobs.engine.ending import after
from jobs.engine.lease import NotYet
from jobs.media import errors
from jobs.models import Asset, AssetState, Event, Job, JobState, Site, Stage
from jobs.services import assets, cancel, enqueue, inline, plan, progress, sites, toolbox
from jobs.services.options import BrandOptions
from jobs.sources.fetch import FetchLimits
from tests.conftest import grant
from tests.engine.test_races import at_once
from tests.standins import files as standin
from wtfsite.lib import process
from wtfsite.lib.clock import Clock
from wtfsite.lib.process import Cancelled

URL = "https://video.example/clip.mp4"
LIMITS = FetchLimits(max_bytes=10**6, max_seconds=60)


def site(url: str = URL) -> Site:
    return Site.objects.get(name=sites.name_of(url))


def visit(code: str = "", url: str = URL) -> None:
    """One fetch that ends with this code; "" is a success."""
    try:
        with sites.visit(url):
            if code:
                raise errors.fail(code)
    except errors.MediaError as error:
        assert error.code == code  # noqa: PT017 - it only has to pass through


def close(url: str = URL) -> None:
    visit("rate_limited", url)


def cool(url: str = URL) -> None:
    """Let the time pass for which a site stays closed."""
    Site.objects.filter(name=sites.name_of(url)).update(closed_until=after(-1))


def wait(url: str = URL) -> NotYet:
    with pytest.raises(NotYet) as caught:
        sites.enter(url)
    return caught.value


def seconds_left(until) -> float:
    return (until - timezone.now()).total_seconds()


# --- whose turn it is


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://vm.tiktok.com/x", "tiktok"),
        ("https://www.tiktok.com/@a/video/1", "tiktok"),
        ("https://WWW.Example.org:8443/a", "example.org"),
        ("https://cdn.example.org./a", "cdn.example.org"),
        ("http://[::1]/a", "::1"),
    ],
)
def test_a_site_is_its_platform_or_its_host(url, name):
    assert sites.name_of(url) == name


def test_two_fetches_from_one_site_start_apart(db, settings):
    settings.FETCH_PACE_SECONDS = 2.0
    sites.enter(URL)
    later = wait()
    assert later.code == "site_paced"
    assert 0 < seconds_left(later.until) <= 2
    Site.objects.update(next_at=after(-1))
    assert sites.enter(URL) == sites.Turn("video.example", trial=False)


def test_another_site_is_not_waited_for(db, settings):
    settings.FETCH_PACE_SECONDS = 2.0
    sites.enter(URL)
    sites.enter("https://other.example/clip.mp4")


def test_without_a_pace_nothing_waits(db, settings):
    settings.FETCH_PACE_SECONDS = 2.0
    sites.enter(URL)
    settings.FETCH_PACE_SECONDS = 0
    sites.enter(URL)


def try_to_enter() -> bool:
    try:
        return bool(sites.enter(URL))
    except NotYet:
        return False


def test_of_many_workers_one_gets_the_turn(transactional_db, settings):
    settings.FETCH_PACE_SECONDS = 60.0
    for _ in range(5):
        Site.objects.all().delete()
        assert sorted(at_once(*[try_to_enter] * 4)) == [False, False, False, True]


def test_of_many_workers_one_makes_the_trial(transactional_db):
    close()
    for _ in range(5):
        Site.objects.update(closed_until=after(-1), trial_until=None)
        assert sorted(at_once(*[try_to_enter] * 4)) == [False, False, False, True]


def test_a_row_that_is_removed_at_that_moment_is_a_short_wait(db):
    """It was about to go since nobody had asked for so long."""
    gone: list[bool] = []

    def remove(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and not gone:
            gone.append(True)
            Site.objects.all().delete()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(remove), pytest.raises(NotYet) as later:
        sites.enter(URL)
    assert later.value.code == sites.PACED
    sites.enter(URL)


# --- when it says no


@pytest.mark.parametrize("code", ["network", "timeout", "stalled", "site_refused"])
def test_a_site_that_does_not_answer_is_left_alone_after_some_tries(db, settings, code):
    for _ in range(settings.FETCH_BREAKER_FAILURES - 1):
        visit(code)
    assert site().closed_until is None
    visit(code)
    assert seconds_left(site().closed_until) == pytest.approx(settings.FETCH_BREAKER_SECONDS, abs=10)
    assert (wait().code, wait().until) == ("site_closed", site().closed_until)


def test_failures_that_are_noted_at_once_are_all_counted(transactional_db, settings):
    at_once(*[lambda: visit("network")] * 4)
    assert site().failures == 4


def test_a_site_that_asks_for_fewer_visits_is_left_alone_at_once(db):
    visit("rate_limited")
    assert seconds_left(site().closed_until) > 200


def test_a_stage_that_came_too_often_comes_back_when_the_site_is_asked_again(db):
    with pytest.raises(errors.MediaError) as told, sites.visit(URL):
        raise errors.fail("rate_limited")
    assert told.value.retry_after == sites.cool_down(0)
    assert seconds_left(site().closed_until) <= told.value.retry_after


def test_a_site_that_says_how_long_is_left_alone_for_so_long(db):
    error = errors.fail("rate_limited")
    error.retry_after = 7200
    with pytest.raises(errors.MediaError), sites.visit(URL):
        raise error
    assert 7100 < seconds_left(site().closed_until) <= 7200


def test_an_answer_in_between_begins_the_count_anew(db, settings):
    for code in ("network", "network", "network", "network", "", "network", "network", "not_a_video_page", "network"):
        visit(code)
    assert (site().failures, site().closed_until) == (1, None)


@pytest.mark.parametrize("code", ["live_stream", "too_large", "not_a_video_page", "no_video"])
def test_what_one_video_lacks_is_not_held_against_its_site(db, settings, code):
    for _ in range(2 * settings.FETCH_BREAKER_FAILURES):
        visit(code)
    assert (site().failures, site().last_error) == (0, "")


@pytest.mark.parametrize("code", ["disk_full", "tool_missing", "blocked_address", "unknown"])
def test_what_fails_on_our_side_says_nothing_about_the_site(db, code):
    visit("network")
    visit(code)
    assert (site().failures, site().last_error) == (1, "network")


def test_one_fetch_at_a_time_tries_a_closed_site(db):
    close()
    cool()
    assert sites.enter(URL).trial
    assert wait().code == "site_closed"
    assert 0 < seconds_left(wait().until) <= sites.LOOK_AGAIN


def test_a_trial_that_nobody_ends_gives_way_to_another(db):
    close()
    cool()
    sites.enter(URL)
    Site.objects.update(trial_until=after(-1))
    assert sites.enter(URL).trial


def test_a_trial_that_lasts_keeps_its_place_and_a_dead_one_does_not(db):
    close()
    cool()
    turn = sites.enter(URL)
    assert seconds_left(site().trial_until) <= sites.TRIAL
    Site.objects.update(trial_until=after(-1))
    assert turn.keep_going()
    assert not try_to_enter()


def test_a_fetch_that_is_no_trial_leaves_the_row_alone(db):
    turn = sites.enter(URL)
    close()
    assert turn.keep_going()
    assert site().trial_until is None


def test_during_a_trial_its_fetch_says_that_it_goes_on(asset, db):
    close(asset.origin_url)
    cool(asset.origin_url)
    left = []

    def keep_going():
        left.append(seconds_left(site(asset.origin_url).trial_until))
        return True

    def asks_at_once(*commands, keep_going=None, **how):
        """As the runner does after a second, which a short fetch does not take."""
        if keep_going:
            keep_going()
        return process.run(*commands, keep_going=keep_going, **how)

    with toolbox.running_with(asks_at_once):
        assets.bring(asset, keep_going, lambda share: None, on_start=lambda: Site.objects.update(trial_until=after(-1)))
    assert left
    assert all(seconds > 0 for seconds in left)


def test_a_trial_that_succeeds_opens_the_site(db):
    close()
    cool()
    visit("not_a_video_page")
    assert (site().failures, site().closed_until, site().trial_until, site().last_error) == (0, None, None, "")
    assert not sites.enter(URL).trial


def test_each_trial_that_fails_doubles_the_pause_up_to_an_hour(db):
    close()
    pauses = []
    for _ in range(5):
        cool()
        visit("network")
        pauses.append(round(seconds_left(site().closed_until), -1))
    assert pauses == [600, 1200, 2400, 3600, 3600]
    assert site().trial_until is None


@pytest.mark.parametrize("error", [Cancelled("no longer wanted"), errors.fail("disk_full")])
def test_a_trial_that_found_nothing_out_leaves_the_site_to_the_next(db, error):
    close()
    cool()
    with pytest.raises(type(error)), sites.visit(URL):
        raise error
    assert site().closed_until is not None
    assert sites.enter(URL).trial


@pytest.mark.parametrize("code", ["", "network"])
def test_a_fetch_that_began_before_the_site_was_closed_changes_nothing(db, code):
    with suppress(errors.MediaError), sites.visit(URL):
        close()
        before = site().closed_until
        if code:
            raise errors.fail(code)
    assert (site().closed_until, site().failures, site().last_error) == (before, 5, "rate_limited")


# --- the stage that waits


@pytest.fixture
def served(tmp_path, settings):
    settings.EGRESS_ALLOW_CIDRS = ("127.0.0.0/8",)
    folder = tmp_path / "served"
    folder.mkdir()
    standin.clip(folder)
    with standin.serve(folder) as server:
        yield server


@pytest.fixture
def asset(served, db) -> Asset:
    return Asset.objects.create(origin_url=served.url("clip.mp4"))


@pytest.fixture
def job(asset, two_brands):
    options = BrandOptions(size=720, profile="draft")
    return enqueue.order(plan.make([asset], two_brands[:1], ["square"], options))


def test_a_fetch_that_must_wait_holds_no_worker_and_says_why(job, asset, served):
    close(asset.origin_url)
    assert worker.run_one(["work"])
    stage = Stage.objects.get()
    assert (stage.state, stage.attempt, stage.error_code) == ("retry_wait", 0, "site_closed")
    assert stage.not_before == site(asset.origin_url).closed_until
    assert served.requests == []
    assert not worker.run_one(["work"])
    asset.refresh_from_db()
    expected = f"Waits because 127.0.0.1 asks for fewer visits; next try at {stage.not_before:%H:%M}."
    assert asset.state == AssetState.PENDING
    assert state_sentence(asset) == expected
    assert progress.why(job, progress.tally([job])[job.pk]) == expected
    assert Event.objects.filter(message=expected, job=job, asset=asset).exists()


def test_a_next_try_that_has_come_is_due_now(asset):
    close(asset.origin_url)
    Asset.objects.update(error_code="site_closed")
    asset.refresh_from_db()
    cool(asset.origin_url)
    assert state_sentence(asset) == "Waits because 127.0.0.1 asks for fewer visits; the next try is due now."


def test_a_next_try_on_another_day_names_the_day(asset):
    close(asset.origin_url)
    until = timezone.now() + timedelta(days=2)
    said = sites.sentence("site_closed", asset.origin_url, until)
    assert f"next try at {timezone.localtime(until).day} " in said


def test_waiting_again_is_not_told_again(job, asset):
    close(asset.origin_url)
    for _ in range(3):
        worker.run_one(["work"])
        Stage.objects.update(not_before=None)
    assert Event.objects.filter(message__contains="fewer visits").count() == 1
    assert not Event.objects.filter(message__contains="Fetching").exists()


def test_a_paced_fetch_says_how_often_the_site_is_asked(job, asset, settings):
    settings.FETCH_PACE_SECONDS = 2.5
    sites.enter(asset.origin_url)
    worker.run_one(["work"])
    why = progress.why(job, progress.tally([job])[job.pk])
    assert why == "Waits because 127.0.0.1 is asked at most once in 2.5 s."
    assert not Event.objects.filter(message=why).exists(), "a wait of seconds is no news"


@pytest.fixture
def line(served, two_brands) -> Job:
    """A job with three videos of one site, and one of another that comes before the last."""
    given = [served.url("clip.mp4"), served.url("b.mp4"), "https://other.example/x.mp4", served.url("c.mp4")]
    sources = [Asset.objects.create(origin_url=url) for url in given]
    return enqueue.order(plan.make(sources, two_brands[:1], ["square"], BrandOptions()))


def waits_of(job: Job) -> list[float]:
    """Seconds, in the order of the videos; the site's next turn is at 0."""
    turn = site("http://127.0.0.1/")
    start = turn.closed_until or turn.next_at
    stages = Stage.objects.filter(job=job, source__origin_url__contains="127.0.0.1").order_by("pk")
    return [round((stage.not_before - start).total_seconds(), 1) for stage in stages]


def work_without_others(times: int) -> None:
    Stage.objects.filter(source__origin_url__contains="other").update(state="pending")
    for _ in range(times):
        assert worker.run_one(["work"])


def test_those_who_wait_for_a_site_stand_in_line(line, settings):
    """If all were due at the same moment, they would keep a worker from all other work."""
    settings.FETCH_PACE_SECONDS = 60
    sites.enter("http://127.0.0.1/")
    work_without_others(3)
    assert waits_of(line) == [0, 60, 120]


def test_who_comes_too_early_keeps_its_place_in_the_line(line, settings):
    settings.FETCH_PACE_SECONDS = 60
    sites.enter("http://127.0.0.1/")
    work_without_others(3)
    first, _, last = Stage.objects.filter(state="retry_wait").order_by("pk")
    for early in (first, last):
        Stage.objects.filter(pk=early.pk).update(state="queued", not_before=None)
        assert worker.run_one(["work"])
        assert waits_of(line) == [0, 60, 120]


def test_those_who_wait_for_a_closed_site_come_back_one_by_one_and_tell_it_once(line, settings):
    settings.FETCH_PACE_SECONDS = 2
    close("http://127.0.0.1/")
    work_without_others(3)
    assert waits_of(line) == [0, 2, 4]
    assert Event.objects.filter(job=line, message__contains="fewer visits").count() == 1


def test_a_number_of_failures_is_told(job, asset):
    for _ in range(5):
        visit("network", asset.origin_url)
    worker.run_one(["work"])
    assert "127.0.0.1 did not answer 5 times; next try at" in progress.why(job, progress.tally([job])[job.pk])


def test_after_its_wait_the_video_is_fetched(job, asset, served):
    close(asset.origin_url)
    worker.run_one(["work"])
    cool(asset.origin_url)
    Stage.objects.update(not_before=Now())
    assert worker.run_one(["work"])
    asset.refresh_from_db()
    assert (asset.state, asset.error_code) == (AssetState.READY, "")
    assert site(asset.origin_url).closed_until is None


def test_a_fetch_that_begins_is_no_longer_said_to_wait(asset, served):
    said = []

    def look(share):
        asset.refresh_from_db()
        said.append((asset.state, asset.error_code))

    assert assets.waits(asset, "site_closed")
    assets.bring(asset, lambda: True, look)
    assert set(said) == {(AssetState.FETCHING, "")}


# --- a command that waits


@pytest.fixture
def inline_job(asset, two_brands):
    options = BrandOptions(size=720, profile="draft")
    close(asset.origin_url)
    return enqueue.order(plan.make([asset], two_brands[:1], ["square"], options), inline=True)


def test_a_command_waits_for_a_closed_site_and_then_goes_on(inline_job, asset):
    waited = []

    def time_passes(seconds):
        waited.append(seconds)
        cool(asset.origin_url)
        Stage.objects.filter(state="retry_wait").update(not_before=Now())

    assert inline.work_off(inline_job, clock=Clock(sleep=time_passes)).state == JobState.DONE
    assert waited == [inline.PAUSE]


def test_a_command_that_waits_gives_signs_of_life(inline_job):
    """Without them the reaper would take it for one that was killed."""
    seen = []

    def sleep(seconds):
        seen.append(Stage.objects.get().changed_at)
        Stage.objects.update(changed_at=after(-400))
        if len(seen) == 2:
            cancel.job(inline_job)

    inline.work_off(inline_job, clock=Clock(sleep=sleep))
    assert timezone.now() - seen[1] < timedelta(seconds=300)


def test_a_command_that_waits_can_be_cancelled(inline_job):
    job = inline.work_off(inline_job, clock=Clock(sleep=lambda seconds: cancel.job(inline_job)))
    assert job.state == JobState.CANCELLED


def test_a_command_says_once_what_it_waits_for(inline_job):
    told = []
    turns = iter(range(3))

    def sleep(seconds):
        if next(turns, None) is None:
            cancel.job(inline_job)

    inline.work_off(inline_job, on_wait=told.append, clock=Clock(sleep=sleep))
    assert len(told) == 1
    assert "asks for fewer visits; next try at" in told[0]


# --- in the admin

LIST = "/admin/jobs/site/"


def press(client, *rows):
    data = {"action": "open_again", "_selected_action": [row.pk for row in rows]}
    return client.post(LIST, data, follow=True)


def test_the_list_says_who_is_left_alone_and_why(db, staff, staff_client):
    close()
    grant(staff, "view_site")
    page = staff_client.get(LIST).content.decode()
    assert "video.example" in page
    assert "left alone" in page
    assert errors.explain("rate_limited").sentence in page
    assert reverse("admin:jobs_site_changelist") in staff_client.get("/admin/").content.decode()


def test_a_site_is_opened_again_by_hand_and_what_waits_goes_on(job, asset, staff, staff_client):
    close(asset.origin_url)
    close("https://other.example/")
    worker.run_one(["work"])
    grant(staff, "view_site", "change_site")
    assert "1 site is asked again." in press(staff_client, site(asset.origin_url)).content.decode()
    assert (site(asset.origin_url).closed_until, site(asset.origin_url).failures) == (None, 0)
    assert site("https://other.example/").closed_until is not None
    assert worker.run_one(["work"])
    asset.refresh_from_db()
    assert asset.state == AssetState.READY


def test_whoever_opens_a_site_wakes_a_worker(job, asset, django_capture_on_commit_callbacks):
    close(asset.origin_url)
    worker.run_one(["work"])
    with django_capture_on_commit_callbacks(execute=True):
        sites.open_again(Site.objects.all())
    assert ring.unread("work") == 1


def test_opening_a_site_leaves_those_who_wait_for_another(job, asset):
    close(asset.origin_url)
    close()
    worker.run_one(["work"])
    assert sites.open_again(Site.objects.filter(name="video.example")) == 1
    assert Stage.objects.get().not_before > timezone.now() + timedelta(seconds=100)


def test_whoever_may_only_look_opens_nothing(db, staff, staff_client):
    close()
    grant(staff, "view_site")
    press(staff_client, site())
    assert site().closed_until is not None
