"""Takes balcon.catalogue.v1 events: which production a performance is of."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_events_pb2 as wire
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.customers.adapters.purchase_rows import PurchaseRows
from services.runtime.errors import Fatal
from services.runtime.outbox.event import IncomingEvent

# It is said once and never changes.
_CREATED = wire.PerformanceCreated.DESCRIPTOR.full_name


class ShowEventUnreadable(Fatal):
    """A performance's event has bytes that are not the message that its type names."""


async def learn_show(connection: AsyncConnection, event: IncomingEvent) -> None:
    """An EventHandler. Other types are left alone."""
    if event.type != _CREATED:
        return
    try:
        performance = wire.PerformanceCreated.FromString(event.payload).performance
    except DecodeError as error:
        raise ShowEventUnreadable(type=event.type, event_id=event.id) from error
    if performance.production_id:
        rows = PurchaseRows(connection, event.house_id)
        await rows.learn_show(performance.performance_id, performance.production_id)
