"""Unknown failures: collected once each, named by people, known from then on; and taken back."""

import threading

import pytest
from django.db import connection

from jobs.engine import registry, worker
from jobs.engine.registry import Failure
from jobs.media import errors
from jobs.models import Asset, AssetState, Job, Lesson, Output, OutputState, Stage, StageKind
from jobs.services import cells, lessons, stages
from tests.jobs import rows

pytestmark = pytest.mark.django_db

FFMPEG = "[out#0/mp4 @ 0x55d1] The gearbox of /srv/media/work/7/clip.mp4 is jammed at 12.5 s\nConversion failed!"
FETCHER = "WARNING: [TikTok] slow\nERROR: [TikTok] 7331: The goblin at https://x.test/a?b=1 says 'no'"


def told(lesson: Lesson, **said) -> int:
    for name, value in {"pattern": "gearbox of", **said}.items():
        setattr(lesson, name, value)
    lesson.full_clean()
    return lessons.teach(lesson, None)


def learn(tail: str = FFMPEG, **said) -> Lesson:
    lessons.judge(Failure("unknown", tail))
    lesson = Lesson.objects.latest("pk")
    if said:
        told(lesson, **said)
    return lesson


def job_of(*states: str) -> Job:
    return rows.job(*states, source=rows.asset(f"Clip {Asset.objects.count()}"))


def unknown(tail: str = FFMPEG, state: str = OutputState.FAILED) -> Output:
    job = job_of(state)
    Output.objects.filter(job=job).update(error_code="unknown", error_tail=tail)
    return Output.objects.get(job=job)


def code_of(row) -> str:
    row.refresh_from_db()
    return row.error_code


def cause_of(code: str) -> str:
    """The known cause that a lesson named."""
    return lessons.explain(code).refines


OWN = {"code": "", "sentence": "The gearbox is jammed.", "remedy": "Oil it.", "retryable": False}


# --- collecting


def test_a_failure_is_kept_once_and_counted():
    for _ in range(3):
        assert lessons.judge(Failure("unknown", FFMPEG, again=True)) == Failure("unknown", FFMPEG, again=True)
    lesson = Lesson.objects.get()
    assert (lesson.seen, lesson.example, lesson.tool) == (3, FFMPEG, "ffmpeg")
    assert lesson.last_seen > lesson.first_seen


def test_only_what_is_unknown_is_kept():
    lessons.judge(Failure("disk_full", FFMPEG))
    lessons.judge(Failure("unknown", " \n"))
    assert not Lesson.objects.exists()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (FFMPEG, FFMPEG.replace("0x55d1", "0x7f00").replace("/srv/media/work/7", "/tmp/8").replace("12.5", "99")),
        (FETCHER, FETCHER.replace("7331", "99").replace("a?b=1", "c").replace("'no'", "'yes'").replace("slow", "late")),
        ("File \"/a/b.py\", line 3, in work\nKeyError: 'x'", "File \"/c.py\", line 9, in work\nKeyError: 'y'"),
    ],
)
def test_names_places_and_numbers_make_no_other_failure(one, other):
    assert lessons.signature(one) == lessons.signature(other)


def test_other_words_make_another_failure():
    assert lessons.signature(FFMPEG) != lessons.signature(FFMPEG.replace("gearbox", "clutch"))


@pytest.mark.parametrize(
    ("tail", "tool"),
    [(FFMPEG, "ffmpeg"), (FETCHER, "yt-dlp"), ("Traceback (most recent call last):\nKeyError: 1", "studio")],
)
def test_it_tells_who_wrote_the_log(tail, tool):
    assert learn(tail).tool == tool


def test_there_is_an_end_to_collecting(monkeypatch):
    monkeypatch.setattr(lessons, "MOST", 3)
    named = learn(FFMPEG, **OWN)
    for word in ("oak", "elm", "ash", "yew"):
        lessons.judge(Failure("unknown", f"the {word} tree fell"))
    assert Lesson.objects.count() == 3
    assert set(Lesson.objects.values_list("example", flat=True)) == {
        named.example,
        "the ash tree fell",
        "the yew tree fell",
    }


def test_a_log_that_no_database_takes_is_kept_without_its_zeros():
    lessons.judge(Failure("unknown", "a strange\0 end of it all"))
    assert Lesson.objects.get().example == "a strange end of it all"


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_fail_alike_at_once_count_twice():
    barrier = threading.Barrier(4)

    def fail():
        barrier.wait()
        try:
            lessons.judge(Failure("unknown", FFMPEG))
        finally:
            connection.close()

    threads = [threading.Thread(target=fail) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Lesson.objects.get().seen == 4


@pytest.mark.django_db(transaction=True)
def test_a_failure_is_recorded_though_it_cannot_be_looked_up():
    """The table is gone, which is as bad as it gets."""
    stage = row_of(job_of("rendering"))
    with connection.schema_editor() as editor:
        editor.delete_model(Lesson)
    try:
        fail(stage, errors.fail("unknown", tail=FFMPEG))
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(Lesson)
    assert code_of(stage) == "unknown"
    assert stage.error_tail == FFMPEG


# --- where failures are recorded


def row_of(job: Job, **fields) -> Stage:
    values = {"kind": StageKind.RENDER, "queue": "render", "source": job.sources.first(), **fields}
    stage: Stage = Stage.objects.create(job=job, **values)
    Output.objects.filter(job=job).update(stage=stage)
    return stage


def fail(stage: Stage, error: Exception) -> None:
    """Work on the stage as a worker does, in a studio whose render ends like this."""

    def handler(row, lease):
        raise error

    entry = registry.Entry(Stage, handler, stages.ended, stages.lock, lessons.judge)
    with registry.swapped(entry):
        assert worker.run_one([stage.queue])


def test_a_named_failure_of_a_stage_has_its_name_and_is_tried_again_if_the_lesson_says_so():
    learn(**{**OWN, "retryable": True})
    stage = row_of(job_of("rendering"))
    fail(stage, ValueError("The gearbox of the studio"))  # a fault of ours: not tried again by itself
    assert code_of(stage) == Lesson.objects.get().answer
    assert stage.state == "retry_wait"


def test_a_lesson_can_end_the_attempts():
    learn(code="removed")
    stage = row_of(job_of("rendering"))
    fail(stage, errors.fail("unknown", tail=FFMPEG))  # without a name it would be tried again
    assert (cause_of(code_of(stage)), stage.state) == ("removed", "failed")
    assert Output.objects.get(job=stage.job).error_code == stage.error_code


def test_the_video_of_a_fetch_has_the_name_too():
    learn(FETCHER, pattern="The goblin at", **{**OWN, "sentence": "A goblin."})
    job = job_of("planned")
    Asset.objects.filter(pk=job.sources.first().pk).update(state=AssetState.FETCHING)
    stage = row_of(job, kind=StageKind.PREPARE, queue="work")
    fail(stage, errors.fail("unknown", tail=FETCHER))
    assert job.sources.first().error_code == Lesson.objects.get().answer


def test_a_cell_that_breaks_alone_is_looked_up_and_collected():
    cell = Output.objects.get(job=job_of("rendering"))
    assert cells.end_badly(cell, OutputState.FAILED, errors.fail("unknown", tail=FFMPEG))
    assert code_of(cell) == "unknown"
    told(Lesson.objects.get(), code="odd_size")
    other = Output.objects.get(job=job_of("rendering"))
    cells.end_badly(other, OutputState.FAILED, errors.fail("unknown", tail=FFMPEG))
    assert code_of(other) == code_of(cell) == Lesson.objects.get().answer
    assert Lesson.objects.get().seen == 2


def test_the_more_exact_words_win():
    learn(FFMPEG, code="odd_size")
    learn(FETCHER, pattern="The goblin at", code="removed")
    both = Lesson.objects.create(signature="x", tool="ffmpeg", example=FFMPEG)
    told(both, pattern="gearbox of /srv", code="storage")
    assert cause_of(lessons.judge(Failure("unknown", FFMPEG)).code) == "storage"
    assert cause_of(lessons.judge(Failure("unknown", FFMPEG.replace("/srv", "/mnt"))).code) == "odd_size"


# --- naming


def test_old_failures_get_the_name_and_lose_it_again():
    output, job = unknown(), job_of("failed")
    stage = row_of(job, kind=StageKind.FINISH, state="failed", error_code="unknown", error_tail=FFMPEG)
    Job.objects.filter(pk=job.pk).update(error_code="unknown")
    asset = rows.asset("Lost", state=AssetState.FAILED, error_code="unknown", error_tail=FFMPEG)
    other = unknown("quite another log")
    lesson = learn()
    assert told(lesson, **OWN) == 3
    assert {code_of(row) for row in (output, stage, job, asset)} == {lesson.answer}
    told(lesson, **{**OWN, "pattern": "", "sentence": "", "remedy": ""})
    assert {code_of(row) for row in (output, stage, job, asset, other)} == {"unknown"}


def test_a_better_sentence_reaches_old_rows():
    output, lesson = unknown(), learn()
    told(lesson, **OWN)
    assert lessons.explain(code_of(output)).sentence == "The gearbox is jammed."
    told(lesson, **{**OWN, "sentence": "It is the gearbox."})
    assert lessons.explain(code_of(output)).sentence == "It is the gearbox."


def test_taking_back_a_known_cause_spares_those_that_have_it_by_themselves():
    """The same words in the log, but the studio knew the cause by other signs."""
    mine, theirs, lesson = unknown(), unknown(), learn()
    Output.objects.filter(pk=theirs.pk).update(error_code="odd_size")
    told(lesson, code="odd_size")
    assert cause_of(code_of(mine)) == "odd_size"
    told(lesson, pattern="", code="")
    assert (code_of(mine), code_of(theirs)) == ("unknown", "odd_size")


def test_a_known_cause_says_what_it_says_everywhere():
    lesson, known = learn(code="odd_size"), errors.explain("odd_size")
    cause = lessons.explain(lesson.answer)
    assert (cause.sentence, cause.remedy, cause.retryable) == (known.sentence, known.remedy, known.retryable)


def test_what_is_written_down_while_a_name_is_taken_back_is_unknown():
    lesson = learn(**OWN)
    late = lessons.judge(Failure("unknown", FFMPEG)).code
    told(lesson, pattern="", sentence="", remedy="")
    assert lessons.explain(late) == errors.explain("unknown")


def test_another_lesson_takes_over_what_one_lets_go():
    output = unknown()
    first, second = learn(), Lesson.objects.create(signature="x", tool="ffmpeg", example=FFMPEG)
    told(second, pattern="is jammed", code="storage")
    told(first, pattern="gearbox of /srv", code="odd_size")
    assert code_of(output) == second.answer  # it had a name by then
    lessons.forget([second])
    assert code_of(output) == first.answer


def test_letter_case_counts_on_every_database():
    output, lesson = unknown(FFMPEG.upper()), learn()
    told(lesson, code="odd_size")
    assert code_of(output) == "unknown"


def test_naming_does_not_lose_a_count():
    """The form was opened before the failure came again."""
    lesson = learn()
    lessons.judge(Failure("unknown", FFMPEG))
    told(lesson, **OWN)
    lesson.refresh_from_db()
    assert lesson.seen == 2


def test_a_lesson_that_is_gone_is_explained_as_unknown():
    assert lessons.explain("lesson-99") == lessons.explain("unknown") == errors.explain("unknown")
    assert lessons.explain("lesson-x") == errors.explain("unknown")
    assert lessons.explain("disk_full") == errors.explain("disk_full")


def test_a_page_asks_once_for_each_name(django_assert_num_queries):
    lesson = learn(**OWN)
    tell = lessons.explainer()
    with django_assert_num_queries(1):
        assert {tell(lesson.answer).remedy for _ in range(9)} == {"Oil it."}
