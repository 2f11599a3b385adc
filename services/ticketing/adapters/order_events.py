"""Takes balcon.orders.v1 events: tickets of orders whose money goes back are void, in the transaction of the inbox row.

It calls nobody and needs no answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from balcon.orders.v1 import orders_events_pb2 as wire
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.clock import Clock
from services.runtime.errors import Fatal
from services.runtime.ids import Ids
from services.runtime.outbox.application import EventFailed
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


# After these an order gets no tickets any more.
_Ended = wire.RefundBecameDue | wire.OrderRefunded


class OrderEventUnreadable(Fatal):
    """An order's event has bytes that are not the message that its type names."""


class OrderEvents:
    """A BatchHandler: orders of a performance that end in one batch, as when a show is called off, end at once."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids

    async def __call__(self, connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
        """Applies a batch. An unknown type is a newer publisher's."""
        ending: dict[tuple[str, str], set[str]] = {}
        for place, event in enumerate(events):
            told = _read(place, event)
            if told is None:
                continue
            if isinstance(told, _Ended):
                ending.setdefault((event.house_id, told.performance_id), set()).add(told.order_id)
                continue
            # In the order in which it was told.
            await self._end(connection, ending)
            ending.clear()
            try:
                transaction = self._transaction(connection, event.house_id)
                await _apply(transaction, told)
                await transaction.commit()
            except Exception as error:
                raise EventFailed(place, error) from error
        await self._end(connection, ending)

    def _transaction(self, connection: AsyncConnection, house_id: str) -> PostgresTransaction:
        return PostgresTransaction(connection, house_id, self._clock.now_ms(), ids=self._ids)

    async def _end(self, connection: AsyncConnection, ending: Mapping[tuple[str, str], Collection[str]]) -> None:
        """They get no tickets any more, and those that they have are void."""
        for (house_id, performance_id), order_ids in sorted(ending.items()):
            transaction = self._transaction(connection, house_id)
            await transaction.tickets.lock(order_ids)
            await transaction.tickets.end_orders(sorted(order_ids))
            await transaction.office_sales.remove_sales(order_ids, performance_id)
            valid = await transaction.tickets.valid_of_orders(order_ids)
            meant = [one.ticket_id for one in valid if one.performance_id == performance_id]
            reason = VoidReason.ORDER_ENDED
            transaction.tell_voided(await transaction.tickets.void(performance_id, meant, reason), reason)
            await transaction.commit()


def _read(place: int, event: IncomingEvent) -> _Told | None:
    """What is to be done something about."""
    kind = _HEARD.get(event.type)
    if kind is None:
        return None
    try:
        told = kind.FromString(event.payload)
    except DecodeError as error:
        raise EventFailed(place, OrderEventUnreadable(type=event.type, event_id=event.id)) from error
    # Every order that is sold comes by, and few are of an office.
    if isinstance(told, wire.OrderConfirmed) and not any(line.discount.office_id for line in told.lines):
        return None
    return told


async def _apply(transaction: PostgresTransaction, told: _Told) -> None:
    if isinstance(told, wire.OrderConfirmed):
        await _note_discounts(transaction, told)
    elif isinstance(told, wire.OrderLinesCancelled):
        await _void_lines(transaction, told)
    else:
        assert isinstance(told, wire.OrderCancelled), "those that end are ended at once"
        await _cancelled(transaction, told)


async def _cancelled(transaction: PostgresTransaction, told: wire.OrderCancelled) -> None:
    """A late payment takes an order out of this state again: tickets from after that are not meant."""
    await transaction.tickets.lock([told.order_id])
    valid = await transaction.tickets.valid_of_source(told.performance_id, TicketSource(order_id=told.order_id))
    meant = [one.ticket_id for one in valid if one.source.as_of <= told.cancelled_at_ms]
    reason = VoidReason.ORDER_ENDED
    transaction.tell_voided(await transaction.tickets.void(told.performance_id, meant, reason), reason)


async def _void_lines(transaction: PostgresTransaction, told: wire.OrderLinesCancelled) -> None:
    """The order stays, and with it the tickets of its other lines."""
    seats = {line.seat_id for line in told.lines}
    await transaction.tickets.lock([told.order_id])
    await transaction.office_sales.remove_sales([told.order_id], told.performance_id, seats)
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
