"""The idempotency keys of buyers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Operation(Enum):
    """What an idempotency key was used for; keys of different operations never meet."""

    CREATE = "create"
    CHECK_OUT = "check_out"
    REFUND = "refund"
    REFUND_LINES = "refund_lines"
    CANCEL_LINES = "cancel_lines"
    RELEASE_LINES = "release_lines"


@dataclass(frozen=True, slots=True)
class RequestKey:
    """A buyer's idempotency key (RULE 27). Until `busy_until_ms` the first request may still be at work."""

    house_id: str
    operation: Operation
    key: str
    request_hash: str
    busy_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class KeyInRecord:
    """What is known of a key that was used before."""

    request_hash: str
    order_id: str
    busy_until_ms: int
