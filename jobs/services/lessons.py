"""Failures without a name: counted with their log, named by people, and known from then on.

    a run fails as `unknown` -> judge: a named lesson's words stand in its log? -> its cause, its rule for retries
                                       no -> counted under the log's signature, for the page "Failures to name"
    a person names a lesson  -> teach: failures that were written down as `unknown` get the name, too
                                forget: they are `unknown` again

Words are compared as they are, sign by sign: no pattern that people enter can make a worker slow.
"""

import functools
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, models, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from jobs.engine.registry import Failure
from jobs.media import errors
from jobs.media.errors import TAIL_LENGTH, Cause, MediaError
from jobs.models import Asset, Job, Lesson, Output, Stage, StageKind
from jobs.models.lesson import PREFIX, Tool

log = structlog.stdlib.get_logger(__name__)

UNKNOWN = "unknown"
MOST = 500  # rows; the unnamed ones that were not seen for longest give way
SAID = ("pattern", "code", "sentence", "remedy", "retryable", "named_by", "named_at")
RECORDS = (Stage, Output, Asset)  # where failures are written down with their log
LINES = 12  # the end of a log that its signature looks at
CHUNK = 500
LATEST = 300  # recorded failures that are compared to find a lesson's jobs

# What differs between two failures of one kind: addresses, names in quotes, paths, places in memory, numbers.
VARIABLE = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        (r"https?://\S+", "URL"),
        (r"(?<=\] )[^\s:]+(?=: )", "ID"),
        (r"'[^'\n]{0,200}'|\"[^\"\n]{0,200}\"", "NAME"),
        (r"(?<![\w.])[\w.~-]*/[^\s:,;]+", "PATH"),
        (r"\b0x[0-9a-fA-F]+\b|\b[0-9a-f]{8,}\b", "HEX"),
        (r"\d+(?:[.,:]\d+)*", "0"),
        (r"\s+", " "),
    )
)


# --- when something fails


def judge(failure: Failure) -> Failure:
    """What is to be recorded of a failure. An unknown one is looked up, or collected.

    Failing to do so must not cost the record: the database may be the very thing that failed.
    """
    if failure.code != UNKNOWN or not failure.tail.strip():
        return failure
    try:
        with transaction.atomic():
            return _learned(failure)
    except (DatabaseError, InterfaceError, ValueError):
        log.warning("an unknown failure could not be looked up", exc_info=True)
        return failure


def met(error: MediaError) -> str:
    """The code of a failure that is told at once and recorded nowhere, such as an upload's."""
    return judge(Failure(error.code, error.tail)).code


def _learned(failure: Failure) -> Failure:
    lesson = match(failure.tail)
    if lesson is None:
        collect(failure.tail)
        return failure
    _count(lesson)
    return Failure(lesson.answer, failure.tail, lesson.cause.retryable)


def match(tail: str) -> Lesson | None:
    """The named lesson whose words stand in this log; of several the one with the most words."""
    return next((lesson for lesson in _named() if lesson.pattern in tail), None)


def collect(tail: str) -> None:
    """Count this log, or keep it when it is the first of its kind."""
    example = tail.replace("\0", "")[-TAIL_LENGTH:]
    values = {"tool": tool(example), "example": example}
    lesson, new = Lesson.objects.get_or_create(signature=signature(example), defaults=values)
    if new:
        _make_room()
    else:
        _count(lesson)


def _count(lesson: Lesson) -> None:
    Lesson.objects.filter(pk=lesson.pk).update(seen=F("seen") + 1, last_seen=Now())


def _make_room() -> None:
    spare = Lesson.objects.count() - MOST
    if spare > 0:
        oldest = Lesson.objects.unnamed().order_by("last_seen", "pk").values_list("pk", flat=True)[:spare]
        Lesson.objects.unnamed().filter(pk__in=list(oldest)).delete()


def _named() -> list[Lesson]:
    return sorted(Lesson.objects.named(), key=lambda lesson: (-len(lesson.pattern), lesson.pk))


# --- what a log is


def signature(tail: str) -> str:
    """The same for two logs that differ only in names, places and numbers."""
    lines = [line for line in tail.split("\n") if line.strip()]
    said = [line for line in lines if line.startswith("ERROR:")] or lines[-LINES:]
    plain = [_plain(line) for line in said]
    return hashlib.sha256("\n".join(dict.fromkeys(plain)).encode("utf-8", "replace")).hexdigest()


def _plain(line: str) -> str:
    for pattern, by in VARIABLE:
        line = pattern.sub(by, line)
    return line.strip()


def tool(tail: str) -> str:
    """Who wrote it."""
    if "Traceback (most recent call last)" in tail:
        return Tool.STUDIO
    return Tool.FETCHER if re.search(r"^(ERROR|WARNING):|yt[-_]dlp", tail, re.MULTILINE) else Tool.FFMPEG


# --- reading


def explain(code: str) -> Cause:
    """The cause behind a recorded code, also behind one that a lesson gave."""
    number = code.removeprefix(PREFIX)
    if number == code or not number.isdecimal():
        return errors.explain(code)
    lesson = Lesson.objects.filter(pk=int(number)).first()
    return lesson.cause if lesson else errors.explain(UNKNOWN)


def explainer() -> Callable[[str], Cause]:
    """`explain` for a page or a table with many rows: asks the database once for each code."""
    return functools.cache(explain)


def say(code: str, detail: str = "") -> str:
    """A failure for people in one line: what happened, the detail in brackets, what to do."""
    cause = explain(code)
    return errors.told(cause.sentence, detail, cause.remedy)


def reach(lesson: Lesson) -> int:
    """How many recorded failures are of this kind: by its words, or by their whole log as long as it has none."""
    return sum(1 for model in RECORDS for _row in _of(model, lesson))


def places(lesson: Lesson, user: Any, most: int = 10) -> tuple[list[Job], list[Asset]]:
    """The jobs and the videos that failed like this, as far as this user may see them; the latest first."""
    stages = [row.pk for row in _of(Stage, lesson)]
    outputs = Output.objects.filter(pk__in=[row.pk for row in _of(Output, lesson)]).within_reach(user)
    jobs = Job.objects.for_user(user).filter(models.Q(stages__in=stages) | models.Q(outputs__in=outputs))
    videos = Asset.objects.for_user(user).filter(pk__in=[row.pk for row in _of(Asset, lesson)])
    return list(jobs.distinct().order_by("-pk")[:most]), list(videos.order_by("-pk")[:most])


def _of(model: type[models.Model], lesson: Lesson) -> Iterator[Any]:
    """The latest recorded failures of this kind."""
    rows: Any = model._default_manager.filter(error_code__in={UNKNOWN, lesson.answer}).exclude(error_tail="")
    for row in rows.only("pk", "error_tail").order_by("-pk")[:LATEST]:
        if lesson.pattern in row.error_tail if lesson.pattern else signature(row.error_tail) == lesson.signature:
            yield row


# --- naming


@transaction.atomic
def teach(lesson: Lesson, by: Any) -> int:
    """Write down what a person says about a lesson, or that he has taken it back. How many old failures it names."""
    Lesson.objects.select_for_update().get(pk=lesson.pk)  # one after the other, when two people name it at once
    _take_back(lesson)
    lesson.named_by, lesson.named_at = (by, timezone.now()) if lesson.pattern else (None, None)
    lesson.save(update_fields=SAID)
    return _relabel().get(lesson.pk, 0)


@transaction.atomic
def forget(lessons: Iterable[Lesson]) -> None:
    """Delete lessons. Failures that have their names are unknown again, or what another lesson calls them."""
    for lesson in lessons:
        _take_back(lesson)
        lesson.delete()
    _relabel()


def _relabel() -> dict[int, int]:
    """Give every recorded unknown failure the name it has by now; how many, by lesson."""
    counts = {}
    for lesson in _named():
        counts[lesson.pk] = sum(_name(model, lesson) for model in RECORDS)
    return counts


def _take_back(lesson: Lesson) -> None:
    """Those that have their name from this lesson are unknown again."""
    for model in (*RECORDS, Job):
        model._default_manager.filter(error_code=lesson.answer).update(error_code=UNKNOWN)


def _name(model: type[models.Model], lesson: Lesson) -> int:
    """Give those of these rows a lesson's name that are still unknown; how many. A job has its finish stage's."""
    chosen, count = list(_unknown(model, lesson.pattern)), 0
    for start in range(0, len(chosen), CHUNK):
        part = chosen[start : start + CHUNK]
        count += model._default_manager.filter(pk__in=part, error_code=UNKNOWN).update(error_code=lesson.answer)
        if model is Stage:
            ended = Stage.objects.filter(pk__in=part, kind=StageKind.FINISH).values("job")
            Job.objects.filter(pk__in=ended, error_code=UNKNOWN).update(error_code=lesson.answer)
    return count


def _unknown(model: type[models.Model], words: str) -> Iterator[int]:
    """Keys of the unknown rows with these words in their log. Databases differ in letter case, so both look."""
    rows = model._default_manager.filter(error_code=UNKNOWN, error_tail__contains=words)
    return (key for key, tail in rows.values_list("pk", "error_tail").iterator(CHUNK) if words in tail)
