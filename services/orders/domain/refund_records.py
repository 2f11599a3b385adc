"""An order's refunds as money moves: what is owed, what is done, by whose hand. Called by transitions.apply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from services.orders.domain.order import Order
from services.orders.domain.refund_books import finished
from services.orders.domain.refunds import (
    Refund,
    RefundMaker,
    RefundState,
    done_minor,
    due_minor,
    due_refunds,
    house_refund_id,
    next_provider_refund_id,
)


def owed(order: Order, made_by: RefundMaker, reason: str, at_ms: int) -> Order:
    """All that is neither back nor owed already is owed; one record more, unless that is nothing."""
    left_minor = order.unclaimed_minor
    if not left_minor and due_refunds(order.refunds):
        return order
    of_house = made_by is RefundMaker.HOUSE
    name = house_refund_id(order.order_id) if of_house else next_provider_refund_id(order.order_id, order.refunds)
    due = Refund(name, left_minor, made_by, RefundState.DUE, reason, changed_at_ms=at_ms)
    return replace(order, refunds=(*order.refunds, due))


def partly_refunded(order: Order, foreign_minor: int, done: Mapping[str, int], at_ms: int) -> Order:
    """Our own refunds in `done` are, and so much more went back without us.

    What is owed is never more than what is left of the money.
    """
    for refund in due_refunds(order.refunds):
        if refund.refund_id in done:
            order = _with(order, finished(order, refund, min(done[refund.refund_id], _left(order)), at_ms))
    if foreign_minor:
        name = next_provider_refund_id(order.order_id, order.refunds)
        foreign = Refund(name, foreign_minor, RefundMaker.PROVIDER, RefundState.DUE)
        order = replace(
            order, refunds=(*order.refunds, finished(order, foreign, min(foreign_minor, _left(order)), at_ms))
        )
    return replace(order, refunds=_within(order.refunds, _left(order)))


def _left(order: Order) -> int:
    return order.total.amount_minor - done_minor(order.refunds)


def paid_back(order: Order, at_ms: int) -> Order:
    """All is back, and what was owed is done. An order is REFUNDED exactly when its refunds come to its total."""
    due = due_refunds(order.refunds)
    if not due or due_minor(due) < _left(order):
        # Owed by a process of the release before, which writes no records, or more went back without us.
        order = owed(order, RefundMaker.PROVIDER if due else RefundMaker.HOUSE, "", at_ms)
    for refund in due_refunds(order.refunds):
        order = _with(order, finished(order, refund, min(refund.amount_minor, _left(order)), at_ms))
    assert order.refunded == order.total, "refunded without all of the money"
    return order


def _with(order: Order, refund: Refund) -> Order:
    refunds = tuple(refund if other.refund_id == refund.refund_id else other for other in order.refunds)
    return replace(order, refunds=refunds)


def _within(refunds: Iterable[Refund], left_minor: int) -> tuple[Refund, ...]:
    """What is owed first is owed most certainly; what is not there any more is not owed."""
    kept = []
    for refund in refunds:
        is_due = refund.state is RefundState.DUE
        amount_minor = min(refund.amount_minor, left_minor) if is_due else refund.amount_minor
        left_minor -= amount_minor if is_due else 0
        kept.append(replace(refund, amount_minor=amount_minor))
    return tuple(kept)
