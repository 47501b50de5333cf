"""What becomes of the files in a request before any view sees them.

Django reads a form with its files as soon as somebody asks for one of its fields, and the check against forged forms
does so first of all: on every page, for strangers too. So it is decided here whose files touch the disk, and how much.
"""

from contextlib import suppress
from typing import Any, NoReturn

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest

from jobs.media import disk, errors
from wtfsite.lib import names

# The pages whose forms have files, and the permissions of which one is needed there. All other pages take no files.
PAGES = {
    "admin:jobs_asset_add": ("jobs.add_asset",),
    "admin:brands_brand_add": ("brands.add_artwork",),
    "admin:brands_brand_change": ("brands.add_artwork", "brands.change_artwork"),
    "admin:brands_brand_import": ("brands.add_importrun",),
    "admin:brands_artwork_add": ("brands.add_artwork",),
    "admin:brands_artwork_change": ("brands.change_artwork",),
    "admin:brands_artwork_cutout": ("brands.add_artwork", "brands.change_artwork"),
    "admin:brands_brandclip_add": ("brands.add_brandclip",),
    "admin:brands_brandclip_change": ("brands.change_brandclip",),
    "admin:brands_font_add": ("brands.add_font",),
    "admin:brands_font_change": ("brands.change_font",),
}


def may_upload(request: HttpRequest) -> bool:
    """May this person send files to this page? The page itself asks again, and more exactly."""
    page = request.resolver_match.view_name if request.resolver_match else ""
    user: Any = getattr(request, "user", None)
    return bool(user and user.is_staff and any(user.has_perm(name) for name in PAGES.get(page, ())))


class Refused(UploadedFile):
    """Stands in a form for a file that was not kept. Whoever reads it is told why, by MediaError."""

    def __init__(self, error: errors.MediaError, name: str, size: int) -> None:
        super().__init__(ContentFile(b""), name, size=size)
        self.error = error

    def read(self, *args: Any) -> NoReturn:
        raise self.error

    def chunks(self, chunk_size: int | None = None) -> NoReturn:
        raise self.error


class UploadHandler(TemporaryFileUploadHandler):
    """Keeps a request's files on disk, MAX_UPLOAD_SIZE of them at most, for those who may send them.

    A stranger's request is left unread where its first file begins. Somebody who may upload gets the form back with a
    sentence, so the rest of a file that is too large is read and thrown away: a browser shows no answer before it has
    sent all.
    """

    error: errors.MediaError | None = None
    received = 0  # bytes, of all files of the request

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: str | None = None
    ) -> None:
        """A request that is announced as too large is not kept at all; its other fields may take up some of it."""
        self._measure(content_length - (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0))

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        """The temporary file ends as the name does that it is opened with, so it gets one of ours: the sender's may be
        too long for the disk."""
        if self.request is None or not may_upload(self.request):
            raise StopUpload(connection_reset=True)
        try:
            super().new_file(field_name, "upload", *args, **kwargs)
            self.file.name = self.file_name = names.clean(file_name)
        except OSError as error:
            self._give_up(error)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        self._measure(self.received)
        if self.error:
            self._discard()
            return
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError as error:
            self._give_up(error)

    def file_complete(self, file_size: int) -> UploadedFile | None:
        if not self.error:
            try:
                return super().file_complete(file_size)
            except OSError as error:  # the last bytes reach the disk here
                self._give_up(error)
        assert self.error
        self._discard()
        return Refused(self.error, self.file_name or "", file_size)

    def _measure(self, size: int) -> None:
        limit = settings.MAX_UPLOAD_SIZE
        if size > limit:
            self.error = errors.fail("too_large", f"more than {limit} bytes")

    def _give_up(self, error: OSError) -> None:
        """A disk that takes no more is said in the form; anything else is a bug of ours."""
        code = disk.refusal(error)
        if not code:
            raise error
        self.error = errors.fail(code, detail=error.strerror or "")
        self._discard()

    def _discard(self) -> None:
        """Give the disk its room back. Closing deletes the file; what was not yet written out may fail once more."""
        if hasattr(self, "file"):
            with suppress(OSError):
                self.file.close()
