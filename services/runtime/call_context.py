"""What travels with a call from service to service: request id, W3C trace id, and the time that is left."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import Context, ContextVar, copy_context

from services.runtime.clock import Clock
from services.runtime.ids import Ids

REQUEST_ID_KEY = "x-request-id"
TRACE_KEY = "traceparent"
# Taken off at each hop, so that the caller hears the answer before its own deadline.
HOP_MARGIN_SECONDS = 0.02

_SAFE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class CallContext:
    """The call being answered in this task. `deadline` is on the clock's monotonic scale, None if there is none.

    `metadata` is what the caller sent, unchecked. The ids are read from it, or minted, when somebody first asks for
    them: most calls neither log nor call on.
    """

    __slots__ = ("_ids", "_request_id", "deadline", "metadata")

    def __init__(self, metadata: Mapping[str, str | bytes], deadline: float | None, ids: Ids) -> None:
        self.metadata = metadata
        self.deadline = deadline
        self._ids = ids
        self._request_id = ""

    @property
    def request_id(self) -> str:
        """The caller's, or a new one if that is missing or not well formed; the same each time."""
        if not self._request_id:
            self._request_id = _matching(_SAFE, self.metadata.get(REQUEST_ID_KEY)) or self._ids.new_id("req")
        return self._request_id

    def own_id(self) -> tuple[tuple[str, str]]:
        """The request id as metadata."""
        return ((REQUEST_ID_KEY, self.request_id),)

    @property
    def traceparent(self) -> str:
        """The caller's, '' if it is missing or not well formed."""
        return _matching(_TRACEPARENT, self.metadata.get(TRACE_KEY))


def _matching(pattern: re.Pattern[str], value: str | bytes | None) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


_current: ContextVar[CallContext | None] = ContextVar("balcon_call", default=None)


def current_call() -> CallContext | None:
    """The call this task works for, if any."""
    return _current.get()


def enter_call(call: CallContext) -> None:
    """Makes `call` the current one for this task and those it starts: its ids are on every line they log."""
    _current.set(call)


def outside_call() -> Context:
    """For create_task(..., context=outside_call()): work that outlives the call which started it, with its deadline."""
    context = copy_context()
    context.run(_current.set, None)
    return context


def deadline_after(remaining: float | None, now: float) -> float | None:
    """When the seconds that gRPC says are left will be over, on the scale of `now`; None if there is no end."""
    # grpc tells "no deadline" as a huge number of seconds, too.
    return None if remaining is None or remaining > 1e9 else now + remaining


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
