"""One new user's way through the studio, in a real browser with real workers: from the login to a downloaded file."""

import io
import json
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from PIL import Image, ImageDraw

from jobs.models import Host, Job, JobState, Output, OutputState, Pace, Stage
from tests.clips import clip
from tests.jobs import rows
from tests.pages.looks import DESK, LOOKS
from tests.pages.looks import check as check_look
from tests.pages.shots import Shots

if TYPE_CHECKING:
    from playwright.sync_api import Page, expect
else:
    expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SLOW = 120_000  # milliseconds a render may take on a busy machine


@pytest.fixture
def logo() -> bytes:
    """A round logo with a clear background."""
    picture = Image.new("RGBA", (400, 400))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((10, 10, 390, 390), fill="#f97316")
    pen.polygon([(120, 280), (200, 110), (280, 280)], fill="white")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def page(browser, live_server, admin_user):
    context = browser.new_context(base_url=live_server.url, viewport=DESK, accept_downloads=True)
    page = context.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    context.close()


def test_a_new_user_gets_from_the_login_to_a_finished_file(page, browser, workers, tmp_path, logo, shots):
    log_in(page, shots)
    expect(page.get_by_role("heading", name="Start here")).to_be_visible()
    shots.take(page, "start-here")
    add_brand(page, logo, shots)
    add_video(page, clip(tmp_path / "harbour.mp4", size="540x960", seconds=3), shots)
    order(page, shots)
    wait_for_the_end(page, workers, shots)
    play(page, shots)
    check(download(page, tmp_path))
    look_around(page, shots)
    look_at_failures(page, shots)
    look_elsewhere(page, browser, shots)
    assert page.errors == []


def test_a_page_that_asks_for_news_notices_the_end_of_its_session(page):
    job = rows.job("rendering")
    log_in(page, Shots(wanted=False))
    page.goto(f"/admin/jobs/job/{job.pk}/change/")
    page.context.clear_cookies()
    expect(page.get_by_text("Welcome back to")).to_be_visible(timeout=10_000)


def test_the_list_moves_while_a_job_on_it_is_open_and_is_silent_then(page, shots):
    until = timezone.now() + timedelta(minutes=10)
    Host.objects.create(key="a", host="a", pid=1, slots={"work": 2, "render": 1, "single": False, "budget_mb": 512})
    Pace.objects.create(variant="vertical", size=1080, profile="standard", spent=60.0, made=1.0)
    jobs = [rows.job("queued", "queued", source=rows.asset(title)) for title in ("Harbour", "Market", "Old one")]
    for number, job in enumerate(jobs[:2]):
        runs = {"progress": 0.25, "state": "running", "lease_until": until} if not number else {"turn": number}
        stage = Stage.objects.create(
            job=job, kind="render", queue="render", source=job.sources.get(), variant="vertical", **runs
        )
        job.outputs.update(stage=stage, state="queued" if number else "rendering")
    Output.objects.filter(job=jobs[2]).update(state="done")
    Job.objects.filter(pk=jobs[2].pk).update(state=JobState.DONE)
    log_in(page, Shots(wanted=False))
    shots.take(page, "first-page-busy", whole=True)
    page.goto(f"/admin/jobs/job/{jobs[0].pk}/change/")
    shots.take(page, "job-busy", whole=True)
    page.goto("/admin/jobs/job/")
    meter = page.locator(f"#meter-{jobs[0].pk}")
    expect(meter).to_contain_text("28 %")
    expect(page.locator(f"#meter-{jobs[1].pk}")).to_contain_text("starts in about")
    shots.take(page, "jobs-busy")
    Stage.objects.filter(job=jobs[0]).update(progress=0.8)
    expect(meter).to_contain_text("81 %", timeout=10_000)
    expect(meter).to_contain_text("about 1 min left")
    Output.objects.filter(job__in=jobs).update(state="done")
    Job.objects.update(state=JobState.DONE)
    expect(page.locator(f"#state-{jobs[1].pk}")).to_contain_text("done", timeout=10_000)
    expect(page.locator("#moving[hx-get]")).to_have_count(0)
    expect(page.locator("#moving")).to_have_count(1)
    expect(meter).to_have_count(1)
    shots.take(page, "jobs-silent")
    assert page.errors == []


def log_in(page: "Page", shots: Shots) -> None:
    page.goto("/")
    shots.take(page, "login")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", "password")
    page.click("[type=submit]")
    expect(page.get_by_role("heading", name="Running now")).to_be_visible()


def add_brand(page: "Page", logo: bytes, shots: Shots) -> None:
    page.get_by_role("link", name="Add a brand").click()
    page.locator("#id_name").press_sequentially("Northshore")  # the short name follows the keys
    expect(page.locator("#id_slug")).to_have_value("northshore")
    page.fill("#id_handle", "@northshore")
    page.set_input_files("#id_artwork-0-file", {"name": "logo.png", "mimeType": "image/png", "buffer": logo})
    shots.take(page, "add-brand")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    page.wait_for_load_state("networkidle")
    shots.take(page, "brand")


def add_video(page: "Page", file, shots: Shots) -> None:
    page.goto("/admin/")
    page.get_by_role("link", name="Add a video").first.click()
    page.get_by_label("An address").fill("http://127.0.0.1/clip.mp4")
    page.get_by_role("button", name="Add the video").click()
    expect(page.get_by_text("private network")).to_be_visible()
    shots.take(page, "add-video-refused")
    page.get_by_label("An address").fill("")
    page.set_input_files("#id_file", file)
    page.get_by_role("button", name="Add the video").click()
    expect(page.get_by_text("“harbour” is here.")).to_be_visible()
    page.wait_for_load_state("networkidle")
    shots.take(page, "video", whole=True)


def order(page: "Page", shots: Shots) -> None:
    page.goto("/admin/jobs/asset/")
    page.check("input.action-select")
    page.select_option("select[name=action]", "make_outputs")
    shots.take(page, "videos")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("1 × 1 × 2 = 2")).to_be_visible()
    for shape in ("portrait", "landscape"):
        page.check(f"input[value={shape}]")
    expect(page.get_by_text("1 × 1 × 4 = 4")).to_be_visible()
    shots.take(page, "order")
    page.uncheck("input[name=brands]")
    expect(page.get_by_text("No brand is chosen.")).to_be_visible()
    expect(page.locator("#plan button")).to_be_disabled()
    shots.take(page, "order-refused")
    page.check("input[name=brands]")
    page.get_by_role("button", name="Make 4 outputs").click()
    expect(page.get_by_text("4 outputs are ordered.")).to_be_visible()


def wait_for_the_end(page: "Page", workers, shots: Shots) -> None:
    expect(page.get_by_text("A worker will take it in a moment.")).to_be_visible()
    last = page.get_by_label("Northshore, landscape 16:9")  # the one that is sure to be still open in mid-render
    last.check()
    shots.take(page, "job-queued")
    workers.start()
    page.wait_for_function("0 < progress.dataset.percent && progress.dataset.percent < 100", timeout=SLOW)
    expect(last).to_be_checked()  # the news do not untick it
    shots.take(page, "job-running")
    job = page.url
    page.goto("/admin/")
    shots.take(page, "first-page-running")
    page.goto(job)
    page.wait_for_function("progress.dataset.state === 'done'", timeout=SLOW)
    expect(page.get_by_text("All 4 outputs are ready.")).to_be_visible()
    assert not page.locator("#progress[hx-trigger]").count()
    page.wait_for_load_state("networkidle")
    shots.take(page, "job-done", whole=True)


def play(page: "Page", shots: Shots) -> None:
    page.get_by_role("link", name="Play").first.click()
    page.locator("video").evaluate("video => { video.muted = true; return video.play(); }")
    page.wait_for_function("document.querySelector('video').currentTime > 0.2")
    shots.take(page, "output")


def download(page: "Page", folder):
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    assert waiting.value.suggested_filename == "harbour - Northshore - vertical.mp4"
    path = folder / "downloaded.mp4"
    waiting.value.save_as(path)
    return path


def check(path) -> None:
    """What came out is what was ordered."""
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", str(path)]
    facts = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)
    video = next(stream for stream in facts["streams"] if stream["codec_type"] == "video")
    assert (video["codec_name"], video["width"], video["height"]) == ("h264", 1080, 1920)
    assert [stream["codec_name"] for stream in facts["streams"] if stream["codec_type"] == "audio"] == ["aac"]
    assert float(facts["format"]["duration"]) == pytest.approx(3, abs=0.1)


def look_around(page: "Page", shots: Shots) -> None:
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Latest outputs")).to_be_visible()
    page.wait_for_load_state("networkidle")
    shots.take(page, "first-page", whole=True)
    page.goto("/admin/jobs/job/")
    expect(page.get_by_text("1 × 1 × 4 = 4")).to_be_visible()
    shots.take(page, "jobs")
    page.goto("/admin/jobs/output/")
    page.wait_for_load_state("networkidle")
    shots.take(page, "outputs")


def look_at_failures(page: "Page", shots: Shots) -> None:
    """A job whose cells ended badly; an opened log stays open while the page asks for news."""
    job = Job.objects.get()
    first, second = Output.objects.filter(job=job)[:2]
    tail = "[libx264 @ 0x55] final ratefactor: 23.10\n[out#0/mp4] Error writing trailer: No space left on device\n"
    fields = {"state": OutputState.FAILED, "error_code": "disk_full", "error_tail": tail, "file": "", "poster": ""}
    Output.objects.filter(pk=first.pk).update(**fields)
    Output.objects.filter(pk=second.pk).update(**{**fields, "state": "blocked", "error_code": "artwork_unreadable"})
    Job.objects.filter(pk=job.pk).update(state=JobState.PARTLY_DONE)
    page.goto(f"/admin/jobs/job/{job.pk}/change/")
    page.get_by_text("Log", exact=True).first.click()
    expect(page.get_by_text("Error writing trailer").first).to_be_visible()
    shots.take(page, "job-failed", whole=True)
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Needs a person")).to_be_visible()
    shots.take(page, "first-page-failures", whole=True)
    page.goto(f"/admin/jobs/job/{job.pk}/delete/")
    shots.take(page, "job-delete")
    page.goto(f"/admin/jobs/asset/{first.source_id}/delete/")
    expect(page.get_by_text("is in use by 4 outputs in 1 job")).to_be_visible()
    shots.take(page, "video-not-deleted")


def look_elsewhere(page: "Page", browser, shots: Shots) -> None:
    """The key pages on a phone and in the dark."""
    job, output = Job.objects.get(), Output.objects.exclude(file="")[0]
    asset = output.source_id
    pages = {
        "first-page": "/admin/",
        "videos": "/admin/jobs/asset/",
        "video": f"/admin/jobs/asset/{asset}/change/",
        "order": f"/admin/jobs/asset/order/?ids={asset}",
        "job": f"/admin/jobs/job/{job.pk}/change/",
        "output": f"/admin/jobs/output/{output.pk}/change/",
        "jobs": "/admin/jobs/job/",
        "add-video": "/admin/jobs/asset/add/",
    }
    state = page.context.storage_state()
    base = page.url.split("/admin")[0]
    for label in ("phone", "dark"):
        context = browser.new_context(base_url=base, storage_state=state, **LOOKS[label])
        other = context.new_page()
        for name, address in pages.items():
            other.goto(address)
            other.wait_for_load_state("networkidle")
            shots.take(other, f"{label}-{name}", whole=label == "phone")
            check_look(other)
        context.close()
