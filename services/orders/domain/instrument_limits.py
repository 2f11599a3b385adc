"""How many tickets of its limits an order's card pays for, and what a refund gives back of them. Payments counts."""

from __future__ import annotations

from itertools import takewhile

from services.orders.domain.exchanging import taken_over
from services.orders.domain.order import LineStatus, Order
from services.orders.domain.refunds import LineRef, Refund


def limited_tickets(order: Order) -> tuple[tuple[str, int, int], ...]:
    """By performance that bounds it, how many tickets the card pays for, and how many it may.

    Those that are instead of others of the same performance were paid for by the card of the order before.
    """
    limits, instead = dict(order.instrument_limits), taken_over(order)
    counts = ((part.performance_id, len(part.lines) - instead[part.performance_id]) for part in order.parts)
    return tuple((name, count, limits[name]) for name, count in counts if count and name in limits)


def tickets_ended_by(order: Order, refund: Refund, new: Order | None = None) -> tuple[tuple[str, int], ...]:
    """By performance, how many of the lines that a refund names have no ticket any more.

    What one act gives back in two refunds is told with the first. `new`: the order that they were exchanged for; its
    tickets of the same performance are the card's as those before were.
    """
    earlier = takewhile(lambda one: one.refund_id != refund.refund_id, order.refunds)
    if refund.act_id and any(one.act_id == refund.act_id for one in earlier):
        return ()
    named = set(refund.lines)
    instead = taken_over(new) if new else {}
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
    left = ((name, count - instead.get(name, 0)) for name, count in ended)
    return tuple((name, count) for name, count in left if count > 0)
