"""Keeping files in the admin: who may, what the lists and pages say, and that it reaches the pruner."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from jobs.models import Asset, AssetState, JobState, Output
from jobs.services import keeping
from tests.conftest import grant
from tests.jobs import rows

pytestmark = pytest.mark.django_db
ASSETS, OUTPUTS = "/admin/jobs/asset/", "/admin/jobs/output/"


def text(response) -> str:
    return " ".join(response.content.decode().split())


def act(client, page, action, row):
    return client.post(page, {"action": action, "_selected_action": [row.pk]}, follow=True)


@pytest.fixture
def asset():
    return rows.asset("A video of its own")


@pytest.fixture
def output():
    output = rows.done(rows.job("planned", state=JobState.DONE).outputs.get())
    Output.objects.update(finished_at=timezone.now())
    return output


def test_a_video_is_kept_and_let_go_from_the_list(admin_client, asset):
    assert "1 is kept until somebody lets it go." in text(act(admin_client, ASSETS, "keep_files", asset))
    assert Asset.objects.get().keep
    assert "somebody lets it go" in text(admin_client.get(ASSETS))
    assert "1 is let go" in text(act(admin_client, ASSETS, "let_go", asset))
    assert not Asset.objects.get().keep
    assert "Nothing to let go" in text(act(admin_client, ASSETS, "let_go", asset))


def test_a_video_is_kept_on_its_page(admin_client, asset):
    admin_client.post(f"{ASSETS}{asset.pk}/change/", {"title": "Harbour", "keep": "on"})
    assert Asset.objects.get().keep


def test_a_file_that_goes_while_its_page_is_saved_has_gone(admin_client, asset):
    gone: list[bool] = []

    def expire(execute, sql, params, many, context):
        if sql.startswith('UPDATE "jobs_asset"') and not gone:
            gone.append(True)
            Asset.objects.update(state=AssetState.EXPIRED, file="", removed_at=timezone.now())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(expire):
        admin_client.post(f"{ASSETS}{asset.pk}/change/", {"title": "Harbour", "keep": "on"})
    found = Asset.objects.get()
    assert (found.title, found.state, found.file.name) == ("Harbour", AssetState.EXPIRED, "")


def test_an_output_is_kept_and_let_go_from_the_list(admin_client, output):
    assert "1 is kept" in text(act(admin_client, OUTPUTS, "keep_files", output))
    assert Output.objects.get().keep
    assert "kept until: somebody lets it go" in text(admin_client.get(OUTPUTS))
    act(admin_client, OUTPUTS, "let_go", output)
    assert not Output.objects.get().keep


def test_an_output_is_kept_on_its_page(admin_client, output):
    page = f"{OUTPUTS}{output.pk}/"
    assert 'value="keep"' in text(admin_client.get(f"{page}change/"))
    answer = admin_client.post(f"{page}work/", {"verb": "keep"}, follow=True)
    assert Output.objects.get().keep
    assert 'value="let_go"' in text(answer)
    admin_client.post(f"{page}work/", {"verb": "let_go"})
    assert not Output.objects.get().keep


def test_who_may_only_look_keeps_nothing(viewer_client, asset, output):
    for page, row in ((ASSETS, asset), (OUTPUTS, output)):
        act(viewer_client, page, "keep_files", row)
        assert "Let go" not in text(viewer_client.get(page))
        assert not type(row).objects.get(pk=row.pk).keep
    assert viewer_client.post(f"{OUTPUTS}{output.pk}/work/", {"verb": "keep"}).status_code == 403


def test_who_may_change_jobs_keeps_outputs(viewer_client, viewer, output):
    grant(viewer, "change_job")
    act(viewer_client, OUTPUTS, "keep_files", output)
    assert Output.objects.get().keep


def test_lists_and_pages_say_when_a_file_went(admin_client, asset, output):
    when = timezone.now() - timedelta(days=3)
    Asset.objects.filter(pk=asset.pk).update(state=AssetState.EXPIRED, file="", removed_at=when)
    Output.objects.update(file="", poster="", removed_at=when)
    for page in (ASSETS, f"{ASSETS}{asset.pk}/change/"):
        assert f"{keeping.source_words(Asset.objects.get(pk=asset.pk))} Upload it again to use it." in text(
            admin_client.get(page)
        )
    for page in (OUTPUTS, f"{OUTPUTS}{output.pk}/change/"):
        assert keeping.output_words(Output.objects.get()) in text(admin_client.get(page))
    assert 'value="keep"' not in text(admin_client.get(f"{OUTPUTS}{output.pk}/change/"))
    assert "file removed" in text(admin_client.get(f"/admin/jobs/job/{output.job_id}/change/"))


def test_the_lists_can_be_narrowed_to_what_is_kept(admin_client, asset, output):
    Asset.objects.filter(pk=asset.pk).update(keep=True)
    assert "1 video" in text(admin_client.get(f"{ASSETS}?keep__exact=1"))
    assert "0 outputs" in text(admin_client.get(f"{OUTPUTS}?keep__exact=1"))


def test_the_lists_ask_nothing_for_each_row(admin_client, django_assert_max_num_queries):
    job = rows.job(*["planned"] * 15, state=JobState.DONE)
    for cell in job.outputs.all():
        rows.done(cell)
    Output.objects.update(finished_at=timezone.now())
    for number in range(15):
        rows.asset(str(number))
    for page in (ASSETS, OUTPUTS):
        with django_assert_max_num_queries(12):
            assert admin_client.get(page).status_code == 200
