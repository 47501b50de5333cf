"""Files out of storage, for those who may see their rows: whole or in ranges, read through the storage API."""

import re
import unicodedata
from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import quote
from uuid import UUID

from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified, JsonResponse
from django.http.response import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from jobs.models import Asset, Output
from jobs.services import recipes
from wtfsite.lib import names

CHUNK = 256 * 1024
# The types are ours, never the uploader's: nothing that comes in is ever served as a page.
TYPES = {"mp4": "video/mp4", "mkv": "video/x-matroska", "avi": "video/x-msvideo", "jpg": "image/jpeg"}
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")
UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|%]+')


@require_safe
def asset_file(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    asset = get_object_or_404(Asset.objects.for_user(request.user), uuid=uuid)
    return serve(request, asset.file, asset.sha256)


@require_safe
def asset_poster(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    asset = get_object_or_404(Asset.objects.for_user(request.user), uuid=uuid)
    return serve(request, asset.poster, f"{asset.sha256}-poster")


@require_safe
def output_file(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    output = get_object_or_404(Output.objects.for_user(request.user), uuid=uuid)
    return serve(request, output.file, output.sha256)


@require_safe
def output_download(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    rows = Output.objects.for_user(request.user).select_related("source", "brand")
    output = get_object_or_404(rows, uuid=uuid)
    return serve(request, output.file, output.sha256, attachment(output))


@require_safe
def output_poster(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    output = get_object_or_404(Output.objects.for_user(request.user), uuid=uuid)
    return serve(request, output.poster, f"{output.sha256}-poster")


@require_safe
def output_recipe(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """How an output's file was made, as JSON."""
    rows = Output.objects.for_user(request.user).select_related("source", "brand")
    output = get_object_or_404(rows, uuid=uuid)
    data = recipes.of_output(output, request.user)
    if data is None:
        raise Http404
    headers = {
        "Content-Disposition": attachment(output, "recipe.json"),
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return JsonResponse(data, json_dumps_params={"indent": 2, "ensure_ascii": False}, headers=headers)


def attachment(output: Output, ending: str = "mp4") -> str:
    """The header value that names a download: title, brand, variant; in ASCII, and as it is written."""
    part = f" {output.part}" if output.part else ""
    name = f"{str(output.source)[:80]} - {output.brand} - {output.variant}{part}"
    name = names.line(UNSAFE.sub(" ", name)).strip(". ") or "video"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = " ".join(plain.split()).strip(". -") or "video"
    return f"attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{quote(name, safe='')}.{ending}"


class Piece:
    """`left` bytes of an open file, in chunks. Django calls `close` when the answer has been sent or given up."""

    def __init__(self, file: IO[bytes], left: int) -> None:
        self.file = file
        self.left = left

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        data = self.file.read(min(CHUNK, self.left)) if self.left > 0 else b""
        if not data:
            raise StopIteration
        self.left -= len(data)
        return data

    def close(self) -> None:
        self.file.close()


def serve(request: HttpRequest, field: FieldFile, tag: str, disposition: str = "inline") -> HttpResponseBase:
    """A stored file; 404 when the row has none, or storage has lost it."""
    etag = f'"{tag}"'
    if not field.name:
        raise Http404
    if request.headers.get("If-None-Match") == etag:
        return _private(HttpResponseNotModified(), etag)
    try:
        file: Any = default_storage.open(field.name)
        size = file.size
    except FileNotFoundError as error:
        raise Http404 from error
    span = _span(request, etag, size)
    if span is None:
        file.close()
        refused = HttpResponse(status=416)
        refused["Content-Range"] = f"bytes */{size}"
        return refused
    first, last = span
    file.seek(first)
    response = StreamingHttpResponse(Piece(file, last - first + 1), content_type=_type(field.name))
    if last - first + 1 < size:
        response.status_code = 206
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    response["Content-Length"] = str(last - first + 1)
    response["Content-Disposition"] = disposition
    response["Accept-Ranges"] = "bytes"
    return _private(response, etag)


def _type(name: str) -> str:
    return TYPES.get(name.rpartition(".")[2], "application/octet-stream")


def _private(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    """The bytes behind a tag never change, but who may see them does: only this browser may keep them."""
    response["ETag"] = etag
    response["Cache-Control"] = "private, max-age=3600"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = (
        "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'"
    )
    return response


def _span(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    """First and last byte to send; None when the asked range lies outside. What is not understood means all."""
    whole = 0, size - 1
    asked = RANGE.match(request.headers.get("Range", ""))
    if not asked or asked.groups() == ("", "") or request.headers.get("If-Range", etag) != etag:
        return whole
    first, last = asked.groups()
    if not first:
        span = max(0, size - int(last)), size - 1
    else:
        span = int(first), min(int(last), size - 1) if last else size - 1
    return span if span[0] <= span[1] and span[0] < size else None
