"""Changes of an order to events of balcon.orders.v1. No personal data passes here (INV-9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypedDict

from balcon.orders.v1.orders_events_pb2 import (
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderDisputeChanged,
    OrderLinesCancelled,
    OrderPartlyRefunded,
    OrderRefunded,
    OrderSeatsReleased,
    RefundBecameDue,
)
from balcon.orders.v1.orders_service_pb2 import CancelReason, DisputeState
from balcon.types.v1.money_pb2 import Money
from balcon.types.v1.principal_pb2 import PrincipalRef
from google.protobuf.message import Message

from services.contracts.wire_types import wire_channel, wire_money, wire_principal
from services.orders.adapters.wire_lines import wire_lines, wire_money_back
from services.orders.domain import changes as domain
from services.orders.domain.order import Order, OrderLine, OrderPart
from services.runtime.bus.topics import ORDERS
from services.runtime.outbox.event import OutgoingEvent


def created(order: Order) -> list[OutgoingEvent]:
    """The events of a new order, one for each part."""
    return [
        _event(
            order,
            part,
            OrderCreated(
                **_names(order, part),
                channel=wire_channel(order.channel),
                plan_version=part.plan_version,
                lines=wire_lines(part.lines),
                total=_money(order, part.total_minor),
                hold_until_ms=part.hold_until_ms,
                created_at_ms=order.created_at_ms,
                customer_id=order.customer_id,
                sold_by=_sold_by(order),
            ),
        )
        for part in order.parts
    ]


def published(before: Order, order: Order, changes: Sequence[domain.Change]) -> list[OutgoingEvent]:
    """The events that `changes` make, in their order and each for every part that it touches; `order` is the order
    after them, `before` the one they were made to."""
    events = []
    for change in changes:
        if isinstance(change, domain.LinesCancelled | domain.LinesReleased):
            events += _of_lines(order, change)
            continue
        for part, message in _of_parts(before, order, change, changes):
            if message is not None:
                events.append(_event(order, part, message))
    return events


def _of_parts(
    before: Order, order: Order, change: domain.Change, changes: Sequence[domain.Change]
) -> Iterator[tuple[OrderPart, Message | None]]:
    """What is said of each part. What went back of it is worked out for the words that tell it alone."""
    if isinstance(change, domain.OrderPartlyRefunded):
        back = zip(order.parts, before.refunded_by_part, order.refunded_by_part, strict=True)
        for part, earlier_minor, refunded_minor in back:
            if refunded_minor != earlier_minor:
                yield part, _partly_refunded(order, part, change, refunded_minor)
    elif isinstance(change, domain.OrderRefunded):
        for part in order.parts:
            yield part, _refunded(order, part, change, _not_told(before, part, changes))
    else:
        for part in order.parts:
            yield part, _message(order, part, change)


def _of_lines(order: Order, change: domain.LinesCancelled | domain.LinesReleased) -> list[OutgoingEvent]:
    """Of each part that the lines are of."""
    if isinstance(change, domain.LinesReleased):
        part = order.parts[change.part]
        released = OrderSeatsReleased(**_names(order, part), seat_ids=change.seat_ids, released_at_ms=change.at_ms)
        return [_event(order, part, released)]
    events = []
    for part in order.parts:
        named = {line.seat_id for line in change.lines if line.performance_id == part.performance_id}
        if named:
            cancelled = OrderLinesCancelled(
                **_names(order, part),
                channel=wire_channel(order.channel),
                lines=wire_lines(line for line in part.lines if line.seat_id in named),
                lines_left=len(part.valid_seat_ids),
                cancelled_at_ms=change.at_ms,
                exchanged_for=change.exchanged_for,
            )
            events.append(_event(order, part, cancelled))
    return events


def _event(order: Order, part: OrderPart, message: Message) -> OutgoingEvent:
    payload = message.SerializeToString(deterministic=True)
    return OutgoingEvent(ORDERS, part.performance_id, message.DESCRIPTOR.full_name, payload, order.house_id)


class _Names(TypedDict):
    order_id: str
    house_id: str
    performance_id: str


def _names(order: Order, part: OrderPart) -> _Names:
    return {"order_id": order.order_id, "house_id": order.house_id, "performance_id": part.performance_id}


def _not_told(before: Order, part: OrderPart, changes: Sequence[domain.Change]) -> list[OrderLine]:
    """The lines of the part that no word of a cancelled line has told, now or before."""
    now = {line for change in changes if isinstance(change, domain.LinesCancelled) for line in change.lines}
    earlier = next(one for one in before.parts if one.performance_id == part.performance_id)
    valid = set(earlier.valid_seat_ids) - {line.seat_id for line in now if line.performance_id == part.performance_id}
    return [line for line in part.lines if line.seat_id in valid]


def _partly_refunded(
    order: Order, part: OrderPart, change: domain.OrderPartlyRefunded, refunded_minor: int
) -> OrderPartlyRefunded:
    """`refunded_minor`: what has gone back of the part so far."""
    return OrderPartlyRefunded(
        **_names(order, part),
        total=_money(order, part.total_minor),
        refunded=_money(order, refunded_minor),
        refunded_at_ms=change.at_ms,
        lines=wire_money_back(order, part),
        refund_ids=[refund_id for refund_id, _ in change.done],
    )


def _refunded(order: Order, part: OrderPart, change: domain.OrderRefunded, left: Sequence[OrderLine]) -> OrderRefunded:
    """`left`: lines of the part that were not told as cancelled."""
    return OrderRefunded(
        **_names(order, part),
        channel=wire_channel(order.channel),
        lines=wire_lines(left) if order.confirmed_at_ms else [],
        amount=_money(order, part.total_minor),
        refunded_at_ms=change.at_ms,
    )


def _message(order: Order, part: OrderPart, change: domain.Change) -> Message | None:
    names = _names(order, part)
    match change:
        case domain.OrderConfirmed():
            return OrderConfirmed(
                **names,
                channel=wire_channel(order.channel),
                plan_version=part.plan_version,
                lines=wire_lines(part.lines),
                total=_money(order, part.total_minor),
                confirmed_at_ms=change.at_ms,
                customer_id=order.customer_id,
                sold_by=_sold_by(order),
                exchange_of=order.exchange.order_id if order.exchange else "",
            )
        case domain.OrderCancelled():
            return OrderCancelled(**names, reason=_reason(change.reason.value), cancelled_at_ms=change.at_ms)
        case domain.RefundBecameDue():
            reason = _reason(change.reason.value)
            amount = _money(order, part.total_minor)
            return RefundBecameDue(**names, amount=amount, reason=reason, due_at_ms=change.at_ms)
        case domain.OrderDisputeChanged():
            dispute = DisputeState.Value(f"DISPUTE_STATE_{change.dispute.value}")
            return OrderDisputeChanged(**names, dispute_state=dispute, changed_at_ms=change.at_ms)
        case _:
            return None


def _sold_by(order: Order) -> PrincipalRef | None:
    return wire_principal(order.sold_by) if order.sold_by else None


def _reason(name: str) -> CancelReason.ValueType:
    return CancelReason.Value(f"CANCEL_REASON_{name}")


def _money(order: Order, amount_minor: int) -> Money:
    return wire_money(amount_minor, order.total.currency)
