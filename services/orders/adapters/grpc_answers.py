"""Reads other services' gRPC errors: a certain no is Declined, everything else is Unanswered. Knows no order.

What a reason proves is said by its name alone: its gRPC status is for the caller's library, and may change.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

import grpc

from services.contracts.reasons import Reason
from services.orders.ports import Declined, Unanswered
from services.runtime.rpc.errors import RemoteRefusal, is_uncertain, refusal_of
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import ANSWERS_NOT_UNDERSTOOD

# Refused for now: nothing was done, and nothing was said about the matter itself.
_FOR_NOW = frozenset({Reason.OVERLOADED, Reason.NOT_OWNER, Reason.REQUEST_IN_FLIGHT, Reason.DEADLINE_PASSED})
MAX_RETRY_AFTER_MS = 10_000

_log = get_logger("answers")


def unanswered(call: str, refusal: RemoteRefusal | None = None) -> Unanswered:
    """The fault for a call without a certain answer, with the wait that the other side asked for, within reason."""
    asked_ms = (refusal.retry_after_ms or 0) if refusal else 0
    return Unanswered(call, min(max(asked_ms, 0), MAX_RETRY_AFTER_MS))


def declined_or_raise(call: str, error: grpc.RpcError, certain: Set[Reason]) -> Declined:
    """The refusal, when its reason is one of `certain`; else raises Unanswered, for no other reason proves anything.

    A reason that is neither certain nor known to pass is counted and logged: the call is repeated, with longer and
    longer waits, and somebody must look.
    """
    refusal = refusal_of(error)
    if refusal is None or is_uncertain(error):
        raise unanswered(call, refusal) from error
    return _declined(call, refusal, certain, error.code().name)


def declined_or_unanswered(call: str, reason: str, facts: Mapping[str, str], certain: Set[Reason]) -> Declined:
    """As declined_or_raise, of a refusal that came as a value."""
    asked_ms = facts.get("retry_after_ms", "")
    retry_after_ms = int(asked_ms) if asked_ms.isdecimal() else None
    told = RemoteRefusal(reason, grpc.StatusCode.OK, "", dict(facts), retry_after_ms)
    return _declined(call, told, certain, "value")


def _declined(call: str, refusal: RemoteRefusal, certain: Set[Reason], code: str) -> Declined:
    reason = next((known for known in certain if known == refusal.reason), None)
    if reason is None:
        if refusal.reason not in _FOR_NOW:
            ANSWERS_NOT_UNDERSTOOD.labels(call).inc()
            _log.error("answer_not_understood", call=call, reason=refusal.reason, code=code)
        raise unanswered(call, refusal)
    return Declined(reason, dict(refusal.facts))
