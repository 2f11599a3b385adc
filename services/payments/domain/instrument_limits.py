"""How many tickets of a performance one card may pay for, over all payments of a house. Pure.

An instrument is known by a keyed hash, and only on payments that have a limit. Counted when money is ours or kept
ready, before it is captured; given back with the tickets' money, or when the payment has ended without any.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from services.payments.domain.payment import (
    CancelAsked,
    Change,
    InstrumentOverLimit,
    OverLimit,
    Payment,
    PaymentState,
)

_TAKES = frozenset({PaymentState.AUTHORISED, PaymentState.SUCCEEDED})


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted of a house: tickets of a performance that one instrument has paid for."""

    instrument: str
    performance_id: str


def counted(payment: Payment) -> Counter[Counted]:
    """The tickets that the payment's instrument has by it now."""
    takes = payment.state in _TAKES and payment.instrument and payment.over_limit is None
    # What pays another payment of the house is not back with whoever has the card.
    kept_minor = payment.left_minor + payment.moved_minor
    if not takes or not kept_minor or any(refund.is_whole and not refund.moved_to for refund in payment.refunds):
        return Counter()
    back = Counter[str]()
    for refund in payment.refunds:
        back.update(dict(refund.seats_back))
    return +Counter(
        {
            Counted(payment.instrument, limit.performance_id): limit.seats - back[limit.performance_id]
            for limit in payment.limits
        }
    )


def over_limit(payment: Payment, used: Mapping[Counted, int]) -> OverLimit | None:
    """The first limit that the payment would pass, by what others of its instrument have used."""
    for limit in payment.limits:
        has = used[Counted(payment.instrument, limit.performance_id)]
        if has + limit.seats > limit.most:
            return OverLimit(limit.performance_id, limit.most, has, limit.seats)
    return None


def over_limit_changes(payment: Payment, over: OverLimit, now_ms: int) -> tuple[Change, ...]:
    """What is only kept ready is let go, and the buyer is never charged; what came at once, orders gives back whole."""
    called_off = payment.state is PaymentState.AUTHORISED and payment.cancel_asked_at_ms is None
    return (InstrumentOverLimit(over), *((CancelAsked(now_ms),) if called_off else ()))
