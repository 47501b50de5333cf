"""Logs to standard error: readable lines for people, one JSON object a line for machines.

Anything bound with `structlog.contextvars.bind_contextvars(job=…)` appears on every line until it is unbound.
"""

import logging
import logging.config

import structlog
from structlog.typing import Processor

PLAIN = structlog.dev.plain_traceback  # the pretty ones print local variables, and those may be secrets
SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(level: str, form: str) -> None:
    """Set up the standard library's logging and structlog alike. `form` is "text" or "json"."""
    ending: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if form == "json"
        else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=PLAIN)]
    )
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
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "studio"}},
            "root": {"handlers": ["stderr"], "level": level},
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
