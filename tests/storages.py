"""Storages that tests put in the place of the default one."""

import io
from datetime import datetime
from typing import Any, NoReturn

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage


class PathlessStorage(FileSystemStorage):
    """Files without a path, as in an object store: whoever asks for one gets an error. A folder stands behind it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.inner = FileSystemStorage(*args, **kwargs)

    def path(self, name: str) -> NoReturn:
        raise NotImplementedError("This storage has no paths.")

    def _open(self, name: str, mode: str = "rb") -> File:
        if "w" in mode:
            return self.inner.open(name, mode)
        with self.inner.open(name, mode) as file:
            opened = File(io.BytesIO(file.read()), name)  # a download, not an open file
        opened.mode = mode
        return opened

    def _save(self, name: str, content: File) -> str:
        content.seek(0)
        # The bytes are copied: an object store cannot move a temporary file into its place.
        return self.inner.save(name, ContentFile(content.read()))

    def delete(self, name: str) -> None:
        self.inner.delete(name)

    def exists(self, name: str) -> bool:
        return self.inner.exists(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        return self.inner.listdir(path)

    def size(self, name: str) -> int:
        return self.inner.size(name)

    def url(self, name: str | None) -> str:
        return self.inner.url(name)

    def get_accessed_time(self, name: str) -> datetime:
        return self.inner.get_accessed_time(name)

    def get_created_time(self, name: str) -> datetime:
        return self.inner.get_created_time(name)

    def get_modified_time(self, name: str) -> datetime:
        return self.inner.get_modified_time(name)


class BucketError(Exception):
    """What an object store's client raises."""


class BucketStorage(PathlessStorage):
    """Tells the age of a file that is not there in its client's words, as django-storages does for S3."""

    def get_modified_time(self, name: str) -> datetime:
        try:
            return super().get_modified_time(name)
        except FileNotFoundError:
            raise BucketError("An error occurred (404) when calling the HeadObject operation: Not Found") from None


class UnlistedStorage(PathlessStorage):
    """Does not let us list its files, as a bucket whose key may only read and write."""

    def listdir(self, path: str) -> NoReturn:
        raise BucketError("An error occurred (AccessDenied) when calling the ListObjects operation: Access Denied")


class BrokenStorage(Storage):
    """Takes nothing and has nothing; every call fails as a full or absent disk does."""

    def _open(self, name: str, mode: str = "rb") -> NoReturn:
        raise FileNotFoundError(name)

    def _save(self, name: str, content: File) -> NoReturn:
        raise OSError(28, "No space left on device")

    def exists(self, name: str) -> bool:
        return False
