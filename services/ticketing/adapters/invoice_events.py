"""Notes orders that an invoice may follow from, in the transaction of the inbox rows; it calls nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from balcon.orders.v1 import orders_events_pb2 as wire
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.clock import Clock
from services.runtime.errors import Fatal
from services.runtime.outbox.application import EventFailed
from services.runtime.outbox.event import IncomingEvent
from services.runtime.sql.connections import after_commit
from services.ticketing.adapters.invoice_rows import note_looks

_TOLD: dict[str, type[wire.OrderConfirmed | wire.OrderPartlyRefunded | wire.OrderRefunded]] = {
    wire.OrderConfirmed.DESCRIPTOR.full_name: wire.OrderConfirmed,
    wire.OrderPartlyRefunded.DESCRIPTOR.full_name: wire.OrderPartlyRefunded,
    wire.OrderRefunded.DESCRIPTOR.full_name: wire.OrderRefunded,
}


class InvoiceEventUnreadable(Fatal):
    """An order's event has bytes that are not the message that its type names."""


class InvoiceEvents:
    """A BatchHandler. What happened to the orders is asked of orders, when they are looked at: `noted` says when."""

    def __init__(self, clock: Clock, noted: Callable[[], None]) -> None:
        self._clock = clock
        self._noted = noted

    async def __call__(self, connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
        """Applies a batch; other types have nothing to do with invoices."""
        told = {_told(place, event) for place, event in enumerate(events) if event.type in _TOLD}
        # In one order for all: an order of several performances may be in two batches at once.
        if told and await note_looks(connection, sorted(told), self._clock.now_ms()):
            after_commit(connection, self._noted)


def _told(place: int, event: IncomingEvent) -> tuple[str, str]:
    """House and order."""
    try:
        return event.house_id, _TOLD[event.type].FromString(event.payload).order_id
    except DecodeError as error:
        raise EventFailed(place, InvoiceEventUnreadable(type=event.type, event_id=event.id)) from error
