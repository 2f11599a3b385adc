"""The auditor of money: it knows only that money in means tickets or a refund out, and that every order ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from services.orders.adapters.memory_payments import MemoryPayment
from services.orders.domain.order import FINAL_STATES, Order, OrderState
from services.orders.ports import PaymentState


def unsettled(orders: Sequence[Order], payments: Sequence[MemoryPayment]) -> list[str]:
    """What keeps the books from being closed (INV-3); empty once everything has ended right."""
    found = [f"{order.order_id} is {order.state.value}" for order in orders if order.state not in FINAL_STATES]
    by_id = {order.order_id: order for order in orders}
    paid: Counter[str] = Counter()
    for payment in payments:
        order = by_id[payment.ref.order_id]
        paid[order.order_id] += 1
        if payment.captured:
            wanted = OrderState.REFUNDED if payment.refunded else OrderState.CONFIRMED
            if order.state is not wanted:
                found.append(f"{payment} but {order.state.value}")
        elif payment.status is PaymentState.PENDING:
            found.append(f"{payment} can still be paid")
        elif order.state is not OrderState.CANCELLED:
            found.append(f"{payment} but {order.state.value}")
    found += [f"{order_id} has {count} payments" for order_id, count in paid.items() if count > 1]
    return found


def double_tickets(orders: Sequence[Order], payments: Sequence[MemoryPayment]) -> list[str]:
    """At any moment: a seat with two confirmed orders, and a confirmed order that nobody paid."""
    found = []
    owners: dict[tuple[str, str], str] = {}
    captured = {payment.ref.order_id for payment in payments if payment.captured}
    for order in orders:
        if order.state is not OrderState.CONFIRMED:
            continue
        if not order.is_free and order.order_id not in captured:
            found.append(f"{order.order_id} is confirmed and not paid")
        for seat in [(part.performance_id, seat_id) for part in order.parts for seat_id in part.seat_ids]:
            other = owners.setdefault(seat, order.order_id)
            if other != order.order_id:
                found.append(f"{' '.join(seat)} has tickets of {other} and {order.order_id}")
    return found
