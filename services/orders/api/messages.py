"""Orders to messages. Writes only."""

from __future__ import annotations

from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.types.v1.money_pb2 import Money as WireMoney

from services.contracts.wire_types import wire_channel, wire_money
from services.orders.domain.order import Dispute, Money, Order, OrderState, SeatName


def money_message(money: Money) -> WireMoney:
    """Minor units and currency."""
    return wire_money(money.amount_minor, money.currency)


def _seat_name(name: SeatName) -> wire.SeatName:
    return wire.SeatName(zone=name.zone, row=name.row, seat=name.seat)


def order_message(order: Order) -> wire.Order:
    """What anybody may know who may see the order. Tickets while they are valid, the pay page while it is of use."""
    reason, names = order.cancel_reason, order.seat_names
    return wire.Order(
        order_id=order.order_id,
        house_id=order.house_id,
        performance_id=order.performance_id,
        hold_id=order.hold_id,
        holder_id=order.holder_id,
        channel=wire_channel(order.channel),
        state=wire.OrderState.Value(f"ORDER_STATE_{order.state.value}"),
        lines=[
            wire.OrderLine(
                seat_id=line.seat_id,
                category=line.category,
                ticket_type=line.ticket_type,
                price=money_message(line.price),
                seat_name=_seat_name(line.seat_name),
            )
            for line in order.lines
        ],
        total=money_message(order.total),
        hold_until_ms=order.hold_until_ms,
        pay_until_ms=order.pay_until_ms,
        payment_id=order.payment_id,
        payment_url=order.payment_url if order.state is OrderState.PAYING else "",
        tickets=[
            wire.Ticket(
                ticket_id=ticket.ticket_id,
                seat_id=ticket.seat_id,
                barcode=ticket.barcode,
                seat_name=_seat_name(names[ticket.seat_id]),
            )
            for ticket in (order.tickets if order.tickets_are_valid else ())
        ],
        cancel_reason=wire.CancelReason.Value(f"CANCEL_REASON_{reason.value if reason else 'UNSPECIFIED'}"),
        created_at_ms=order.created_at_ms,
        plan_version=order.plan_version,
        refunded=money_message(order.refunded),
        dispute_state=wire.DisputeState.Value(
            f"DISPUTE_STATE_{'UNSPECIFIED' if order.dispute is Dispute.NONE else order.dispute.value}"
        ),
    )
