"""An asset: a file that came in (or was composed by a job)."""

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.media.probe import Probe
from wtfsite.access import UserQuerySet


class AssetKind(models.TextChoices):
    VIDEO = "video", _("video")
    AUDIO = "audio", _("audio")
    IMAGE = "image", _("picture")


class AssetState(models.TextChoices):
    """pending -> fetching -> ready | failed; ready -> expired when its file was removed after its keep time."""

    PENDING = "pending", _("waiting to be fetched")
    FETCHING = "fetching", _("fetching")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")
    EXPIRED = "expired", _("file removed")


class AssetQuerySet(UserQuerySet):
    def ready(self) -> Self:
        return self.filter(state=AssetState.READY)


class Asset(models.Model):
    """The same bytes twice are one asset: `sha256` is unique once known."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=AssetKind.choices, default=AssetKind.VIDEO)
    state = models.CharField(_("state"), max_length=10, choices=AssetState.choices, default=AssetState.PENDING)
    title = models.CharField(_("title"), max_length=255, blank=True)
    file = models.FileField(_("file"), max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    bytes = models.BigIntegerField(_("size"), default=0, editable=False)
    facts = models.JSONField(_("probe facts"), null=True, blank=True, editable=False)
    duration_us = models.BigIntegerField(_("duration (µs)"), default=0, editable=False)
    width = models.PositiveIntegerField(_("width"), default=0, editable=False)
    height = models.PositiveIntegerField(_("height"), default=0, editable=False)
    poster = models.FileField(_("poster"), max_length=200, blank=True)
    origin_url = models.CharField(_("address"), max_length=2048, blank=True)
    platform = models.CharField(_("platform"), max_length=20, blank=True)
    author = models.CharField(_("author"), max_length=255, blank=True)
    licence_note = models.CharField(_("licence note"), max_length=255, blank=True)
    original_name = models.CharField(_("file name"), max_length=255, blank=True, editable=False)
    error_code = models.CharField(_("error"), max_length=40, blank=True, editable=False)
    error_tail = models.TextField(_("log"), blank=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("brought in by"), on_delete=models.SET_NULL, null=True, blank=True
    )
    created_at = models.DateTimeField(_("added"), auto_now_add=True)
    used_at = models.DateTimeField(_("last used"), auto_now_add=True)
    keep = models.BooleanField(_("keep"), default=False, help_text=_("Its file stays until somebody lets it go."))
    removed_at = models.DateTimeField(_("file removed"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = AssetQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("video")
        verbose_name_plural = _("videos")
        constraints = [
            models.UniqueConstraint(fields=["sha256"], condition=~models.Q(sha256=""), name="asset_same_bytes_once")
        ]
        indexes = [models.Index(fields=["state", "used_at"], name="asset_state_used")]

    def __str__(self) -> str:
        return self.title or self.original_name or self.origin_url or str(self.uuid)

    @property
    def probe(self) -> Probe | None:
        """The probe record, or None until the file has been read."""
        return Probe.from_dict(self.facts) if self.facts else None
