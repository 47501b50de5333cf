"""Logs to standard error, and to a file if one is named: lines for people, or one JSON object a line.

Anything bound with `structlog.contextvars.bind_contextvars(job=…)` appears on every line until it is unbound.

Titles, names and addresses in a message are other people's. None of them begins a line, so that nobody can write an
entry of his own, and none of them tells a terminal what to do. In text an entry is one line; what belongs to it (a
traceback) follows indented, which no entry is.
"""

import logging
import logging.config
import os
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from wtfsite.lib import visible
from wtfsite.lib.logfile import LogFile

__all__ = ["LogFile", "configure"]


def process(logger: Any, name: str, event: EventDict) -> EventDict:
    """Many processes write into one file."""
    return {**event, "process": os.getpid()}


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    process,
]
CONSOLE = structlog.dev.ConsoleRenderer(colors=False)
INDENT = "    "


def configure(level: str, form: str, file: LogFile | None = None) -> None:
    """Set up the standard library's logging and structlog alike. `form` is "text" or "json"."""
    # JSON escapes by itself: `ensure_ascii` leaves nothing in a line that a terminal or a reader of lines acts upon.
    render: Processor = structlog.processors.JSONRenderer(ensure_ascii=True) if form == "json" else line
    # Plain tracebacks: the pretty ones print local variables, and those may be secrets.
    ending: list[Processor] = [structlog.processors.format_exc_info, render]
    more: dict[str, Any] = {"file": {"()": lambda: file, "formatter": "studio"}} if file else {}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "studio": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": SHARED,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "studio"}, **more},
            "root": {"handlers": ["stderr", *more], "level": level},
            "loggers": {
                "django": {"level": "INFO"},
                "django.request": {"level": "WARNING"},
                "django-q": {"level": "WARNING"},  # a line for each process that comes and goes otherwise
            },
        }
    )
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def line(logger: Any, name: str, event: EventDict) -> str:
    """The entry as one line of text, with what belongs to it indented below."""
    below = [str(event.pop(key)) for key in ("stack", "stack_info", "exception") if event.get(key)]
    first = visible.line(str(CONSOLE(logger, name, event)))
    return "\n".join([first, *(INDENT + visible.line(rest) for text in below for rest in text.splitlines())])
