"""The files that a kit brings, made ours: each is read once, and known again by the hash of its bytes.

Pictures are decoded by a child (`brands.intake`). One that the studio has already, or that an earlier import made from
the very same bytes, is not decoded again: a second import takes no time, and no other build of a library changes it.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.utils.translation import gettext as _

from brands import clipintake, fontintake, intake
from brands.importing.drafts import FileDraft
from brands.importing.files import Kit, Unreadable
from brands.importing.state import ARTWORK, CLIP, FONT, facts
from brands.models import Artwork, BrandClip, ClipKind, Font
from jobs.media import errors, font, picture
from jobs.media.errors import MediaError
from wtfsite.lib import names, process


class Refused(Exception):
    """A file that is not taken. The message is for people."""


@dataclass
class Made:
    """A file as the studio keeps it: its hash and facts. `source` is the hash of what came in, `path` the file made of
    it; None when the studio has it already."""

    sha256: str
    facts: Mapping[str, Any]
    source: str
    path: Path | None


@dataclass
class Files:
    """Takes in what drafts name. `known`: hash of what came in -> hash of what was made of it."""

    kit: Kit
    work: Path
    run: process.Runner = process.run
    known: Mapping[str, str] = field(default_factory=dict)
    _made: dict[tuple[str, str], Made | Refused] = field(default_factory=dict)

    def take(self, draft: FileDraft) -> Made:
        """Raises Refused: what is wrong with the file, and what to do."""
        if draft.kind == "font":
            return self._once("fonts", draft, font.MAX_BYTES, self._font)
        if draft.kind in ClipKind.values:
            return self._once("clips", draft, settings.MAX_CLIP_SIZE, self._clip)
        return self._once("artwork", draft, picture.MAX_BYTES, self._picture)

    def _once(self, part: str, draft: FileDraft, most: int, make: Callable[[bytes, str, FileDraft], Made]) -> Made:
        try:
            data = self.kit.read(draft.path, most)
        except Unreadable as error:
            raise Refused(str(error)) from error
        source = hashlib.sha256(data).hexdigest()
        if (part, source) not in self._made:
            try:
                self._made[part, source] = make(data, source, draft)
            except Refused as error:
                self._made[part, source] = error
        found = self._made[part, source]
        if isinstance(found, Refused):
            raise found
        return found

    def _picture(self, data: bytes, source: str, draft: FileDraft) -> Made:
        if not data:
            raise Refused(_("The file is empty (0 bytes). Export the picture again."))
        kept = Artwork.objects.filter(sha256=self.known.get(source, source)).exclude(file="").first()
        if kept:
            return Made(kept.sha256, facts(kept, ARTWORK), source, None)
        return self._decoded(data, source, draft)

    def _decoded(self, data: bytes, source: str, draft: FileDraft) -> Made:
        row = Artwork(kind=draft.kind)
        try:
            png = intake.take_in(row, ContentFile(data, name=names.clean(draft.path)), self.run)
        except MediaError as error:
            raise Refused(told(error)) from error
        return Made(row.sha256, facts(row, ARTWORK), source, self._kept(row.sha256, png))

    def _font(self, data: bytes, source: str, draft: FileDraft) -> Made:
        kept = Font.objects.filter(sha256=self.known.get(source, source)).exclude(file="").first()
        if kept:
            return Made(kept.sha256, facts(kept, FONT), source, None)
        row = Font()
        try:
            made = fontintake.take_in(row, ContentFile(data, name=names.clean(draft.path)), self.run)
        except MediaError as error:
            raise Refused(told(error)) from error
        return Made(row.sha256, facts(row, FONT), source, self._kept(row.sha256, made))

    def _clip(self, data: bytes, source: str, draft: FileDraft) -> Made:
        kept = BrandClip.objects.filter(sha256=source).exclude(file="").first()
        if kept:
            return Made(kept.sha256, facts(kept, CLIP), source, None)
        row = BrandClip(kind=draft.kind)
        try:
            clip = clipintake.take_in(row, ContentFile(data, name=names.clean(draft.path)), self.run)
        except MediaError as error:
            raise Refused(told(error)) from error
        return Made(row.sha256, facts(row, CLIP), source, self._kept(row.sha256, clip))

    def _kept(self, sha256: str, file: File) -> Path:
        """In the folder of the import, for the moment at which a row wants it."""
        path = self.work / sha256
        file.seek(0)
        with path.open("wb") as kept:
            kept.writelines(file.chunks())
        return path


def told(error: MediaError) -> str:
    return errors.told(_(error.sentence), error.detail and _(error.detail), _(error.remedy))
