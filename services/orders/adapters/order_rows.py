"""Orders to rows and back. Nothing else knows how an order is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.contracts.channels import Channel
from services.orders.domain.order import (
    UNNAMED,
    CancelReason,
    Dispute,
    Money,
    Order,
    OrderLine,
    OrderState,
    Payment,
    SeatName,
    Seats,
    Ticket,
)

Row = Mapping[Any, Any]


def fixed_columns(order: Order) -> dict[str, Any]:
    """What never changes after the order is made, but for the customer."""
    return {
        "order_id": order.order_id,
        "house_id": order.house_id,
        "performance_id": order.performance_id,
        "hold_id": order.hold_id,
        "holder_id": order.holder_id,
        "channel": order.channel.value,
        "plan_version": order.plan_version,
        "lines": [[line.seat_id, line.category, line.ticket_type, line.price.amount_minor] for line in order.lines],
        "seat_names": [[line.seat_name.zone, line.seat_name.row, line.seat_name.seat] for line in order.lines],
        "total_minor": order.total.amount_minor,
        "currency": order.total.currency,
        "created_at_ms": order.created_at_ms,
    }


def moving_columns(order: Order) -> dict[str, Any]:
    """What changes with the order's state."""
    return {
        "hold_until_ms": order.hold_until_ms,
        "state": order.state.value,
        "seats": order.seats.value,
        "uses_hold": order.uses_hold,
        "payment": order.payment.value,
        "pay_until_ms": order.pay_until_ms,
        "return_url": order.return_url,
        "payment_id": order.payment_id,
        "payment_url": order.payment_url,
        "cancel_reason": order.cancel_reason.value if order.cancel_reason else None,
        "refund_reason": order.refund_reason,
        "refunded_minor": order.refunded_minor,
        "dispute": order.dispute.value,
        "confirmed_at_ms": order.confirmed_at_ms,
        "state_since_ms": order.state_since_ms,
    }


def order_of(row: Row) -> Order:
    """The order in a row with `tickets` as [[ticket_id, seat_id, barcode], ...] or null."""
    currency = row["currency"]
    return Order(
        order_id=row["order_id"],
        house_id=row["house_id"],
        performance_id=row["performance_id"],
        hold_id=row["hold_id"],
        holder_id=row["holder_id"],
        channel=Channel(row["channel"]),
        plan_version=row["plan_version"],
        lines=_lines(row),
        total=Money(row["total_minor"], currency),
        created_at_ms=row["created_at_ms"],
        hold_until_ms=row["hold_until_ms"],
        state=OrderState(row["state"]),
        seats=Seats(row["seats"]),
        payment=Payment(row["payment"]),
        pay_until_ms=row["pay_until_ms"],
        return_url=row["return_url"],
        payment_id=row["payment_id"],
        payment_url=row["payment_url"],
        cancel_reason=CancelReason(row["cancel_reason"]) if row["cancel_reason"] else None,
        refund_reason=row["refund_reason"],
        refunded_minor=row["refunded_minor"],
        dispute=Dispute(row["dispute"]),
        confirmed_at_ms=row["confirmed_at_ms"],
        state_since_ms=row["state_since_ms"],
        tickets=tuple(Ticket(*ticket) for ticket in row["tickets"] or ()),
    )


def _lines(row: Row) -> tuple[OrderLine, ...]:
    names = [SeatName(*name) for name in row["seat_names"] or ()] or [UNNAMED] * len(row["lines"])
    return tuple(
        OrderLine(seat_id, category, ticket_type, Money(amount, row["currency"]), name)
        for (seat_id, category, ticket_type, amount), name in zip(row["lines"], names, strict=True)
    )
