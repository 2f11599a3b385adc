"""Which lines of an order have tickets that were not given back. Pure."""

from __future__ import annotations

from services.orders.domain.order import Order
from services.orders.domain.refunds import LineRef


def valid_lines(order: Order) -> tuple[LineRef, ...]:
    """In the order's own sequence."""
    return tuple(LineRef(part.performance_id, seat_id) for part in order.parts for seat_id in part.valid_seat_ids)
