"""Notes orders that an invoice may follow from, in the transaction of the inbox row; it calls nobody."""

from __future__ import annotations

from balcon.orders.v1 import orders_events_pb2 as wire
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.clock import Clock
from services.runtime.errors import Fatal
from services.runtime.outbox.event import IncomingEvent
from services.ticketing.adapters.invoice_rows import note_look

_TOLD: dict[str, type[wire.OrderConfirmed | wire.OrderPartlyRefunded | wire.OrderRefunded]] = {
    wire.OrderConfirmed.DESCRIPTOR.full_name: wire.OrderConfirmed,
    wire.OrderPartlyRefunded.DESCRIPTOR.full_name: wire.OrderPartlyRefunded,
    wire.OrderRefunded.DESCRIPTOR.full_name: wire.OrderRefunded,
}


class InvoiceEventUnreadable(Fatal):
    """An order's event has bytes that are not the message that its type names."""


class InvoiceEvents:
    """An EventHandler. What happened to the order is asked of orders, when it is looked at."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, connection: AsyncConnection, event: IncomingEvent) -> None:
        """Applies one event; other types have nothing to do with invoices."""
        if event.type not in _TOLD:
            return
        try:
            told = _TOLD[event.type].FromString(event.payload)
        except DecodeError as error:
            raise InvoiceEventUnreadable(type=event.type, event_id=event.id) from error
        await note_look(connection, event.house_id, told.order_id, self._clock.now_ms())
