"""Takes balcon.consents.v1 events: orders go over with a customer that was merged, and name nobody who was erased."""

from __future__ import annotations

import sqlalchemy as sa
from balcon.customers.v1.customers_events_pb2 import CustomerErased, CustomersMerged
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.adapters.tables import orders
from services.orders.domain.uses import of_customer
from services.runtime.errors import Fatal
from services.runtime.outbox.event import IncomingEvent

_ERASED = CustomerErased.DESCRIPTOR.full_name
_MERGED = CustomersMerged.DESCRIPTOR.full_name


# What a customer has of what is limited is one count, whichever record it was ordered under.
_RENAME_USES = sa.text(
    "UPDATE orders SET uses = (SELECT jsonb_agg(CASE WHEN starts_with(one ->> 0, :former)"
    " THEN jsonb_build_array(:now || substr(one ->> 0, length(:former) + 1), one -> 1, one -> 2) ELSE one END)"
    " FROM jsonb_array_elements(uses) AS one)"
    " WHERE house_id = :house AND customer_id = :customer AND uses IS NOT NULL"
)
# In one order for all who lock counts.
_LOCK_COUNTS = sa.text(
    "SELECT FROM counted_uses WHERE house_id = :house"
    " AND (starts_with(counted_id, :former) OR starts_with(counted_id, :now)) ORDER BY counted_id FOR UPDATE"
)
_COUNT_TOGETHER = sa.text(
    "INSERT INTO counted_uses (house_id, counted_id, used)"
    " SELECT house_id, :now || substr(counted_id, length(:former) + 1), used FROM counted_uses"
    " WHERE house_id = :house AND starts_with(counted_id, :former)"
    " ON CONFLICT (house_id, counted_id) DO UPDATE SET used = counted_uses.used + excluded.used"
)
_FORGET_COUNTS = sa.text("DELETE FROM counted_uses WHERE house_id = :house AND starts_with(counted_id, :former)")


class CustomerEventUnreadable(Fatal):
    """A customer's event has bytes that are not the message that its type names."""


async def follow_customer(connection: AsyncConnection, event: IncomingEvent) -> None:
    """An EventHandler. Other types are left alone."""
    try:
        if event.type == _MERGED:
            merged = CustomersMerged.FromString(event.payload)
            theirs = _of(event.house_id, merged.merged_customer_id)
            await connection.execute(theirs.values(customer_id=merged.customer_id))
            names = {
                "house": event.house_id,
                "customer": merged.customer_id,
                "former": of_customer(merged.merged_customer_id),
                "now": of_customer(merged.customer_id),
            }
            for statement in (_RENAME_USES, _LOCK_COUNTS, _COUNT_TOGETHER, _FORGET_COUNTS):
                await connection.execute(statement, names)
        elif event.type == _ERASED:
            erased = CustomerErased.FromString(event.payload)
            theirs = _of(event.house_id, erased.customer_id)
            await connection.execute(theirs.values(customer_id="", customer_name="", customer_email=""))
    except DecodeError as error:
        raise CustomerEventUnreadable(type=event.type, event_id=event.id) from error


def _of(house_id: str, customer_id: str) -> sa.Update:
    return sa.update(orders).where(orders.c.house_id == house_id, orders.c.customer_id == customer_id)
