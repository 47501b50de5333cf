"""Jobs and outputs in the admin: how far they are, what they wait for, what the buttons do."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from jobs.engine.leased import LeaseState
from jobs.models import Event, Host, Job, JobState, Output, OutputState, Pace, Stage, StageKind
from jobs.services import progress
from tests.jobs import rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]
LIST = "/admin/jobs/job/"


def text(response) -> str:
    return " ".join(response.content.decode().split())


def address(job: Job, name: str = "change") -> str:
    return reverse(f"admin:jobs_job_{name}", args=[job.pk])


def stage(job: Job, **fields) -> Stage:
    row: Stage = Stage.objects.create(job=job, **{"kind": StageKind.RENDER, "queue": "render", **fields})
    if "changed_at" in fields:  # auto_now overwrites it
        Stage.objects.filter(pk=row.pk).update(changed_at=fields["changed_at"])
    return row


# --- how far


def test_it_counts_cells_and_shares():
    job = rows.job("done", "failed", "blocked", "rendering", "planned")
    Output.objects.filter(state="rendering").update(stage=stage(job, progress=0.5))
    count = progress.tally([job])[job.pk]
    assert (count.total, count.done, count.failed, count.blocked, count.ended) == (5, 1, 1, 1, 3)
    assert count.percent == 70


def test_a_job_without_cells_is_at_zero():
    job = rows.job()
    assert progress.tally([job])[job.pk].percent == 0


def why(job: Job) -> str:
    return progress.why(job, progress.tally([job])[job.pk])


def test_it_says_that_no_worker_runs():
    job = rows.job("planned", state=JobState.QUEUED)
    stage(job, changed_at=timezone.now() - timedelta(seconds=30))
    assert "no worker is running" in why(job)
    assert "./run studio" in why(job)


def test_it_is_patient_with_a_new_job():
    job = rows.job("planned", state=JobState.QUEUED)
    stage(job)
    assert "in a moment" in why(job)


def test_it_says_that_the_workers_are_busy():
    other, job = rows.job("rendering"), rows.job("planned", state=JobState.QUEUED, source=rows.asset("b"))
    stage(other, state=LeaseState.RUNNING, lease_until=timezone.now() + timedelta(minutes=1))
    stage(job, changed_at=timezone.now() - timedelta(seconds=30))
    assert "busy" in why(job)


def test_it_says_when_the_next_attempt_is():
    job = rows.job("queued")
    soon = timezone.now() + timedelta(seconds=20)
    stage(job, state=LeaseState.RETRY_WAIT, not_before=soon, error_code="network", attempt=1)
    assert "did not answer" in why(job)
    assert "(attempt 2)" in why(job)


def test_it_says_how_much_is_fetched():
    job = rows.job("planned")
    stage(job, kind=StageKind.PREPARE, state=LeaseState.RUNNING, progress=0.4)
    assert "40 %" in why(job)


def test_it_says_what_was_lost_and_kept():
    job = rows.job("done", "failed", state=JobState.PARTLY_DONE)
    assert why(job).startswith("1 output could not be made. 1 finished output was kept.")


def test_it_does_not_boast_of_nothing():
    failed = rows.job("failed", state=JobState.FAILED)
    cancelled = rows.job("cancelled", state=JobState.CANCELLED, source=rows.asset("b"))
    assert "kept" not in why(failed)
    assert why(cancelled) == "No output was finished."


# --- the list


def test_a_bar_knows_how_its_job_ended(admin_client):
    job = rows.job("failed", state=JobState.FAILED)
    for address in (LIST, f"{LIST}{job.pk}/change/"):
        assert 'value="100" data-state="failed"' in admin_client.get(address).content.decode()


def test_outputs_have_a_shape_and_no_variant(admin_client):
    rows.job("planned")
    headings = text(admin_client.get("/admin/jobs/output/")).partition("<thead")[2].partition("</thead>")[0]
    assert "Shape" in headings
    assert "Variant" not in headings


def test_the_list_asks_few_questions(admin_client, django_assert_num_queries):
    rows.job("done", state=JobState.DONE)
    with django_assert_num_queries(8):
        admin_client.get(LIST)
    for number in range(10):
        rows.job("done", "failed", source=rows.asset(f"Video {number}"), state=JobState.PARTLY_DONE)
    with django_assert_num_queries(8):
        page = text(admin_client.get(LIST))
    assert "1 × 2 × 1 = 2" in page
    assert "1 done, 1 failed" in page


def busy_jobs(count: int, name: str = "Busy") -> list[Job]:
    """Each with a cell that waits; two others are at work on the only host."""
    Host.objects.create(key="a", host="a", pid=1, slots={"work": 2, "render": 2, "single": False, "budget_mb": 512})
    until = timezone.now() + timedelta(minutes=1)
    made = []
    for number in range(count):
        job = rows.job("queued", source=rows.asset(f"{name} {number}"))
        runs = {"state": LeaseState.RUNNING, "lease_until": until} if number < 2 else {"turn": number}
        job.outputs.update(stage=stage(job, source=job.sources.get(), variant="vertical", **runs))
        made.append(job)
    return made


def test_any_number_of_open_jobs_costs_the_list_the_same(admin_client, django_assert_num_queries):
    busy_jobs(3)
    with django_assert_num_queries(18):
        admin_client.get(LIST)
    Host.objects.all().delete()
    jobs = busy_jobs(12, "More")
    with django_assert_num_queries(18):
        admin_client.get(LIST)
    news = f"{LIST}moving/?ids={','.join(str(job.pk) for job in jobs)}"
    with django_assert_num_queries(15):
        admin_client.get(news)


def test_list_page_and_first_page_tell_the_same_time(admin_client):
    *_others, job = busy_jobs(3)
    Pace.objects.create(variant="vertical", size=1080, profile="standard", spent=120.0, made=3.0)
    pages = [LIST, "/admin/", address(job), address(job, "progress"), f"{LIST}moving/?ids={job.pk}"]
    for page in pages:
        assert "starts in about 2 min" in text(admin_client.get(page)), page


def test_a_job_of_which_something_has_ended_has_started(admin_client):
    *_others, job = busy_jobs(3)
    Pace.objects.create(variant="vertical", size=1080, profile="standard", spent=120.0, made=3.0)
    brand = rows.brand("another")
    Output.objects.create(job=job, source=job.sources.get(), brand=brand, variant="vertical", state="done")
    for page in (LIST, "/admin/", address(job)):
        assert "about 4 min left" in text(admin_client.get(page)), page


def test_the_list_asks_for_news_only_while_a_job_on_it_is_open(admin_client):
    job = rows.job("done", state=JobState.DONE)
    assert "every 3s" not in text(admin_client.get(LIST))
    other = rows.job("rendering", source=rows.asset("b"))
    page = text(admin_client.get(LIST))
    assert page.count("every 3s") == 1
    assert f'moving/?ids={other.pk}"' in page
    Job.objects.filter(pk=other.pk).update(state=JobState.DONE)
    news = text(admin_client.get(f"{LIST}moving/?ids={other.pk},{job.pk},x"))
    assert "hx-trigger" not in news
    assert news.count("100 %") == 2


def test_the_lists_news_are_for_those_who_may_see_it(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("sam", password="x", is_staff=True))
    assert client.get(f"{LIST}moving/?ids=1").status_code == 403


def test_jobs_are_neither_added_nor_edited_by_hand(admin_client):
    job = rows.job("done")
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.post(address(job), {"state": "done"}).status_code == 403


# --- the page


def test_the_page_polls_one_element_while_the_job_is_open(admin_client):
    page = text(admin_client.get(address(rows.job("rendering"))))
    assert page.count("every 2s") == 1


def test_the_page_stops_asking_when_the_job_has_ended(admin_client):
    job = rows.job("done", state=JobState.DONE)
    assert "every 2s" not in text(admin_client.get(address(job)))
    assert "hx-trigger" not in text(admin_client.get(address(job, "progress")))


def test_the_fragment_is_no_whole_page(admin_client):
    fragment = text(admin_client.get(address(rows.job("rendering"), "progress")))
    assert fragment.startswith('<div id="progress"')
    assert "<html" not in fragment


def test_the_fragment_asks_few_questions(admin_client, django_assert_num_queries):
    job = rows.job(*["rendering"] * 10, "failed")
    Output.objects.filter(state="rendering").update(stage=stage(job, state=LeaseState.RUNNING))
    with django_assert_num_queries(13):
        admin_client.get(address(job, "progress"))


def test_the_page_explains_failures(admin_client):
    job = rows.job("failed", "blocked", state=JobState.FAILED)
    Output.objects.filter(state="failed").update(error_code="killed", error_detail="signal 9", error_tail="<b>tail</b>")
    Output.objects.filter(state="blocked").update(error_code="artwork_unreadable")
    page = text(admin_client.get(address(job)))
    assert "The program was stopped from outside" in page
    assert "signal 9" in page
    assert "&lt;b&gt;tail&lt;/b&gt;" in page
    assert "Replace it in the brand&#x27;s artwork" in page or "Replace it in the brand&#39;s artwork" in page


def test_viewers_see_no_buttons_and_can_press_none(viewer_client):
    job = rows.job("rendering", "failed")
    assert 'name="verb"' not in text(viewer_client.get(address(job)))
    assert viewer_client.post(address(job, "work"), {"verb": "cancel"}).status_code == 403
    assert Job.objects.get(pk=job.pk).state == JobState.RUNNING


def test_the_buttons_need_post_and_a_token(admin_user, admin_client):
    from django.test import Client

    job = rows.job("rendering")
    assert admin_client.get(address(job, "work"), {"verb": "cancel"}).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    assert strict.post(address(job, "work"), {"verb": "cancel"}).status_code == 403
    assert Job.objects.get(pk=job.pk).state == JobState.RUNNING


def test_it_cancels_a_job(admin_client):
    job = rows.job("rendering", "done")
    admin_client.post(address(job, "work"), {"verb": "cancel"})
    assert Job.objects.get(pk=job.pk).state == JobState.CANCELLED
    assert sorted(job.outputs.values_list("state", flat=True)) == ["cancelled", "done"]


def test_it_retries_what_failed(admin_client):
    job = rows.job("done", "failed", "blocked", state=JobState.PARTLY_DONE)
    response = admin_client.post(address(job, "work"), {"verb": "retry"}, follow=True)
    assert "2 outputs start again" in text(response)
    assert sorted(job.outputs.values_list("state", flat=True)) == ["done", "planned", "planned"]


def test_it_cancels_and_retries_ticked_cells_of_this_job_only(admin_client):
    job, other = rows.job("rendering", "rendering"), rows.job("rendering", source=rows.asset("b"))
    chosen, foreign = job.outputs.all()[0], other.outputs.get()
    admin_client.post(address(job, "work"), {"verb": "cancel_cells", "cell": [chosen.pk, foreign.pk, "x", "9" * 99]})
    assert Output.objects.filter(state="cancelled").get() == chosen
    admin_client.post(address(job, "work"), {"verb": "retry_cells", "cell": [chosen.pk]})
    assert not Output.objects.filter(state="cancelled").exists()


def test_each_job_is_told_how_many_of_its_own_outputs_were_cancelled(admin_client):
    two, one = rows.job("rendering", "planned", "done"), rows.job("rendering", source=rows.asset("b"))
    keys = list(Output.objects.values_list("pk", flat=True))
    listed = reverse("admin:jobs_output_changelist")
    said = admin_client.post(listed, {"action": "cancel_outputs", "_selected_action": keys}, follow=True)
    assert "3 outputs cancelled." in text(said)
    told = {job.pk: [event.message for event in job.events.all()] for job in (two, one)}
    assert told == {two.pk: ["2 outputs cancelled."], one.pk: ["1 output cancelled."]}


@pytest.mark.parametrize("scope", ["source__id__exact", "brand__id__exact", "variant__exact"])
def test_outputs_are_retried_by_video_brand_and_shape(admin_client, scope):
    job, other = rows.job("failed", "failed"), rows.job("failed", source=rows.asset("b"))
    Output.objects.filter(job=other).update(brand=rows.brand("other"), variant="square")
    chosen = other.outputs.get()
    value = {"source__id__exact": chosen.source_id, "brand__id__exact": chosen.brand_id, "variant__exact": "square"}
    listed = f"{reverse('admin:jobs_output_changelist')}?{scope}={value[scope]}&state__exact=failed"
    data = {"action": "retry_outputs", "select_across": "1", "_selected_action": [chosen.pk]}
    assert "1 output starts again" in text(admin_client.post(listed, data, follow=True))
    assert set(job.outputs.values_list("state", flat=True)) == {"failed"}
    assert other.outputs.get().state == "planned"


def test_it_asks_for_ticks(admin_client):
    job = rows.job("rendering")
    response = admin_client.post(address(job, "work"), {"verb": "cancel_cells"}, follow=True)
    assert "Tick the outputs first" in text(response)
    assert job.outputs.get().state == OutputState.RENDERING


def test_the_list_cancels_and_retries_in_bulk(admin_client):
    open_job, bad = rows.job("rendering"), rows.job("failed", state=JobState.FAILED, source=rows.asset("b"))
    keys = [open_job.pk, bad.pk]
    admin_client.post(LIST, {"action": "retry_jobs", "_selected_action": keys})
    assert bad.outputs.get().state == OutputState.PLANNED
    admin_client.post(LIST, {"action": "cancel_jobs", "_selected_action": keys})
    assert set(Job.objects.values_list("state", flat=True)) == {JobState.CANCELLED}


# --- deleting


def test_an_ended_job_goes_with_its_outputs_and_their_files(admin_client, django_capture_on_commit_callbacks):
    job = rows.job("done", state=JobState.DONE)
    output = rows.done(job.outputs.get())
    assert "Outputs: 1" in text(admin_client.get(address(job, "delete")))
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(address(job, "delete"), {"post": "yes"})
    assert not Job.objects.exists()
    assert not default_storage.exists(output.file.name)


def test_an_open_job_is_not_deleted(admin_client):
    job = rows.job("rendering")
    assert admin_client.post(address(job, "delete"), {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [job.pk], "post": "yes"}
    assert "Cancel it first" in text(admin_client.post(LIST, data))
    assert Job.objects.exists()


# --- outputs


def test_the_outputs_list_asks_few_questions(admin_client, django_assert_num_queries):
    url = reverse("admin:jobs_output_changelist")
    rows.done(rows.job("done").outputs.get())
    with django_assert_num_queries(6):
        admin_client.get(url)
    for output in rows.job(*["done"] * 10, source=rows.asset("b")).outputs.all():
        rows.done(output)
    with django_assert_num_queries(6):
        assert "1080x1920 · 30 fps · 0:03" in text(admin_client.get(url))


def test_an_output_can_be_played_and_downloaded(admin_client):
    output = rows.done(rows.job("done", state=JobState.DONE).outputs.get())
    page = text(admin_client.get(reverse("admin:jobs_output_change", args=[output.pk])))
    assert reverse("jobs:output-file", args=[output.uuid]) in page
    assert reverse("jobs:output-download", args=[output.uuid]) in page
    assert output.key in page


def test_an_output_is_cancelled_and_retried_on_its_page_and_in_bulk(admin_client):
    output = rows.job("rendering").outputs.get()
    work = reverse("admin:jobs_output_work", args=[output.pk])
    listed = reverse("admin:jobs_output_changelist")
    assert admin_client.get(work).status_code == 405
    for send, wanted in (
        (lambda: admin_client.post(work, {"verb": "cancel"}), "cancelled"),
        (lambda: admin_client.post(work, {"verb": "retry"}), "planned"),
        (lambda: admin_client.post(listed, {"action": "cancel_outputs", "_selected_action": [output.pk]}), "cancelled"),
        (lambda: admin_client.post(listed, {"action": "retry_outputs", "_selected_action": [output.pk]}), "planned"),
    ):
        send()
        output.refresh_from_db()
        assert output.state == wanted


# --- the first page


def test_an_empty_studio_says_where_to_start(admin_client):
    page = text(admin_client.get("/admin/"))
    assert "Start here" in page
    assert reverse("admin:jobs_asset_add") in page


def test_the_first_page_shows_what_runs_and_what_failed(admin_client, django_assert_num_queries):
    job = rows.job("rendering", "failed", "done")
    Output.objects.filter(state="failed").update(error_code="disk_full")
    Event.objects.create(job=job, message="x")
    with django_assert_num_queries(20):
        page = text(admin_client.get("/admin/"))
    assert page.count("every 3s") == 1
    assert "The disk is full" in page
    assert address(job) in page
    assert "68 %" in page


def test_the_first_page_asks_again_only_while_something_runs(admin_client):
    rows.job("done", state=JobState.DONE)
    assert "every 3s" not in text(admin_client.get("/admin/"))


def test_the_links_of_the_numbers_work(admin_client):
    rows.job("failed", "blocked", "done")
    Output.objects.filter(state="failed").update(error_code="disk_full")
    outputs = reverse("admin:jobs_output_changelist")
    listed = admin_client.get(f"{outputs}?state__in=failed,blocked&error_code=disk_full")
    assert listed.status_code == 200
    assert listed.context["cl"].result_count == 1
