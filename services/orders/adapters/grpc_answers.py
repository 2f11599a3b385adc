"""Reads other services' gRPC errors: a certain no is Declined, everything else is Unanswered. Knows no order."""

from __future__ import annotations

import grpc

from services.contracts.reasons import Reason
from services.orders.ports import Declined, Unanswered
from services.runtime.rpc.errors import RemoteRefusal, is_uncertain, refusal_of

# Refused for now: nothing was done, and nothing was said about the matter itself.
_FOR_NOW = frozenset({grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED})
# About our key or whom we asked: no word about the matter either.
_BESIDE_THE_MATTER = frozenset({Reason.IDEMPOTENCY_KEY_REUSED, Reason.NOT_OWNER})
MAX_RETRY_AFTER_MS = 10_000


def unanswered(call: str, refusal: RemoteRefusal | None = None) -> Unanswered:
    """The fault for a call without a certain answer, with the wait that the other side asked for, within reason."""
    asked_ms = (refusal.retry_after_ms or 0) if refusal else 0
    return Unanswered(call, min(max(asked_ms, 0), MAX_RETRY_AFTER_MS))


def declined_or_raise(call: str, error: grpc.RpcError, certain: frozenset[str] = frozenset()) -> Declined:
    """The refusal, when it is one about the matter; else raises Unanswered. `certain` reasons count in any kind."""
    refusal = refusal_of(error)
    if refusal is None or is_uncertain(error):
        raise unanswered(call, refusal) from error
    if refusal.reason not in certain and (refusal.code in _FOR_NOW or refusal.reason in _BESIDE_THE_MATTER):
        raise unanswered(call, refusal) from error
    return Declined(refusal.reason, dict(refusal.facts))
