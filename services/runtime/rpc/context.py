"""What travels with a call from service to service: request id, W3C trace id, and the time that is left."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass

from structlog.contextvars import bind_contextvars, unbind_contextvars

from services.runtime.clock import Clock
from services.runtime.ids import Ids

REQUEST_ID_KEY = "x-request-id"
TRACE_KEY = "traceparent"
# Taken off at each hop, so that the caller hears the answer before its own deadline.
HOP_MARGIN_SECONDS = 0.02

_SAFE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class CallContext:
    """The call being answered in this task. `deadline` is on the clock's monotonic scale, None if there is none."""

    request_id: str
    traceparent: str
    deadline: float | None


_current: ContextVar[CallContext | None] = ContextVar("balcon_call", default=None)


def current_call() -> CallContext | None:
    """The call this task works for, if any."""
    return _current.get()


def enter_call(call: CallContext) -> None:
    """Makes `call` the current one for this task and those it starts, and puts its ids on every line they log."""
    _current.set(call)
    ids = {"request_id": call.request_id}
    if call.traceparent:
        ids["traceparent"] = call.traceparent
    bind_contextvars(**ids)


def outside_call() -> Context:
    """For create_task(..., context=outside_call()): work that outlives the call which started it, with its deadline."""
    context = copy_context()
    context.run(_current.set, None)
    context.run(unbind_contextvars, "request_id", "traceparent")
    return context


def call_from(
    metadata: Iterable[tuple[str, str | bytes]], remaining: float | None, clock: Clock, ids: Ids
) -> CallContext:
    """Reads the ids a caller sent; mints what is missing or not well formed."""
    request_id = traceparent = ""
    for key, value in metadata:
        if key == REQUEST_ID_KEY and isinstance(value, str) and _SAFE.fullmatch(value):
            request_id = value
        elif key == TRACE_KEY and isinstance(value, str) and _TRACEPARENT.fullmatch(value):
            traceparent = value
    # grpc tells "no deadline" as a huge number of seconds.
    deadline = None if remaining is None or remaining > 1e9 else clock.monotonic() + remaining
    return CallContext(request_id or ids.new_id("req"), traceparent, deadline)


def outgoing(call: CallContext | None) -> list[tuple[str, str]]:
    """The metadata that carries the current call's ids on."""
    if call is None:
        return []
    pairs = [(REQUEST_ID_KEY, call.request_id)]
    if call.traceparent:
        pairs.append((TRACE_KEY, call.traceparent))
    return pairs


def remaining_seconds(call: CallContext | None, clock: Clock, at_most: float) -> float:
    """The timeout for a call made on behalf of `call`: what is left less a margin, never more than `at_most`."""
    if call is None or call.deadline is None:
        return at_most
    return max(0.001, min(at_most, call.deadline - clock.monotonic() - HOP_MARGIN_SECONDS))
