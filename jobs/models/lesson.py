"""A lesson: a failure that had no name when it was met, its log, and what people say it means."""

from dataclasses import replace
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.media.errors import CODES, Cause, RenderError, explain
from wtfsite.access import UserQuerySet
from wtfsite.lib import visible

PREFIX = "lesson-"  # of the error codes of failures that have their name from here
# What a log cannot tell: these are known from elsewhere, or mean that nothing is known.
UNTAUGHT = {"unknown", "cancelled", "abandoned", "site_paced", "site_closed"}
SHORTEST = 8  # characters of a pattern: fewer would be found in every log


def known_causes() -> dict[str, Cause]:
    """Those that a lesson may name."""
    return {code: cause for code, cause in CODES.items() if code not in UNTAUGHT}


class Tool(models.TextChoices):
    FFMPEG = "ffmpeg", "FFmpeg"
    FETCHER = "yt-dlp", "yt-dlp"
    STUDIO = "studio", _("the studio itself")


class LessonQuerySet(UserQuerySet):
    def named(self) -> Self:
        return self.exclude(pattern="")

    def unnamed(self) -> Self:
        return self.filter(pattern="")


class Lesson(models.Model):
    """One row per distinct failure. Unnamed: `pattern` is empty, it is only counted. Named: whatever fails as `unknown`
    with `pattern` in its log has the cause of `code`, or the one that `sentence`, `remedy` and `retryable` describe.
    """

    signature = models.CharField(max_length=64, unique=True, editable=False)
    tool = models.CharField(_("program"), max_length=8, choices=Tool.choices, editable=False)
    example = models.TextField(_("log"), editable=False)
    seen = models.PositiveIntegerField(_("times"), default=1, editable=False)
    first_seen = models.DateTimeField(_("first seen"), auto_now_add=True)
    last_seen = models.DateTimeField(_("last seen"), auto_now_add=True)
    pattern = models.CharField(
        _("words to know it by"),
        max_length=200,
        blank=True,
        help_text=_(
            "Copy from the log what every failure of this kind says and no other: at least 8 signs, as they stand."
            " Empty takes the name back."
        ),
    )
    code = models.CharField(
        _("known cause"),
        max_length=40,
        blank=True,
        help_text=_("Its sentence, its remedy and its rule for retries then count."),
    )
    sentence = models.CharField(
        _("what happened"), max_length=200, blank=True, help_text=_("One sentence, for the people who read it.")
    )
    remedy = models.CharField(_("what to do"), max_length=300, blank=True)
    retryable = models.BooleanField(
        _("a retry can help"), default=False, help_text=_("Then the work is tried again by itself. For own words only.")
    )
    named_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("named by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
    )
    named_at = models.DateTimeField(_("named"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = LessonQuerySet.as_manager()

    class Meta:
        ordering = ["-last_seen"]
        verbose_name = _("kind of failure")
        verbose_name_plural = _("failures to name")

    def __str__(self) -> str:
        return (
            self.pattern and self.cause.sentence
        ) or self.headline  # a form that is refused has words without a name

    @property
    def headline(self) -> str:
        """The line of the log that says the most: the last one of a traceback and of yt-dlp, of FFmpeg the first."""
        lines = [line.strip() for line in self.example.split("\n") if line.strip()]
        if not lines:
            return ""
        return visible.line(lines[0 if self.tool == Tool.FFMPEG else -1])[:200]

    @property
    def answer(self) -> str:
        """The error code of the failures that have this name. Nothing else has it, so the name can be taken back."""
        return f"{PREFIX}{self.pk}"

    @property
    def cause(self) -> Cause:
        if not self.pattern:
            return explain("unknown")
        if self.code:
            return replace(explain(self.code), refines=self.code)
        return Cause(RenderError, self.sentence, self.remedy, self.retryable, refines="unknown")

    def clean(self) -> None:
        """All or nothing: words to know it by, and one meaning."""
        own = self.sentence or self.remedy
        if not self.pattern:
            if self.code or own:
                raise ValidationError({"pattern": _("Say by which words of the log it is known.")})
            return
        if len(self.pattern) < SHORTEST:
            raise ValidationError({"pattern": _("At least 8 signs: shorter words stand in every log.")})
        if self.pattern not in self.example:
            raise ValidationError({"pattern": _("These words are not in the log above; copy them from there.")})
        if self.code and self.code not in known_causes():
            raise ValidationError({"code": _("There is no such cause.")})
        if self.code and own:
            raise ValidationError({"code": _("Choose a known cause or use your own words, not both.")})
        if not self.code and not (self.sentence and self.remedy):
            raise ValidationError({"sentence": _("Choose a known cause, or say what happened and what to do.")})
