"""The payments service's no's, and the limits of what callers may ask for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from services.contracts.bounds import MAX_TOTAL_MINOR
from services.contracts.money import refused_currency
from services.contracts.texts import refused_idempotency_key, refused_url
from services.runtime.errors import UNSET, FieldInvalid, Kind, Refusal
from services.runtime.ids import refused_key

MAX_LIFE_MS = 31 * 24 * 3_600 * 1_000


@dataclass(frozen=True, slots=True)
class PaymentUnknown(Refusal):
    """There is no payment {payment_id}."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    payment_id: str


@dataclass(frozen=True, slots=True)
class PaymentNotCaptured(Refusal):
    """Payment {payment_id} is {state}: only captured money can be refunded."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    payment_id: str
    state: str


@dataclass(frozen=True, slots=True)
class PaymentWanted:
    """What CreatePayment was asked for, not yet checked."""

    idempotency_key: str
    house_id: str
    order_id: str
    performance_id: str
    amount_minor: int
    currency: str
    return_url: str
    expires_at_ms: int


def refused_wanted(wanted: PaymentWanted) -> FieldInvalid | None:
    """The first field that can never be right, whatever the time is."""
    for field in ("house_id", "order_id", "performance_id"):
        if refusal := refused_key(field, getattr(wanted, field)):
            return refusal
    return refused_idempotency_key(wanted.idempotency_key) or _refused_money(wanted) or _refused_return(wanted)


def _refused_money(wanted: PaymentWanted) -> FieldInvalid | None:
    limit = f"1 to {MAX_TOTAL_MINOR:,} minor units"
    if wanted.amount_minor < 1:
        return FieldInvalid("amount.amount_minor", "must be positive: what costs nothing needs no payment", limit)
    if wanted.amount_minor > MAX_TOTAL_MINOR:
        return FieldInvalid("amount.amount_minor", "is too large", limit)
    return refused_currency("amount.currency", wanted.currency)


def _refused_return(wanted: PaymentWanted) -> FieldInvalid | None:
    if refusal := refused_url("return_url", wanted.return_url):
        return refusal
    if wanted.expires_at_ms <= 0:
        return FieldInvalid("expires_at_ms", UNSET, "unix milliseconds, at most 31 days ahead")
    return None


def refused_end(wanted: PaymentWanted, now_ms: int) -> FieldInvalid | None:
    """The refusal for a new payment that would end in the past or too far ahead."""
    if now_ms < wanted.expires_at_ms <= now_ms + MAX_LIFE_MS:
        return None
    return FieldInvalid("expires_at_ms", "must be in the future", "at most 31 days ahead")
