"""What a refund gives back of how many tickets one card may pay for. Payments counts them."""

from __future__ import annotations

from services.orders.domain.order import LineStatus, Order
from services.orders.domain.refunds import LineRef, Refund


def tickets_ended_by(order: Order, refund: Refund) -> tuple[tuple[str, int], ...]:
    """By performance, how many of the lines that a refund names have no ticket any more."""
    named = set(refund.lines)
    ended = (
        (
            part.performance_id,
            sum(
                line.status is not LineStatus.VALID and LineRef(part.performance_id, line.seat_id) in named
                for line in part.lines
            ),
        )
        for part in order.parts
    )
    return tuple((name, count) for name, count in ended if count)
