"""Changes of an order to events of balcon.orders.v1. No personal data passes here (INV-9)."""

from __future__ import annotations

from collections.abc import Sequence

from balcon.orders.v1.orders_events_pb2 import (
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderDisputeChanged,
    OrderPartlyRefunded,
    OrderRefunded,
    RefundBecameDue,
)
from balcon.orders.v1.orders_service_pb2 import CancelReason, DisputeState, OrderLine, SeatName
from balcon.types.v1.money_pb2 import Money
from google.protobuf.message import Message

from services.contracts.wire_types import wire_channel
from services.orders.domain import changes as domain
from services.orders.domain.order import Money as DomainMoney
from services.orders.domain.order import Order
from services.runtime.bus.topics import ORDERS
from services.runtime.outbox.event import OutgoingEvent


def created(order: Order) -> OutgoingEvent:
    """The event of a new order."""
    message = OrderCreated(
        order_id=order.order_id,
        house_id=order.house_id,
        performance_id=order.performance_id,
        channel=wire_channel(order.channel),
        plan_version=order.plan_version,
        lines=_lines(order),
        total=_money(order.total),
        hold_until_ms=order.hold_until_ms,
        created_at_ms=order.created_at_ms,
    )
    return _event(order, message)


def published(order: Order, changes: Sequence[domain.Change]) -> list[OutgoingEvent]:
    """The events that `changes` make, in their order; `order` is the order after them."""
    events = []
    for change in changes:
        message = _message(order, change)
        if message is not None:
            events.append(_event(order, message))
    return events


def _event(order: Order, message: Message) -> OutgoingEvent:
    payload = message.SerializeToString(deterministic=True)
    return OutgoingEvent(ORDERS, order.performance_id, message.DESCRIPTOR.full_name, payload, order.house_id)


def _message(order: Order, change: domain.Change) -> Message | None:
    names = {"order_id": order.order_id, "house_id": order.house_id, "performance_id": order.performance_id}
    match change:
        case domain.OrderConfirmed():
            return OrderConfirmed(
                **names,
                channel=wire_channel(order.channel),
                plan_version=order.plan_version,
                lines=_lines(order),
                total=_money(order.total),
                confirmed_at_ms=change.at_ms,
            )
        case domain.OrderCancelled():
            return OrderCancelled(**names, reason=_reason(change.reason.value), cancelled_at_ms=change.at_ms)
        case domain.RefundBecameDue():
            reason = _reason(change.reason.value)
            return RefundBecameDue(**names, amount=_money(order.total), reason=reason, due_at_ms=change.at_ms)
        case domain.OrderPartlyRefunded():
            refunded = DomainMoney(change.refunded_minor, order.total.currency)
            return OrderPartlyRefunded(
                **names, total=_money(order.total), refunded=_money(refunded), refunded_at_ms=change.at_ms
            )
        case domain.OrderDisputeChanged():
            dispute = DisputeState.Value(f"DISPUTE_STATE_{change.dispute.value}")
            return OrderDisputeChanged(**names, dispute_state=dispute, changed_at_ms=change.at_ms)
        case domain.OrderRefunded():
            return OrderRefunded(
                **names,
                channel=wire_channel(order.channel),
                lines=_lines(order) if order.confirmed_at_ms else [],
                amount=_money(order.total),
                refunded_at_ms=change.at_ms,
            )
        case _:
            return None


def _reason(name: str) -> CancelReason.ValueType:
    return CancelReason.Value(f"CANCEL_REASON_{name}")


def _money(money: DomainMoney) -> Money:
    return Money(amount_minor=money.amount_minor, currency=money.currency)


def _lines(order: Order) -> list[OrderLine]:
    return [
        OrderLine(
            seat_id=line.seat_id,
            category=line.category,
            ticket_type=line.ticket_type,
            price=_money(line.price),
            seat_name=SeatName(zone=line.seat_name.zone, row=line.seat_name.row, seat=line.seat_name.seat),
        )
        for line in order.lines
    ]
