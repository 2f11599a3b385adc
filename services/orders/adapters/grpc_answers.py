"""Reads other services' gRPC errors: a certain no is Declined, everything else is Unanswered. Knows no order."""

from __future__ import annotations

import grpc

from services.orders.ports import Declined, Unanswered
from services.runtime.rpc.errors import RemoteRefusal, is_uncertain, refusal_of

# Refused for now: nothing was done, and nothing was said about the matter itself.
_FOR_NOW = frozenset({grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED})
MAX_RETRY_AFTER_MS = 10_000


def unanswered(call: str, refusal: RemoteRefusal | None = None) -> Unanswered:
    """The fault for a call without a certain answer, with the wait that the other side asked for, within reason."""
    asked = refusal.facts.get("retry_after_ms", "") if refusal else ""
    return Unanswered(call, min(int(asked), MAX_RETRY_AFTER_MS) if asked.isdecimal() else 0)


def declined_or_raise(call: str, error: grpc.RpcError, certain: frozenset[str] = frozenset()) -> Declined:
    """The refusal, when it is one about the matter; else raises Unanswered. `certain` reasons count in any kind."""
    refusal = refusal_of(error)
    if refusal is None or is_uncertain(error):
        raise unanswered(call, refusal) from error
    if refusal.reason not in certain and refusal.code in _FOR_NOW:
        raise unanswered(call, refusal) from error
    return Declined(refusal.reason, dict(refusal.facts))
