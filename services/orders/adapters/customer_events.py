"""Takes balcon.consents.v1 events: orders go over with a customer that was merged, and name nobody who was erased."""

from __future__ import annotations

import sqlalchemy as sa
from balcon.customers.v1.customers_events_pb2 import CustomerErased, CustomersMerged
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.adapters.tables import orders
from services.runtime.errors import Fatal
from services.runtime.outbox.event import IncomingEvent

_ERASED = CustomerErased.DESCRIPTOR.full_name
_MERGED = CustomersMerged.DESCRIPTOR.full_name


class CustomerEventUnreadable(Fatal):
    """A customer's event has bytes that are not the message that its type names."""


async def follow_customer(connection: AsyncConnection, event: IncomingEvent) -> None:
    """An EventHandler. Other types are left alone."""
    try:
        if event.type == _MERGED:
            merged = CustomersMerged.FromString(event.payload)
            theirs = _of(event.house_id, merged.merged_customer_id)
            await connection.execute(theirs.values(customer_id=merged.customer_id))
        elif event.type == _ERASED:
            erased = CustomerErased.FromString(event.payload)
            theirs = _of(event.house_id, erased.customer_id)
            await connection.execute(theirs.values(customer_id="", customer_name="", customer_email=""))
    except DecodeError as error:
        raise CustomerEventUnreadable(type=event.type, event_id=event.id) from error


def _of(house_id: str, customer_id: str) -> sa.Update:
    return sa.update(orders).where(orders.c.house_id == house_id, orders.c.customer_id == customer_id)
