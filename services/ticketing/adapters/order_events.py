"""Takes balcon.orders.v1 events: tickets of orders whose money goes back are void, in the transaction of the inbox row.

It calls nobody and needs no answer.
"""

from __future__ import annotations

from balcon.orders.v1 import orders_events_pb2 as wire
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.clock import Clock
from services.runtime.errors import Fatal
from services.runtime.ids import Ids
from services.runtime.outbox.event import IncomingEvent
from services.ticketing.adapters.postgres_transaction import PostgresTransaction
from services.ticketing.domain.office_sales import DiscountSale
from services.ticketing.domain.ticket import TicketSource, VoidReason

_Told = wire.OrderConfirmed | wire.OrderLinesCancelled | wire.OrderCancelled | wire.RefundBecameDue | wire.OrderRefunded
_HEARD: dict[str, type[_Told]] = {
    one.DESCRIPTOR.full_name: one
    for one in (
        wire.OrderConfirmed, wire.OrderLinesCancelled, wire.OrderCancelled, wire.RefundBecameDue, wire.OrderRefunded,
    )
}  # fmt: skip


class OrderEventUnreadable(Fatal):
    """An order's event has bytes that are not the message that its type names."""


class OrderEvents:
    """An EventHandler."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids

    async def __call__(self, connection: AsyncConnection, event: IncomingEvent) -> None:
        """Applies one event. An unknown type is a newer publisher's."""
        if event.type not in _HEARD:
            return
        try:
            told = _HEARD[event.type].FromString(event.payload)
        except DecodeError as error:
            raise OrderEventUnreadable(type=event.type, event_id=event.id) from error
        # Every order that is sold comes by, and few are of an office.
        if isinstance(told, wire.OrderConfirmed) and not any(line.discount.office_id for line in told.lines):
            return
        transaction = PostgresTransaction(connection, event.house_id, self._clock.now_ms(), ids=self._ids)
        await _apply(transaction, told)
        await transaction.commit()


async def _apply(transaction: PostgresTransaction, told: _Told) -> None:
    if isinstance(told, wire.OrderConfirmed):
        await _note_discounts(transaction, told)
    elif isinstance(told, wire.OrderLinesCancelled):
        await _void_lines(transaction, told)
    elif isinstance(told, wire.OrderCancelled):
        await _cancelled(transaction, told)
    else:
        await transaction.tickets.lock([told.order_id])
        # After these an order gets no tickets any more.
        await transaction.tickets.end_order(told.order_id)
        await transaction.office_sales.remove_sales(told.order_id, told.performance_id)
        await _void(transaction, told.performance_id, told.order_id)


async def _cancelled(transaction: PostgresTransaction, told: wire.OrderCancelled) -> None:
    """A late payment takes an order out of this state again: tickets from after that are not meant."""
    await transaction.tickets.lock([told.order_id])
    await _void(transaction, told.performance_id, told.order_id, paid_until_ms=told.cancelled_at_ms)


async def _void(
    transaction: PostgresTransaction, performance_id: str, order_id: str, *, paid_until_ms: int | None = None
) -> None:
    valid = await transaction.tickets.valid_of_source(performance_id, TicketSource(order_id=order_id))
    meant = [one.ticket_id for one in valid if paid_until_ms is None or one.source.as_of <= paid_until_ms]
    reason = VoidReason.ORDER_ENDED
    transaction.tell_voided(await transaction.tickets.void(performance_id, meant, reason), reason)


async def _void_lines(transaction: PostgresTransaction, told: wire.OrderLinesCancelled) -> None:
    """The order stays, and with it the tickets of its other lines."""
    seats = {line.seat_id for line in told.lines}
    await transaction.tickets.lock([told.order_id])
    await transaction.office_sales.remove_sales(told.order_id, told.performance_id, seats)
    valid = await transaction.tickets.valid_of_source(told.performance_id, TicketSource(order_id=told.order_id))
    meant = [one.ticket_id for one in valid if one.seat.seat_id in seats]
    reason = VoidReason.RESEATED if told.exchanged_for else VoidReason.LINE_CANCELLED
    transaction.tell_voided(await transaction.tickets.void(told.performance_id, meant, reason), reason)


async def _note_discounts(transaction: PostgresTransaction, told: wire.OrderConfirmed) -> None:
    """R1.10: what was sold at a discount that is an office's, for its statement."""
    sales = [
        DiscountSale(
            told.performance_id,
            line.seat_id,
            line.discount.office_id,
            line.discount.discount_id,
            line.price.amount_minor,
        )
        for line in told.lines
        if line.discount.office_id
    ]
    await transaction.office_sales.add_sales(told.order_id, sales)
