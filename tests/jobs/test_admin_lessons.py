"""The page "Failures to name": what it shows, whom, and what saving does."""

import pytest
from django.urls import reverse

from jobs.admin import dashboard
from jobs.engine.registry import Failure
from jobs.media import errors
from jobs.models import Lesson, Output
from jobs.models.lesson import known_causes
from jobs.services import lessons
from tests.conftest import grant
from tests.jobs import rows
from wtfsite.models import User

pytestmark = pytest.mark.django_db
LIST = "/admin/jobs/lesson/"
TAIL = "The <b>gearbox</b>  of\x1b[31m clip.mp4 \u202eis jammed\nConversion failed!"
OWN = {"sentence": "The gearbox is jammed.", "remedy": "Oil it."}


@pytest.fixture
def lesson() -> Lesson:
    lessons.judge(Failure("unknown", TAIL))
    return Lesson.objects.get()


@pytest.fixture
def failed(lesson) -> Output:
    job = rows.job("failed")
    Output.objects.update(error_code="unknown", error_tail=TAIL)
    return job.outputs.get()


def page(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def address(lesson: Lesson, verb: str = "change") -> str:
    return reverse(f"admin:jobs_lesson_{verb}", args=[lesson.pk])


def save(client, lesson: Lesson, **said):
    return client.post(address(lesson), {"pattern": "", "code": "", "sentence": "", "remedy": "", **said}, follow=True)


def test_the_list_shows_the_unnamed_first(admin_client, lesson):
    later = Lesson.objects.create(signature="x", tool="ffmpeg", example="The other one is gone", seen=7)
    later.pattern, later.sentence, later.remedy = "The other one", "Another thing.", "Do it."
    lessons.teach(later, None)
    text = page(admin_client, LIST)
    assert text.index("gearbox") < text.index("Another thing.")
    assert "has no name" in text


def test_a_log_is_shown_and_not_acted_upon(admin_client, lesson):
    for text in (page(admin_client, LIST), page(admin_client, address(lesson))):
        assert "<b>gearbox" not in text
        assert "&lt;b&gt;gearbox" in text
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_it_leads_to_the_jobs(admin_client, failed, lesson):
    text = page(admin_client, address(lesson))
    assert reverse("admin:jobs_job_change", args=[failed.job_id]) in text
    assert "1 recorded failure would get this name" in text


def test_who_may_not_see_jobs_gets_no_links_to_them(client, staff, failed, lesson):
    client.force_login(grant(staff, "view_lesson"))
    assert reverse("admin:jobs_job_change", args=[failed.job_id]) not in page(client, address(lesson))


@pytest.mark.parametrize("permissions", [(), ("view_job", "view_output")])
def test_only_those_who_may_see_lessons_do(client, staff, lesson, permissions):
    client.force_login(grant(staff, *permissions))
    assert client.get(LIST).status_code == client.get(address(lesson)).status_code == 403
    assert LIST not in client.get("/admin/").content.decode()


def test_the_menu_leads_to_it(client, staff, lesson):
    client.force_login(grant(staff, "view_lesson"))
    assert LIST in page(client, "/admin/")


def test_who_may_only_look_names_nothing(client, staff, lesson):
    client.force_login(grant(staff, "view_lesson"))
    assert save(client, lesson, pattern="gearbox", **OWN).status_code == 403
    assert not Lesson.objects.named().exists()


def test_own_words_are_read_wherever_the_failure_is(admin_client, admin_user, failed, lesson):
    text = save(admin_client, lesson, pattern="gearbox</b>  of", **OWN).content.decode()
    assert "1 earlier failure has this name now." in text
    lesson.refresh_from_db()
    assert (lesson.named_by, lesson.pattern) == (admin_user, "gearbox</b>  of")
    for place in (
        reverse("admin:jobs_job_change", args=[failed.job_id]),
        reverse("admin:jobs_output_change", args=[failed.pk]),
        "/admin/jobs/output/",
        "/admin/",
        LIST,
    ):
        assert "The gearbox is jammed." in page(admin_client, place)


def test_a_known_cause_is_chosen(admin_client, failed, lesson):
    save(admin_client, lesson, pattern="gearbox</b>", code="odd_size")
    failed.refresh_from_db()
    assert failed.error_code == lesson.answer
    text = page(admin_client, LIST)
    assert lessons.explain("odd_size").sentence in text
    assert '<span class="ws-sub">odd_size</span>' in text


def test_the_first_page_counts_a_named_cause_with_the_known_one(admin_client, failed, lesson):
    save(admin_client, lesson, pattern="gearbox</b>", code="odd_size")
    Output.objects.filter(pk=rows.job("failed", source=failed.source).outputs.get().pk).update(error_code="odd_size")
    (line,) = dashboard.failures(User.objects.get(is_superuser=True))
    assert line["count"] == 2
    assert "2 outputs" in page(admin_client, f"/admin/jobs/output/{line['query']}")


def test_it_says_when_no_failure_of_the_kind_is_recorded(admin_client, lesson):
    assert "No failure of this kind is recorded any more." in page(admin_client, address(lesson))


def test_the_name_can_be_taken_back(admin_client, failed, lesson):
    save(admin_client, lesson, pattern="gearbox</b>", **OWN)
    text = save(admin_client, lesson).content.decode()
    assert "The name is taken back." in text
    failed.refresh_from_db()
    assert failed.error_code == "unknown"


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"pattern": "gearbox"}, "At least 8 signs"),
        ({"pattern": "clutch pedal"}, "These words are not in the log"),
        ({"pattern": "gearbox</b>"}, "Choose a known cause, or say what happened"),
        ({"pattern": "gearbox</b>", "sentence": "Only this."}, "Choose a known cause, or say what happened"),
        ({"pattern": "gearbox</b>", "code": "odd_size", "remedy": "Both."}, "not both"),
        ({"pattern": "gearbox</b>", "code": "unknown"}, "Select a valid choice"),
        (OWN, "Say by which words"),
    ],
)
def test_half_a_name_is_refused(admin_client, lesson, said, complaint):
    assert (
        complaint
        in save(admin_client, lesson, **{**OWN, **said} if said == {"pattern": "gearbox"} else said).content.decode()
    )
    assert not Lesson.objects.named().exists()


def test_a_refused_name_leaves_the_page_as_it_was(admin_client, failed, lesson):
    text = " ".join(save(admin_client, lesson, pattern="clutch pedal").content.decode().split())
    assert "1 recorded failure would get this name" in text
    assert reverse("admin:jobs_job_change", args=[failed.job_id]) in text
    lesson.pattern = "clutch pedal"
    assert str(lesson) == lesson.headline


def test_a_lesson_cannot_claim_what_no_log_tells():
    assert not {"unknown", "cancelled", "site_closed", "abandoned"} & set(known_causes())


def test_deleting_takes_the_name_back(admin_client, failed, lesson):
    save(admin_client, lesson, pattern="gearbox</b>", **OWN)
    admin_client.post(address(lesson, "delete"), {"post": "yes"})
    failed.refresh_from_db()
    assert not Lesson.objects.exists()
    assert failed.error_code == "unknown"


def test_deleting_many_takes_their_names_back(admin_client, failed, lesson):
    save(admin_client, lesson, pattern="gearbox</b>", code="odd_size")
    admin_client.post(LIST, {"action": "delete_selected", "_selected_action": lesson.pk, "post": "yes"})
    failed.refresh_from_db()
    assert failed.error_code == "unknown"


def test_nobody_adds_a_failure_by_hand(admin_client):
    assert admin_client.get(f"{LIST}add/").status_code == 403


def test_what_is_told_at_once_has_the_name_too(lesson):
    lesson.pattern, lesson.sentence, lesson.remedy = "gearbox</b>", OWN["sentence"], OWN["remedy"]
    lessons.teach(lesson, None)
    assert lessons.say(lessons.met(errors.fail("unknown", tail=TAIL)), "7") == "The gearbox is jammed (7). Oil it."
