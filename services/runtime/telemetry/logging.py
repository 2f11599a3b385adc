"""Structured logs: one JSON object a line on stderr, with the request's and trace's ids; no secret, no buyer."""

from __future__ import annotations

import logging
import re
import sys

import structlog

from services.runtime.call_context import current_call

# PostgreSQL quotes the row's values in these lines of an error, and they may be a buyer's.
_QUOTED_VALUES = re.compile(r"^(DETAIL|CONTEXT):.*$", re.MULTILINE)


def processors(service: str) -> list[structlog.typing.Processor]:
    """What every line goes through before it is written, in their order."""

    def name_service(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {**event, "service": service}

    return [
        with_call_ids,
        name_service,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        # Frames without their local variables: credentials and buyers are among them.
        structlog.processors.format_exc_info,
        _without_quoted_values,
    ]


def configure_logging(service: str, level: str = "info") -> None:
    """Routes structlog and the standard library's logging to JSON lines that name `service`."""
    shared = processors(service)
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def with_call_ids(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Names the call that is being answered. Only here, when a line is written, does a call need its ids."""
    call = current_call()
    if call is not None:
        event.setdefault("request_id", call.request_id)
        if call.traceparent:
            event.setdefault("traceparent", call.traceparent)
    return event


def _without_quoted_values(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    if "exception" in event:
        event["exception"] = _QUOTED_VALUES.sub(r"\1: withheld", event["exception"])
    return event


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger; events are snake_case verbs, facts are keys."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(component=name)
    return logger
