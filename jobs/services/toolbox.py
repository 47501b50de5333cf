"""What the settings say, as the frozen values that probes, fetchers and pipelines take."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import cache

from django.conf import settings

from jobs.media import tools
from jobs.media.probe import Gate
from jobs.media.tools import Tools
from jobs.sources.fetch import FetchLimits
from wtfsite.lib import process

_runner: ContextVar[process.Runner] = ContextVar("runner", default=process.run)


@cache
def _find(ffmpeg: str, ffprobe: str) -> Tools:
    return tools.find(ffmpeg, ffprobe)


def get_tools() -> Tools:
    """ffmpeg and ffprobe, looked up once per process and setting. Raises MediaError `tool_missing`."""
    return replace(
        _find(settings.FFMPEG_PATH, settings.FFPROBE_PATH), run=_runner.get(), formats=settings.SOURCE_FORMATS
    )


@contextmanager
def running_with(runner: process.Runner) -> Iterator[None]:
    """Inside, `get_tools` gives tools that this runner starts: for those who measure or count what is run."""
    before = _runner.set(runner)
    try:
        yield
    finally:
        _runner.reset(before)


def gate() -> Gate:
    return Gate(max_seconds=settings.MAX_SOURCE_SECONDS, max_bytes=settings.MAX_UPLOAD_SIZE)


def fetch_limits() -> FetchLimits:
    return FetchLimits(
        max_bytes=settings.MAX_UPLOAD_SIZE,
        max_seconds=settings.MAX_SOURCE_SECONDS,
        retries=settings.FETCH_RETRIES,
        fragment_retries=settings.FETCH_FRAGMENT_RETRIES,
        socket_timeout=settings.FETCH_SOCKET_TIMEOUT,
        stall_seconds=settings.FETCH_STALL_SECONDS,
        wall_seconds=settings.FETCH_WALL_SECONDS,
    )
